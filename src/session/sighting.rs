//! One session at one moment, as its runtime observes it.

use std::sync::Arc;

use super::{Memo, Observation, PhaseName, Run, Spec};

/// One session, as its runtime observes it.
#[derive(Clone, Debug)]
pub struct Sighting {
    /// The fixed part of its record.
    pub spec: Spec,
    /// The changing part of its record.
    pub memo: Memo,
    /// Its phase.
    pub phase: Observation,
    /// The run, exactly while the phase is ready. The runtime ends the run before it reports another phase.
    pub run: Option<Arc<Run>>,
}

impl Observation {
    /// The observation together with the memo. `serves` says whether the session's server answers.
    pub(crate) fn with(self, memo: &Memo, serves: bool) -> Self {
        let noted = memo.agent.as_ref().and_then(|note| note.ready_since);
        match (self.name, &memo.failure) {
            (PhaseName::Ready, _) if !serves => Self { name: PhaseName::Starting, ..self },
            (PhaseName::Ready, _) => Self { since: noted.or(self.since), ..self },
            (PhaseName::Stopped, Some(failure)) => Self { since: self.since, ..Self::failed(failure.clone()) },
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::session::{AgentNote, Failure, Reason};

    #[test]
    fn run_is_ready_since_the_note_says_else_as_long_as_the_runtime_knows() {
        let at = |second| Some(Timestamp::from_second(second).unwrap());
        let ready = |memo: &Memo, since| Observation { since, ..Observation::of(PhaseName::Ready) }.with(memo, true);
        let mut memo = Memo::new(Timestamp::UNIX_EPOCH);
        assert_eq!((ready(&memo, None).since, ready(&memo, at(1)).since), (None, at(1)));
        memo.agent = Some(AgentNote { ready_since: at(2), ..AgentNote::default() });
        assert_eq!((ready(&memo, None).since, ready(&memo, at(1)).since), (at(2), at(2)));
        memo.forget_run();
        assert_eq!(ready(&memo, None).since, None, "of the next run nothing is noted");
    }

    #[test]
    fn start_that_was_given_up_shows_why_and_a_run_that_does_not_answer_starts() {
        let mut memo = Memo::new(Timestamp::UNIX_EPOCH);
        memo.failure = Some(Failure::new(Reason::StartTimeout, "too slow"));
        let stopped = Observation::of(PhaseName::Stopped).with(&memo, false);
        assert_eq!((stopped.name, stopped.failure), (PhaseName::Failed, memo.failure.clone()));
        assert_eq!(Observation::of(PhaseName::Ready).with(&memo, false).name, PhaseName::Starting);
    }
}
