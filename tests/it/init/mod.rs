//! `opencode-session run`: the first process of a container.

mod any_address;
mod install;
mod login_shell_path;
mod orphans;
mod signals;
mod wait;
