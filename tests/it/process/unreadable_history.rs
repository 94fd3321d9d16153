//! A history that opencode cannot read ends the start with a reason of its own. The session starts without it on request.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use http::StatusCode;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::opencode;
use crate::support::program::Program;

/// A stopped session. Its next start is one of the real opencode.
struct Stopped {
    program: Program,
    id: String,
    /// Has the program that becomes opencode: the stand-in, or the real one while the file `real` exists.
    folder: TempDir,
}

impl Stopped {
    async fn with_database(content: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = Program::start_by(&[], &[], &either(folder.path())).await;
        let id = program.ready_project().await;
        std::fs::write(program.session_dir(&id).join("work/project/kept.txt"), "kept").unwrap();
        program.act(&id, "stop").await;
        program.wait_for_phase(&id, "stopped").await;
        let stopped = Self { program, id, folder };
        content(&stopped.database());
        std::fs::write(stopped.folder.path().join("real"), "").unwrap();
        stopped
    }

    fn database(&self) -> PathBuf {
        self.program.session_dir(&self.id).join("home/.local/share/opencode/opencode.db")
    }

    /// Starts the session, which fails because of its history. Returns the phase.
    async fn refused(&self) -> Value {
        self.program.act(&self.id, "start").await;
        let phase = self.program.wait_for_phase(&self.id, "failed").await["phase"].clone();
        assert_eq!(phase["reason"], "history-unreadable", "{phase}");
        let message = phase["message"].as_str().unwrap();
        assert!(
            message.contains("without its old history") && message.contains("go back to the newer one"),
            "{message}"
        );
        assert!(self.program.servers_of(&self.id).is_empty(), "nothing of it runs");
        phase
    }

    /// Starts the session without its history. Its files and the old history are kept.
    async fn starts_without(&self) {
        let (old, dir) = (std::fs::read(self.database()).unwrap(), self.program.session_dir(&self.id));
        std::fs::remove_file(self.folder.path().join("real")).unwrap();
        assert_eq!(self.program.act(&self.id, "start-without-history").await.status, StatusCode::ACCEPTED);
        self.program.wait_for_phase(&self.id, "ready").await;
        assert!(!self.database().exists());
        assert_eq!(std::fs::read_to_string(dir.join("work/project/kept.txt")).unwrap(), "kept");
        let kept =
            std::fs::read_dir(dir.join("history")).unwrap().map(|entry| entry.unwrap().path().join("opencode.db"));
        let kept: Vec<_> = kept.filter(|file| file.exists()).collect();
        assert_eq!(kept.len(), 1, "{kept:?}");
        assert!(std::fs::read(&kept[0]).unwrap() == old, "it is as it was");
    }
}

fn either(folder: &Path) -> PathBuf {
    let (program, real, stand_in) = (folder.join("either"), opencode::program(), opencode::stand_in());
    let script = format!(
        "#!/bin/sh\n[ -e {}/real ] && exec {} \"$@\"\nexec {} \"$@\"\n",
        folder.display(),
        real.display(),
        stand_in.display()
    );
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    program
}

/// Creates a database as opencode does, then changes it as another version could.
fn of_another_version(database: &Path) {
    let mut command = Command::new(opencode::program());
    command.args(["db", "ALTER TABLE project RENAME TO project_of_a_later_version"]);
    command.env("OPENCODE_DB", database).env("HOME", database.parent().unwrap()).env_remove("XDG_DATA_HOME");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_history_is_a_reason_and_is_set_aside_on_request() {
    let stopped = Stopped::with_database(|database| std::fs::write(database, vec![7; 64 * 1024]).unwrap()).await;
    let phase = stopped.refused().await;
    assert!(phase["message"].as_str().unwrap().contains("file is not a database"), "{phase}");
    assert!(!phase["logTail"].as_array().unwrap().is_empty(), "{phase}");
    stopped.starts_without().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn history_of_another_version_ends_the_start_early() {
    let stopped = Stopped::with_database(of_another_version).await;
    let phase = stopped.refused().await;
    assert!(phase["message"].as_str().unwrap().contains("status 500"), "{phase}");
    stopped.starts_without().await;
}
