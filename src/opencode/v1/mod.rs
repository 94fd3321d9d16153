//! The dialect of opencode 1, as version 1.18 speaks it.

pub(super) mod attach_client;
pub(super) mod request_kinds;
pub(super) mod serve_command;
