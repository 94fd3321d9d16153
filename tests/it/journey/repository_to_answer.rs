//! Create a session with a first message, watch it, read the answer, stop it, come back.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use http::StatusCode;
use serde_json::{Value, json};

use crate::support::condition::{eventually, in_time};
use crate::support::git::GitServer;
use crate::support::http::Open;
use crate::support::model::ModelServer;
use crate::support::program::Program;
use crate::support::router::{Router, id_of};
use crate::support::talk::Talk;

const FIRST: &str = "run echo made by the agent > made.txt; cat made.txt";

/// The data of each complete event of one kind in a stream's text.
fn events(text: &str, kind: &str) -> Vec<Value> {
    let blocks = text.split("\n\n").filter_map(|block| block.strip_prefix(&format!("event: {kind}\ndata: ")));
    blocks.filter_map(|data| serde_json::from_str(data).ok()).collect()
}

async fn open_stream(router: &Router, path: &str) -> Open {
    let stream = router.api("GET", path).open().await.unwrap();
    assert_eq!(stream.status, StatusCode::OK);
    assert_eq!(stream.headers["content-type"], "text/event-stream");
    stream
}

/// Whether the names appear in this order. Other names may be between them.
fn in_order(seen: &[String], wanted: &[&str]) -> bool {
    let mut seen = seen.iter();
    wanted.iter().all(|name| seen.any(|seen| seen == name))
}

#[tokio::test(flavor = "multi_thread")]
async fn first_message_runs_once_and_its_work_survives_a_stop() {
    let (git, program) = (GitServer::start().await, Program::start().await);
    let id = a_first_message_and_its_work(&program, &program.model, &git).await;
    let record = std::fs::read_to_string(program.session_dir(&id).join("session.json")).unwrap();
    assert!(!record.contains("initialMessage"), "what was delivered is forgotten: {record}");
}

/// The whole journey. Returns the id of the running session.
pub async fn a_first_message_and_its_work(router: &Router, model: &ModelServer, git: &GitServer) -> String {
    let url = git.repo("team/app").await;
    // The clone waits until the streams are open, so that they show every phase.
    git.stall("team/app");
    // Another replica may not have observed earlier deletions yet.
    let mut all = eventually("a stream that begins with nothing", async || {
        let mut all = open_stream(router, "/api/sessions/stream").await;
        all.read_until("event: snapshot").await.contains("\"sessions\":[]").then_some(all)
    })
    .await;

    let wanted = json!({"repoUrl": url, "branch": "main", "initialMessage": FIRST});
    let created = router.api("POST", "/api/sessions").json(&wanted).send().await.unwrap();
    assert_eq!(created.status, StatusCode::CREATED);
    let id = id_of(&created.json());
    let mut one = open_stream(router, &format!("/api/sessions/{id}/events?until=settled")).await;
    git.release();

    let mut phases = String::new();
    while let Some(chunk) = in_time("the stream ends when it is settled", one.chunk()).await {
        phases.push_str(&String::from_utf8_lossy(&chunk.unwrap()));
    }
    let names: Vec<_> = events(&phases, "phase").iter().map(|phase| phase["name"].as_str().unwrap().into()).collect();
    assert!(in_order(&names, &["cloning", "starting", "ready"]), "{names:?}");
    assert_eq!(names.last().map(String::as_str), Some("ready"));
    let told = all.read_until("\"name\":\"ready\"").await;
    let told: Vec<_> = events(&told, "session").iter().map(|s| s["phase"]["name"].as_str().unwrap().into()).collect();
    assert!(in_order(&told, &["pending", "cloning", "starting"]), "{told:?}");

    let title = ModelServer::title_of(FIRST);
    router.wait_until(&id, "the title shows", |session| session["title"] == title.as_str()).await;
    let talk = eventually("the conversation is there", async || {
        let all = router.session(&id, "GET", "/session").send().await.unwrap().json();
        (all.as_array().map(Vec::len) == Some(1)).then_some(())
    });
    talk.await;
    let talk = Talk::only(router, &id).await;
    eventually("the answer is there", async || {
        talk.texts("assistant").await.contains("The tool said: made by the agent").then_some(())
    })
    .await;
    router.wait_until(&id, "the agent is done", |session| session["busy"] == false).await;

    // The same request returns the same session and does not repeat the message.
    let again = router.api("POST", "/api/sessions").json(&json!({"repoUrl": url, "branch": "main"})).send();
    let again = again.await.unwrap();
    assert_eq!((again.status, id_of(&again.json())), (StatusCode::OK, id.clone()));
    stop_and_come_back(router, &id, &title).await;
    // By the end of this turn in the second run, a repeated first message would also have run.
    talk.say("say one more").await;
    Talk::only(router, &id).await;
    assert_eq!(model.turns_with(FIRST), 1, "the first message runs once");
    assert_eq!(git.clones("team/app"), 1);
    id
}

async fn stop_and_come_back(router: &Router, id: &str, title: &str) {
    router.act(id, "stop").await;
    let stopped = router.wait_for_phase(id, "stopped").await;
    assert_eq!(stopped["title"], title, "a stopped session keeps its title");
    eventually("a poll is told that the session does not run", async || {
        let refused = router.session(id, "GET", "/api/health").send().await.unwrap();
        (refused.status == StatusCode::SERVICE_UNAVAILABLE && refused.problem() == "session-stopped").then_some(())
    })
    .await;

    router.act(id, "start").await;
    router.wait_for_phase(id, "ready").await;
    let talk = Talk::only(router, id).await;
    assert!(talk.texts("user").await.contains(FIRST), "the conversation is kept");
    assert!(talk.texts("assistant").await.contains("made by the agent"));
    let file = router.session(id, "GET", "/file/content?path=made.txt").send().await.unwrap();
    assert_eq!(file.json()["content"], "made by the agent", "the files are kept");
    assert_eq!(router.get(id).await["title"], title);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_creates_make_one_session() {
    let git = GitServer::start().await;
    let url = git.repo("team/app").await;
    let program = Program::start().await;
    let wanted = json!({"repoUrl": url, "branch": "main"});
    let calls: FuturesUnordered<_> =
        (0..8).map(|_| program.api("POST", "/api/sessions").json(&wanted).send()).collect();
    let answers: Vec<_> = calls.map(Result::unwrap).collect().await;
    let new = answers.iter().filter(|answer| answer.status == StatusCode::CREATED).count();
    assert_eq!(new, 1);
    let id = id_of(&answers[0].json());
    assert!(answers.iter().all(|answer| id_of(&answer.json()) == id));
    program.wait_for_phase(&id, "ready").await;
    assert_eq!((git.clones("team/app"), program.servers_of(&id).len()), (1, 1));
}
