//! The leader finishes work that an ended replica left unfinished, restarts sessions that ran out of memory, and deletes
//! the files of sessions past retention.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

use super::audit::{self, Deed, Step};
use super::start_limit::LONGEST_CLONE;
use super::{Lifecycle, Limits};
use crate::session::{Actor, Cause, Phase, PhaseName, Session, SessionId, auto_restart};

/// How often the loop runs, in real time.
const PERIOD: Duration = Duration::from_secs(5);
/// Work counts as abandoned when its phase is at least this old.
const LEFT_AFTER: SignedDuration = SignedDuration::from_secs(15);

/// A task of the leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LeaderTask {
    Start,
    GiveUp,
    Stop,
    Delete,
    Expire,
    Restart,
}

/// The task for a session without known work on any replica. A start that still waits on another replica may also queue
/// here. That is harmless: the first replica creates the only Pod. A start that `answers` another replica continues.
fn task(phase: &Phase, last_activity: Timestamp, answers: bool, limits: &Limits, now: Timestamp) -> Option<LeaderTask> {
    let age = now.duration_since(phase.since);
    let left_after = limits.tempo.age(LEFT_AFTER);
    let left = age >= left_after;
    match phase.name {
        PhaseName::Pending if left => Some(LeaderTask::Start),
        // If its replica still ran, that replica would have failed this start at the timeout.
        name if name.is_starting() => {
            let clones = name == PhaseName::Cloning;
            let timeout = if clones { limits.start_timeout.max(LONGEST_CLONE) } else { limits.start_timeout };
            let timeout = SignedDuration::try_from(timeout).unwrap_or(SignedDuration::MAX);
            (!answers && age >= timeout.saturating_add(left_after)).then_some(LeaderTask::GiveUp)
        }
        PhaseName::Stopping if left => Some(LeaderTask::Stop),
        PhaseName::Deleting if left => Some(LeaderTask::Delete),
        name => {
            let end = limits.retention.and_then(|retention| retention.end(name, last_activity));
            end.is_some_and(|end| end <= now).then_some(LeaderTask::Expire)
        }
    }
}

