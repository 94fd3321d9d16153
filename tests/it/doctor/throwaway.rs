//! `--deep` starts a session, and leaves nothing behind in any case.

use rustix::process::Signal;

use super::examination::{Examination, Report};
use crate::support::condition::{eventually, in_time};
use crate::support::processes;

/// Nothing of the session is left: no file and no process.
fn assert_nothing_is_left(examination: &Examination) {
    let temporary = examination.temporary();
    let files: Vec<_> = std::fs::read_dir(&temporary).unwrap().flatten().map(|entry| entry.path()).collect();
    assert!(files.is_empty(), "{files:?}");
    assert_eq!(processes_of(examination), Vec::<i32>::new());
}

/// The processes that belong to a session of the examination.
fn processes_of(examination: &Examination) -> Vec<i32> {
    let mark = format!("OPENCODE_ROUTER_SESSION_DIR={}", examination.temporary().display());
    let marked = |pid: &i32| processes::environment(*pid).iter().any(|variable| variable.starts_with(&mark));
    processes::all().into_iter().filter(marked).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn session_is_started_and_deleted() {
    let examination = Examination::new();
    let output = in_time("it ends", examination.command(&["--json", "--deep"]).output()).await.unwrap();
    let report = Report::of(&output);
    report.says("session", "ok", &["A session was ready after", "opencode 1.18.33"]);
    assert_eq!(report.code, Some(0), "{report:?}");
    let log = String::from_utf8(output.stderr).unwrap();
    for change in ["create", "start", "delete"] {
        assert!(log.contains(change) && log.contains("doctor@opencode-router.invalid"), "{change}: {log}");
    }
    assert!(!examination.path("data").exists(), "the router's own data folder is not used");
    assert_nothing_is_left(&examination);
}

#[tokio::test(flavor = "multi_thread")]
async fn session_that_does_not_start_is_explained_and_deleted() {
    let examination = Examination::new();
    let broken = "[ \"$1\" = --version ] && echo 1.18.33 && exit\necho Error: no luck >&2\nexit 3";
    let broken = examination.script("broken", broken);
    let examination = examination.with("OPENCODE_PROGRAM", broken.to_str().unwrap());
    let report = examination.report(&["--deep"]).await;
    report.has_one_problem("session", &["A session did not start"]);
    assert_nothing_is_left(&examination);
}

#[tokio::test(flavor = "multi_thread")]
async fn signal_ends_the_check_and_deletes_the_session() {
    for signal in [Signal::INT, Signal::TERM] {
        let examination = Examination::new();
        let silent = "[ \"$1\" = --version ] && echo 1.18.33 && exit\nexec sleep 1000";
        let silent = examination.script("silent", silent);
        let examination = examination.with("OPENCODE_PROGRAM", silent.to_str().unwrap());
        let child = examination.command(&["--json", "--deep"]).spawn().unwrap();
        let sleeps = |pid: &i32| processes::arguments(*pid).starts_with(&["sleep".to_owned(), "1000".to_owned()]);
        eventually("its opencode runs", async || processes_of(&examination).iter().any(sleeps).then_some(())).await;
        processes::send(i32::try_from(child.id().unwrap()).unwrap(), signal);
        let output = in_time("the examination ends", child.wait_with_output()).await.unwrap();
        Report::of(&output).has_one_problem("session", &["A signal ended the check"]);
        assert_nothing_is_left(&examination);
    }
}
