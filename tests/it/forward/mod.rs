//! Bytes pass both ways unchanged and at once, and what happens to one request is no other's trouble.

mod body_streaming;
mod client_disconnects;
mod connection_reuse;
mod header_hygiene;
mod misbehaving_server;
mod run_end;
mod upgrade_tunnels;
