//! Explains a Pod's status: what delays a start (`held_up.rs`), and why a run ended (`ended.rs`).

mod ended;
mod held_up;
#[cfg(test)]
mod tests;

pub(super) use self::held_up::{is_furnished, observe, status_of};
