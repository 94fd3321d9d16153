//! Repository URLs and branch names. Independent of sessions. Only a preparation runs `git`, never the router.

pub mod branch;
pub mod clone_extent;
pub mod clone_filter;
pub mod credential_helper;
mod forge_page;
pub mod git_environment;
mod git_origin;
pub mod own_logins;
pub mod pasted;
#[cfg(test)]
mod pasted_texts;
pub mod repo_url;
#[cfg(any(test, fuzzing))]
pub(crate) mod repo_url_properties;

pub use branch::Branch;
pub use clone_extent::{CloneExtent, Lfs};
pub use clone_filter::CloneFilter;
pub use git_origin::{GitOrigin, InvalidOrigin};
pub use pasted::Pasted;
pub use repo_url::RepoUrl;
