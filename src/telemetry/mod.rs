//! Logs for operators. A log line never takes user data that can contain secrets: queries, cookies, tokens, bodies.

mod log;

pub use self::log::{LogFormat, start_log};
