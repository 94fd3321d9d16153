//! Callers, for tests that call the lifecycle directly.

use opencode_router::session::access::{Rights, Via};
use opencode_router::session::{Caller, Cause, Email, Groups, Principal};

/// The user of most tests.
pub fn dev() -> Email {
    Email::parse("dev@localhost").unwrap()
}

/// A user at this machine.
pub fn user(email: &str) -> Caller {
    let principal = Principal::User(Email::parse(email).unwrap());
    Caller {
        principal,
        rights: Rights::ALL,
        via: Via::Loopback,
        from: [127, 0, 0, 1].into(),
        groups: Groups::default(),
    }
}

/// The cause of a test's actions.
pub fn test() -> Cause {
    user("dev@localhost").cause("a test")
}
