//! The real program, as a user starts it.

use std::ffi::OsStr;
use std::fs::Permissions;
use std::net::SocketAddr;
use std::ops::Deref;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::condition::in_time;
use super::model::ModelServer;
use super::router::Router;
use super::tempo::FACTOR;
use super::{opencode, processes, reserved};

pub use super::router::id_of;

/// The owner of all sessions in these tests.
pub const EMAIL: &str = "dev@localhost";

/// The program below the data folder that becomes opencode.
const OPENCODE: &str = "opencode";
/// The file in a session's folder that has a line for each start of its server.
const STARTS: &str = "starts";

/// A router with a data folder and a model server of its own.
pub struct Program {
    router: Router,
    pub model: ModelServer,
    data: TempDir,
    wrapper: Vec<String>,
    settings: Vec<(String, String)>,
    child: Child,
}

/// The output of a router that did not start.
#[derive(Debug)]
pub struct Refusal {
    pub code: Option<i32>,
    pub said: String,
}

impl Program {
    /// Starts it with the defaults.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts it with settings, as environment variables.
    pub async fn start_with(settings: &[(&str, &str)]) -> Self {
        Self::start_under(&[], settings).await
    }

    /// Starts it with the stand-in for opencode: for tests whose subject is not opencode.
    pub async fn start_with_stand_in() -> Self {
        Self::start_by(&[], &[], &opencode::stand_in()).await
    }

    /// Starts it through a program that executes it, for example `setpriv`.
    pub async fn start_under(wrapper: &[&str], settings: &[(&str, &str)]) -> Self {
        Self::start_by(wrapper, settings, &opencode::program()).await
    }

    /// Starts it through a program that executes it, with this opencode.
    pub async fn start_by(wrapper: &[&str], settings: &[(&str, &str)], opencode: &Path) -> Self {
        // Not below a long temporary path: paths of Unix sockets are short.
        let data = tempfile::Builder::new().prefix("ocr-").tempdir_in("/tmp").unwrap();
        let model = ModelServer::start().await;
        let settings: Vec<_> = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let wrapper: Vec<_> = wrapper.iter().map(|&word| word.to_owned()).collect();
        count_starts(data.path(), opencode);
        let (child, address, attach) = launch(&wrapper, data.path(), &model, &settings).await;
        Self { router: router(&settings, address, attach), model, data, wrapper, settings, child }
    }

    /// Starts a router on the same data folder, with these settings over its own, that is expected to refuse.
    pub async fn refusal(&self, settings: &[(&str, &str)]) -> Refusal {
        let mut command = command(&[], self.data.path(), &self.model, &self.settings);
        command.envs(settings.iter().copied()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        let output = in_time("the router refuses to start", command.output()).await.unwrap();
        Refusal { code: output.status.code(), said: String::from_utf8(output.stderr).unwrap() }
    }

    /// The router's log of all its starts.
    pub fn log(&self) -> String {
        std::fs::read_to_string(log_path(self.data.path())).unwrap_or_default()
    }

    /// Starts it on a port that it keeps over restarts, with the stand-in for opencode.
    pub async fn start_on_fixed_port() -> Self {
        let port = reserved::port().to_string();
        Self::start_by(&[], &[("PORT", &port)], &opencode::stand_in()).await
    }

    /// The folder of its sessions.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// The folder of one session.
    pub fn session_dir(&self, id: &str) -> PathBuf {
        self.data.path().join("sessions").join(id)
    }

    /// The router's process.
    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id().expect("it runs")).unwrap()
    }

    /// Sends a signal to the router.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(self.pid()).unwrap(), signal).unwrap();
    }

    /// Waits until the router has ended.
    pub async fn ended(&mut self) -> std::process::ExitStatus {
        in_time("the router ends", self.child.wait()).await.unwrap()
    }

    /// Kills it with SIGKILL, and starts it again on the same folder.
    pub async fn kill_and_restart(&mut self) {
        self.signal(Signal::KILL);
        self.ended().await;
        self.restart().await;
    }

    /// Starts it again after it ended.
    pub async fn restart(&mut self) {
        let (child, address, attach) = launch(&self.wrapper, self.data.path(), &self.model, &self.settings).await;
        (self.child, self.router) = (child, router(&self.settings, address, attach));
    }

    /// The processes that belong to a session, by its folder in their environment.
    pub fn processes_of(&self, id: &str) -> Vec<i32> {
        let mark = format!("OPENCODE_ROUTER_SESSION_DIR={}", self.session_dir(id).display());
        processes::all().into_iter().filter(|pid| processes::environment(*pid).contains(&mark)).collect()
    }

    /// The opencode servers among them.
    pub fn servers_of(&self, id: &str) -> Vec<i32> {
        let serves = |pid: &i32| processes::arguments(*pid).iter().any(|argument| argument == "serve");
        let servers: Vec<_> = self.processes_of(id).into_iter().filter(serves).collect();
        // A server's child has the same name until it executes another program.
        let is_child = |pid: &i32| processes::parent(*pid).is_none_or(|parent| servers.contains(&parent));
        servers.iter().copied().filter(|pid| !is_child(pid)).collect()
    }

    /// The number of opencode servers started for a session.
    pub fn starts_of(&self, id: &str) -> usize {
        std::fs::read_to_string(self.session_dir(id).join(STARTS)).unwrap_or_default().lines().count()
    }
}

