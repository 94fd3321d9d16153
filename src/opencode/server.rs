//! One run of an opencode server: where it listens, how it is spoken to, and when it is over.

use std::any::Any;
use std::io;
use std::net::SocketAddr;
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::BoxFuture;
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

/// Asks whether a server's address is still its own.
pub type Gate = Box<dyn Fn() -> BoxFuture<'static, bool> + Send + Sync>;

/// A running server. Each run has a value of its own, so that nothing of one run can reach the next.
pub struct Server {
    address: SocketAddr,
    authorization: HeaderValue,
    directory: String,
    gone: CancellationToken,
    silent: CancellationToken,
    gate: Option<Gate>,
    attachment: OnceLock<Box<dyn Any + Send + Sync>>,
}

impl Server {
    /// A server at `address` that asks for `password` and works in `directory`.
    pub fn new(address: SocketAddr, password: &SecretString, directory: String) -> Self {
        // opencode 1.18 accepts the user name "opencode" unless OPENCODE_SERVER_USERNAME says otherwise.
        let credentials = STANDARD.encode(format!("opencode:{}", password.expose_secret()));
        // Base64 is always a valid header value.
        let mut authorization =
            HeaderValue::try_from(format!("Basic {credentials}")).unwrap_or(HeaderValue::from_static(""));
        authorization.set_sensitive(true);
        let gone = CancellationToken::new();
        Self {
            address,
            authorization,
            directory,
            silent: gone.child_token(),
            gone,
            gate: None,
            attachment: OnceLock::new(),
        }
    }

    /// The same server, whose address may become another's one day: `gate` is asked before it is dialled.
    pub fn behind(self, gate: Gate) -> Self {
        Self { gate: Some(gate), ..self }
    }

    /// Opens a connection, unless this run is over, as far as can be known. Nothing is sent on it yet.
    pub async fn dial(&self) -> io::Result<TcpStream> {
        let over = || io::Error::new(io::ErrorKind::ConnectionAborted, "the server is gone, or may be");
        if let Some(gate) = &self.gate
            && !gate().await
        {
            return Err(over());
        }
        let stream = TcpStream::connect(self.address).await?;
        if self.gone.is_cancelled() { Err(over()) } else { Ok(stream) }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The `Authorization` value that it accepts.
    pub fn authorization(&self) -> &HeaderValue {
        &self.authorization
    }

    /// The folder it was started in.
    pub fn directory(&self) -> &str {
        &self.directory
    }

    /// Cancelled when this run is over.
    pub fn gone(&self) -> &CancellationToken {
        &self.gone
    }

    /// This run is over.
    pub fn retire(&self) {
        self.gone.cancel();
    }

    /// Cancelled when clients hear no more of its events, at the latest when this run is over.
    pub fn silent(&self) -> &CancellationToken {
        &self.silent
    }

    /// Clients hear no more of its events. It is about to end its work, and whoever hears of that asks for everything anew:
    /// opencode 1.18's terminal ends itself when it is not answered then.
    pub fn silence(&self) {
        self.silent.cancel();
    }

    /// What a user of this server keeps for exactly as long as the run is known, its connections for example.
    /// There is room for one type.
    pub fn attachment<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Option<&T> {
        self.attachment.get_or_init(|| Box::new(make())).downcast_ref()
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}
