//! Thousands of sessions, created as the router creates them.

use std::sync::Arc;

use futures_util::StreamExt;
use opencode_router::git::{Branch, RepoUrl};
use opencode_router::runtime::Runtime;
use opencode_router::runtime::kubernetes::Kubernetes;
use opencode_router::session::{Email, Memo, Origin, SessionId, SessionKey, Spec};
use tokio_util::task::AbortOnDropHandle;

use crate::support::kubernetes::Namespace;

/// Concurrent creations or changes.
pub(super) const AT_ONCE: usize = 16;

/// Another writer of records: it acts like a second replica, without any role.
pub(super) struct Writer {
    pub(super) runtime: Arc<Kubernetes>,
    _listening: AbortOnDropHandle<()>,
}

impl Writer {
    pub(super) async fn begin(namespace: &Namespace) -> Self {
        let runtime = Arc::new(namespace.runtime("writer"));
        let mut news = runtime.watch().await;
        let listening = tokio::spawn(async move { while news.recv().await.is_some() {} });
        Self { runtime, _listening: AbortOnDropHandle::new(listening) }
    }

    /// Creates stopped sessions: for each number, one of this owner.
    pub(super) async fn make(&self, wanted: impl IntoIterator<Item = (usize, String)>) -> Vec<SessionId> {
        let made = futures_util::stream::iter(wanted).map(async |(number, owner)| {
            let spec = spec(&owner, number);
            let memo = Memo { title: Some("Make the login page load faster".to_owned()), ..Memo::new(spec.created_at) };
            self.runtime.create(&spec, &memo).await.unwrap();
            self.runtime.stop(spec.id()).await.unwrap();
            spec.id()
        });
        made.buffer_unordered(AT_ONCE).collect().await
    }

    /// Gives a session another title.
    pub(super) async fn rename(&self, id: SessionId, title: &str) {
        let edited = self.runtime.edit(id, &mut |memo| memo.title = Some(title.to_owned())).await;
        assert!(edited.unwrap().is_some(), "{id} is there");
    }

    pub(super) async fn end(self) {
        self.runtime.end().await;
    }
}

fn spec(owner: &str, number: usize) -> Spec {
    let url =
        RepoUrl::parse(&format!("https://git.example.org/team-{}/repository-{number}.git", number % 100)).unwrap();
    let origin = Origin::Repository { url, branch: Branch::parse("feature/login-page").ok() };
    let key = SessionKey { owner: Email::parse(owner).unwrap(), origin };
    Spec { key, source_branch: None, created_at: jiff::Timestamp::now() }
}
