//! Explains a cluster's messages. `held_up.rs` and `events.rs` explain delays of a start, `ended.rs` the end of a run.

mod ended;
mod events;
mod held_up;
#[cfg(test)]
mod tests;

pub(super) use self::ended::checkout;
pub(super) use self::events::{concerns, last_seen, obstacle};
pub(super) use self::held_up::{is_furnished, observe, status_of};

use self::held_up::{before_opencode, has_begun};
