//! A terminal with a program in it, by tmux.

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use super::condition::eventually;
use super::opencode;

/// A home and a terminal of a user's machine. Dropping it ends its programs.
pub struct Tmux {
    home: TempDir,
}

impl Tmux {
    /// Runs opencode with these arguments, in a terminal of 120 by 40.
    pub fn opencode(arguments: &[&str]) -> Self {
        let tmux = Self { home: tempfile::tempdir().unwrap() };
        // Keeps the output of an exited program readable.
        std::fs::write(tmux.home.path().join("tmux.conf"), "set -g remain-on-exit on\n").unwrap();
        let program = opencode::program();
        let words = [program.to_str().unwrap()].into_iter().chain(arguments.iter().copied());
        let quoted: Vec<_> = words.map(|word| format!("'{word}'")).collect();
        tmux.run(&["new-session", "-d", "-x", "120", "-y", "40", &quoted.join(" ")]);
        tmux
    }

    /// The visible text.
    pub fn screen(&self) -> String {
        String::from_utf8_lossy(&self.run(&["capture-pane", "-p"]).stdout).into_owned()
    }

    /// Waits until the text is visible. Returns the whole screen.
    pub async fn shows(&self, text: &str) -> String {
        let mut last = String::new();
        let seen = eventually(text, async || {
            last = self.screen();
            last.contains(text).then_some(())
        });
        // If the text never appears, the failure shows the last screen.
        let shown = tokio::time::timeout(super::condition::PATIENCE - std::time::Duration::from_secs(1), seen).await;
        assert!(shown.is_ok(), "{text:?} does not show:\n{last}");
        last
    }

    /// Types a line. Waits for the text before Enter: opencode treats keys that arrive together as pasted text.
    pub async fn type_line(&self, line: &str) {
        self.run(&["send-keys", "-l", line]);
        self.shows(line).await;
        self.run(&["send-keys", "Enter"]);
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut tmux = Command::new("tmux");
        on_own_machine(&mut tmux, self.home.path()).arg("-S").arg(self.home.path().join("tmux.sock"));
        let output = tmux.arg("-f").arg(self.home.path().join("tmux.conf")).args(arguments).output();
        let output = output.expect("tmux, which this test needs, is installed");
        assert!(output.status.success(), "tmux {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let mut tmux = Command::new("tmux");
        let tmux = on_own_machine(&mut tmux, self.home.path()).arg("-S").arg(self.home.path().join("tmux.sock"));
        // The server exits by itself after its program exits.
        let _ = tmux.arg("kill-server").output();
    }
}

/// Runs opencode with these arguments without a terminal, to its end.
pub async fn opencode_says(arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(opencode::program());
    on_own_machine(&mut command, home.path())
        .args(arguments)
        .current_dir(home.path())
        .stdin(std::process::Stdio::null());
    let mut command = tokio::process::Command::from(command);
    super::condition::in_time("opencode ends", command.kill_on_drop(true).output()).await.unwrap()
}

/// The environment of a user's machine, without variables of the router or the test.
fn on_own_machine<'a>(command: &'a mut Command, home: &Path) -> &'a mut Command {
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_DATA_HOME", home.join("data"))
        .env("XDG_STATE_HOME", home.join("state"))
        .env("XDG_CACHE_HOME", home.join("cache"))
        .env("TMPDIR", home)
        .env("LANG", "C.UTF-8")
        .env("TERM", "xterm-256color")
        .env("OPENCODE_DISABLE_MODELS_FETCH", "1")
        .env("OPENCODE_DISABLE_AUTOUPDATE", "1")
}