impl Deref for Program {
    type Target = Router;

    fn deref(&self) -> &Router {
        &self.router
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the router's log:\n{}", self.log());
        }
        // Sessions outlive a killed router. They must not outlive the test.
        if self.child.try_wait().ok().flatten().is_none() {
            self.signal(Signal::INT);
            let begun = std::time::Instant::now();
            while self.child.try_wait().ok().flatten().is_none() && begun.elapsed().as_secs() < 30 {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
        }
        let sessions = std::fs::read_dir(self.data.path().join("sessions")).into_iter().flatten().flatten();
        for session in sessions {
            for pid in self.processes_of(&session.file_name().to_string_lossy()) {
                let _ = kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL);
            }
        }
    }
}

/// The addresses of a router with these settings.
fn router(settings: &[(String, String)], address: SocketAddr, attach: SocketAddr) -> Router {
    match settings.iter().find(|(name, _)| name == "ROUTER_DOMAIN") {
        Some((_, domain)) => Router::below(domain, address, attach),
        None => Router::local(address, attach),
    }
}

/// Creates a program that records each start of a server and then executes opencode. A hostile one
/// (`tests/stand-in/hostile.rs`) is to load the router, not the machine.
fn count_starts(data: &Path, opencode: &Path) {
    let script = format!(
        "#!/bin/sh\n[ \"$1\" != serve ] || echo >> \"$OPENCODE_ROUTER_SESSION_DIR/{STARTS}\"\n\
         [ ! -e \"$OPENCODE_ROUTER_SESSION_DIR/hostile\" ] || exec nice -n 19 '{0}' \"$@\"\nexec '{0}' \"$@\"\n",
        opencode.display()
    );
    std::fs::write(data.join(OPENCODE), script).unwrap();
    std::fs::set_permissions(data.join(OPENCODE), Permissions::from_mode(0o755)).unwrap();
}

fn log_path(data: &Path) -> PathBuf {
    data.join("router.log")
}

/// The program that is tested: the one that was built with the tests, unless ROUTER_PROGRAM names another.
pub fn program() -> PathBuf {
    std::env::var_os("ROUTER_PROGRAM").map_or_else(|| env!("CARGO_BIN_EXE_opencode-router").into(), PathBuf::from)
}

/// The program with the settings of all tests, under these.
fn command(wrapper: &[String], data: &Path, model: &ModelServer, settings: &[(String, String)]) -> Command {
    let program = program();
    let words: Vec<_> = wrapper.iter().map(OsStr::new).chain([program.as_os_str()]).collect();
    let mut command = Command::new(words[0]);
    command
        .args(&words[1..])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", data)
        .env("DEV_EMAIL", EMAIL)
        .env("PORT", "0")
        .env("ATTACH_PORT", "0")
        .env("ROUTER_DATA_DIR", data)
        .env("OPENCODE_PROGRAM", data.join(OPENCODE))
        .env("OPENCODE_CONFIG_CONTENT", model.config().to_string())
        .env("OPENCODE_DISABLE_MODELS_FETCH", "1")
        .env("LOG_LEVEL", "info")
        .env("TEMPO", FACTOR)
        .envs(settings.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null());
    command
}

async fn launch(
    wrapper: &[String],
    data: &Path,
    model: &ModelServer,
    settings: &[(String, String)],
) -> (Child, SocketAddr, SocketAddr) {
    let log = std::fs::File::options().create(true).append(true).open(log_path(data)).unwrap();
    let mut command = command(wrapper, data, model, settings);
    let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut addresses = Vec::new();
    while addresses.len() < 2 {
        let line = in_time("the router is ready", lines.next_line()).await.unwrap().expect("it says where it listens");
        let port = line.split("http://").nth(1).and_then(|rest| rest.split([' ', '/']).next()?.rsplit(':').next());
        addresses.extend(port.and_then(|port| port.parse().ok()).map(|port| SocketAddr::from(([127, 0, 0, 1], port))));
    }
    (child, addresses[0], addresses[1])
}
