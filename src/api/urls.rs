//! The addresses of sessions.

use crate::session::SessionId;

/// How addresses are made.
#[derive(Clone, Debug)]
pub struct Urls {
    /// `http` or `https`.
    pub proto: String,
    /// The domain below which sessions are.
    pub domain: String,
    /// What follows a session's id.
    pub suffix: String,
    /// The port that clients use; none for the protocol's own.
    pub port: Option<u16>,
    /// How command-line clients reach sessions.
    pub attach: AttachUrls,
}

/// How command-line clients reach sessions.
#[derive(Clone, Debug)]
pub enum AttachUrls {
    /// Below one address: `<base>/s/<id>`.
    Path(String),
    /// On hosts of their own: `<proto>://attach-<id><suffix>.<domain>`.
    Host,
}

impl Urls {
    /// The page of a session.
    pub fn session(&self, id: SessionId) -> String {
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}://{id}{}.{}{port}/", self.proto, self.suffix, self.domain)
    }

    /// What `opencode attach` is given.
    pub fn attach(&self, id: SessionId) -> String {
        match &self.attach {
            AttachUrls::Path(base) => format!("{base}/s/{id}"),
            AttachUrls::Host => format!("{}://attach-{id}{}.{}", self.proto, self.suffix, self.domain),
        }
    }
}
