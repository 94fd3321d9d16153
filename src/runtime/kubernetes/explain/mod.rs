//! What a cluster says, in words: what delays a start (`held_up.rs` from the Pod's status, `events.rs` from events), and
//! why a run ended (`ended.rs`).

mod ended;
mod events;
mod held_up;
#[cfg(test)]
mod tests;

pub(super) use self::events::{concerns, last_seen, obstacle};
pub(super) use self::held_up::{is_furnished, observe, status_of};