impl Lifecycle {
    /// Runs until shutdown.
    pub(super) async fn lead(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(self.limits.tempo.wait(PERIOD));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let under_way = Arc::new(Mutex::new(HashSet::new()));
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = self.shutdown.cancelled() => return,
            }
            // A single replica leads too: files still expire.
            if self.role.borrow().leads {
                self.registry.all().into_iter().for_each(|session| self.do_task(&session, &under_way));
            }
        }
    }

    fn do_task(self: &Arc<Self>, session: &Arc<Session>, under_way: &Arc<Mutex<HashSet<SessionId>>>) {
        let Some(task) = self.task_for(session) else { return };
        // A start that waits for the end of a stop does not work on that stop.
        let worked_on = if task == LeaderTask::Stop { session.has_request() } else { session.is_worked_on() };
        let id = session.id();
        if worked_on || !under_way.lock().insert(id) {
            return;
        }
        let (lifecycle, session, under_way) = (self.clone(), session.clone(), under_way.clone());
        self.tasks.spawn(async move {
            lifecycle.do_if_still_due(&session, task).await;
            under_way.lock().remove(&id);
        });
    }

    fn task_for(&self, session: &Session) -> Option<LeaderTask> {
        let (phase, now) = (session.phase(), self.clock.now());
        if phase.name == PhaseName::Failed && auto_restart::is_due(&phase, &session.memo(), now) {
            return Some(LeaderTask::Restart);
        }
        let limits = if phase.name.is_starting() { self.limits_of(session) } else { self.limits };
        task(&phase, session.last_activity(), self.answers_another(session), &limits, now)
    }

    /// Refreshes the session first, because another replica may work on it already.
    async fn do_if_still_due(self: &Arc<Self>, session: &Arc<Session>, task: LeaderTask) {
        let id = session.id();
        self.refresh(id).await;
        // Read the revision before the decision: `expire` must notice a later change.
        let revision = session.memo().revision;
        if self.task_for(session) != Some(task) {
            return;
        }
        let phase = session.phase();
        let cause = Cause::own(Actor::Leader, format!("left {:?} since {}", phase.name, phase.since));
        // For these tasks, the calls below find the requested phase and write no audit line.
        let deed = match task {
            LeaderTask::Start => Some(Deed::Start),
            LeaderTask::Stop => Some(Deed::Stop),
            LeaderTask::Delete => Some(Deed::Delete),
            LeaderTask::GiveUp | LeaderTask::Expire | LeaderTask::Restart => None,
        };
        if let Some(deed) = deed {
            audit::record(&cause, session, deed, Step::Begun);
        }
        match task {
            LeaderTask::Start => drop(self.wake(session, &cause).outcome().await),
            LeaderTask::GiveUp => self.end_lost_start(session, &cause).await,
            LeaderTask::Stop => {
                // The runtime's watch reports `stopped`.
                if let Err(error) = self.runtime.finish_stop(id).await {
                    tracing::warn!(session = %id, %error, "cannot finish an interrupted stop; the leader retries");
                }
            }
            LeaderTask::Delete => drop(self.delete(session, &cause).await),
            LeaderTask::Expire => self.expire(session, revision).await,
            LeaderTask::Restart => self.restart(session).await,
        }
    }

    /// Deletes the files, unless the session runs or its memo changed since this revision.
    async fn expire(&self, session: &Arc<Session>, revision: u64) {
        let id = session.id();
        match self.runtime.delete_unused(id, revision).await {
            Ok(true) => {
                let cause = Cause::own(Actor::Expiry, format!("last used at {}", session.last_activity()));
                audit::record(&cause, session, Deed::Expire, Step::Done);
                self.registry.remove_exactly(session);
            }
            Ok(false) => tracing::info!(session = %id, "files kept: the session changed meanwhile"),
            Err(error) => tracing::warn!(session = %id, %error, "cannot delete the files; the leader retries"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{IdleRules, Observation, Retention};
    use crate::tempo::Tempo;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn task_for(name: PhaseName, since: i64, retention: Option<Retention>) -> Option<LeaderTask> {
        let idle = IdleRules { idle_after: SignedDuration::MAX, max_busy: SignedDuration::MAX };
        let limits = Limits {
            idle,
            start_timeout: Duration::from_secs(60),
            concurrent_starts: 1,
            place_timeout: Duration::MAX,
            retention,
            tempo: Tempo::default(),
        };
        task(&Phase::observed(Observation::of(name), at(since)), at(since), false, &limits, at(1_000))
    }

    #[test]
    fn leader_resumes_interrupted_work() {
        let cases = [
            (PhaseName::Pending, Some(LeaderTask::Start)),
            (PhaseName::Stopping, Some(LeaderTask::Stop)),
            (PhaseName::Deleting, Some(LeaderTask::Delete)),
            (PhaseName::Starting, None),
            (PhaseName::Ready, None),
            (PhaseName::Stopped, None),
            (PhaseName::Failed, None),
        ];
        for (name, expected) in cases {
            assert_eq!(task_for(name, 985, None), expected, "{name:?}");
            assert_eq!(task_for(name, 990, None), None, "{name:?} is fresh");
        }
    }

    #[test]
    fn start_without_waiters_times_out() {
        for name in [PhaseName::Scheduling, PhaseName::Pulling, PhaseName::Starting] {
            assert_eq!(task_for(name, 926, None), None, "{name:?} may still be ready in time");
            assert_eq!(task_for(name, 925, None), Some(LeaderTask::GiveUp), "{name:?}");
        }
        let a_day_ago = 1_000 - 24 * 60 * 60;
        assert_eq!(task_for(PhaseName::Cloning, a_day_ago, None), None, "a large clone goes on");
        assert_eq!(task_for(PhaseName::Cloning, a_day_ago - 15, None), Some(LeaderTask::GiveUp));
    }

    #[test]
    fn unused_files_are_deleted_after_a_warning() {
        let retention = Retention { keep: SignedDuration::from_secs(100), warn: SignedDuration::from_secs(30) };
        for name in [PhaseName::Stopped, PhaseName::Failed] {
            assert_eq!(task_for(name, 901, Some(retention)), None);
            assert_eq!(task_for(name, 900, Some(retention)), Some(LeaderTask::Expire));
        }
        assert_eq!(task_for(PhaseName::Ready, 0, Some(retention)), None);
        let end = retention.end(PhaseName::Stopped, at(900)).unwrap();
        assert!(!retention.is_near(end, at(969)) && retention.is_near(end, at(970)));
    }
}
