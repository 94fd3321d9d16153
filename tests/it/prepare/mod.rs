//! `opencode-session prepare` on a session's folder.

mod adopted_volume;
mod checkout;
mod default_branch;
mod history;
mod left_out;
mod no_hooks;
mod partial_clone;
mod private_authority;
mod session_folder;
mod sigterm;
mod ssh_errors;
mod stale_locks;
mod stalls;
mod typed_end;
