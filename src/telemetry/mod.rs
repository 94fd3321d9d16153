//! What the router tells those who run it. User data that could hold secrets (queries, cookies, tokens, bodies) is never
//! an argument of a log line.

mod log;

pub use self::log::{LogFormat, start_log};
