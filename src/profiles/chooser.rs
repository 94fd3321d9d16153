//! Who wants a profile, and what is stored of a choice.

use crate::session::{Email, Groups, Memo, Spec};

/// Who wants a profile.
#[derive(Clone, Copy, Debug)]
pub struct Chooser<'a> {
    /// The user.
    pub email: &'a Email,
    /// The user's groups.
    pub groups: &'a Groups,
}

impl<'a> Chooser<'a> {
    /// The owner of a session, with the groups by which the owner chose its profile: a start has no caller who brings
    /// them.
    pub fn owner(spec: &'a Spec, memo: &'a Memo) -> Self {
        Self { email: &spec.key.owner, groups: &memo.profile_groups }
    }
}

/// A choice, as a session stores it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// The profile. `None`: the first one that is the owner's without a group.
    pub profile: Option<String>,
    /// The owner's groups that allowed it. Empty if the owner's address allows it.
    pub groups: Groups,
}
