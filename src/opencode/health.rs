//! The health probe of a server.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use http::Method;
use tokio::time::MissedTickBehavior;

use super::{CallError, Server, call};

/// Time limit for one probe. opencode 1.18 accepts requests between its `listen` and its "listening" line and never
/// answers them, so a probe must give up early.
const PROBE_TIMEOUT: Duration = Duration::from_millis(500);
/// Interval between probes. The next one starts even while one waits, for the same reason.
const PERIOD: Duration = Duration::from_millis(25);

/// Probes once: an authenticated `/global/health` must return JSON.
pub async fn probe(server: &Server) -> Result<(), CallError> {
    let answer = call::json(server, Method::GET, "/global/health", None, PROBE_TIMEOUT).await?;
    match answer.get("healthy").and_then(serde_json::Value::as_bool) {
        Some(true) => Ok(()),
        _ => Err(CallError::Silent("/global/health with “healthy”")),
    }
}

/// Probes until the server is healthy. Drop the future to give up.
pub async fn until_healthy(server: &Server) {
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut probes = FuturesUnordered::new();
    loop {
        tokio::select! {
            _ = ticks.tick() => probes.push(probe(server)),
            Some(answer) = probes.next() => if answer.is_ok() { return },
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn unanswered_probe_does_not_delay_the_next() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Server::new(listener.local_addr().unwrap(), &"secret".to_owned().into(), "/".to_owned(), None);
        let answers = async {
            let (mut first, _) = listener.accept().await.unwrap();
            let (mut second, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            assert!(first.read(&mut request).await.unwrap() > 0);
            let still_open = tokio::time::timeout(Duration::from_millis(1), first.read(&mut request)).await.is_err();
            assert!(still_open, "nobody waited for the first one's end");
            let body = "{\"healthy\":true}";
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 16\r\n\r\n";
            second.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = until_healthy(&server) => {}
            () = answers => {}
        }
    }
}
