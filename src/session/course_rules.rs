//! The rules of the course, one by one.

use jiff::Timestamp;

use super::course::Course;
use super::course_event::{Effects, Event, Joined, RequestNumber, RunId};
use super::phase::PhaseName::{self, *};
use super::shared_start::Outcome;
use super::{Failure, Observation, Phase, Reason};

const ALL: [PhaseName; 10] =
    [Pending, Scheduling, Pulling, Cloning, Starting, Ready, Stopping, Stopped, Failed, Deleting];
const RUN: RunId = RunId(1);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn course(name: PhaseName) -> Course {
    let mut course = Course::at(Phase::observed(Observation::of(name), at(1)));
    sees(&mut course, name);
    course
}

fn step(course: &mut Course, event: Event) -> Effects {
    course.step(event, at(2))
}

fn failure(message: &str) -> Failure {
    Failure::new(Reason::OpencodeExited, message)
}

fn seen(name: PhaseName) -> Event {
    let seen = Observation { failure: (name == Failed).then(|| failure("it ended")), ..Observation::of(name) };
    Event::Observed(seen, (name == Ready).then_some(RUN))
}

fn sees(course: &mut Course, name: PhaseName) -> PhaseName {
    let _ = step(course, seen(name));
    course.phase().name
}

fn after(name: PhaseName, event: Event) -> PhaseName {
    let mut course = course(name);
    let _ = step(&mut course, event);
    course.phase().name
}

/// Requests a stop or a delete. Returns its number.
fn asks(course: &mut Course, event: Event) -> RequestNumber {
    step(course, event).request
}

fn not_done(request: RequestNumber, failure: Option<Failure>) -> Event {
    Event::NotDone { request, failure, serves: true }
}

#[test]
fn requests_move_to_their_phase() {
    for name in ALL {
        let started = if matches!(name, Stopped | Failed) { Pending } else { name };
        assert_eq!(after(name, Event::StartRequested), started, "start {name:?}");
        let stopped = if matches!(name, Stopped | Deleting) { name } else { Stopping };
        assert_eq!(after(name, Event::StopRequested), stopped, "stop {name:?}");
        assert_eq!(after(name, Event::DeleteRequested), Deleting, "delete {name:?}");
    }
}

#[test]
fn observations_are_believed_unless_it_goes_away() {
    for name in ALL {
        for told in ALL {
            let expected = if name == Deleting { Deleting } else { told };
            assert_eq!(after(name, seen(told)), expected, "{name:?} sees {told:?}");
        }
    }
}

#[test]
fn end_of_the_last_run_is_ignored_from_the_request_until_the_runtime_begins() {
    let mut course = course(Failed);
    let _ = step(&mut course, Event::StartRequested);
    for old in [Stopping, Stopped, Failed] {
        assert_eq!(sees(&mut course, old), Pending, "{old:?}");
    }
    assert_eq!(sees(&mut course, Pending), Pending);
    assert_eq!(sees(&mut course, Failed), Failed, "this run's own end");
}

#[test]
fn start_that_the_runtime_has_begun_shows_what_it_told_last() {
    let mut course = course(Stopped);
    let _ = step(&mut course, Event::StartRequested);
    assert_eq!(sees(&mut course, Failed), Pending, "maybe it is old");
    let _ = step(&mut course, Event::StartHeard);
    assert_eq!(course.phase().name, Failed);
    let _ = step(&mut course, Event::StartHeard);
    assert_eq!(sees(&mut course, Stopped), Stopped);
}

#[test]
fn stop_is_over_when_the_runtime_says_so() {
    let mut course = course(Starting);
    let stop = asks(&mut course, Event::StopRequested);
    for old in [Cloning, Ready, Failed, Stopped] {
        assert_eq!(sees(&mut course, old), Stopping, "{old:?} was seen before the stop");
    }
    let _ = step(&mut course, Event::StopHeard(stop));
    assert_eq!(course.phase().name, Stopped);

    let _ = sees(&mut course, Starting);
    let _ = step(&mut course, Event::StopRequested);
    assert_eq!(sees(&mut course, Stopping), Stopping);
    assert_eq!(sees(&mut course, Starting), Starting, "another replica wants it again");
}

