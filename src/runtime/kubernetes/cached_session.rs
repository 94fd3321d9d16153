//! One cached session: its record, its Pod and its run, and the phase that follows from them.

use std::sync::Arc;

use jiff::Timestamp;
use secrecy::SecretString;
use tokio_util::sync::DropGuard;

use super::claim::{Record, Requested};
use super::seen_pod::PodSeen;
use crate::opencode::Waiting;
use crate::runtime::{News, Sighting};
use crate::session::{Failure, Observation, PhaseName, Reason, Run, SessionId};

/// A cached session.
#[derive(Default)]
pub(super) struct CachedSession {
    pub(super) record: Option<Record>,
    pub(super) pod: Option<PodSeen>,
    pub(super) password: Option<SecretString>,
    /// The UID of a Pod that answered, and its run.
    pub(super) answers: Option<(String, Arc<Run>)>,
    /// The UID of a Pod, and what its server waits for.
    pub(super) waits: Option<(String, Waiting)>,
    /// The UID of a Pod whose server is probed. Dropping the guard ends the probe.
    pub(super) probe: Option<(String, DropGuard)>,
    /// Details of a start in progress that this replica follows.
    pub(super) hint: Option<StartHint>,
    /// The UID of a Pod whose start this replica follows.
    pub(super) attended: Option<String>,
    /// The run whose request this replica heard. Somebody may wait for it, even if clocks differ.
    pub(super) heard: Option<u64>,
    /// The run of the last Pod that disappeared.
    pub(super) vanished: Option<u64>,
    /// Serialises changes of the record.
    pub(super) turn: Arc<tokio::sync::Mutex<()>>,
    changes: u64,
    published_changes: u64,
    published: Option<Published>,
}

/// Details of a run beyond its Pod's status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct StartHint {
    pub(super) run: u64,
    pub(super) message: Option<String>,
    pub(super) percent: Option<u8>,
    pub(super) failure: Option<Failure>,
}

impl StartHint {
    /// A delay. The start fails with `failure` if the delay lasts.
    pub(super) fn obstacle(run: u64, failure: Failure) -> Self {
        Self { run, message: Some(failure.message.clone()), percent: None, failure: Some(failure) }
    }
}

/// The last state that the registry received.
#[derive(PartialEq)]
struct Published {
    /// The claim's UID. A deleted and recreated session has another one.
    uid: String,
    phase: Observation,
    revision: u64,
    run: Option<usize>,
}

impl CachedSession {
    fn phase(&self, record: &Record) -> Observation {
        if let Some(why) = record.beyond_us().filter(|_| !record.deleting) {
            return Observation::failed(Failure::new(Reason::Other, why));
        }
        let with = |name: PhaseName, message: String| Observation { message: Some(message), ..Observation::of(name) };
        let place = |pod: &PodSeen| pod.node.as_ref().map(|node| format!(" on node {node}")).unwrap_or_default();
        match (&self.pod, record.wanted) {
            _ if record.deleting => Observation::of(PhaseName::Deleting),
            (_, Requested::Other) => Observation::of(PhaseName::Failed),
            (None, Requested::Stopped) => Observation::of(PhaseName::Stopped),
            // The leader records the stop.
            (None, Requested::Running) if self.lost(record) => Observation::of(PhaseName::Stopped),
            (None, Requested::Running) => self.hinted(Observation::of(PhaseName::Pending), record.run),
            (Some(pod), Requested::Stopped) if pod.deleting => {
                with(PhaseName::Stopping, format!("Its Pod{} ends.", place(pod)))
            }
            (Some(_), Requested::Stopped) => Observation::of(PhaseName::Stopping),
            (Some(pod), Requested::Running) if pod.run != record.run => {
                with(PhaseName::Pending, format!("Waiting for the end of its last Pod{}.", place(pod)))
            }
            (Some(pod), Requested::Running) if pod.deleting => pod.seen.clone(),
            (Some(pod), Requested::Running) => self.running(pod, record.run),
        }
    }

    fn running(&self, pod: &PodSeen, run: u64) -> Observation {
        if let (Some(serving), Some(_)) = (&pod.serving, self.run_of(pod)) {
            return Observation { since: serving.since, ..Observation::of(PhaseName::Ready) };
        }
        match &self.waits {
            Some((uid, waiting)) if *uid == pod.uid && pod.serving.is_some() => Observation::starting(waiting.clone()),
            _ => self.hinted(pod.seen.clone(), run),
        }
    }

    /// Whether nobody waits for the requested run: its Pod disappeared, or it was requested long ago. A Pod can disappear
    /// while no router runs, and a claim can come from a backup.
    pub(super) fn lost(&self, record: &Record) -> bool {
        let forgotten = || self.heard != Some(record.run) && record.is_forgotten(Timestamp::now());
        self.pod.is_none() && (self.vanished == Some(record.run) || forgotten())
    }

