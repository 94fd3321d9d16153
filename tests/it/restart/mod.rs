//! A router that is killed or restarted changes no session and loses none.

mod during_a_clone;
mod during_a_start;
mod during_a_stop;
mod on_signals;
mod while_ready;
mod while_stopped;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::program::Program;

/// The session's only server.
fn server_of(program: &Program, id: &str) -> i32 {
    let servers = program.servers_of(id);
    assert_eq!(servers.len(), 1, "one server, not {servers:?}");
    servers[0]
}

fn send(pid: i32, signal: Signal) {
    kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}