#[test]
fn process_that_ends_while_it_is_stopped_is_no_failure() {
    let mut course = course(Ready);
    let stop = asks(&mut course, Event::StopRequested);
    let _ = sees(&mut course, Failed);
    let _ = step(&mut course, Event::StopHeard(stop));
    assert_eq!((course.phase().name, &course.phase().failure), (Stopped, &None));
}

#[test]
fn end_of_an_earlier_stop_moves_nothing() {
    let mut course = course(Ready);
    let first = asks(&mut course, Event::StopRequested);
    let _ = sees(&mut course, Stopping);
    let _ = sees(&mut course, Ready);
    let second = asks(&mut course, Event::StopRequested);
    let _ = step(&mut course, Event::StopHeard(first));
    let _ = step(&mut course, not_done(first, None));
    assert_eq!(course.phase().name, Stopping);
    let delete = asks(&mut course, Event::DeleteRequested);
    let _ = step(&mut course, not_done(second, Some(failure("no"))));
    assert_eq!(course.phase().name, Deleting);
    let _ = step(&mut course, not_done(delete, None));
    assert_eq!(course.phase().name, Ready);
}

#[test]
fn refused_request_leaves_the_session_as_it_was_with_a_message() {
    let mut course = course(Starting);
    let before = course.phase().clone();
    let stop = asks(&mut course, Event::StopRequested);
    let _ = step(&mut course, not_done(stop, Some(failure("Try again."))));
    let expected = Phase { message: Some("Try again.".to_owned()), ..before.clone() };
    assert_eq!(course.phase(), &expected, "it goes on since it began");

    let _ = sees(&mut course, Starting);
    let stop = asks(&mut course, Event::StopRequested);
    let _ = step(&mut course, not_done(stop, None));
    assert_eq!(course.phase(), &before, "another replica objected");
}

#[test]
fn run_that_became_ready_during_a_refused_stop_is_held() {
    let mut course = course(Starting);
    let stop = asks(&mut course, Event::StopRequested);
    assert!(step(&mut course, seen(Ready)).run_begun);
    assert_eq!(course.phase().name, Stopping);
    let _ = step(&mut course, not_done(stop, Some(failure("no"))));
    assert_eq!(course.phase().name, Ready);
}

#[test]
fn what_the_runtime_has_begun_is_not_undone_and_without_a_run_it_failed() {
    let mut course = course(Ready);
    let stop = asks(&mut course, Event::StopRequested);
    let _ = sees(&mut course, Stopping);
    let _ = step(&mut course, not_done(stop, Some(failure("no"))));
    assert_eq!(course.phase().name, Stopping, "the leader goes on with it");

    let _ = sees(&mut course, Stopped);
    let delete = asks(&mut course, Event::DeleteRequested);
    let _ = step(&mut course, not_done(delete, Some(failure("no"))));
    assert_eq!(course.phase().name, Failed);
}

#[test]
fn late_objection_does_not_undo_the_next_request() {
    let mut course = course(Ready);
    let stop = asks(&mut course, Event::StopRequested);
    let _ = sees(&mut course, Stopping);
    let _ = sees(&mut course, Stopped);
    let _ = step(&mut course, Event::StartRequested);
    assert!(!step(&mut course, not_done(stop, None)).changed);
    assert_eq!(course.phase().name, Pending);
}

#[test]
fn phase_keeps_its_beginning_and_repetition_changes_nothing() {
    let mut course = course(Cloning);
    let more = Observation { percent: Some(40), since: Some(at(0)), ..Observation::of(Cloning) };
    assert!(course.step(Event::Observed(more.clone(), None), at(5)).changed);
    assert_eq!((course.phase().since, course.phase().percent), (at(1), Some(40)));
    assert!(!course.step(Event::Observed(more, None), at(6)).changed);
}

