//! Profiles files, as operators meet them.

mod check_config;
mod parity;
