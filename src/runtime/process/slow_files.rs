//! Tests: files that answer late delay only their own operation.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use jiff::Timestamp;
use rustix::fs::{CWD, FileType, Mode, mknodat};

use super::*;
use crate::opencode::Dialect;
use crate::session::{Email, Origin, SessionKey};

fn runtime(data: &Path) -> Process {
    let settings = ProcessSettings {
        clone: crate::prepare::CloneSettings {
            filter: None,
            extent: crate::git::CloneExtent::default(),
            stall_seconds: 60,
        },
        data_dir: data.to_owned(),
        opencode: PathBuf::from("/no/opencode"),
        opencode_version: "1.18.33".to_owned(),
        dialect: Dialect::V1,
        supervisor: PathBuf::from("/no/supervisor"),
        environment: Vec::new(),
        profiles: MachineProfiles::default(),
        local_user: None,
    };
    Process::new(settings).unwrap()
}

fn spec() -> Spec {
    let key = SessionKey { owner: Email::parse("a@b").unwrap(), origin: Origin::new_project() };
    Spec { key, source_branch: None, created_at: Timestamp::UNIX_EPOCH }
}

/// Runs an operation that opens this file. The file answers after another task of the same thread ran.
async fn while_waiting_for(file: &Path, operation: impl Future<Output = ()>) {
    let content = std::fs::read(file).unwrap_or_default();
    let _ = std::fs::remove_file(file);
    mknodat(CWD, file, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let (another_ran, heard) = mpsc::channel();
    let path = file.to_owned();
    let answers = std::thread::spawn(move || {
        let in_time = heard.recv_timeout(Duration::from_secs(5)).is_ok();
        // Opening a named pipe waits for its other end (fifo(7)).
        std::fs::File::options().write(true).open(&path).unwrap().write_all(&content).unwrap();
        in_time
    });
    let another = async {
        tokio::task::yield_now().await;
        another_ran.send(()).unwrap();
    };
    tokio::join!(operation, another);
    assert!(answers.join().unwrap(), "{} blocked its thread", file.display());
}

#[tokio::test]
async fn slow_files_delay_no_other_task() {
    let temp = tempfile::tempdir().unwrap();
    let runtime = runtime(temp.path());
    let (spec, memo) = (spec(), Memo::new(Timestamp::UNIX_EPOCH));
    let (id, dir) = (spec.id(), runtime.data.session(spec.id()));
    dir.prepare().unwrap();
    std::fs::write(dir.record(), "").unwrap();
    while_waiting_for(&dir.record(), async { drop(runtime.create(&spec, &memo).await) }).await;
    std::fs::remove_file(dir.record()).unwrap();
    assert!(runtime.create(&spec, &memo).await.unwrap());

    while_waiting_for(&dir.record(), async {
        runtime.edit(id, &mut |memo| memo.title = Some("t".to_owned())).await.unwrap();
    })
    .await;
    while_waiting_for(&dir.prompts(), async {
        runtime.edit_prompts(id, &mut |_| {}).await.unwrap_err();
    })
    .await;
    let log = dir.logs().join("session.log");
    while_waiting_for(&log, async { drop(runtime.logs(id, LogRange { tail: 1, follow: false }).await) }).await;
    std::fs::write(dir.outcome(), "").unwrap();
    while_waiting_for(&dir.outcome(), async { runtime.stop(id).await.unwrap() }).await;
}