    /// Stores a newer record. `listed`: it is news, and not one of the records that were there at the start.
    pub(super) fn learn(&mut self, record: Record, listed: bool) {
        let known = self.record.as_ref();
        if known.is_some_and(|known| known.uid != record.uid) {
            // A new session of the same id has a new password.
            self.password = None;
        }
        let requested =
            known.map_or(!record.is_restored(), |known| known.wanted != record.wanted || known.run != record.run);
        if listed && requested && record.wanted == Requested::Running {
            self.heard = Some(record.run);
        }
        self.record = Some(record);
    }

    /// The Pod's phase, with the details of the hint.
    fn hinted(&self, mut seen: Observation, run: u64) -> Observation {
        let Some(hint) = self.hint.as_ref().filter(|hint| hint.run == run && seen.name.is_starting()) else {
            return seen;
        };
        if let Some(obstacle) = &hint.failure {
            let over = self.pod.as_ref().is_some_and(|pod| pod.furnished);
            // The event names the cause of a missing volume; the scheduler does not.
            let vague = seen.failure.as_ref().is_none_or(|failure| failure.reason == obstacle.reason);
            if !over && vague {
                seen.message.clone_from(&hint.message);
                seen.failure = Some(obstacle.clone());
            }
        } else if seen.name == PhaseName::Cloning {
            seen.message.clone_from(&hint.message);
            seen.percent = hint.percent;
        }
        seen
    }

    /// The run of this Pod, if it answered.
    fn run_of(&self, pod: &PodSeen) -> Option<Arc<Run>> {
        self.answers.as_ref().filter(|(uid, _)| *uid == pod.uid && pod.serving.is_some()).map(|(_, run)| run.clone())
    }

    /// The next news for the registry, if any. A deleted and recreated session is first gone, then new.
    pub(super) fn news(&mut self, id: SessionId) -> Option<News> {
        let uid = self.record.as_ref().map(|record| record.uid.clone());
        if self.published.as_ref().is_some_and(|last| Some(&last.uid) != uid.as_ref()) {
            self.published = None;
            return Some(News::Gone(id));
        }
        let sighting = self.sighting(self.record.as_ref()?);
        let run = sighting.run.as_ref().map(|run| Arc::as_ptr(run).addr());
        let (phase, revision) = (sighting.phase.clone(), sighting.memo.revision);
        let last = Some(Published { uid: uid?, phase, revision, run });
        let fresh = self.published != last;
        self.published = last;
        fresh.then_some(News::Seen(sighting))
    }

    /// Publishes the session again, even without a change. The registry waits for the confirmation of a request.
    pub(super) fn publish_again(&mut self) {
        if let Some(last) = &mut self.published {
            last.revision = u64::MAX;
        }
    }

    /// Whether the session is gone and the registry knows it.
    pub(super) fn is_over(&self) -> bool {
        self.record.is_none() && self.pod.is_none() && self.published.is_none()
    }

    /// Records a change.
    pub(super) fn changed(&mut self) {
        self.drop_stale();
        self.changes += 1;
    }

    /// Records that all changes are published.
    pub(super) fn all_published(&mut self) {
        self.published_changes = self.changes;
    }

    /// The number of changes, and of published changes.
    pub(super) fn changes_and_published(&self) -> (u64, u64) {
        (self.changes, self.published_changes)
    }

    fn sighting(&self, record: &Record) -> Sighting {
        let phase = self.phase(record);
        let ready = phase.name == PhaseName::Ready;
        let run = self.pod.as_ref().filter(|_| ready).and_then(|pod| self.run_of(pod));
        Sighting { spec: record.spec.clone(), memo: record.memo.clone(), phase, run }
    }

    /// Drops the run of a Pod that no longer serves. A requested stop first makes the run quiet, before opencode ends
    /// its work. If the session is requested again, it gets a new run.
    fn drop_stale(&mut self) {
        let serving = self.pod.as_ref().filter(|pod| pod.serving.is_some()).map(|pod| pod.uid.clone());
        let wanted = self.record.as_ref().map(|record| record.wanted);
        if let Some((_, run)) = self.answers.as_ref().filter(|_| wanted == Some(Requested::Stopped)) {
            run.silence();
        }
        let stale = |(uid, run): &(String, Arc<Run>)| {
            Some(uid) != serving.as_ref() || wanted == Some(Requested::Running) && run.quiet().is_cancelled()
        };
        if let Some((_, run)) = self.answers.take_if(|answers| stale(answers)) {
            // Ends the run here, before the registry receives the news: another Pod may already have the address.
            run.end();
            self.probe = None;
        }
        if self.probe.as_ref().is_some_and(|(uid, _)| Some(uid) != serving.as_ref()) {
            self.probe = None;
        }
    }
}
