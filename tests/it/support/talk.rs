//! A conversation with the agent of a session, through the session's host.

use serde_json::{Value, json};

use super::condition::in_time;
use super::http::{Answer, Call};
use super::router::{Router, id_of};

pub struct Talk<'a> {
    router: &'a Router,
    session: String,
    pub id: String,
}

impl<'a> Talk<'a> {
    /// Begins a new one.
    pub async fn begin(router: &'a Router, session: &str) -> Self {
        let begun = router.session(session, "POST", "/session").json(&json!({})).send().await.unwrap();
        Self { router, session: session.to_owned(), id: id_of(&begun.json()) }
    }

    /// The existing conversation.
    pub async fn only(router: &'a Router, session: &str) -> Self {
        let all = router.session(session, "GET", "/session").send().await.unwrap().json();
        assert_eq!(all.as_array().map(Vec::len), Some(1), "{all}");
        Self { router, session: session.to_owned(), id: id_of(&all[0]) }
    }

    /// The request of a prompt. The response comes at the end of the turn.
    pub fn prompt(&self, text: &str) -> Call {
        self.post("message", text)
    }

    /// Sends a prompt and waits for the end of the turn.
    pub async fn say(&self, text: &str) -> Answer {
        let answer = in_time(text, self.prompt(text).send()).await.unwrap();
        assert!(answer.status.is_success(), "{}: {}", answer.status, answer.text());
        answer
    }

    /// Sends a prompt without waiting for the turn.
    pub async fn tell(&self, text: &str) {
        let answer = self.post("prompt_async", text).send().await.unwrap();
        assert!(answer.status.is_success(), "{}: {}", answer.status, answer.text());
    }

    /// The texts of one side, `user` or `assistant`, one a line.
    pub async fn texts(&self, role: &str) -> String {
        let path = format!("/session/{}/message", self.id);
        let messages = self.router.session(&self.session, "GET", &path).send().await.unwrap().json();
        let of_role = messages.as_array().into_iter().flatten().filter(|message| message["info"]["role"] == role);
        let parts = of_role.flat_map(|message| message["parts"].as_array().cloned().unwrap_or_default());
        parts.filter_map(|part: Value| part["text"].as_str().map(|text| format!("{text}\n"))).collect()
    }

    fn post(&self, end: &str, text: &str) -> Call {
        let path = format!("/session/{}/{end}", self.id);
        let body = json!({"parts": [{"type": "text", "text": text}]});
        self.router.session(&self.session, "POST", &path).json(&body)
    }
}
