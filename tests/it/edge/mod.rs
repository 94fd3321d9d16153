//! Authentication, routing and isolation between users at the edge.

mod address_families;
mod attach_origins;
mod connection_limits;
mod connection_memory;
mod cross_site_requests;
mod ended_rights;
mod forwarded_git_tokens;
mod graceful_shutdown;
mod haproxy;
mod health_checks;
mod host_names;
mod http2;
mod login_proxy_headers;
mod lost_peers;
mod other_users_sessions;
mod other_versions;
mod request_smuggling;
mod requests_per_user;
