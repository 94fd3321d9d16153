//! A server in a Pod accepts clients of both address families.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::process::Stdio;

use opencode_router::init::ANY_ADDRESS;
use opencode_router::opencode::{Readiness, Server, Step};
use rustix::process::Signal;
use tokio::process::{Child, Command};

use crate::support::condition::in_time;
use crate::support::{opencode, processes, reserved};

/// A program under `run`, which ends with it, also after a failed test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(pid) = self.0.id() {
            processes::send(i32::try_from(pid).unwrap(), Signal::TERM);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn opencode_is_ready_on_both_address_families() {
    let (home, port) = (tempfile::tempdir().unwrap(), reserved::port());
    let mut command = Command::new(env!("CARGO_BIN_EXE_opencode-session"));
    command.args(["run", "--"]).arg(opencode::program());
    command.args(["serve", "--hostname", ANY_ADDRESS, "--port", &port.to_string()]);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", home.path());
    command.env("TMPDIR", home.path()).env("OPENCODE_SERVER_PASSWORD", "x").env("OPENCODE_DISABLE_MODELS_FETCH", "1");
    command.current_dir(home.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let _running = Running(command.spawn().unwrap());

    let mut addresses = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, port))];
    if UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).is_ok() {
        addresses.push((Ipv6Addr::LOCALHOST, port).into());
    }
    for address in addresses {
        let server = Server::new(address, &"x".to_owned().into(), home.path().display().to_string(), None);
        let ready = async {
            let mut readiness = Readiness::of(&server);
            while let Step::Waits(_) = readiness.next().await {}
        };
        in_time(&format!("opencode is ready at {address}"), ready).await;
        assert_eq!(server.version().map(|version| &version[..2]), Some("1."), "{address}");
    }
}
