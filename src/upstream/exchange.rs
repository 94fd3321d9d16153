//! Sends one request and returns the head of its response. Repeats a request only if no byte of it was sent.

use std::io;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;

use super::idle_connections::LONGEST_IDLE;
use super::{Connection, RequestBody, Upstream};

/// Attempts to connect. A retry is safe, because nothing was sent yet.
const DIALS: u32 = 3;
const DIAL_TIMEOUT: Duration = Duration::from_secs(3);
const DIAL_PAUSE: Duration = Duration::from_millis(20);

/// Why there is no response. Its kind decides whether a retry is safe.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// No byte of the request was sent: it may be repeated.
    #[error("nothing was sent: {0}")]
    NotSent(#[source] io::Error),
    /// The request was sent, at least in part, and may have been carried out.
    #[error("no proper answer came: {0}")]
    NoAnswer(#[source] hyper::Error),
}

impl Upstream {
    /// Sends `request` on a reusable connection, else on a new one. There is no time-out, because a prompt may take an
    /// hour. The end of the run ends this at once.
    pub async fn exchange(
        &self,
        mut request: Request<RequestBody>,
    ) -> Result<(Connection, Response<Incoming>), ExchangeError> {
        loop {
            if self.over().is_cancelled() {
                return Err(ExchangeError::NotSent(over()));
            }
            let used = self.used_connection();
            let fresh = used.is_none();
            let mut connection = match used {
                Some(connection) => connection,
                // Boxed, since most requests need no new connection, and their futures would all be as large.
                None => Box::pin(self.connect()).await.map_err(ExchangeError::NotSent)?,
            };
            match connection.send(request).await {
                Ok(response) => return Ok((connection, response)),
                Err(mut error) => match error.take_message() {
                    None => return Err(ExchangeError::NoAnswer(error.into_error())),
                    Some(_) if fresh => return Err(ExchangeError::NotSent(io::Error::other(error.into_error()))),
                    Some(unsent) => request = unsent,
                },
            }
        }
    }

    async fn connect(&self) -> io::Result<Connection> {
        #[cfg(test)]
        if let Some(ends) = &self.memory {
            let (near, far) = tokio::io::duplex(64 * 1024);
            ends.send(far).await.map_err(io::Error::other)?;
            return Connection::begin(near, self.over().clone(), LONGEST_IDLE).await;
        }
        let connect = async {
            let mut attempt = 1;
            loop {
                match tokio::time::timeout(DIAL_TIMEOUT, self.dial()).await {
                    Ok(Ok(stream)) => return Connection::begin(stream, self.over().clone(), LONGEST_IDLE).await,
                    Err(_) if attempt == DIALS => return Err(io::ErrorKind::TimedOut.into()),
                    Ok(Err(error)) if attempt == DIALS => return Err(error),
                    _ => tokio::time::sleep(DIAL_PAUSE * attempt).await,
                }
                attempt += 1;
            }
        };
        match self.over().run_until_cancelled(connect).await {
            Some(connected) => connected,
            None => Err(over()),
        }
    }
}

fn over() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "the run is over")
}
