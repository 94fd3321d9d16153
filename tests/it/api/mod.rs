//! Promises of the REST API to programs.

mod attach_tokens;
mod audit_lines;
mod event_streams;
mod git_logins;
mod invalid_requests;
mod logs;
mod metrics;
mod openapi;
mod outdated_runs;
mod pasted_addresses;
mod probes;
mod profile_choice;
mod route_actions;
mod session_lifecycle;
mod start_without_history;
mod user_secrets;
