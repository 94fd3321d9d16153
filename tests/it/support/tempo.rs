//! How fast routers in tests do what they do by themselves.

use opencode_router::tempo::Tempo;

/// What `TEMPO` is for real routers. Short enough to save waits, long enough for a busy machine to keep up with Leases.
pub const FACTOR: &str = "0.4";

/// The same for parts of a router in this process.
pub fn tempo() -> Tempo {
    FACTOR.parse().expect("a factor")
}
