//! `opencode-session prepare` on a session's folder.

mod checkout;
mod no_hooks;
mod session_folder;
mod sigterm;
mod stale_locks;
mod typed_end;