#[test]
fn ready_begins_when_it_is_first_seen_unless_the_record_tells() {
    let mut fresh = course(Starting);
    let effects = fresh.step(seen(Ready), at(7));
    assert_eq!((fresh.phase().since, effects.usable_since), (at(7), Some(at(7))));

    let told = |second| Event::Observed(Observation { since: Some(at(second)), ..Observation::of(Ready) }, Some(RUN));
    let mut taken_over = course(Starting);
    let effects = taken_over.step(told(1), at(7));
    assert_eq!((taken_over.phase().since, effects.usable_since), (at(1), Some(at(1))));
    let mut ahead = course(Starting);
    let _ = ahead.step(told(9), at(7));
    assert_eq!(ahead.phase().since, at(7), "another clock");
}

#[test]
fn each_run_begins_and_ends_once() {
    let mut course = course(Starting);
    let effects = step(&mut course, seen(Ready));
    assert!(effects.run_begun && !effects.run_over);
    let effects = step(&mut course, seen(Ready));
    assert!(!effects.run_begun && !effects.run_over);
    let next = course.step(Event::Observed(Observation::of(Ready), Some(RunId(2))), at(9));
    assert!(next.run_begun && next.run_over);
    assert_eq!(course.phase().since, at(9), "it is another run");
    assert!(!step(&mut course, Event::StopRequested).run_over, "its streams end with its server");
    assert!(!step(&mut course, seen(Stopping)).run_over);
    assert!(step(&mut course, seen(Stopped)).run_over);
    assert!(!step(&mut course, Event::Gone).run_over);
}

#[test]
fn ended_start_is_not_joined_and_its_waiters_get_its_own_end() {
    let joins = |course: &mut Course| step(course, Event::StartRequested);
    let mut course = course(Stopped);
    assert!(matches!(joins(&mut course).joined, Some(Joined::New)));
    let _ = step(&mut course, Event::StartBegun);
    assert!(matches!(joins(&mut course).joined, Some(Joined::UnderWay)));
    let _ = step(&mut course, Event::StartFailed(failure("no")));
    let effects = joins(&mut course);
    assert!(matches!(effects.joined, Some(Joined::New)));
    assert!(matches!(&effects.start_ended, Some(Outcome::Failed(failure)) if failure.message == "no"));
    let ended = step(&mut course, Event::StopRequested).start_ended;
    assert!(matches!(ended, Some(Outcome::Stopped)));
    assert!(!course.is_awaited());
}

#[test]
fn start_that_is_given_up_is_joined_until_it_says_why() {
    let mut course = course(Stopped);
    for event in [Event::StartRequested, Event::StartBegun, seen(Starting), Event::StartTooSlow, seen(Stopped)] {
        let _ = step(&mut course, event);
    }
    assert!(matches!(step(&mut course, Event::StartRequested).joined, Some(Joined::UnderWay)));
    assert!(step(&mut course, Event::StartFailed(failure("too slow"))).changed);
}

#[test]
fn failed_attempt_ends_nothing_that_is_ready() {
    let mut course = course(Stopped);
    for event in [Event::StartRequested, Event::StartBegun, seen(Ready), Event::StartFailed(failure("no"))] {
        let _ = step(&mut course, event);
    }
    assert_eq!(course.phase().name, Ready);
}

#[test]
fn pending_start_tells_its_place_in_the_queue() {
    let mut course = course(Stopped);
    let told = |course: &Course| course.phase().message.clone();
    let queued = |text: &str| Event::StartQueued(Some(text.to_owned()));
    for event in [Event::StartRequested, Event::StartBegun, queued("second in line")] {
        let _ = step(&mut course, event);
    }
    let _ = step(&mut course, seen(Pending));
    assert_eq!(told(&course).as_deref(), Some("second in line"), "news of the same phase do not hide it");
    let _ = step(&mut course, Event::StartQueued(None));
    assert_eq!(told(&course), None);
    let _ = step(&mut course, queued("first in line"));
    let _ = step(&mut course, seen(Cloning));
    let _ = step(&mut course, seen(Pending));
    assert_eq!(told(&course), None, "a place in the queue is left once");
}
