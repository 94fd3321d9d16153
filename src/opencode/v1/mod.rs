//! The dialect of opencode 1, as version 1.18 speaks it.

pub(super) mod agent_fold;
#[cfg(test)]
mod agent_fold_rules;
pub(super) mod attach_client;
mod bounded_json;
pub(super) mod commands;
pub(super) mod home_files;
pub(super) mod landing_page;
pub(super) mod moved_project;
pub(super) mod operator_config;
pub(super) mod plugins;
pub(super) mod request_kinds;
pub(super) mod serve_command;
pub(super) mod server_state;
mod wire;
