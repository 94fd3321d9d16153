//! The router is killed while a session runs and its agent works.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;

use super::server_of;
use crate::support::condition::eventually;
use crate::support::http::Call;
use crate::support::program::Program;
use crate::support::talk::Talk;

#[tokio::test(flavor = "multi_thread")]
async fn ready_session_survives_a_restart_with_work_title_and_tokens() {
    let mut program = Program::start().await;
    let id = program.ready_project().await;
    let server = server_of(&program, &id);
    let token = program.token(&id).await;
    let hanging = Talk::begin(&program, &id).await;
    hanging.tell("hang").await;
    eventually("the model hangs", async || (program.model.turns_with("hang") == 1).then_some(())).await;
    let has_title = |session: &serde_json::Value| session["title"].is_string() && session["busy"] == true;
    let before = program.wait_until(&id, "it works and has a title", has_title).await;
    let conversation = hanging.id;
    let record = program.session_dir(&id).join("session.json");
    let noted = async || std::fs::read_to_string(&record).ok().filter(|text| text.contains("readySince"));
    eventually("it is written down since when it is ready", noted).await;

    program.kill_and_restart().await;
    let after = program.wait_until(&id, "it is seen to work", |session| session["busy"] == true).await;
    assert_eq!(server_of(&program, &id), server);
    assert_eq!(after["title"], before["title"]);
    assert_eq!(after["phase"], before["phase"], "nothing happened to it");
    let mut events = program.session(&id, "GET", "/global/event").open().await.unwrap();
    events.read_until("server.connected").await;

    program.model.release();
    events.read_until("session.idle").await;
    program.wait_until(&id, "it is done", |session| session["busy"] == false).await;
    let talk = Talk::only(&program, &id).await;
    assert_eq!(talk.id, conversation);
    assert!(talk.texts("assistant").await.contains("hanging released"));
    assert_eq!(program.model.turns_with("hang"), 1);
    let basic = format!("Basic {}", STANDARD.encode(format!("opencode:{token}")));
    let attached = Call::get(program.attach, &format!("/s/{id}/config")).header("authorization", &basic);
    assert_eq!(attached.send().await.unwrap().status, StatusCode::OK);
}
