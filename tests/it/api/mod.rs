//! What programs are promised of the REST API.

mod logs;
mod metrics;
mod openapi;
mod probes;
mod requests_are_checked;
mod sessions_live_and_go;
mod streams_tell_every_change;
mod tokens_open_one_session;
