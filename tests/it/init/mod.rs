//! `opencode-session run`: the first process of a container.

mod any_address;
mod install;
mod orphans;
mod signals;
mod wait;
