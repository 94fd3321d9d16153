//! Log settings.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::telemetry::LogFormat;

/// Log settings.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Log")]
pub struct LoggingConfig {
    /// Log level, or tracing directives such as info,opencode_router::proxy=debug. Only audit=off turns the audit log off.
    #[arg(long, env = "LOG_LEVEL", default_value = "info", value_parser = directives)]
    pub log_level: String,
    /// Format of log lines. They go to standard error.
    #[arg(long, env = "LOG_FORMAT", default_value = "text", value_parser = format())]
    pub log_format: LogFormat,
}

fn directives(text: &str) -> Result<String, String> {
    let read = tracing_subscriber::EnvFilter::builder().parse(text);
    read.map(|_| text.to_owned()).map_err(|_| "expected a level: error, warn, info, debug or trace".to_owned())
}

fn format() -> impl TypedValueParser<Value = LogFormat> {
    PossibleValuesParser::new(["text", "json"])
        .map(|name| if name == "json" { LogFormat::Json } else { LogFormat::Text })
}
