//! The API shows whether the agent works or waits for its user.

use serde_json::{Value, json};

use crate::support::condition::eventually;
use crate::support::program::{Program, id_of};
use crate::support::talk::Talk;

/// The first permission or question that the agent waits for.
async fn pending(program: &Program, id: &str, kind: &str) -> Value {
    eventually(&format!("a {kind} is pending"), async || {
        let listed = program.session(id, "GET", &format!("/{kind}")).send().await.unwrap().json();
        listed.get(0).cloned()
    })
    .await
}

async fn reply(program: &Program, id: &str, path: &str, body: Value) {
    let answer = program.session(id, "POST", path).json(&body).send().await.unwrap();
    assert_eq!(answer.text(), "true", "{}", answer.status);
}

fn waits(session: &Value) -> bool {
    session["needsInput"] == true
}

fn rests(session: &Value) -> bool {
    session["busy"] == false && session["needsInput"] == false
}

#[tokio::test(flavor = "multi_thread")]
async fn busy_and_needs_input_are_shown_while_they_last() {
    let program = Program::start().await;
    let id = program.ready_project().await;
    let talk = Talk::begin(&program, &id).await;
    assert!(rests(&program.get(&id).await));

    talk.tell("slow 40").await;
    let busy = program.wait_until(&id, "it is busy", |session| session["busy"] == true).await;
    assert_eq!(busy["needsInput"], false);
    assert!(busy["keptAliveBy"].to_string().contains("busy"), "{busy}");
    program.wait_until(&id, "it is done", rests).await;
    assert!(talk.texts("assistant").await.contains("word40"), "not before the end of the turn");

    talk.tell("ask touch asked.txt").await;
    let waiting = program.wait_until(&id, "it waits for a permission", waits).await;
    assert!(waiting["keptAliveBy"].to_string().contains("needs-input"), "{waiting}");
    let permission = id_of(&pending(&program, &id, "permission").await);
    let asked = program.session_dir(&id).join("work/project/asked.txt");
    assert!(!asked.exists(), "not before it is allowed");
    reply(&program, &id, &format!("/permission/{permission}/reply"), json!({"reply": "once"})).await;
    program.wait_until(&id, "it is done", rests).await;
    assert!(asked.exists());

    talk.tell("question Which one?").await;
    program.wait_until(&id, "it waits for an answer", waits).await;
    let question = id_of(&pending(&program, &id, "question").await);
    reply(&program, &id, &format!("/question/{question}/reply"), json!({"answers": [["Yes"]]})).await;
    program.wait_until(&id, "it is done", rests).await;

    // opencode keeps listing the request of an aborted turn. It needs no answer.
    talk.tell("ask touch never.txt").await;
    program.wait_until(&id, "it waits again", waits).await;
    reply(&program, &id, &format!("/session/{}/abort", talk.id), json!({})).await;
    program.wait_until(&id, "it waits no more", rests).await;

    // While opencode retries, it works.
    talk.tell("fail").await;
    eventually("it retried", async || (program.model.turns_with("fail") >= 2).then_some(())).await;
    assert_eq!(program.get(&id).await["busy"], true);
    reply(&program, &id, &format!("/session/{}/abort", talk.id), json!({})).await;
    program.wait_until(&id, "it gave up", rests).await;
}
