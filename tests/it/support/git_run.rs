//! Runs commands for the git host, without the test's environment.
#![allow(clippy::unwrap_used, reason = "a test's support fails loudly")]

use std::ffi::OsStr;
use std::io;
use std::process::Stdio;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// A git command that reads only the repository's configuration.
pub(super) fn git<const N: usize>(arguments: [&str; N]) -> Command {
    let mut git = command("git");
    git.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").args(arguments);
    git
}

/// A command without the test's environment. Dropping its process kills it.
pub(super) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    command
}

pub(super) async fn run(command: &mut Command, input: &[u8]) {
    output(command, input).await.unwrap();
}

/// A command's output for this input. An error names the command and its error output.
pub(super) async fn output(command: &mut Command, input: &[u8]) -> io::Result<Vec<u8>> {
    let mut child = command.stderr(Stdio::piped()).spawn()?;
    let mut stdin = child.stdin.take().unwrap();
    let feed = async move { stdin.write_all(input).await };
    let (fed, output) = tokio::join!(feed, child.wait_with_output());
    let output = output?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(io::Error::other(format!("{:?}: {said}", command.as_std())));
    }
    fed.map(|()| output.stdout)
}
