//! opencode-router gives every (user, repository, branch) an opencode server of its own.
//!
//! # The map
//! | room | what is in it |
//! |---|---|
//! | [`app`] | the rooms wired together; the end of the router |
//! | [`config`] | settings, each a flag and an environment variable |
//! | [`edge`] | sockets in, requests out: route → identify → authorise → lease → forward |
//! | [`api`] | the REST API and its document |
//! | [`web`] | the embedded page |
//! | [`auth`] | from headers and tokens to a caller |
//! | [`answer`] | what the edge and the API answer with: problems, pages, bodies |
//! | [`proxy`] | bytes both ways, with a lease |
//! | [`runtime`] | where sessions run |
//! | [`prepare`] | what a session's folder needs before opencode runs |
//! | [`lifecycle`] | what is done with sessions, and the port to the runtimes |
//! | [`session`] | what a session is: keys, phases, runs, leases, the idle rule, access |
//! | [`opencode`] | all that is known of the upstream program |
//! | [`upstream`] | connections to the servers of a run, credentials included |
//! | [`git`] | repository URLs and branches |
//! | [`telemetry`] | logs |
//!
//! Code names rooms below its own in this list, never above; `tests/it/structure` holds that.
//!
//! # The life of a request
//! [`edge::Listener`] accepts a connection and reads a head. [`edge::Front`] finds what the host stands for, who calls,
//! and whether that caller may use the session. It takes a [`session::Lease`], for which it may have to wait until
//! [`lifecycle::Lifecycle`] has started the session. [`proxy::Proxy`] sends the request once and passes the response on.

pub mod answer;
pub mod api;
pub mod app;
pub mod auth;
pub mod config;
pub mod edge;
pub mod git;
pub mod lifecycle;
pub mod opencode;
pub mod prepare;
pub mod proxy;
pub mod runtime;
pub mod session;
pub mod telemetry;
pub mod upstream;
pub mod web;
