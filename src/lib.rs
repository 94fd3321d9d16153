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
//! | [`telemetry`] | logs |
//!
//! Code names rooms below its own in this list, never above; `tests/it/structure` holds that.
//!
//! # The life of a request
//! [`edge::Listener`] accepts a connection and reads a head. [`edge::Front`] resolves the host, identifies the caller,
//! and checks that the caller may use the session. It takes a [`session::Lease`]. If the session does not run, it waits
//! until [`lifecycle::Lifecycle`] has started it. [`proxy::Proxy`] sends the request once and passes the response on.

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
pub mod tempo;
pub mod upstream;
pub mod web;
