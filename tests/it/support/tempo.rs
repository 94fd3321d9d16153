//! The tempo of routers in tests.

use opencode_router::tempo::Tempo;

/// `TEMPO` for real routers. Short enough to save time, long enough for a busy machine to renew its Leases.
pub const FACTOR: &str = "0.4";

/// The same for parts of a router in this process.
pub fn tempo() -> Tempo {
    FACTOR.parse().expect("a factor")
}
