//! The memory of an open stream. docs/scale.md computes a replica's memory from it.

use crate::support::program::Program;

/// KiB of one open stream, with both of its connections.
const LARGEST: u64 = 48;
/// Open streams, few enough for this process's own file limit.
const STREAMS: u64 = 300;

/// The program's memory in KiB.
fn memory(program: &Program) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_stream_costs_at_most_48_kib() {
    let program = Program::start_with_stand_in().await;
    let id = program.ready_project().await;
    let open = async || {
        let mut events = program.session(&id, "GET", "/event").open().await.unwrap();
        events.read_until("server.connected").await;
        events
    };
    // The first requests load code.
    for _ in 0..20 {
        open().await;
    }
    let before = memory(&program);
    let mut streams = Vec::new();
    for _ in 0..STREAMS {
        streams.push(open().await);
    }
    let each = memory(&program).saturating_sub(before) / STREAMS;
    assert!(each <= LARGEST, "{each} KiB");
    assert!(each > 0, "{before} KiB for {} streams", streams.len());
}
