//! How much of a repository a clone has: history, submodules, large files.

use serde::{Deserialize, Serialize};

/// Limit for the depth of a history.
pub const DEEPEST: u32 = 1_000_000;

/// How much of a repository a clone has, besides the filter. Default: the whole history, no submodules, and the files of
/// Git LFS if it is installed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CloneExtent {
    /// The number of commits of each branch. `None`: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depth: Option<u32>,
    /// Whether submodules are cloned too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub submodules: bool,
    /// Whether the files of Git LFS are fetched.
    #[serde(default, skip_serializing_if = "Lfs::is_auto")]
    pub lfs: Lfs,
}

/// Whether the files of Git LFS are fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "router", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Lfs {
    /// If Git LFS is installed where the session runs.
    #[default]
    Auto,
    /// Always: a start without Git LFS fails.
    Always,
    /// Never.
    Never,
}

impl Lfs {
    fn is_auto(&self) -> bool {
        *self == Self::Auto
    }
}
