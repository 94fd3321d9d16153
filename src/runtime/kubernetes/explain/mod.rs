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
use crate::session::failure::sentence;
use crate::session::{Failure, Reason};

/// A container that the node cannot start, with the node's words.
fn cannot_start(said: &str) -> Failure {
    // containerd and CRI-O quote the program differently.
    let lacks_program = said.contains("opencode-session") && said.contains("not found in $PATH");
    let what = if lacks_program {
        "The session's image has no opencode-session. Ask an administrator to name tools.image in the profile, or to \
         build the image from the session image"
    } else {
        "The session's container cannot be started. Ask an administrator to fix the cause"
    };
    Failure::new(Reason::ContainerFailed, sentence(what, said))
}
