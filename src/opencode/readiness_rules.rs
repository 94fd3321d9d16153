//! When a started server counts as ready, and what a start says until then.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::readiness::{
    LATE_PROBE_PERIOD, Obstacle, PREPARES, PROMPT, Probe, Readiness, Step, Waiting, conclusive_probe,
};
use super::{Dialect, Server};

async fn server() -> (TcpListener, Server) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let password = "secret".to_owned().into();
    let server = Server::new(listener.local_addr().unwrap(), &password, "/work".to_owned(), None);
    (listener, server)
}

/// Reads one request and returns its first line.
async fn request(stream: &mut TcpStream) -> String {
    let mut head = vec![0; 4096];
    let length = stream.read(&mut head).await.unwrap();
    String::from_utf8_lossy(&head[..length]).lines().next().unwrap_or_default().to_owned()
}

async fn answer(stream: &mut TcpStream, status: &str, body: &str) {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n");
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
}

#[tokio::test]
async fn probe_that_hangs_does_not_delay_the_next_one() {
    let (listener, server) = server().await;
    let answers = async {
        let (mut first, _) = listener.accept().await.unwrap();
        request(&mut first).await;
        let (mut second, _) = listener.accept().await.unwrap();
        let still_open = tokio::time::timeout(Duration::from_millis(1), first.read(&mut [0])).await.is_err();
        assert!(still_open, "the second one came after the end of the first");
        request(&mut second).await;
        answer(&mut second, "200 OK", r#"{"healthy":true,"version":"1.18.33"}"#).await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        found = conclusive_probe(&server, Instant::now() + PROMPT) => {
            let version = Some("1.18.33".to_owned());
            assert_eq!(found, Probe::Answers { dialect: Dialect::V1, version });
        }
        () = answers => {}
    }
}

/// The time until a silent server has been probed this often.
async fn time_of_probes(count: usize, prompt_until: Instant) -> Duration {
    let (ends, mut connections) = tokio::sync::mpsc::channel(64);
    let (server, mut held, begun) = (Server::in_memory(ends), Vec::new(), Instant::now());
    let counted = async {
        while held.len() < count {
            held.push(connections.recv().await);
        }
    };
    tokio::select! {
        _ = conclusive_probe(&server, prompt_until) => panic!("nothing answers"),
        () = counted => begun.elapsed(),
    }
}

#[tokio::test]
async fn server_that_stays_silent_is_probed_less_often() {
    let now = Instant::now();
    let (prompt, late) = tokio::join!(time_of_probes(10, now + PROMPT), time_of_probes(2, now));
    assert!(prompt < 9 * LATE_PROBE_PERIOD && late >= LATE_PROBE_PERIOD, "{prompt:?} and {late:?}");
}

/// A healthy server that answers folder requests with this status, or not at all.
async fn folder_that_answers(listener: &TcpListener, status: Option<&str>) {
    let mut connections = Vec::new();
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let status = status.map(str::to_owned);
        connections.push(AbortOnDropHandle::new(tokio::spawn(async move {
            loop {
                let line = request(&mut stream).await;
                if line.is_empty() {
                    return;
                }
                let healthy = r#"{"healthy":true}"#;
                match &status {
                    _ if line.contains("/global/health") => answer(&mut stream, "200 OK", healthy).await,
                    Some(status) => answer(&mut stream, status, "[]").await,
                    None => std::future::pending().await,
                }
            }
        })));
    }
}

/// The steps, up to the first for which `last` holds.
async fn steps_until(status: Option<&str>, last: impl Fn(&Step) -> bool) -> Vec<Step> {
    let (listener, server) = server().await;
    let mut readiness = Readiness::of(&server);
    let mut steps = Vec::new();
    tokio::select! {
        () = folder_that_answers(&listener, status) => {}
        () = async { while !steps.last().is_some_and(&last) { steps.push(readiness.next().await) } } => {}
    }
    steps
}

#[tokio::test]
async fn ready_means_that_the_folder_answers() {
    assert_eq!(steps_until(Some("200 OK"), |_| true).await, [Step::Ready]);
    for (status, kind) in [("400 Bad Request", Obstacle::Slow), ("500 Internal Server Error", Obstacle::History)] {
        let waits = |step: &Step| matches!(step, Step::Waits(Waiting { obstacle: None, .. }));
        let steps = steps_until(Some(status), |step| !waits(step)).await;
        let Some(Step::Waits(waiting)) = steps.last() else { panic!("{steps:?}") };
        assert!(waiting.obstacle == Some(kind) && waiting.message.contains(&status[..3]), "{waiting:?}");
    }
}

#[tokio::test]
async fn silent_folder_says_what_it_waits_for() {
    let waits = steps_until(None, |_| true).await;
    assert_eq!(waits, [Step::Waits(Waiting { message: PREPARES.to_owned(), obstacle: None })]);
}
