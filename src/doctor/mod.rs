//! `opencode-router doctor`: checks this machine or cluster before users meet a problem. One line for each check says
//! what to do.

mod certificate;
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

use self::printed_findings::Printer;
use crate::app::kubernetes_settings;
use crate::config::{Config, RuntimeName};
use crate::runtime::Finding;
use crate::runtime::kubernetes::diagnosis;

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
        printer.add(vec![throwaway_session::check(config).await])?;
    }
    Ok(())
}

async fn cluster(config: &Config) -> Vec<Finding> {
    match kubernetes_settings(config).await {
        Ok(settings) => diagnosis::diagnose(&settings).await,
        Err(error) => vec![Finding::explained_problem("cluster", error.to_string())],
    }
}
