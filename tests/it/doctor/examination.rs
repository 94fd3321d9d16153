//! A run of `opencode-router doctor` on this machine, with settings of its own.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use crate::support::condition::in_time;
use crate::support::opencode;
use crate::support::program::{EMAIL, program};
use crate::support::tempo::FACTOR;

/// The settings of an examination. Without changes, nothing has to be done.
pub struct Examination {
    settings: Vec<(String, String)>,
    folder: TempDir,
}

/// What it printed.
#[derive(Debug)]
pub struct Report {
    pub code: Option<i32>,
    pub json: Value,
}

impl Examination {
    pub fn new() -> Self {
        // Not below a long temporary path: paths of Unix sockets are short.
        let folder = tempfile::Builder::new().prefix("ocr-").tempdir_in("/tmp").unwrap();
        let examination = Self { settings: Vec::new(), folder };
        let data = examination.path("data").display().to_string();
        examination
            .with("DEV_EMAIL", EMAIL)
            .with("PORT", "0")
            .with("ATTACH_PORT", "0")
            .with("ROUTER_DATA_DIR", &data)
            .with("OPENCODE_PROGRAM", opencode::stand_in().to_str().unwrap())
            .with("PATH", &std::env::var("PATH").unwrap())
            .with("TEMPO", FACTOR)
    }

    /// The same with another value of a setting.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.retain(|(known, _)| known != name);
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same without a setting.
    pub fn without(mut self, name: &str) -> Self {
        self.settings.retain(|(known, _)| known != name);
        self
    }

    /// A path in its own folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a shell script into its folder.
    pub fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// The program with these settings. Its temporary files are in the folder.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.arg("doctor").args(arguments).env_clear().env("HOME", self.folder.path());
        command.env("TMPDIR", self.temporary()).envs(self.settings.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    /// The folder of its temporary files.
    pub fn temporary(&self) -> PathBuf {
        let path = self.path("tmp");
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    /// Runs it with `--json` and these arguments.
    pub async fn report(&self, arguments: &[&str]) -> Report {
        let arguments = [&["--json"], arguments].concat();
        let output = in_time("the examination ends", self.command(&arguments).output()).await.unwrap();
        Report::of(&output)
    }
}

impl Report {
    pub fn of(output: &std::process::Output) -> Self {
        let text = String::from_utf8_lossy(&output.stdout);
        let json = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{error}: {text}{}", String::from_utf8_lossy(&output.stderr)));
        Self { code: output.status.code(), json }
    }

    /// The check of this name.
    pub fn check(&self, name: &str) -> &Value {
        let all = self.json["checks"].as_array().unwrap();
        all.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("no check {name}: {self:?}"))
    }

    /// The names of all checks with this status.
    pub fn with_status(&self, status: &str) -> Vec<&str> {
        let all = self.json["checks"].as_array().unwrap().iter();
        all.filter(|check| check["status"] == status).map(|check| check["name"].as_str().unwrap()).collect()
    }

    /// Asserts that this check alone is a problem, and that its words say these.
    pub fn has_one_problem(&self, name: &str, words: &[&str]) {
        assert_eq!((self.code, &self.json["status"]), (Some(1), &Value::from("problem")), "{self:?}");
        assert_eq!(self.with_status("problem"), [name], "{self:?}");
        self.says(name, "problem", words);
    }

    /// Asserts a check's status and words.
    pub fn says(&self, name: &str, status: &str, words: &[&str]) {
        let check = self.check(name);
        assert_eq!(check["status"], status, "{check}");
        let said = format!("{} {}", check["message"], check["advice"]);
        for word in words {
            assert!(said.contains(word), "{word:?} in {said}");
        }
    }
}

/// A folder for PATH with links to these programs of this machine only.
pub fn path_with(folder: &Path, programs: &[&str]) -> String {
    std::fs::create_dir_all(folder).unwrap();
    for program in programs {
        let all = std::env::var_os("PATH").unwrap();
        let found = std::env::split_paths(&all).map(|folder| folder.join(program)).find(|file| file.exists());
        std::os::unix::fs::symlink(found.unwrap(), folder.join(program)).unwrap();
    }
    folder.to_str().unwrap().to_owned()
}
