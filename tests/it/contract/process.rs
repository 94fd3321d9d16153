//! The suite on real processes.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use opencode_router::git::CloneExtent;
use opencode_router::prepare::CloneSettings;
use opencode_router::runtime::Runtime;
use opencode_router::runtime::process::{MachineProfiles, Process, ProcessSettings};
use opencode_router::session::SessionId;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::suite::{self, Place};
use crate::support::opencode;

struct ProcessPlace {
    runtime: Arc<Process>,
    data: TempDir,
}

#[async_trait]
impl Place for ProcessPlace {
    fn runtime(&self) -> Arc<dyn Runtime> {
        self.runtime.clone()
    }

    async fn break_server(&self, id: SessionId) {
        let folder = self.data.path().join("sessions").join(id.to_string());
        for pid in opencode_processes(&folder) {
            let _ = kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL);
        }
    }
}

fn opencode_processes(folder: &std::path::Path) -> Vec<i32> {
    let mark = format!("OPENCODE_ROUTER_SESSION_DIR={}", folder.display());
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let ours = |pid: &i32| {
        let environ = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environ.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
    };
    pids.filter(ours).collect()
}

fn place(opencode: PathBuf) -> ProcessPlace {
    let data = tempfile::Builder::new().prefix("ocr-").tempdir_in("/tmp").unwrap();
    let path = std::env::var("PATH").unwrap();
    let settings = ProcessSettings {
        dialect: opencode_router::opencode::Dialect::V1,
        data_dir: data.path().to_owned(),
        opencode,
        opencode_version: "1.18.33".to_owned(),
        supervisor: PathBuf::from(env!("CARGO_BIN_EXE_opencode-router")),
        environment: vec![("PATH".to_owned(), path), ("OPENCODE_DISABLE_MODELS_FETCH".to_owned(), "1".to_owned())],
        clone: CloneSettings { filter: None, extent: CloneExtent::default(), stall_seconds: 60 },
        profiles: MachineProfiles::default(),
        local_user: None,
    };
    ProcessPlace { runtime: Arc::new(Process::new(settings).unwrap()), data }
}

suite::run_on!(place(opencode::stand_in()));

/// The promises that depend on how opencode starts and ends.
mod with_opencode {
    use super::*;

    suite::tests_on!(place(opencode::program()), cfg_attr(false, ignore);
        a_start_leads_to_ready_and_a_second_one_changes_nothing,
        a_stop_ends_the_run_and_the_next_start_is_another_run,
        everything_on_a_run_ends_with_it,
        a_server_that_ends_by_itself_is_a_failure_that_can_be_retried);
}
