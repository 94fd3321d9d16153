//! An opencode server: its upstream and its folder.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use tokio_util::sync::CancellationToken;

use super::Dialect;
use crate::upstream::{Gate, Upstream};

/// A running opencode server.
#[derive(Debug)]
pub struct Server {
    upstream: Arc<Upstream>,
    directory: String,
    dialect: Dialect,
    version: OnceLock<String>,
}

impl Server {
    /// A server at `address` with this `password`, working in `directory`. If another server can get the address,
    /// `gate` checks it before each dial.
    pub fn new(address: SocketAddr, password: &SecretString, directory: String, gate: Option<Gate>) -> Self {
        // opencode 1.18 expects the user name "opencode", unless OPENCODE_SERVER_USERNAME is set.
        let credentials = STANDARD.encode(format!("opencode:{}", password.expose_secret()));
        // Base64 is always a valid header value.
        let authorization = HeaderValue::try_from(format!("Basic {credentials}")).ok();
        let dialect = Dialect::default();
        let upstream = Upstream::new(address, authorization, gate, CancellationToken::new());
        let upstream = Arc::new(upstream.with_head_limit(dialect.head_limit()));
        Self { upstream, directory, dialect, version: OnceLock::new() }
    }

    /// The same server, reached without a socket.
    #[cfg(test)]
    pub(crate) fn in_memory(ends: tokio::sync::mpsc::Sender<tokio::io::DuplexStream>) -> Self {
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 4096));
        let authorization = Some(HeaderValue::from_static("Basic b3duOnBhc3N3b3Jk"));
        let upstream = Upstream::new(nowhere, authorization, None, CancellationToken::new()).in_memory(ends);
        let directory = "/project".to_owned();
        Self { upstream: Arc::new(upstream), directory, dialect: Dialect::default(), version: OnceLock::new() }
    }

    /// Its upstream.
    pub fn upstream(&self) -> &Arc<Upstream> {
        &self.upstream
    }

    /// Its dialect.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Its version, once known.
    pub fn version(&self) -> Option<&str> {
        self.version.get().map(String::as_str)
    }

    pub(super) fn learn_version(&self, version: Option<String>) {
        if let Some(version) = version {
            let _ = self.version.set(version);
        }
    }

    /// Its working folder.
    pub fn directory(&self) -> &str {
        &self.directory
    }
}
