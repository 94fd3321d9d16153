//! The share of the common work that belongs to one replica.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::session::SessionId;

/// The role of this replica.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaRole {
    /// Whether this replica leads: it stops idle sessions and finishes interrupted work.
    pub leads: bool,
    me: String,
    /// The live replicas, with this one.
    replicas: Arc<[String]>,
}

impl ReplicaRole {
    /// The role of `me` among `replicas`.
    pub fn new(leads: bool, me: String, replicas: impl IntoIterator<Item = String>) -> Self {
        let mut replicas: Vec<_> = replicas.into_iter().filter(|name| *name != me).collect();
        replicas.push(me.clone());
        replicas.sort();
        Self { leads, me, replicas: replicas.into() }
    }

    /// The role of a single replica: everything.
    pub fn only_replica() -> Self {
        Self::new(true, String::new(), [])
    }

    /// The number of replicas.
    pub fn replicas(&self) -> usize {
        self.replicas.len()
    }

    /// Whether this replica follows the agent of this session. Replicas with the same list agree. A replica that joins
    /// or leaves moves only its own share (rendezvous hashing).
    pub fn follows(&self, id: SessionId) -> bool {
        self.replicas.iter().max_by_key(|replica| weight(replica, id)) == Some(&self.me)
    }
}

fn weight(replica: &str, id: SessionId) -> [u8; 32] {
    Sha256::new().chain_update(replica).chain_update([0]).chain_update(id.to_string()).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u32) -> SessionId {
        format!("{number:020x}").parse().unwrap()
    }

    fn follower(replicas: &[&str], id: SessionId) -> Vec<String> {
        let all = || replicas.iter().map(ToString::to_string);
        all().filter(|me| ReplicaRole::new(false, me.clone(), all()).follows(id)).collect()
    }

    #[test]
    fn exactly_one_replica_follows_each_session() {
        let followers: Vec<_> = (0..300).map(|number| follower(&["a", "b", "c"], id(number))).collect();
        assert!(followers.iter().all(|followers| followers.len() == 1));
        for replica in ["a", "b", "c"] {
            let share = followers.iter().filter(|followers| followers[0] == replica).count();
            assert!((60..=140).contains(&share), "{replica} follows {share}");
        }
    }

    #[test]
    fn lost_replica_moves_only_its_share() {
        for number in 0..100 {
            let before = follower(&["a", "b", "c"], id(number));
            let after = follower(&["a", "b"], id(number));
            assert!(before == after || before == ["c"]);
        }
    }

    #[test]
    fn single_replica_follows_everything() {
        let role = ReplicaRole::only_replica();
        assert!(role.leads && role.follows(id(1)) && role.replicas() == 1);
    }
}
