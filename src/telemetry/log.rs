//! The log, on standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// The format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Text for people.
    Text,
    /// One JSON object per line.
    Json,
}

/// The audit log is written at every level, unless `level` names this target itself.
const ALWAYS: &str = "audit=info";

/// Starts logging. `level` is a level or a list of `tracing_subscriber` filters.
pub fn start_log(level: &str, format: LogFormat) {
    let filter = EnvFilter::builder().parse_lossy(format!("{ALWAYS},{level}"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Json => builder.json().init(),
        LogFormat::Text => builder.with_target(false).with_ansi(std::io::stderr().is_terminal()).init(),
    }
}
