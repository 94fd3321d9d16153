//! An opencode server: its upstream and its folder.

use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use tokio_util::sync::CancellationToken;

use crate::upstream::{Gate, Upstream};

/// A running opencode server.
#[derive(Debug)]
pub struct Server {
    upstream: Arc<Upstream>,
    directory: String,
}

impl Server {
    /// A server at `address` with this `password`, working in `directory`. `gate` is asked before each dial if the
    /// address may pass to another server.
    pub fn new(address: SocketAddr, password: &SecretString, directory: String, gate: Option<Gate>) -> Self {
        // opencode 1.18 expects the user name "opencode", unless OPENCODE_SERVER_USERNAME is set.
        let credentials = STANDARD.encode(format!("opencode:{}", password.expose_secret()));
        // Base64 is always a valid header value.
        let authorization = HeaderValue::try_from(format!("Basic {credentials}")).ok();
        let upstream = Upstream::new(address, authorization, gate, CancellationToken::new());
        Self { upstream: Arc::new(upstream), directory }
    }

    /// The same server, reached without a socket.
    #[cfg(test)]
    pub(crate) fn in_memory(ends: tokio::sync::mpsc::Sender<tokio::io::DuplexStream>) -> Self {
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 4096));
        let authorization = Some(HeaderValue::from_static("Basic b3duOnBhc3N3b3Jk"));
        let upstream = Upstream::new(nowhere, authorization, None, CancellationToken::new()).in_memory(ends);
        Self { upstream: Arc::new(upstream), directory: "/project".to_owned() }
    }

    /// How it is reached.
    pub fn upstream(&self) -> &Arc<Upstream> {
        &self.upstream
    }

    /// Its working folder.
    pub fn directory(&self) -> &str {
        &self.directory
    }
}
