//! A prompt to a stopped session wakes it, waits, and is forwarded once.

use http::StatusCode;
use rustix::process::Signal;

use crate::support::condition::in_time;
use crate::support::processes::send;
use crate::support::program::Program;
use crate::support::talk::Talk;

#[tokio::test(flavor = "multi_thread")]
async fn prompt_to_a_stopped_or_stopping_session_runs_once() {
    let program = Program::start().await;
    let id = program.ready_project().await;
    let talk = Talk::begin(&program, &id).await;

    program.act(&id, "stop").await;
    program.wait_for_phase(&id, "stopped").await;
    let answer = talk.say("say from a long sleep").await;
    assert!(answer.text().contains("from a long sleep"), "{}", answer.text());
    assert_eq!(program.model.turns_with("from a long sleep"), 1);

    // A frozen server makes the stop long. The router neither refuses nor loses a prompt during the stop.
    send(program.servers_of(&id)[0], Signal::STOP);
    tokio::spawn(program.api("POST", &format!("/api/sessions/{id}/stop")).send());
    program.wait_for_phase(&id, "stopping").await;
    let answer = talk.say("say while it stops").await;
    assert!(answer.text().contains("while it stops"), "{}", answer.text());
    assert_eq!(program.model.turns_with("while it stops"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_prompts_make_one_start_and_run_once_each() {
    let program = Program::start().await;
    let id = program.ready_project().await;
    let talks = [Talk::begin(&program, &id).await, Talk::begin(&program, &id).await, Talk::begin(&program, &id).await];
    program.act(&id, "stop").await;
    program.wait_for_phase(&id, "stopped").await;

    // One client disconnects while it waits. The others still get their answers.
    let left = tokio::time::timeout(std::time::Duration::from_millis(100), talks[0].prompt("say too late").send());
    assert!(left.await.is_err(), "it was held");
    let prompts = talks.iter().map(|talk| talk.say("say all at once"));
    futures_util::future::join_all(prompts).await;
    assert_eq!(program.model.turns_with("all at once"), talks.len());
    assert_eq!(program.model.turns_with("too late"), 0, "a request whose client left is not sent");
    assert_eq!(program.starts_of(&id), 2, "one start for all of them");
    assert_eq!(program.servers_of(&id).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn opened_page_shows_progress_and_then_the_session() {
    let program = Program::start().await;
    let id = program.ready_project().await;
    program.act(&id, "stop").await;
    program.wait_for_phase(&id, "stopped").await;
    let page = program.session(&id, "GET", "/").navigation().send().await.unwrap();
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.text().contains("<html"), "{}", page.text());
    program.wait_for_phase(&id, "ready").await;
    let page = program.session(&id, "GET", "/").navigation().send();
    let page = in_time("the page", page).await.unwrap();
    assert_eq!(page.status, StatusCode::FOUND);
    let to = page.header("location").unwrap();
    let page = program.session(&id, "GET", to).navigation().send().await.unwrap();
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text().contains("<title>OpenCode</title>"), "{}", page.text());
}
