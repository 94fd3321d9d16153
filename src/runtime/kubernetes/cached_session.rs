//! What is known of one session on the cluster, and what phase that makes.

use std::sync::Arc;

use secrecy::SecretString;
use tokio_util::sync::DropGuard;

use super::claim::{Record, Requested};
use super::seen_pod::PodSeen;
use crate::opencode::Waiting;
use crate::runtime::{News, Sighting};
use crate::session::{Failure, Observation, PhaseName, Reason, Run, SessionId};

/// What is known of one session.
#[derive(Default)]
pub(super) struct CachedSession {
    pub(super) record: Option<Record>,
    pub(super) pod: Option<PodSeen>,
    pub(super) password: Option<SecretString>,
    /// The run of a Pod, by its uid, once it answered.
    pub(super) answers: Option<(String, Arc<Run>)>,
    /// What the server of a Pod, by its uid, waits for before it can be used.
    pub(super) waits: Option<(String, Waiting)>,
    /// The Pod whose server is asked whether it answers. Dropping the guard ends that.
    pub(super) probe: Option<(String, DropGuard)>,
    /// What a start that goes on here found out besides.
    pub(super) hint: Option<StartHint>,
    /// The run whose Pod went although nobody here asked for that.
    pub(super) vanished: Option<u64>,
    /// One change of the record at a time.
    pub(super) turn: Arc<tokio::sync::Mutex<()>>,
    changes: u64,
    published_changes: u64,
    published: Option<Published>,
}

/// What is known of a run beyond its Pod's status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct StartHint {
    pub(super) run: u64,
    pub(super) message: Option<String>,
    pub(super) percent: Option<u8>,
    pub(super) failure: Option<Failure>,
}

impl StartHint {
    /// Something that holds a start up, with which it fails if that lasts.
    pub(super) fn obstacle(run: u64, failure: Failure) -> Self {
        Self { run, message: Some(failure.message.clone()), percent: None, failure: Some(failure) }
    }
}

/// What the registry was told last.
#[derive(PartialEq)]
struct Published {
    /// The claim's identity: a session that was deleted and made anew is another one.
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
            // The leading replica writes it down.
            (None, Requested::Running) if self.lost(record.run) => Observation::of(PhaseName::Stopped),
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

    /// The Pod of this run went although nobody here asked for that, so the run is over.
    pub(super) fn lost(&self, run: u64) -> bool {
        self.pod.is_none() && self.vanished == Some(run)
    }

    /// What is seen of a start, with what else is known of it.
    fn hinted(&self, mut seen: Observation, run: u64) -> Observation {
        let Some(hint) = self.hint.as_ref().filter(|hint| hint.run == run && seen.name.is_starting()) else {
            return seen;
        };
        if let Some(obstacle) = &hint.failure {
            let over = self.pod.as_ref().is_some_and(|pod| pod.furnished);
            // The scheduler says that there is no volume, and the event why.
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

    /// The run of this very Pod.
    fn run_of(&self, pod: &PodSeen) -> Option<Arc<Run>> {
        self.answers.as_ref().filter(|(uid, _)| *uid == pod.uid && pod.serving.is_some()).map(|(_, run)| run.clone())
    }

    /// What the registry does not know yet. After the end of one session comes the beginning of the next.
    pub(super) fn news(&mut self, id: SessionId) -> Option<News> {
        let uid = self.record.as_ref().map(|record| record.uid.clone());
        if self.published.as_ref().is_some_and(|told| Some(&told.uid) != uid.as_ref()) {
            self.published = None;
            return Some(News::Gone(id));
        }
        let sighting = self.sighting(self.record.as_ref()?);
        let run = sighting.run.as_ref().map(|run| Arc::as_ptr(run).addr());
        let (phase, revision) = (sighting.phase.clone(), sighting.memo.revision);
        let told = Some(Published { uid: uid?, phase, revision, run });
        let fresh = self.published != told;
        self.published = told;
        fresh.then_some(News::Seen(sighting))
    }

    /// The registry is told again, also if nothing changed: it may wait to hear of something that was so already.
    pub(super) fn publish_again(&mut self) {
        if let Some(told) = &mut self.published {
            told.revision = u64::MAX;
        }
    }

    /// Nothing of it is there any more, and the registry knows that.
    pub(super) fn is_over(&self) -> bool {
        self.record.is_none() && self.pod.is_none() && self.published.is_none()
    }

    /// Something of it changed.
    pub(super) fn changed(&mut self) {
        self.drop_stale();
        self.changes += 1;
    }

    /// All news of it were told.
    pub(super) fn all_published(&mut self) {
        self.published_changes = self.changes;
    }

    /// How many of its changes there were, and how many of them the registry was told of.
    pub(super) fn changes_and_published(&self) -> (u64, u64) {
        (self.changes, self.published_changes)
    }

    fn sighting(&self, record: &Record) -> Sighting {
        let phase = self.phase(record);
        let ready = phase.name == PhaseName::Ready;
        let run = self.pod.as_ref().filter(|_| ready).and_then(|pod| self.run_of(pod));
        Sighting { spec: record.spec.clone(), memo: record.memo.clone(), phase, run }
    }

    /// Lets go of a server whose Pod is not the one that serves. One that is to stop is silent before it is asked to end its
    /// work; if it goes on after all, it is another one from then on.
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
            // At once, and not only when the registry hears of it: the address may be another's by now.
            run.end();
            self.probe = None;
        }
        if self.probe.as_ref().is_some_and(|(uid, _)| Some(uid) != serving.as_ref()) {
            self.probe = None;
        }
    }
}
