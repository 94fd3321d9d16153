//! The suite on the fake, so that what other tests build on keeps the contract too.

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use opencode_router::runtime::Runtime;

use super::suite::{self, Place};
use crate::support::fake::Fake;

struct FakePlace(Arc<Fake>);

#[async_trait]
impl Place for FakePlace {
    fn runtime(&self) -> Arc<dyn Runtime> {
        self.0.clone()
    }

    async fn break_server(&self, id: opencode_router::session::SessionId) {
        let failure = opencode_router::session::Failure::new(opencode_router::session::Reason::OpencodeExited, "gone");
        self.0.crash(id, failure).await;
    }
}

fn place() -> FakePlace {
    FakePlace(Fake::new(SocketAddr::from(([127, 0, 0, 1], 9))))
}

suite::run_on!(place());
