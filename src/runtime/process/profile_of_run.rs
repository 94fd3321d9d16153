//! What a run was started with: a fingerprint of its profile, and the revision of its owner's secrets. Both are in the
//! session's folder.

use std::fs::File;
use std::io::{self, Read};

use sha2::{Digest, Sha256};

use super::session_folder::{SessionDir, write_atomically};
use crate::profiles::Profile;

/// Limit for the stored text, in bytes.
const LONGEST: u64 = 128;

/// What a run was started with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MadeFrom {
    /// The fingerprint of the profile.
    pub(super) profile: String,
    /// The revision of the owner's secrets.
    pub(super) secrets: u64,
}

/// The fingerprint of what a profile gives to a run. What counts at once, or only for users, is not in it.
pub(super) fn fingerprint(profile: &Profile) -> String {
    let counts = Profile {
        title: None,
        description: None,
        allow: None,
        idle: None,
        start_timeout_seconds: None,
        ..profile.clone()
    };
    let hash = Sha256::digest(serde_json::to_vec(&counts).unwrap_or_default());
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Stores it for a new run.
pub(super) fn store(dir: &SessionDir, made_from: &MadeFrom) -> io::Result<()> {
    let text = format!("{} {}", made_from.profile, made_from.secrets);
    write_atomically(&dir.profile_of_run(), text.as_bytes())
}

/// What is stored. `None` for a run of an earlier release.
pub(super) fn stored(dir: &SessionDir) -> Option<MadeFrom> {
    let mut text = String::new();
    // Programs of the session can write there.
    File::open(dir.profile_of_run()).ok()?.take(LONGEST).read_to_string(&mut text).ok()?;
    // A release without users' secrets wrote only the fingerprint.
    let (profile, secrets) = text.split_once(' ').unwrap_or((&text, "0"));
    Some(MadeFrom { profile: profile.to_owned(), secrets: secrets.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_only_users_see_does_not_count() {
        let of = |fields| fingerprint(&serde_json::from_value(fields).unwrap());
        let plain = of(json!({}));
        assert_eq!(of(json!({"title": "Box", "allow": {"groups": ["a"]}, "idle": {"timeoutMinutes": 5.0}})), plain);
        assert_ne!(of(json!({"env": [{"name": "A", "value": "b"}]})), plain);
        assert_ne!(of(json!({"permission": "ask"})), plain);
    }
}
