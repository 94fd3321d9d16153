//! The URLs of sessions.

use crate::session::SessionId;

/// How URLs are built.
#[derive(Clone, Debug)]
pub struct Urls {
    /// `http` or `https`.
    pub proto: String,
    /// The parent domain of the sessions' hosts.
    pub domain: String,
    /// The text after a session's id in its host name.
    pub suffix: String,
    /// The port that clients use. `None`: the protocol's own.
    pub port: Option<u16>,
    /// How command-line clients reach sessions.
    pub attach: AttachUrls,
}

/// How command-line clients reach sessions.
#[derive(Clone, Debug)]
pub enum AttachUrls {
    /// Below one URL: `<base>/s/<id>`.
    Path(String),
    /// On their own hosts: `<proto>://attach-<id><suffix>.<domain>`.
    Host,
}

impl Urls {
    /// The page of a session.
    pub fn session(&self, id: SessionId) -> String {
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}://{id}{}.{}{port}/", self.proto, self.suffix, self.domain)
    }

    /// The URL for `opencode attach`.
    pub fn attach(&self, id: SessionId) -> String {
        match &self.attach {
            AttachUrls::Path(base) => format!("{base}/s/{id}"),
            AttachUrls::Host => format!("{}://attach-{id}{}.{}", self.proto, self.suffix, self.domain),
        }
    }
}
