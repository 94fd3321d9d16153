//! `opencode-session prepare` on a session's folder.

mod adopted_volume;
mod checkout;
mod clone_depth;
mod default_branch;
mod history;
mod large_files;
mod left_out;
mod no_hooks;
mod partial_clone;
mod private_authority;
mod session_folder;
mod sigterm;
mod skills;
mod ssh_errors;
mod stale_locks;
mod stalls;
mod submodules;
mod typed_end;
