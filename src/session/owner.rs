//! What one owner uses of the things that all owners share. One owner's limit leaves room for the others.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use secrecy::SecretString;

use super::Email;

/// A thing that owners share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// An open request: an answer, an event stream or a tunnel that has not ended.
    OpenRequest,
    /// A request that waits for its session to start.
    HeldRequest,
    /// A reader of a session's log.
    LogReader,
}

impl Resource {
    const COUNT: usize = 3;
}

/// Counts of each resource.
type Counts = [AtomicUsize; Resource::COUNT];

/// Shortest time between two stored tokens of an owner.
const TOKEN_PERIOD: SignedDuration = SignedDuration::from_secs(60);

/// An owner's counts.
#[derive(Debug, Default)]
pub struct Owner {
    used: Counts,
    forwarded: Mutex<Forwarded>,
}

/// The tokens that the login proxy forwarded for an owner.
#[derive(Debug, Default)]
struct Forwarded {
    /// The hash of the last one.
    hash: Option<[u8; 32]>,
    /// The last time at which one was stored.
    at: Option<Timestamp>,
    /// The last one, while it waits to be stored.
    waiting: Option<SecretString>,
}

impl Owner {
    /// Takes one of this resource, unless the owner has `most` of them. Without a lock: each request takes one.
    pub fn take(self: &Arc<Self>, what: Resource, most: usize) -> Option<Share> {
        take(&self.used, what, most).then(|| Share { owner: self.clone(), what })
    }

    /// What to do with a forwarded token: `Some` time until it may be stored, the latest one then; `None` if it is the last
    /// one, or another one waits already.
    pub fn offers_token(&self, token: &str, hash: [u8; 32], now: Timestamp) -> Option<SignedDuration> {
        let mut last = self.forwarded.lock();
        if last.hash == Some(hash) {
            return None;
        }
        last.hash = Some(hash);
        if last.waiting.replace(SecretString::from(token)).is_some() {
            return None;
        }
        let next = last.at.map_or(now, |at| at + TOKEN_PERIOD);
        Some(next.duration_since(now).max(SignedDuration::ZERO))
    }

    /// Takes the token that waits.
    pub fn take_token(&self, now: Timestamp) -> Option<SecretString> {
        let mut last = self.forwarded.lock();
        last.at = Some(now);
        last.waiting.take()
    }

    /// Lets the last token count again, because it was not stored.
    pub fn forget_token(&self) {
        self.forwarded.lock().hash = None;
    }

    /// How many of this resource the owner has.
    pub fn used(&self, what: Resource) -> usize {
        self.used[what as usize].load(Ordering::Relaxed)
    }
}

fn take(used: &Counts, what: Resource, most: usize) -> bool {
    let more = |count: usize| (count < most).then_some(count + 1);
    used[what as usize].fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
}

/// One of a resource. Dropping it gives it back.
#[derive(Debug)]
pub struct Share {
    owner: Arc<Owner>,
    what: Resource,
}

impl Drop for Share {
    fn drop(&mut self) {
        self.owner.used[self.what as usize].fetch_sub(1, Ordering::Relaxed);
    }
}

/// The owners that use anything now.
#[derive(Default)]
pub struct Owners(Mutex<HashMap<Email, Weak<Owner>>>);

impl Owners {
    /// The owner with this address.
    pub fn get(&self, email: &Email) -> Arc<Owner> {
        let mut owners = self.0.lock();
        if let Some(known) = owners.get(email).and_then(Weak::upgrade) {
            return known;
        }
        // Before the map grows, remove who uses nothing any more.
        if owners.len() >= owners.capacity() {
            owners.retain(|_, owner| owner.strong_count() > 0);
        }
        let owner = Arc::<Owner>::default();
        owners.insert(email.clone(), Arc::downgrade(&owner));
        owner
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owner_at_the_limit_leaves_others_and_other_resources_alone() {
        let owners = Owners::default();
        let owner = |name: &str| owners.get(&Email::parse(name).unwrap());
        let ann = owner("ann@x");
        let first = ann.take(Resource::OpenRequest, 2);
        let _second = owner("ann@x").take(Resource::OpenRequest, 2);
        assert!(ann.take(Resource::OpenRequest, 2).is_none() && ann.used(Resource::OpenRequest) == 2);
        assert!(ann.take(Resource::HeldRequest, 2).is_some());
        assert!(owner("bob@x").take(Resource::OpenRequest, 2).is_some());
        drop(first);
        assert!(ann.take(Resource::OpenRequest, 2).is_some());
    }

    #[test]
    fn latest_token_is_stored_at_most_once_a_minute() {
        use secrecy::ExposeSecret;
        let owner = Owner::default();
        let at = |second| Timestamp::from_second(second).unwrap();
        let offers = |token: &str, second| {
            let hash = [token.as_bytes()[0]; 32];
            owner.offers_token(token, hash, at(second)).map(|wait| wait.as_secs())
        };
        let takes = |second| owner.take_token(at(second)).map(|token| token.expose_secret().to_owned());
        assert_eq!(offers("a", 0), Some(0));
        assert_eq!(takes(0).as_deref(), Some("a"));
        assert_eq!(offers("a", 100), None, "the same");
        assert_eq!(offers("b", 10), Some(50), "too soon");
        assert_eq!(offers("c", 20), None, "b waits already");
        assert_eq!(takes(60).as_deref(), Some("c"), "the latest");
        owner.forget_token();
        assert_eq!(offers("c", 61), Some(59));
    }

    #[test]
    fn owners_who_use_nothing_cost_nothing() {
        let owners = Owners::default();
        let ann = owners.get(&Email::parse("ann@x").unwrap());
        (0..1000).for_each(|number| drop(owners.get(&Email::parse(&format!("{number}@x")).unwrap())));
        assert!(owners.0.lock().len() < 64);
        assert!(Arc::ptr_eq(&ann, &owners.get(&Email::parse("ann@x").unwrap())));
    }
}
