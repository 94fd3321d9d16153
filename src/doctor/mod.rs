//! `opencode-router doctor`: checks this machine or cluster before users meet a problem. One line for each check says
//! what to do.

mod certificate;
mod end_signals;
mod forged_identity;
mod http_request;
mod machine_limits;
mod machine_programs;
mod order;
mod ports;
mod printed_findings;
mod public_names;
mod throwaway_session;

use std::io::{self, Write};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use self::printed_findings::Printer;
use crate::app::kubernetes_settings;
use crate::config::{Config, RuntimeName};
use crate::runtime::Finding;
use crate::runtime::kubernetes::diagnosis::{self, TrialLimits, Trials};

pub use self::order::{ARGUMENT, Order};

/// Carries out the checks and prints what they find. Returns whether nothing has to be done.
pub async fn examine(order: &Order, out: impl Write) -> io::Result<bool> {
    let mut printer = Printer::new(order.json, out);
    match &order.config {
        Err(why) => {
            let advice = "Correct the setting; nothing else was checked. --help lists all settings.";
            printer.add(vec![Finding::problem("settings", why, advice)])?;
        }
        Ok(config) => check_all(config, order.deep, &mut printer).await?,
    }
    printer.finish()
}

async fn check_all(config: &Config, deep: bool, printer: &mut Printer<impl Write>) -> io::Result<()> {
    let place = match config.lifecycle.runtime {
        RuntimeName::Process => "processes of this machine",
        RuntimeName::Kubernetes => "Pods of a cluster",
    };
    printer.add(vec![Finding::ok("settings", format!("The settings are valid. Sessions are {place}."))])?;
    match config.lifecycle.runtime {
        RuntimeName::Process => {
            printer.add(machine_programs::check(config).await)?;
            printer.add(machine_limits::check(config))?;
            printer.add(ports::check(config).await)?;
        }
        RuntimeName::Kubernetes => printer.add(cluster(config).await)?,
    }
    printer.add(public_names::check(config).await)?;
    printer.add(forged_identity::check(config).await)?;
    if deep {
        let (stopped, _signals) = end_signals::stopped_by_signals()?;
        let trials = trials(config, &stopped).await;
        if let Some(trials) = &trials {
            printer.add(trials.images().await)?;
        }
        printer.add(throwaway_session::check(config, trials.as_ref(), &stopped).await)?;
    }
    Ok(())
}

/// The trials of `--deep` on a cluster. Earlier checks report a cluster that cannot be reached.
async fn trials(config: &Config, stopped: &CancellationToken) -> Option<Trials> {
    let kubernetes = config.lifecycle.runtime == RuntimeName::Kubernetes;
    let settings = if kubernetes { kubernetes_settings(config).await.ok()? } else { return None };
    let limits =
        TrialLimits { patience: Duration::from_secs(config.lifecycle.start_timeout_seconds), stopped: stopped.clone() };
    Trials::new(settings, limits).await.ok()
}

async fn cluster(config: &Config) -> Vec<Finding> {
    match kubernetes_settings(config).await {
        Ok(settings) => diagnosis::diagnose(&settings).await,
        Err(error) => vec![Finding::explained_problem("cluster", error.to_string())],
    }
}
