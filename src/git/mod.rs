//! What is known of Git without running a session: repository URLs, branch names, a remote's default branch.

pub mod branch;
pub mod git_environment;
pub mod remote;
pub mod repo_url;

pub use branch::Branch;
pub use repo_url::RepoUrl;
