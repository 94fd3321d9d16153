//! The suite on the fake runtime, because other tests depend on its contract.

use std::net::TcpListener;
use std::sync::Arc;

use async_trait::async_trait;
use opencode_router::runtime::Runtime;

use super::suite::{self, Place};
use crate::support::fake::Fake;

/// A socket serves its sessions. It accepts connections and never answers.
struct FakePlace {
    fake: Arc<Fake>,
    _listener: TcpListener,
}

#[async_trait]
impl Place for FakePlace {
    fn runtime(&self) -> Arc<dyn Runtime> {
        self.fake.clone()
    }

    async fn break_server(&self, id: opencode_router::session::SessionId) {
        let failure = opencode_router::session::Failure::new(opencode_router::session::Reason::OpencodeExited, "gone");
        self.fake.crash(id, failure).await;
    }
}

fn place() -> FakePlace {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    FakePlace { fake: Fake::new(listener.local_addr().unwrap()), _listener: listener }
}

suite::run_on!(place());
