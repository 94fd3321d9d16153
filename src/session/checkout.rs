//! What the first preparation of a session checked out.

use serde::{Deserialize, Serialize};

use super::record_format::UnknownFields;
use crate::git::Branch;

/// What the first preparation checked out. Later preparations report it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Checkout {
    /// The branch. For a session of the default branch, only this tells its name.
    pub branch: Branch,
    /// The repository has submodules, of which some or all were not cloned.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub submodules: bool,
    /// They were wanted, and some could not be cloned.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub submodules_failed: bool,
    /// Some files are pointers of Git LFS, whose content was not fetched.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lfs_pointers: bool,
    /// Fields of a newer program.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

impl Checkout {
    /// A complete checkout of this branch.
    pub fn of(branch: Branch) -> Self {
        Self {
            branch,
            submodules: false,
            submodules_failed: false,
            lfs_pointers: false,
            unknown: UnknownFields::default(),
        }
    }

    /// The fields that this program knows. A session can write others into its files.
    pub fn known_part(&self) -> Self {
        Self { unknown: UnknownFields::default(), ..self.clone() }
    }

    /// What is missing in the project, as sentences for its user.
    pub fn notes(&self) -> Vec<String> {
        let submodules = "The repository has submodules, which were not cloned. To get them, run in the session: git \
                          submodule update --init --recursive";
        let failed = "Some submodules could not be cloned; the session's log has the reason. To try again, run in the session: \
                      git submodule update --init --recursive";
        let submodules = if self.submodules_failed { failed } else { submodules };
        let lfs = "Some files are pointers of Git LFS. To get their content, run in the session (it needs Git LFS): git lfs \
                   pull";
        let all = [(self.submodules, submodules), (self.lfs_pointers, lfs)];
        all.into_iter().filter(|(applies, _)| *applies).map(|(_, note)| note.to_owned()).collect()
    }
}
