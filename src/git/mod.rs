//! Repository URLs, branch names, and a remote's default branch. Independent of sessions.

pub mod branch;
pub mod git_environment;
pub mod remote;
pub mod repo_url;

pub use branch::Branch;
pub use repo_url::RepoUrl;
