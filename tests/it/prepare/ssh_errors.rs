//! Why a clone over SSH fails, with OpenSSH's own words.

use std::process::Stdio;

use opencode_router::session::Reason;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::session_folder::SessionFolder;
use crate::support::condition::eventually;
use crate::support::reserved;

/// An SSH server with a new host key, which no client knows.
async fn ssh_server() -> (Child, u16, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("host-key");
    let mut make = Command::new("dropbearkey");
    make.args(["-t", "ed25519", "-f"]).arg(&key).stdout(Stdio::null()).stderr(Stdio::null());
    assert!(make.status().await.unwrap().success());
    let port = reserved::port();
    let mut serve = Command::new("dropbear");
    serve.args(["-F", "-E", "-p", &format!("127.0.0.1:{port}"), "-r"]).arg(&key);
    serve.arg("-P").arg(folder.path().join("pid")).stderr(Stdio::null()).kill_on_drop(true);
    let server = serve.spawn().unwrap();
    eventually("it listens", async || TcpStream::connect(("127.0.0.1", port)).await.ok()).await;
    (server, port, folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_host_key_is_said_with_the_https_address() {
    let (_server, port, _keys) = ssh_server().await;
    let folder = SessionFolder::new();
    let failure = folder.failed(&folder.clone_job(&format!("ssh://git@127.0.0.1:{port}/team/app"), "main")).await;
    assert_eq!(failure.reason, Reason::RepositoryUnreachable, "{failure:?}");
    assert!(failure.message.contains("its SSH host key is not among the known hosts"), "{failure:?}");
    assert!(failure.message.contains("https://127.0.0.1/team/app"), "{failure:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_port_is_said() {
    let folder = SessionFolder::new();
    let url = format!("ssh://git@127.0.0.1:{}/team/app", reserved::port());
    let failure = folder.failed(&folder.clone_job(&url, "main")).await;
    assert_eq!(failure.reason, Reason::RepositoryUnreachable, "{failure:?}");
    assert!(failure.message.contains("Connection refused") && !failure.message.contains("exists."), "{failure:?}");
}
