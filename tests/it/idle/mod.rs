//! A session that nobody and nothing uses is stopped, and no other is.

mod open_requests_and_tunnels;
mod situation;
mod unused_sessions;
mod volume_ttl;
mod waiting_agent;
mod working_agent;
