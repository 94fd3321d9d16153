//! Constant use of a session during faults of the cluster.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::condition::in_time;
use super::http::{Answer, Call, Open};
use super::router::Router;
use super::terminal::Terminal;

/// Request interval.
const PERIOD: Duration = Duration::from_millis(250);

/// Requests through several routers, an event stream and a terminal.
pub struct Traffic {
    asked: Arc<Mutex<Asked>>,
    end: CancellationToken,
    tasks: Vec<AbortOnDropHandle<()>>,
    events: Open,
}

#[derive(Default)]
struct Asked {
    answered: usize,
    slowest: Duration,
    failures: Vec<String>,
}

impl Asked {
    fn note(&mut self, answer: std::io::Result<Answer>, after: Duration) {
        self.slowest = self.slowest.max(after);
        match answer {
            Ok(answer) if answer.status == 200 => self.answered += 1,
            Ok(answer) => self.failures.push(format!("{}: {}", answer.status, answer.text())),
            Err(error) => self.failures.push(error.to_string()),
        }
    }
}

impl Traffic {
    /// Begins to use the session through all of the routers.
    pub async fn begin(routers: &[&Router], id: &str) -> Self {
        let (asked, end) = (Arc::<Mutex<Asked>>::default(), CancellationToken::new());
        let ask = |router: &&Router| {
            let call = router.session(id, "GET", "/session");
            AbortOnDropHandle::new(tokio::spawn(ask_again_and_again(call, asked.clone(), end.clone())))
        };
        let mut tasks: Vec<_> = routers.iter().map(ask).collect();
        let terminal = Terminal::open(routers[0], id).await;
        tasks.push(AbortOnDropHandle::new(tokio::spawn(type_again_and_again(terminal, end.clone()))));
        let events = events(routers[routers.len() - 1], id).await;
        Self { asked, end, tasks, events }
    }

    /// Ends the traffic. Checks that every request got a response and that stream and terminal had no interruption.
    pub async fn end(mut self, router: &Router, id: &str) {
        self.end.cancel();
        for task in self.tasks {
            in_time("the last answer comes", task).await.unwrap();
        }
        router.session(id, "POST", "/session").json(&serde_json::json!({})).send().await.unwrap();
        self.events.read_until("session.created").await;
        let asked = self.asked.lock();
        assert!(asked.failures.is_empty(), "{:#?}", asked.failures);
        eprintln!("traffic: {} requests answered, the slowest after {} ms", asked.answered, asked.slowest.as_millis());
    }
}

/// A new event stream of the session, after its first bytes.
pub async fn events(router: &Router, id: &str) -> Open {
    let call = router.session(id, "GET", "/event").header("accept", "text/event-stream");
    let mut events = in_time("the events begin", call.open()).await.unwrap();
    events.read_until("server.connected").await;
    events
}

async fn ask_again_and_again(call: Call, asked: Arc<Mutex<Asked>>, end: CancellationToken) {
    while !end.is_cancelled() {
        let begun = Instant::now();
        let answer = call.clone().send().await;
        asked.lock().note(answer, begun.elapsed());
        tokio::time::sleep(PERIOD).await;
    }
}

async fn type_again_and_again(mut terminal: Terminal, end: CancellationToken) {
    for number in 0.. {
        terminal.type_line(&format!("echo line-$(({number}+1000))")).await;
        terminal.read_until(&format!("line-{}", number + 1000)).await;
        tokio::select! {
            () = end.cancelled() => return,
            () = tokio::time::sleep(4 * PERIOD) => {}
        }
    }
}
