//! One run of an opencode server: where it listens, how it is spoken to, and when it is over.

use std::any::Any;
use std::net::SocketAddr;
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use tokio_util::sync::CancellationToken;

/// A running server. Each run has a value of its own, so that nothing of one run can reach the next.
pub struct Server {
    address: SocketAddr,
    authorization: HeaderValue,
    directory: String,
    gone: CancellationToken,
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
        Self { address, authorization, directory, gone: CancellationToken::new(), attachment: OnceLock::new() }
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
