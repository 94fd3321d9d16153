//! opencode-router gives every (user, repository, branch) its own opencode server.
//!
//! # The map
//! | room | what is in it |
//! |---|---|
//! | [`doctor`] | checks a machine or cluster for the router |
//! | [`app`] | wiring of the rooms; the router's exit |
//! | [`config`] | settings, each a flag and an environment variable |
//! | [`edge`] | sockets in, requests out: route → identify → authorise → lease → forward |
//! | [`api`] | the REST API and its document |
//! | [`web`] | the embedded page |
//! | [`auth`] | identifies callers by headers and tokens |
//! | [`answer`] | responses of the edge and the API: problems, pages, bodies |
//! | [`proxy`] | bytes both ways, with a lease |
//! | [`runtime`] | where sessions run |
//! | [`prepare`] | prepares a session's folder: clone, branch, home |
//! | [`lifecycle`] | the operations on sessions, and the port to the runtimes |
//! | [`profiles`] | named templates for sessions, from the operator's file |
//! | [`session`] | sessions: keys, phases, runs, leases, the idle rule, access |
//! | [`opencode`] | the upstream program |
//! | [`upstream`] | connections to the servers of a run, with their credentials |
//! | [`git`] | repository URLs and branches |
//! | [`tempo`] | the pace of periods and waits, which tests shorten |
//! | [`init`] | starts programs; reaps and ends their descendants |
//! | [`usage`] | disk and memory of a session: measuring and judging |
//! | [`private_files`] | files that only this user can read |
//! | [`telemetry`] | logs |
//!
//! Code names only rooms below its own in this list; `tests/it/structure` checks it.
//!
//! # The life of a request
//! [`edge::Listener`] accepts a connection and reads a head. [`edge::Front`] resolves the host, identifies the caller,
//! and checks that the caller may use the session. It takes a [`session::Lease`]. If the session does not run, it waits
//! until [`lifecycle::Lifecycle`] has started it. [`proxy::Proxy`] sends the request once and passes the response on.

// The program `opencode-session` has these rooms, and only the needed files of some others.
pub mod init;
pub mod prepare;
pub mod private_files;
pub mod usage;

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
pub mod doctor;
#[cfg(feature = "router")]
pub mod edge;
#[cfg(all(feature = "router", any(test, fuzzing)))]
pub mod fuzz;
#[cfg(feature = "router")]
pub mod git;
#[cfg(feature = "router")]
pub mod lifecycle;
#[cfg(feature = "router")]
pub mod opencode;
#[cfg(feature = "router")]
pub mod profiles;
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

/// Git: only the files that a preparation needs.
#[cfg(not(feature = "router"))]
pub mod git {
    pub mod branch;
    pub mod clone_extent;
    pub mod clone_filter;
    pub mod git_environment;
    mod git_origin;
    pub mod own_logins;
    pub mod repo_url;

    pub use branch::Branch;
    pub use clone_extent::{CloneExtent, Lfs};
    pub use clone_filter::CloneFilter;
    pub use git_origin::{GitOrigin, InvalidOrigin};
    pub use repo_url::RepoUrl;
}
/// opencode: only the files that a preparation needs.
#[cfg(not(feature = "router"))]
pub mod opencode {
    mod dialect;
    mod home;
    mod v1 {
        pub(super) mod home_files;
        pub(super) mod moved_project;
        pub(super) mod plugins;
    }

    pub use dialect::{Dialect, Launch, RequestKind, Serve};
}
/// Sessions: only the results of a preparation.
#[cfg(not(feature = "router"))]
pub mod session {
    pub mod checkout;
    pub mod failure;
    pub mod record_format;

    pub use checkout::Checkout;
    pub use failure::{Failure, Reason};
}
