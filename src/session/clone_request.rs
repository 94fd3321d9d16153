//! What a session clones.

use serde::{Deserialize, Serialize};

use super::record_format::UnknownFields;
use super::{Memo, Origin, Spec};
use crate::git::{Branch, RepoUrl};

/// What a session clones. Default: as in its spec. Before the first checkout, the owner can change the address of the
/// same repository, and the branch to create the session's branch from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CloneRequest {
    /// The address.
    pub url: RepoUrl,
    /// The branch to create the session's branch from, if that does not exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_branch: Option<Branch>,
    /// Fields of a newer program.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

impl CloneRequest {
    /// What the session clones. `None` for a new project.
    pub fn of(spec: &Spec, memo: &Memo) -> Option<Self> {
        memo.clone_request.clone().or_else(|| Self::first(spec))
    }

    fn first(spec: &Spec) -> Option<Self> {
        let Origin::Repository { url, .. } = &spec.key.origin else { return None };
        let source_branch = spec.source_branch.clone();
        Some(Self { url: url.clone(), source_branch, unknown: UnknownFields::default() })
    }

    /// Stores the request of `wanted`, a spec of the same session. Keeps the known source branch if `wanted` names
    /// none.
    pub fn note(memo: &mut Memo, spec: &Spec, wanted: &Spec) {
        let (Some(now), Some(mut next)) = (Self::of(spec, memo), Self::first(wanted)) else { return };
        next.source_branch = next.source_branch.or_else(|| now.source_branch.clone());
        next.unknown = now.unknown.clone();
        if next != now {
            memo.clone_request = Some(next);
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::session::{Email, SessionKey};

    fn spec(url: &str, source: Option<&str>) -> Spec {
        let origin = Origin::Repository { url: RepoUrl::parse(url).unwrap(), branch: Branch::parse("new").ok() };
        Spec {
            key: SessionKey { owner: Email::parse("a@b").unwrap(), origin },
            source_branch: source.map(|source| Branch::parse(source).unwrap()),
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn another_address_and_a_source_branch_add_up() {
        let (first, mut memo) = (spec("git@h:a/b", None), Memo::new(Timestamp::UNIX_EPOCH));
        CloneRequest::note(&mut memo, &first, &first);
        assert_eq!(memo.clone_request, None, "nothing new was asked for");
        CloneRequest::note(&mut memo, &first, &spec("git@h:a/b", Some("main")));
        CloneRequest::note(&mut memo, &first, &spec("https://h/a/b", None));
        let request = CloneRequest::of(&first, &memo).unwrap();
        assert_eq!((request.url.as_str(), request.source_branch.unwrap().as_str()), ("https://h/a/b", "main"));
        let written = serde_json::to_string(&memo).unwrap();
        assert_eq!(serde_json::from_str::<Memo>(&written).unwrap(), memo);
    }
}
