//! Adopts the sessions of the old Node.js router: `opencode-router adopt`. An administrator runs it, with the rights of
//! the kubeconfig. It says what becomes of each old claim, and changes something only if that is asked for.

mod adoption_plan;
#[cfg(test)]
mod adoption_rules;
mod hand_over;
mod old_session;

use kube::Client;

use self::adoption_plan::{Fate, plan, printable};
use self::hand_over::HandOver;

/// The annotation of a session's claim with the name of the old one. The preparation of the session then knows where
/// the files are.
pub(super) const ADOPTED_FROM: &str = "opencode-router/adopted-from";
/// The annotation of a volume, during its adoption, with the reclaim policy to restore.
const RECLAIM_POLICY: &str = "opencode-router/reclaim-policy";

/// Where the old router's sessions are, and where this router's are to be.
#[derive(Clone, Debug)]
pub struct Namespaces {
    /// The namespace of the old router's sessions.
    pub old: String,
    /// The namespace of this router's sessions. It may be the same.
    pub sessions: String,
}

/// Adopts sessions in the cluster of KUBECONFIG. Default for a namespace: that of KUBECONFIG, or the other one.
pub async fn adopt(
    old: Option<String>,
    sessions: Option<String>,
    apply: bool,
    say: &mut dyn FnMut(&str),
) -> Result<(), String> {
    let config = kube::Config::infer().await.map_err(|error| format!("There is no usable kubeconfig: {error}."))?;
    let sessions = sessions.unwrap_or_else(|| config.default_namespace.clone());
    let namespaces = Namespaces { old: old.unwrap_or_else(|| sessions.clone()), sessions };
    let client = Client::try_from(config).map_err(|error| error.to_string())?;
    adopt_in(&client, namespaces, apply, say).await
}

/// Adopts sessions in the cluster of `client`. Each line of the report goes to `say`. Returns an error if a session was
/// not adopted that should have been.
pub async fn adopt_in(
    client: &Client,
    namespaces: Namespaces,
    apply: bool,
    say: &mut dyn FnMut(&str),
) -> Result<(), String> {
    let cluster = HandOver::new(client, namespaces.clone());
    let objects = cluster.objects().await;
    let objects = objects.map_err(|error| format!("The cluster's objects cannot be listed: {error}."))?;
    let (mut adopted, mut skipped, mut failed) = (0, 0, 0);
    let fates = plan(&objects);
    for fate in &fates {
        say(&fate.line());
        match fate {
            Fate::Adopt(adoption) | Fate::GoOn(adoption) if apply => match cluster.carry_out(adoption).await {
                Ok(()) => adopted += 1,
                Err(why) => {
                    failed += 1;
                    say(&format!("{}: NOT ADOPTED, its files are kept: {}.", adoption.old, printable(&why)));
                }
            },
            Fate::Adopt(_) | Fate::GoOn(_) => adopted += 1,
            Fate::Adopted(_) => {}
            Fate::Skip(..) => skipped += 1,
        }
    }
    say(&summary(&namespaces.old, apply, adopted, skipped, fates.len()));
    match failed {
        0 => Ok(()),
        failed => {
            Err(format!("{failed} of the old claims could not be adopted. To go on, run the same command again."))
        }
    }
}

fn summary(old_namespace: &str, apply: bool, adopted: usize, skipped: usize, all: usize) -> String {
    match (all, apply) {
        (0, _) => format!("There is no claim of the old router in the namespace {old_namespace}."),
        (_, true) => format!("Adopted now: {adopted}. Skipped: {skipped}."),
        (_, false) => format!("To adopt: {adopted}. To skip: {skipped}. Nothing was changed; --apply adopts them."),
    }
}
