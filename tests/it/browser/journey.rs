//! Runs a script of `tests/browser/` in Node.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

/// Time limit for a journey on a busy machine. A script ends itself earlier, with a screenshot.
const DEADLINE: Duration = Duration::from_secs(600);

/// Prefix of a script's requests to the test, for actions that no browser can do.
const REQUEST: &str = "please ";

/// A script with its parameters.
pub(super) struct Journey(Command);

impl Journey {
    pub(super) fn new(script: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
        assert!(
            folder.join("node_modules").exists(),
            "playwright-core is not installed: run `npm ci` in tests/browser"
        );
        let mut node = Command::new("node");
        // Chromium ends with the pipe to its script, so killing the script is enough.
        node.arg(folder.join(script)).kill_on_drop(true);
        node.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(node)
    }

    pub(super) fn with(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.0.env(name, value.as_ref());
        self
    }

    /// Runs it to its end.
    pub(super) async fn run(self) {
        self.run_with(async |request| panic!("nobody told the test how to {request}")).await;
    }

    /// Runs it to its end, and handles its requests.
    pub(super) async fn run_with(mut self, fulfil: impl AsyncFnMut(&str)) {
        let mut node = self.0.spawn().expect("node starts");
        let mut stderr = node.stderr.take().unwrap();
        let (mut said, mut complaints) = (String::new(), String::new());
        let all = async { tokio::join!(follow(&mut node, &mut said, fulfil), stderr.read_to_string(&mut complaints)) };
        let in_time = tokio::time::timeout(DEADLINE, all).await.is_ok();
        let success = in_time && node.wait().await.unwrap().success();
        assert!(success, "in time: {in_time}\n{said}{complaints}");
        println!("{said}");
    }
}

/// Reads the script's output until it ends, and answers its requests.
async fn follow(node: &mut Child, said: &mut String, mut fulfil: impl AsyncFnMut(&str)) {
    let mut stdin = node.stdin.take().unwrap();
    let mut lines = BufReader::new(node.stdout.take().unwrap()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        said.push_str(&line);
        said.push('\n');
        if let Some(request) = line.strip_prefix(REQUEST) {
            fulfil(request).await;
            stdin.write_all(b"done\n").await.unwrap();
        }
    }
}
