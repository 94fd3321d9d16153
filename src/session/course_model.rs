//! A model of the runtime, and a replica whose course it checks at every step. [`super::course_replay`] runs both.
//!
//! The model holds the record and the one run. It sends every change to both replicas as news, which arrive later. A
//! replica that loses news gets the current state instead, as after a gap of a watch. A request is stored some time
//! after it was made. Its mark then follows the news that it caused, as [`Event::StartHeard`] promises.

use std::collections::{HashSet, VecDeque};

use super::course::Course;
use super::course_event::{Effects, Event, RequestNumber, RunId};
use super::phase::PhaseName::{self, *};
use super::{Failure, Observation, Phase, Reason};
use jiff::Timestamp;

/// The record and the run.
#[derive(Default)]
pub(super) struct Truth {
    pub(super) wanted: bool,
    pub(super) run: u64,
    /// The run that exists, and its phase.
    pub(super) pod: Option<(u64, PhaseName)>,
    pub(super) start_failed: bool,
    pub(super) deleting: bool,
    pub(super) gone: bool,
    /// The number of changes.
    pub(super) version: u64,
}

#[derive(Clone, Debug)]
pub(super) struct News {
    pub(super) name: PhaseName,
    pub(super) pod: Option<u64>,
    pub(super) run: u64,
    pub(super) version: u64,
}

#[derive(Clone, Debug)]
pub(super) enum Item {
    News(News),
    /// The start with this number is under way.
    Started(u64),
    Stopped(RequestNumber),
    Gone,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Task {
    Start(u64),
    Stop(RequestNumber),
    Delete(RequestNumber),
}

pub(super) struct Replica {
    pub(super) course: Course,
    /// What has not arrived yet.
    pub(super) items: VecDeque<Item>,
    pub(super) tasks: VecDeque<Task>,
    /// The stored stops that are under way.
    pub(super) stops: Vec<RequestNumber>,
    /// The replica has learned that the session is gone.
    pub(super) gone: bool,
    /// The start that this replica carries out.
    pub(super) start: Option<u64>,
    pub(super) held: Option<RunId>,
    pub(super) ended: HashSet<usize>,
    pub(super) heard_run: u64,
    /// Of an unconfirmed start: the run that was known at the request.
    pub(super) asked_after: Option<u64>,
    /// Of an unconfirmed stop: the version that stores it.
    pub(super) stop_written: Option<u64>,
}

impl Truth {
    pub(super) fn shown(&self) -> News {
        let name = match self.pod {
            _ if self.deleting => Deleting,
            None if self.wanted => Pending,
            None if self.start_failed => Failed,
            None => Stopped,
            Some(_) if !self.wanted => Stopping,
            Some((run, _)) if run != self.run => Pending,
            Some((_, name)) => name,
        };
        News { name, pod: self.pod.map(|(run, _)| run), run: self.run, version: self.version }
    }

    pub(super) fn want_run(&mut self) {
        let lives = self.wanted && self.pod.is_some_and(|(run, name)| run == self.run && name != Failed);
        if !lives {
            let goes_on = self.wanted && self.pod.is_none_or(|(run, _)| run != self.run);
            self.run += u64::from(!goes_on);
        }
        (self.wanted, self.start_failed) = (true, false);
    }

    pub(super) fn progress(&mut self) {
        self.pod = match self.pod {
            _ if self.deleting || !self.wanted => None,
            None => Some((self.run, Scheduling)),
            Some((run, _)) if run != self.run => None,
            Some((run, Scheduling)) => Some((run, Starting)),
            Some((run, Starting)) => Some((run, Ready)),
            settled => settled,
        };
    }
}

impl Replica {
    pub(super) fn new() -> Self {
        Self {
            course: Course::at(Phase::observed(Observation::of(Stopped), at(0))),
            items: VecDeque::new(),
            tasks: VecDeque::new(),
            stops: Vec::new(),
            gone: false,
            start: None,
            held: None,
            ended: HashSet::new(),
            heard_run: 0,
            asked_after: None,
            stop_written: None,
        }
    }

    pub(super) fn name(&self) -> PhaseName {
        self.course.phase().name
    }

    /// Takes a step, and checks the invariants.
    pub(super) fn take(&mut self, event: &Event, now: Timestamp) -> Effects {
        let before = self.course.phase().clone();
        let held = self.held;
        let undone = matches!(event, Event::NotDone { .. });
        let run = if let Event::Observed(_, run) = event { *run } else { None };
        let effects = self.course.step(event.clone(), now);
        let after = self.course.phase().clone();
        assert_eq!(effects.changed, before != after);
        if effects.run_over {
            let over = self.held.take().expect("a run that is over was held");
            assert!(self.ended.insert(over.0), "it was over already");
        }
        if effects.run_begun {
            assert!(self.held.is_none(), "the one before is over");
            self.held = run;
        }
        assert!(after.name != Ready || self.held.is_some(), "one that is ready has a run");
        assert!(!matches!(after.name, Stopped | Failed | Pending | Starting) || self.held.is_none());
        if before.name == after.name && (after.name != Ready || held == self.held) {
            assert_eq!(before.since, after.since, "it is the same phase");
        }
        assert!(before.name != Deleting || after.name == Deleting || undone, "{event:?} ends a delete");
        if effects.start_ended.is_some() {
            self.start = None;
        }
        if after.name != Pending {
            self.asked_after = None;
        }
        if undone || after.name != Stopping {
            self.stop_written = None;
        }
        effects
    }

    pub(super) fn observe(&mut self, news: &News, now: Timestamp) {
        let (asked_after, stop_written) = (self.asked_after, self.stop_written);
        let failure = (news.name == Failed).then(|| Failure::new(Reason::OpencodeExited, "it ended"));
        let seen = Observation { failure, ..Observation::of(news.name) };
        let run = news.pod.filter(|_| news.name == Ready).map(|pod| RunId(usize::try_from(pod).unwrap()));
        let _ = self.take(&Event::Observed(seen, run), now);
        if asked_after.is_some_and(|run| news.run <= run) && matches!(news.name, Stopping | Stopped | Failed) {
            assert_eq!(self.name(), Pending, "{news:?} is of the last run");
        }
        if asked_after.is_some_and(|run| news.run > run) {
            self.asked_after = None;
        }
        if stop_written.is_some_and(|written| news.version < written) {
            assert_eq!(self.name(), Stopping, "{news:?} is from before the stop");
        }
        if news.name == Stopping {
            // Another replica may stop the session too, and start it again.
            self.stop_written = None;
        }
        self.heard_run = self.heard_run.max(news.run);
    }

    /// The task of a start ends when the session is no longer on the way to ready.
    pub(super) fn leave_ended_start(&mut self, begun: bool, now: Timestamp) {
        if begun && self.start.is_some() && !self.name().is_starting() {
            self.start = None;
            let _ = self.take(&Event::StartLeft, now);
        }
    }
}

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}
