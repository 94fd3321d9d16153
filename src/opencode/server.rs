//! An opencode server: how it is spoken to, and the folder that it works in.

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
    /// A server at `address` that asks for `password` and works in `directory`. `gate` is asked before each dial, where
    /// the address may become another's.
    pub fn new(address: SocketAddr, password: &SecretString, directory: String, gate: Option<Gate>) -> Self {
        // opencode 1.18 accepts the user name "opencode" unless OPENCODE_SERVER_USERNAME says otherwise.
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

    /// The folder it was started in.
    pub fn directory(&self) -> &str {
        &self.directory
    }
}
