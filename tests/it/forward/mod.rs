//! Bytes pass both ways unchanged and at once. A fault of one request does not affect others.

mod body_framing;
mod body_streaming;
mod client_disconnects;
mod connection_reuse;
mod header_hygiene;
mod http_versions;
mod large_heads;
mod misbehaving_server;
mod run_end;
mod upgrade_tunnels;
