//! A session that ran out of memory is started again by the router, once. Every other failure waits for a person.

use jiff::{SignedDuration, Timestamp};

use super::{Memo, Phase, PhaseName, Reason};

/// The least time between two automatic restarts of a session. The session says for as long that it was restarted.
const PERIOD: SignedDuration = SignedDuration::from_hours(1);
/// An older failure waits for a person: no router ran when it happened.
const FRESH: SignedDuration = SignedDuration::from_mins(10);

/// Whether the router starts the session again by itself: it was ready, has just run out of memory, and was not
/// restarted for this within the last hour.
pub(crate) fn is_due(phase: &Phase, memo: &Memo, now: Timestamp) -> bool {
    // The end of the run keeps this note; the next start and a stop clear it.
    let was_ready = memo.agent.as_ref().is_some_and(|note| note.ready_since.is_some());
    ran_out_of_memory(phase) && was_ready && now.duration_since(phase.since) < FRESH && last(memo, now).is_none()
}

fn ran_out_of_memory(phase: &Phase) -> bool {
    phase.name == PhaseName::Failed && phase.failure.as_ref().is_some_and(|why| why.reason == Reason::OutOfMemory)
}

/// The last automatic restart, if it was within the last hour.
fn last(memo: &Memo, now: Timestamp) -> Option<Timestamp> {
    memo.restarted_at.filter(|at| now.duration_since(*at) < PERIOD)
}

/// Adds to a phase what its user must know about the last automatic restart.
pub(super) fn explain(phase: &mut Phase, memo: &Memo, now: Timestamp) {
    let Some(at) = last(memo, now) else { return };
    let at = at.strftime("%H:%M UTC");
    if phase.name == PhaseName::Ready && phase.message.is_none() {
        let message = format!(
            "The session ran out of memory and was started again at {at}. What the agent and its tools did then was cut \
             off; conversations and files are kept."
        );
        phase.message = Some(message);
    } else if ran_out_of_memory(phase)
        && let Some(failure) = &mut phase.failure
    {
        failure.message.push_str(&format!(" It was started again by itself at {at} already, and now waits for you."));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{AgentNote, Failure, Observation};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn failed(reason: Reason) -> Phase {
        Phase::observed(Observation::failed(Failure::new(reason, "It ended.")), at(100_000))
    }

    fn memo(was_ready: bool, restarted_at: Option<i64>) -> Memo {
        let agent = was_ready.then(|| AgentNote { ready_since: Some(at(0)), ..AgentNote::default() });
        Memo { agent, restarted_at: restarted_at.map(at), ..Memo::new(at(0)) }
    }

    #[test]
    fn ready_session_restarts_once_an_hour_after_running_out_of_memory() {
        let due =
            |reason, was_ready, restarted_at, now| is_due(&failed(reason), &memo(was_ready, restarted_at), at(now));
        assert!(due(Reason::OutOfMemory, true, None, 100_000));
        assert!(!due(Reason::OpencodeExited, true, None, 100_000), "another failure");
        assert!(!due(Reason::OutOfMemory, false, None, 100_000), "it was never ready");
        assert!(!due(Reason::OutOfMemory, true, Some(96_401), 100_000), "it was restarted within the hour");
        assert!(due(Reason::OutOfMemory, true, Some(96_400), 100_000));
        assert!(due(Reason::OutOfMemory, true, None, 100_599));
        assert!(!due(Reason::OutOfMemory, true, None, 100_600), "nobody waits for it any more");
        let ready = Phase::observed(Observation::of(PhaseName::Ready), at(100_000));
        assert!(!is_due(&ready, &memo(true, None), at(100_000)));
    }

    #[test]
    fn restart_is_explained_for_an_hour() {
        let explained = |mut phase: Phase, now| {
            explain(&mut phase, &memo(true, Some(100_000)), at(now));
            phase.failure.map(|failure| failure.message).or(phase.message).unwrap_or_default()
        };
        let ready = || Phase::observed(Observation::of(PhaseName::Ready), at(100_000));
        assert!(explained(ready(), 103_599).contains("ran out of memory and was started again at 03:46 UTC"));
        assert_eq!(explained(ready(), 103_600), "");
        let again = explained(failed(Reason::OutOfMemory), 101_000);
        assert!(again.starts_with("It ended. It was started again by itself at 03:46 UTC"), "{again}");
        assert_eq!(explained(failed(Reason::Evicted), 101_000), "It ended.");
    }
}
