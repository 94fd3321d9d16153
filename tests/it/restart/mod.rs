//! A kill or restart of the router changes and loses no session.

mod during_a_clone;
mod during_a_start;
mod during_a_stop;
mod on_signals;
mod while_ready;
mod while_stopped;

use crate::support::program::Program;

/// The session's only server.
fn server_of(program: &Program, id: &str) -> i32 {
    let servers = program.servers_of(id);
    assert_eq!(servers.len(), 1, "one server, not {servers:?}");
    servers[0]
}
