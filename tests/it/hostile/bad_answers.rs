use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::condition::eventually;
use crate::support::opencode;
use crate::support::program::{Program, id_of};

/// The ways to answer badly: `tests/stand-in/hostile.rs`.
const MANNERS: [&str; 10] = ["large", "ids", "folders", "deep", "slow", "garbage", "types", "flood", "heads", "log"];
/// What all of them together may cost, in bytes.
const MOST: u64 = 32 * 1024 * 1024;
/// How long they do it.
const LASTS: Duration = Duration::from_secs(5);

/// A figure of the router's memory, in bytes: `VmRSS` is what it has now, `VmHWM` the most since [`forget_peak`].
fn memory(program: &Program, figure: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(figure)?.strip_prefix(':')).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// The CPU time of the router's process so far.
fn cpu(program: &Program) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", program.pid())).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: u64 = [11, 12].map(|at: usize| fields[at].parse::<u64>().unwrap()).iter().sum();
    Duration::from_millis(ticks * 10)
}

/// See `clear_refs` in proc(5).
fn forget_peak(program: &Program) {
    std::fs::write(format!("/proc/{}/clear_refs", program.pid()), "5").unwrap();
}

/// The 99th percentile of requests to a good session for this time.
async fn latency(program: &Program, id: &str, lasts: Duration) -> Duration {
    let begun = Instant::now();
    let mut times = Vec::new();
    while begun.elapsed() < lasts {
        let asked = Instant::now();
        let answer = program.session(id, "GET", "/session/status").send().await.unwrap();
        assert_eq!(answer.status, 200);
        times.push(asked.elapsed());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    times.sort();
    times[times.len() * 99 / 100]
}

/// A stopped session for each manner, whose next server is hostile in that manner.
async fn hostile_sessions(program: &Program, from: &str) -> Vec<String> {
    let mut bad = Vec::new();
    for manner in MANNERS {
        let id = id_of(&program.create(json!({})).await);
        program.wait_for_phase(&id, "ready").await;
        program.act(&id, "stop").await;
        program.wait_for_phase(&id, "stopped").await;
        std::fs::write(program.session_dir(&id).join("hostile"), format!("{from}{manner}")).unwrap();
        bad.push(id);
    }
    forget_peak(program);
    for id in &bad {
        program.act(id, "start").await;
    }
    bad
}

async fn each_is(program: &Program, bad: &[String], phase: &str) {
    for (id, manner) in bad.iter().zip(MANNERS) {
        eventually(&format!("the session that is {manner} is {phase}"), async || {
            (program.get(id).await["phase"]["name"] == phase).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_answer_badly_cost_little_memory_and_no_time_of_others() {
    let program = Program::start_with_stand_in().await;
    let good = id_of(&program.create(json!({})).await);
    program.wait_for_phase(&good, "ready").await;
    let usual = latency(&program, &good, Duration::from_secs(2)).await;
    let before = memory(&program, "VmRSS");
    let bad = hostile_sessions(&program, "").await;
    each_is(&program, &bad, "ready").await;
    let (begun, spent) = (Instant::now(), cpu(&program));
    let p99 = latency(&program, &good, LASTS).await;
    let share = (cpu(&program) - spent).div_duration_f64(begun.elapsed());
    // The end of work is a request of the router too.
    for id in &bad {
        program.act(id, "stop").await;
    }
    each_is(&program, &bad, "stopped").await;
    let (most, after) = (memory(&program, "VmHWM"), memory(&program, "VmRSS"));
    let [before_kib, most_kib, after_kib] = [before, most, after].map(|bytes| bytes / 1024);
    println!(
        "memory: {before_kib} KiB, at most {most_kib}, then {after_kib}; {share:.2} cores; p99 {p99:?}, usually {usual:?}"
    );
    assert!(most < before + MOST, "{before} bytes became {most}");
    // Other tests run at the same time. So the time of others is bounded loosely, and the router's own work strictly.
    assert!(share < 0.5, "{share} cores");
    assert!(p99 < usual * 2 + Duration::from_millis(200), "p99 {p99:?}, usually {usual:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_answer_badly_from_the_start_are_never_ready() {
    let settings = [("START_TIMEOUT_SECONDS", "5"), ("MAX_CONCURRENT_STARTS", "12")];
    let program = Program::start_by(&[], &settings, &opencode::stand_in()).await;
    let before = memory(&program, "VmRSS");
    let bad = hostile_sessions(&program, "!").await;
    each_is(&program, &bad, "failed").await;
    let most = memory(&program, "VmHWM");
    assert!(most < before + MOST, "{before} bytes became {most}");
    for id in &bad {
        assert_eq!(program.get(id).await["phase"]["reason"], "start-timeout", "{}", program.get(id).await);
    }
}
