//! The answers of the model, in the OpenAI protocol: streamed or whole.
#![allow(clippy::unwrap_used, reason = "a test's support fails loudly")]

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use hyper::header::CONTENT_TYPE;
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

/// The pause between the words of `slow`.
const SLOW_PAUSE: Duration = Duration::from_millis(200);

/// The model's next action.
pub(super) enum Reply {
    Text(String),
    Slow(usize),
    Hang,
    Tool { name: &'static str, input: Value },
    Fail,
}

pub(super) async fn respond(
    reply: Reply,
    streamed: bool,
    go_on: impl Future<Output = bool> + Send + 'static,
) -> Response<Body> {
    let finish = match reply {
        Reply::Fail => {
            return failure(StatusCode::INTERNAL_SERVER_ERROR, "failed as the prompt said");
        }
        Reply::Tool { .. } => "tool_calls",
        Reply::Text(_) | Reply::Slow(_) | Reply::Hang => "stop",
    };
    let deltas = deltas(reply, go_on);
    if streamed { event_stream(deltas, finish) } else { whole(deltas, finish).await }
}

/// The pieces of the answer's message, each when it is due.
fn deltas(reply: Reply, go_on: impl Future<Output = bool> + Send + 'static) -> BoxStream<'static, Value> {
    let say = |word: &str| json!({ "role": "assistant", "content": word });
    match reply {
        Reply::Text(text) => {
            let words: Vec<Value> = text.split_inclusive(' ').map(say).collect();
            stream::iter(words).boxed()
        }
        Reply::Slow(words) => stream::iter(1..=words)
            .then(move |n| async move {
                tokio::time::sleep(SLOW_PAUSE).await;
                say(&format!("word{n} "))
            })
            .boxed(),
        Reply::Hang => {
            let rest = stream::once(go_on).map(move |_| say("released"));
            stream::iter([say("hanging ")]).chain(rest).boxed()
        }
        Reply::Tool { name, input } => {
            let function = json!({ "name": name, "arguments": input.to_string() });
            let call = json!({ "index": 0, "id": "call_1", "type": "function", "function": function });
            stream::iter([json!({ "role": "assistant", "tool_calls": [call] })]).boxed()
        }
        Reply::Fail => stream::empty().boxed(),
    }
}

fn event_stream(deltas: BoxStream<'static, Value>, finish: &'static str) -> Response<Body> {
    let end = [choice("chat.completion.chunk", "delta", &json!({}), Some(finish)).to_string(), "[DONE]".to_owned()];
    let frames = deltas
        .map(|delta| choice("chat.completion.chunk", "delta", &delta, None).to_string())
        .chain(stream::iter(end))
        .map(|data| Ok::<_, Infallible>(format!("data: {data}\n\n")));
    response(StatusCode::OK, "text/event-stream", Body::from_stream(frames))
}

async fn whole(deltas: BoxStream<'static, Value>, finish: &str) -> Response<Body> {
    let deltas: Vec<Value> = deltas.collect().await;
    let words = deltas.iter().filter_map(|delta| delta["content"].as_str());
    let mut message = json!({ "role": "assistant", "content": words.collect::<String>() });
    if let Some(calls) = deltas.iter().find_map(|delta| delta.get("tool_calls")) {
        message["tool_calls"] = calls.clone();
    }
    let body = choice("chat.completion", "message", &message, Some(finish));
    response(StatusCode::OK, "application/json", Body::from(body.to_string()))
}

/// One object of the protocol, whole or a chunk, around its only choice.
fn choice(object: &str, part: &str, content: &Value, finish: Option<&str>) -> Value {
    let usage = finish.map(|_| json!({ "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2 }));
    json!({
        "id": "answer", "object": object, "created": 0, "model": "mock",
        "choices": [{ "index": 0, part: content, "finish_reason": finish }],
        "usage": usage,
    })
}

pub(super) fn failure(status: StatusCode, message: &str) -> Response<Body> {
    let body = json!({ "error": { "message": message, "type": "server_error" } });
    response(status, "application/json", Body::from(body.to_string()))
}

pub(super) fn response(status: StatusCode, content_type: &str, body: Body) -> Response<Body> {
    Response::builder().status(status).header(CONTENT_TYPE, content_type).body(body).unwrap()
}
