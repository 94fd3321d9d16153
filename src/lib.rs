//! opencode-router gives every (user, repository, branch) its own opencode server.
//!
//! # The map
//! | room | what is in it |
//! |---|---|
//! | [`app`] | wires the rooms together; the router's exit |
//! | [`config`] | settings, each a flag and an environment variable |
//! | [`edge`] | sockets in, requests out: route → identify → authorise → lease → forward |
//! | [`api`] | the REST API and its document |
//! | [`web`] | the embedded page |
//! | [`auth`] | from headers and tokens to a caller |
//! | [`answer`] | what the edge and the API answer with: problems, pages, bodies |
//! | [`proxy`] | bytes both ways, with a lease |
//! | [`runtime`] | where sessions run |
//! | [`prepare`] | what a session's folder needs before opencode runs |
//! | [`lifecycle`] | the operations on sessions, and the port to the runtimes |
//! | [`session`] | what a session is: keys, phases, runs, leases, the idle rule, access |
//! | [`opencode`] | everything about the upstream program |
//! | [`upstream`] | connections to the servers of a run, with their credentials |
//! | [`git`] | repository URLs and branches |
//! | [`tempo`] | the pace of periods and waits, which tests shorten |
//! | [`init`] | starting programs, collecting and ending what runs below them |
//! | [`private_files`] | files that only this user can read |
//! | [`telemetry`] | logs |
//!
//! Code names rooms below its own in this list, never above; `tests/it/structure` holds that.
//!
//! # The life of a request
//! [`edge::Listener`] accepts a connection and reads a head. [`edge::Front`] resolves the host, identifies the caller,
//! and checks that the caller may use the session. It takes a [`session::Lease`]. If the session does not run, it waits
//! until [`lifecycle::Lifecycle`] has started it. [`proxy::Proxy`] sends the request once and passes the response on.

// The program `opencode-session` is these rooms, and of some others only the files that they need.
pub mod init;
pub mod prepare;
pub mod private_files;

#[cfg(feature = "router")]
pub mod answer;
#[cfg(feature = "router")]
pub mod api;
#[cfg(feature = "router")]
pub mod app;
#[cfg(feature = "router")]
pub mod auth;
#[cfg(feature = "router")]
pub mod config;
#[cfg(feature = "router")]
pub mod edge;
#[cfg(feature = "router")]
pub mod git;
#[cfg(feature = "router")]
pub mod lifecycle;
#[cfg(feature = "router")]
pub mod opencode;
#[cfg(feature = "router")]
pub mod proxy;
#[cfg(feature = "router")]
pub mod runtime;
#[cfg(feature = "router")]
pub mod session;
#[cfg(feature = "router")]
pub mod telemetry;
#[cfg(feature = "router")]
pub mod tempo;
#[cfg(feature = "router")]
pub mod upstream;
#[cfg(feature = "router")]
pub mod web;

/// What is known of Git: only what a preparation needs.
#[cfg(not(feature = "router"))]
pub mod git {
    pub mod branch;
    pub mod git_environment;
    pub mod repo_url;

    pub use branch::Branch;
    pub use repo_url::RepoUrl;
}
/// What is known of opencode: only what a preparation needs.
#[cfg(not(feature = "router"))]
pub mod opencode {
    pub mod home;
}
/// What a session is: only how its preparation fails.
#[cfg(not(feature = "router"))]
pub mod session {
    pub mod failure;
    pub mod record_format;

    pub use failure::{Failure, Reason};
}
