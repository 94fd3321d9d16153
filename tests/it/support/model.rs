//! A model that follows the prompt's command: an OpenAI-compatible server for a real opencode.
//!
//! The answer depends only on the last user message, so parallel tests share nothing:
//!
//! | prompt            | answer                                                                    |
//! |-------------------|---------------------------------------------------------------------------|
//! | `say <text>`      | that text, word by word                                                   |
//! | `slow <n>`        | n words, 200 ms apart                                                     |
//! | `hang`            | one word, then nothing until [`ModelServer::release`] or the client leaves |
//! | `run <command>`   | a call of the `bash` tool, then the tool's output                         |
//! | `ask <command>`   | the same, after opencode has asked for permission                         |
//! | `question <text>` | a question to the user, then the reply                                    |
//! | `fail`            | HTTP 500, which opencode retries until it is aborted                      |
//! | anything else     | `You said: …`                                                             |
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test's support fails loudly")]

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

use super::model_answer::{Reply, failure, respond};

/// Prefix of `ask`'s command. With [`ModelServer::config`], opencode requests permission for it.
const ASKED: &str = "env";

/// A running model server; dropping it closes its port and every connection.
pub(crate) struct ModelServer {
    address: SocketAddr,
    model: Arc<Model>,
    _task: AbortOnDropHandle<()>,
}

impl ModelServer {
    /// Listens on a free port of the loopback interface.
    pub(crate) async fn start() -> Self {
        Self::start_on(IpAddr::from([127, 0, 0, 1])).await
    }

    /// Listens on a free port of an address of this machine.
    pub(crate) async fn start_on(address: IpAddr) -> Self {
        let listener = TcpListener::bind((address, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let model = Arc::new(Model::default());
        let shared = Arc::clone(&model);
        let task = serve(listener, move |request| Arc::clone(&shared).answer(request));
        Self { address, model, _task: task }
    }

    /// The opencode configuration that knows this model and no other, for `OPENCODE_CONFIG_CONTENT`.
    pub(crate) fn config(&self) -> Value {
        json!({
            "provider": { "mock": {
                "npm": "@ai-sdk/openai-compatible",
                "options": { "baseURL": format!("http://{}/v1", self.address), "apiKey": "x" },
                "models": { "mock": {} },
            } },
            "model": "mock/mock",
            "small_model": "mock/mock",
            "enabled_providers": ["mock"],
            "permission": { "bash": { "*": "allow", format!("{ASKED} *"): "ask" } },
        })
    }

    /// The number of calls for an answer. Calls for titles do not count; calls after a tool's result do.
    pub(crate) fn requests(&self) -> usize {
        self.model.calls.lock().unwrap().len()
    }

    /// The number of turns whose prompt contains `text`. Each retry of `fail` counts.
    pub(crate) fn turns_with(&self, text: &str) -> usize {
        let calls = self.model.calls.lock().unwrap();
        calls.iter().filter(|call| call.begins_turn && call.prompt.contains(text)).count()
    }

    /// Releases every hanging answer. Check with `turns_with("hang")` that one hangs.
    pub(crate) fn release(&self) {
        self.model.released.send_modify(|times| *times += 1);
    }

    /// The title of a session with the first prompt `prompt`.
    pub(crate) fn title_of(prompt: &str) -> String {
        let words: Vec<&str> = prompt.split_whitespace().take(6).collect();
        format!("About {}", words.join(" "))
    }
}

/// Answers each request of each connection by `handler`, until the returned handle is dropped.
pub(super) fn serve<H, F>(listener: TcpListener, handler: H) -> AbortOnDropHandle<()>
where
    H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    AbortOnDropHandle::new(tokio::spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => { connections.spawn(connection(stream, handler.clone())); }
                    Err(error) => return eprintln!("a test server stopped accepting: {error}"),
                },
                Some(_) = connections.join_next() => {}
            }
        }
    }))
}

