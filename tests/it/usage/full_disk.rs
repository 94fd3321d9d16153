//! A full disk is named as the reason, with its size.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use opencode_router::prepare::{PrepareEnd, PrepareLine};
use opencode_router::session::Reason;
use opencode_router::usage::volume;
use serde_json::json;

/// Runs a script in a disk of 2 MiB that is full. `None` on a machine that allows no mounts.
fn on_full_disk(folder: &Path, script: &str, job: &str) -> Option<Output> {
    // The mount hides the folder that the shell is in.
    let script =
        format!("mount -t tmpfs -o size=2m small . || exit 99; cd \"$PWD\"; dd if=/dev/zero of=fill; {script}");
    let mut command = Command::new("unshare");
    command.args(["--mount", "--map-root-user", "sh", "-c", &script]).stdin(Stdio::null());
    command.env("PROGRAM", env!("CARGO_BIN_EXE_opencode-session")).env("OPENCODE_SESSION_JOB", job);
    let output = command.current_dir(folder).output().unwrap();
    let refused = output.status.code() == Some(99) || output.stderr.starts_with(b"unshare:");
    (!refused).then_some(output)
}

#[test]
fn preparation_on_a_full_disk_says_its_size_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let owner = json!({"name": "ann", "email": "ann@h"});
    let job = json!({"version": 1, "folder": folder.path(), "project": "app", "owner": owner, "opencodeVersion": "1"});
    let script = "cd \"$PWD\"; \"$PROGRAM\" prepare";
    let Some(output) = on_full_disk(folder.path(), script, &job.to_string()) else { return };
    let printed = String::from_utf8_lossy(&output.stdout);
    let end = printed.lines().find_map(|line| match PrepareLine::parse(line) {
        PrepareLine::End(end) => Some(end),
        _ => None,
    });
    let Some(PrepareEnd::Failed(failure)) = end else { panic!("{output:?}") };
    assert_eq!(failure.reason, Reason::DiskFull);
    let sentence = format!("{}: 2 MiB of 2 MiB are used. {}", volume::FULL, volume::ADVICE);
    assert!(failure.message.ends_with(&sentence), "{failure:?}");
}

#[test]
fn opencode_that_ends_on_a_full_disk_ends_with_a_line_about_it() {
    let folder = tempfile::tempdir().unwrap();
    let last = |script: &str| {
        let output = on_full_disk(folder.path(), &format!("\"$PROGRAM\" run -- {script}"), "")?;
        Some(String::from_utf8(output.stderr).unwrap().lines().last().unwrap_or_default().to_owned())
    };
    let Some(failed) = last("sh -c 'echo no >&2; exit 1'") else { return };
    assert_eq!(failed, format!("{}: 2 MiB of 2 MiB are used.", volume::FULL));
    assert!(!last("true").unwrap().starts_with(volume::FULL));
}
