//! opencode-router gives every (user, repository, branch) an opencode server of its own.
//!
//! # The map
//! | room | what is in it |
//! |---|---|
//! | [`app`] | the rooms wired together |
//! | [`config`] | settings, each a flag and an environment variable |
//! | [`edge`] | sockets in, requests out: route → identify → authorise → lease → forward |
//! | [`api`] | the REST API, its document, and problem responses |
//! | [`web`] | the embedded page |
//! | [`auth`] | from headers and tokens to a principal |
//! | [`proxy`] | bytes both ways, with a lease |
//! | [`runtime`] | where sessions run |
//! | [`session`] | the domain: keys, phases, leases, waking, idling, access |
//! | [`opencode`] | all that is known of the upstream program |
//! | [`git`] | repository URLs and branches |
//! | [`telemetry`] | logs |
//!
//! Arrows between rooms point down this list; `tests/it/structure.rs` holds them there.
//!
//! # The life of a request
//! [`edge::Listener`] accepts a connection and reads a head. [`edge::Front`] finds out what the host stands for, who
//! calls, and whether that principal may use the session. It takes a [`session::Lease`], for which it may have to wait
//! until [`session::Lifecycle`] has woken the session, and gives both to [`proxy::Proxy`], which sends the request once
//! and passes the response on as it comes.

pub mod api;
pub mod app;
pub mod auth;
pub mod config;
pub mod edge;
pub mod git;
pub mod opencode;
pub mod proxy;
pub mod runtime;
pub mod session;
pub mod telemetry;
pub mod web;