async fn connection<H, F>(stream: TcpStream, handler: H)
where
    H: Fn(Request<Incoming>) -> F,
    F: Future<Output = Response<Body>>,
{
    let service = service_fn(|request| {
        let answer = handler(request);
        async { Ok::<_, Infallible>(answer.await) }
    });
    // An error means that the client disconnected, which is allowed.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
}

/// The shared state of the connections: the recorded calls, and the release of `hang`.
#[derive(Default)]
struct Model {
    calls: Mutex<Vec<Call>>,
    released: watch::Sender<u64>,
}

struct Call {
    prompt: String,
    begins_turn: bool,
}

impl Model {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        let path = request.uri().path().to_owned();
        if path != "/v1/chat/completions" {
            return failure(StatusCode::NOT_FOUND, &format!("no such path: {path}"));
        }
        let chat: Value = match to_bytes(Body::new(request.into_body()), usize::MAX).await {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
            Err(error) => return failure(StatusCode::BAD_REQUEST, &error.to_string()),
        };
        let Some(prompt) = prompt(&chat) else {
            return failure(StatusCode::BAD_REQUEST, "no user message");
        };
        // Subscribe before recording the call, so that a release after its record is not missed.
        let mut released = self.released.subscribe();
        let reply = if wants_title(&chat) {
            Reply::Text(ModelServer::title_of(&prompt))
        } else {
            self.record(&chat, &prompt);
            reply_to(&chat, &prompt)
        };
        let go_on = async move { released.changed().await.is_ok() };
        respond(reply, chat["stream"] == true, go_on).await
    }

    fn record(&self, chat: &Value, prompt: &str) {
        self.calls.lock().unwrap().push(Call { prompt: prompt.to_owned(), begins_turn: tool_result(chat).is_none() });
    }
}

fn reply_to(chat: &Value, prompt: &str) -> Reply {
    if let Some(output) = tool_result(chat) {
        return Reply::Text(format!("The tool said: {output}"));
    }
    let (rule, rest) = prompt.split_once(' ').unwrap_or((prompt, ""));
    match rule {
        "say" => Reply::Text(rest.to_owned()),
        "slow" => Reply::Slow(rest.trim().parse().unwrap_or(10)),
        "hang" => Reply::Hang,
        "run" => bash(rest),
        "ask" => bash(&format!("{ASKED} {rest}")),
        "question" => question(rest),
        "fail" => Reply::Fail,
        _ => Reply::Text(format!("You said: {prompt}")),
    }
}

fn bash(command: &str) -> Reply {
    Reply::Tool { name: "bash", input: json!({ "command": command, "description": "As the prompt says" }) }
}

fn question(text: &str) -> Reply {
    let option = |label: &str| json!({ "label": label, "description": label });
    Reply::Tool {
        name: "question",
        input: json!({ "questions": [{
            "question": text, "header": "Question", "options": [option("Yes"), option("No")],
        }] }),
    }
}

/// Whether a call requests a title: it has no tools, and its instructions mention the title.
fn wants_title(chat: &Value) -> bool {
    let has_tools = chat["tools"].as_array().is_some_and(|tools| !tools.is_empty());
    let says_title = |message: &Value| text(message).contains("title");
    !has_tools && messages(chat).first().is_some_and(says_title)
}

/// The last message of the user: this turn's prompt.
fn prompt(chat: &Value) -> Option<String> {
    let user = messages(chat).iter().rfind(|message| message["role"] == "user")?;
    Some(text(user).trim().to_owned())
}

/// The tool's result, if the model must answer to it.
fn tool_result(chat: &Value) -> Option<String> {
    let last = messages(chat).last()?;
    (last["role"] == "tool").then(|| text(last))
}

fn messages(chat: &Value) -> &[Value] {
    chat["messages"].as_array().map_or(&[], Vec::as_slice)
}

/// The first text part of a message. opencode appends its own reminders as further parts.
fn text(message: &Value) -> String {
    let content = &message["content"];
    let part = || content.as_array()?.iter().find_map(|part| part["text"].as_str());
    content.as_str().or_else(part).unwrap_or_default().to_owned()
}
