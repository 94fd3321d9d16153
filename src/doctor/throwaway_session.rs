//! Starts a session as users do, waits until opencode is ready, and deletes the session again in every case.

use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::signal::unix::{SignalKind, signal};

use crate::app::App;
use crate::config::{Config, RuntimeName};
use crate::lifecycle::{Lifecycle, Wishes};
use crate::private_files::remove_tree;
use crate::runtime::Finding;
use crate::session::clock::SteadyClock;
use crate::session::random::random_hex;
use crate::session::{Actor, Cause, Email, Origin, Outcome, Session};

const NAME: &str = "session";
/// Nobody has this address (RFC 2606), so no user sees the session.
const OWNER: &str = "doctor@opencode-router.invalid";
/// Time limit for the deletion.
const DELETED_WITHIN: Duration = Duration::from_secs(120);

/// Starts a session on the configured runtime, with a router that serves no client.
pub(super) async fn check(config: &Config) -> Finding {
    // From now on, no signal ends the program at once.
    let stopped = match signalled() {
        Ok(stopped) => stopped,
        Err(error) => return Finding::not_checked(NAME, format!("Signals cannot be received: {error}.")),
    };
    let own = random_hex::<4>();
    // A short name: paths of Unix sockets are short.
    let folder = std::env::temp_dir().join(format!("ocr-doctor-{own}"));
    let found = with_router(&apart(config, &own, folder.clone()), stopped).await;
    if folder.exists()
        && let Err(error) = remove_tree(&folder)
    {
        let message = format!("{} cannot be removed: {error}.", folder.display());
        return Finding::warning(NAME, format!("{} {message}", found.message), "Remove it.");
    }
    found
}

async fn with_router(config: &Config, stopped: impl Future<Output = ()>) -> Finding {
    let mut stopped = pin!(stopped);
    let app = tokio::select! {
        app = App::bind(config, Arc::new(SteadyClock::begin())) => app,
        () = &mut stopped => return interrupted(),
    };
    match app {
        Ok(app) => {
            let found = with_lifecycle(app.lifecycle(), stopped).await;
            app.lifecycle().end().await;
            found
        }
        Err(error) => Finding::explained_problem(NAME, error.to_string()),
    }
}

fn interrupted() -> Finding {
    Finding::problem(NAME, "A signal ended the check before a session was ready.", "Run it again.")
}

/// The same settings, beside a router that runs: with other ports, another data folder and another replica's name.
fn apart(config: &Config, own: &str, folder: PathBuf) -> Config {
    let mut config = config.clone();
    config.network.port = 0;
    config.network.attach_port = Some(0);
    config.network.metrics_port = None;
    config.process.data_dir = (config.lifecycle.runtime == RuntimeName::Process).then_some(folder);
    config.kubernetes.pod_name = Some(format!("doctor-{own}"));
    config
}

async fn with_lifecycle(lifecycle: &Arc<Lifecycle>, stopped: impl Future<Output = ()>) -> Finding {
    let owner = match Email::parse(OWNER) {
        Ok(owner) => owner,
        Err(error) => return Finding::not_checked(NAME, error.to_string()),
    };
    let cause = Cause::own(Actor::User(owner.clone()), "opencode-router doctor --deep");
    let begun = Instant::now();
    let session = match lifecycle.open(&owner, Origin::new_project(), None, Wishes::default(), &cause).await {
        Ok(opened) => opened.session,
        Err(error) => return Finding::explained_problem(NAME, error.to_string()),
    };
    let found = tokio::select! {
        outcome = lifecycle.wake(&session, &cause).outcome() => started(&session, &outcome, begun.elapsed()),
        () = stopped => interrupted(),
    };
    let deletion = tokio::time::timeout(DELETED_WITHIN, lifecycle.delete(&session, &cause));
    match deletion.await {
        Ok(Ok(true)) => found,
        _ => Finding::problem(
            NAME,
            format!("{} The session {} could not be deleted.", found.message, session.id()),
            "Delete its objects: docs/deploy.md, section Uninstall, has the labels.",
        ),
    }
}

fn started(session: &Session, outcome: &Outcome, time: Duration) -> Finding {
    match outcome {
        Outcome::Ready => {
            let version = session.run().and_then(|run| run.server().version().map(|version| version.to_string()));
            let version = version.or_else(|| session.opencode_version()).unwrap_or_else(|| "(unknown)".to_owned());
            Finding::ok(
                NAME,
                format!("A session was ready after {:.1} s, with opencode {version}.", time.as_secs_f64()),
            )
        }
        Outcome::Failed(failure) => Finding::problem(
            NAME,
            format!("A session did not start: {}", failure.message),
            "docs/deploy.md, section Troubleshooting, lists causes.",
        ),
        Outcome::Stopped | Outcome::Gone => Finding::not_checked(NAME, "Another router stopped the session."),
    }
}

/// Resolves with the first signal that ends a program. From this call on, these signals do nothing else.
fn signalled() -> std::io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    })
}
