//! opencode gets a first message once, even if the router retries.

use std::net::{Ipv4Addr, SocketAddr};

use opencode_router::opencode::{FirstMessage, Server};

use crate::support::condition::eventually;
use crate::support::processes;
use crate::support::program::Program;

/// The session's server in the router.
fn server_of(program: &Program, id: &str) -> Server {
    let arguments = processes::arguments(program.servers_of(id)[0]);
    let port = arguments.iter().skip_while(|argument| *argument != "--port").nth(1).unwrap();
    let password = std::fs::read_to_string(program.session_dir(id).join("password")).unwrap();
    let folder = program.session_dir(id).join("work/project").display().to_string();
    Server::new(SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse().unwrap())), &password.into(), folder, None)
}

fn message(text: &str) -> FirstMessage {
    let now = jiff::Timestamp::now().as_millisecond();
    FirstMessage { id: FirstMessage::id_at(now), text: text.to_owned() }
}

#[tokio::test(flavor = "multi_thread")]
async fn taken_message_is_not_sent_again() {
    let program = Program::start().await;
    let id = program.ready_project().await;
    let server = server_of(&program, &id);
    let (first, second) = (message("say it once"), message("say something else"));
    server.send_first_message(&first).await.unwrap();
    eventually("it runs", async || (program.model.turns_with("say it once") == 1).then_some(())).await;
    server.send_first_message(&first).await.unwrap();
    server.send_first_message(&second).await.unwrap();
    eventually("the next one runs", async || (program.model.turns_with("say something else") == 1).then_some(())).await;
    assert_eq!(program.model.turns_with("say it once"), 1);
    let conversations = program.session(&id, "GET", "/session").send().await.unwrap().json();
    assert_eq!(conversations.as_array().map(Vec::len), Some(2), "{conversations}");
}
