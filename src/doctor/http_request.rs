//! One request to a router, as a client sends it.

use std::time::Duration;

use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

/// Time limit for the whole exchange, and for a connection.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// Size limit for a response's body, in bytes. The router's own are smaller.
const LARGEST_BODY: usize = 64 * 1024;

/// A response.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// Empty if it is too large.
    pub(super) body: Bytes,
}

/// Sends GET with these headers. The error is the reason as text.
pub(super) async fn get<S>(stream: S, path: &str, headers: &[(&str, &str)]) -> Result<Answer, String>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut request = Request::get(path).header(http::header::CONNECTION, "close");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Empty::<Bytes>::new()).map_err(|error| error.to_string())?;
    let exchange = async {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let answer = async move {
            let response = sender.send_request(request).await?;
            let status = response.status();
            let body = Limited::new(response.into_body(), LARGEST_BODY).collect().await;
            Ok(Answer { status, body: body.map(|body| body.to_bytes()).unwrap_or_default() })
        };
        // The connection does the work. It ends after the answer, whose sender it needs.
        let (answer, _) = tokio::join!(answer, connection);
        answer
    };
    let answer: Result<Answer, hyper::Error> =
        tokio::time::timeout(PATIENCE, exchange).await.map_err(|_| "it did not answer in time".to_owned())?;
    answer.map_err(|error| error.to_string())
}
