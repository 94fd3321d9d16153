//! Only a session's own opencode gets its password, and each run has another one.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::json;

use crate::support::condition::eventually;
use crate::support::http::Call;
use crate::support::opencode;
use crate::support::processes;
use crate::support::program::{Program, id_of};

fn script(folder: &Path, text: &str) -> PathBuf {
    let program = folder.join("slow-opencode");
    std::fs::write(&program, text).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    program
}

/// An opencode whose first start waits until the file `taken` exists, says that it listens, and waits for `go`. The file
/// `said` exists once that line was read: the output after it is larger than a pipe.
fn slow_opencode(folder: &Path) -> PathBuf {
    let dir = folder.display();
    let text = format!(
        "#!/bin/sh\n\
         if [ \"$1\" = serve ] && mkdir {dir}/first 2>/dev/null; then\n\
           echo \"$5\" > {dir}/chosen.new; mv {dir}/chosen.new {dir}/chosen\n\
           while [ ! -e {dir}/taken ]; do sleep 0.01; done\n\
           echo \"opencode server listening on http://127.0.0.1:$5\"\n\
           head -c 200000 /dev/zero | tr '\\0' .; touch {dir}/said\n\
           while [ ! -e {dir}/go ]; do sleep 0.01; done\n\
         fi\n\
         exec '{}' \"$@\"\n",
        opencode::stand_in().display()
    );
    script(folder, &text)
}

#[tokio::test(flavor = "multi_thread")]
async fn program_that_took_the_port_never_sees_the_password() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start_by(&[], &[], &slow_opencode(folder.path())).await;
    let id = id_of(&program.create(json!({})).await);
    let chosen = async || std::fs::read_to_string(folder.path().join("chosen")).ok()?.trim().parse::<u16>().ok();
    let port = eventually("the port is chosen", chosen).await;
    let foreign = TcpListener::bind(("127.0.0.1", port)).unwrap();
    foreign.set_nonblocking(true).unwrap();
    let nobody_came = || foreign.accept().is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
    std::fs::write(folder.path().join("taken"), "").unwrap();

    let said = folder.path().join("said");
    eventually("opencode says that it listens", async || said.exists().then_some(())).await;
    assert_eq!(program.get(&id).await["phase"]["name"], "starting");
    assert!(nobody_came(), "the router connected before opencode listened");
    std::fs::write(folder.path().join("go"), "").unwrap();
    program.wait_for_phase(&id, "ready").await;
    assert!(nobody_came(), "the router connected to the foreign program");
    let [server] = program.servers_of(&id)[..] else { panic!("one server") };
    assert!(!processes::arguments(server).contains(&port.to_string()), "it has another port");
}

#[tokio::test(flavor = "multi_thread")]
async fn password_of_an_earlier_run_opens_nothing() {
    let program = Program::start_with_stand_in().await;
    let id = program.ready_project().await;
    let status = async |password: &str| {
        let [server] = program.servers_of(&id)[..] else { panic!("one server") };
        let arguments = processes::arguments(server);
        let port = arguments.iter().skip_while(|argument| *argument != "--port").nth(1).unwrap().parse().unwrap();
        let basic = format!("Basic {}", STANDARD.encode(format!("opencode:{password}")));
        let call = Call::get(([127, 0, 0, 1], port).into(), "/global/health").header("authorization", &basic);
        call.send().await.unwrap().status
    };
    let password = || std::fs::read_to_string(program.session_dir(&id).join("password")).unwrap();
    let first = password();
    assert_eq!(status(&first).await, StatusCode::OK);
    program.act(&id, "stop").await;
    program.wait_for_phase(&id, "stopped").await;
    program.act(&id, "start").await;
    program.wait_for_phase(&id, "ready").await;
    assert_eq!(status(&first).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(&password()).await, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn server_that_prints_nothing_is_found_by_its_socket() {
    let folder = tempfile::tempdir().unwrap();
    let silent = format!(
        "#!/bin/sh\n[ \"$1\" != serve ] || exec > /dev/null\nexec '{}' \"$@\"\n",
        opencode::stand_in().display()
    );
    let program = Program::start_by(&[], &[], &script(folder.path(), &silent)).await;
    program.ready_project().await;
}
