//! `opencode-session run`: the first process of a container.

mod install;
mod orphans;
mod signals;
