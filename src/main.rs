//! The program: reads the settings, starts the router, waits for a signal.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use opencode_router::app::{Addresses, App, Ended, Signals};
use opencode_router::config::{self, AdoptCommand, Config, NoConfig, RuntimeName};
use opencode_router::doctor::{self, Order};
use opencode_router::git::own_logins;
use opencode_router::init::open_files;
use opencode_router::runtime::kubernetes::{self, diagnosis};
use opencode_router::runtime::process::supervisor;
use opencode_router::session::clock::SteadyClock;
use opencode_router::telemetry::{self, LogFormat};
use opencode_router::{api, prepare, profiles};

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some(supervisor::ARGUMENT) => finish(supervisor::main().map_err(|error| error.to_string())),
        Some(prepare::ARGUMENT) => prepare::prepare_from_input(),
        Some(own_logins::ARGUMENT) => own_logins::answer_git(&std::env::args().nth(2).unwrap_or_default()),
        Some(doctor::ARGUMENT) => examine(),
        Some("print-rights") => say(&diagnosis::needed_rights()),
        Some("check-config") => match config::check(std::env::args_os().skip(2)) {
            Ok(text) | Err(NoConfig::Asked(text)) => say(&text),
            Err(NoConfig::Wrong(text)) => finish(Err(text)),
        },
        Some("profile-schema") => say(&serde_json::to_string_pretty(&profiles::profile_schema()).unwrap_or_default()),
        Some("print-settings") => say(&config::reference()),
        Some("print-openapi") => say(&api::document().to_pretty_json().unwrap_or_default()),
        Some(AdoptCommand::ARGUMENT) => with(AdoptCommand::read(std::env::args_os()), adopt),
        _ => with(Config::read(std::env::args_os()), |config| run(&config)),
    }
}

/// Runs the program with these settings, or says why there are none.
fn with<T>(read: Result<T, NoConfig>, run: impl FnOnce(T) -> Result<(), String>) -> ExitCode {
    match read {
        Ok(settings) => finish(run(settings)),
        Err(NoConfig::Asked(text)) => say(&text),
        Err(NoConfig::Wrong(text)) => finish(Err(text)),
    }
}

fn say(text: &str) -> ExitCode {
    // A closed standard output has no reader.
    let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
    ExitCode::SUCCESS
}

fn finish(result: Result<(), String>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            let _ = writeln!(std::io::stderr(), "opencode-router: {text}");
            ExitCode::FAILURE
        }
    }
}

/// Exit status 1: something has to be done.
#[tokio::main]
async fn examine() -> ExitCode {
    let order = match Order::read(std::env::args_os()) {
        Ok(order) => order,
        Err(help) => return say(&help),
    };
    if order.changes_sessions() {
        // Only the audit log, on standard error.
        telemetry::start_log("off", LogFormat::Text);
    }
    match doctor::examine(&order, std::io::stdout()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => finish(Err(format!("The findings cannot be printed: {error}."))),
    }
}

#[tokio::main]
async fn adopt(command: AdoptCommand) -> Result<(), String> {
    kubernetes::adopt(command.from, command.namespace, command.apply, &mut |line| {
        say(line);
    })
    .await
}

#[tokio::main]
async fn run(config: &Config) -> Result<(), String> {
    telemetry::start_log(&config.logging.log_level, config.logging.log_format);
    if let Err(error) = open_files::raise_limit() {
        tracing::warn!(%error, "cannot raise the limit of open files");
    }
    let stops_sessions = config.lifecycle.runtime == RuntimeName::Process;
    let signals = Signals::listen(stops_sessions).map_err(|error| format!("Signals cannot be received: {error}."))?;
    let app = App::bind(config, Arc::new(SteadyClock::begin())).await.map_err(|error| error.to_string())?;
    greet(app.addresses());
    match signals.run(app).await {
        Ended::InOrder => tracing::info!("stopped"),
        Ended::AtOnce => return Err("exiting now. Running sessions are adopted at the next start.".into()),
    }
    Ok(())
}

fn greet(addresses: &Addresses) {
    let kept = addresses.data_dir.as_ref().map(|dir| format!("\n  Sessions  {}", dir.display())).unwrap_or_default();
    let end = match addresses.data_dir {
        Some(_) => "Ctrl-C stops the router and its sessions; their files are kept.",
        None => "Ctrl-C stops this router; the cluster's sessions go on.",
    };
    say(&format!(
        "opencode-router is ready.\n  Open      {}\n  Attach    http://{} (the page gives you the command){kept}\n{end}",
        addresses.url, addresses.attach,
    ));
}
