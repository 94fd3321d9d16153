//! What a run lacks of what a start would give it now.

use serde::Serialize;
use utoipa::ToSchema;

/// A difference between a run and what a start would make now. A restart ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outdated {
    /// The profile changed, or another one was chosen.
    Profile,
    /// The profile has another image.
    Image,
    /// A Secret that the profile names changed.
    Secrets,
    /// The owner changed a variable of the owner's keys.
    Keys,
}
