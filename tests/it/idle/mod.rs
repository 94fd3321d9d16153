//! The router stops idle sessions, and no others.

mod open_requests_and_tunnels;
mod processes_at_work;
mod profile_limits;
mod rejected_first_message;
mod situation;
mod unused_sessions;
mod volume_ttl;
mod waiting_agent;
mod working_agent;
