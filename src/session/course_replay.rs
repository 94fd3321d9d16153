//! Random sequences on two replicas: requests, steps of the runtime, and news that arrive late, twice or never.

use proptest::prelude::*;

use super::course_event::{Event, Joined, RequestNumber, RunId};
use super::course_model::{Item, Replica, Task, Truth, at};
use super::phase::PhaseName::*;
use super::{Failure, Reason};

#[derive(Clone, Copy, Debug)]
enum Act {
    Start(usize),
    Stop(usize),
    Delete(usize),
    /// Stores the replica's oldest request.
    Write(usize),
    /// Refuses it.
    Refuse(usize),
    /// The runtime takes its next step.
    Progress,
    /// The run fails.
    Crash,
    Hear(usize),
    HearTwice(usize),
    Lose(usize),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let on = 0..2usize;
    let act = prop_oneof![
        3 => on.clone().prop_map(Act::Start),
        2 => on.clone().prop_map(Act::Stop),
        1 => on.clone().prop_map(Act::Delete),
        6 => on.clone().prop_map(Act::Write),
        1 => on.clone().prop_map(Act::Refuse),
        8 => Just(Act::Progress),
        1 => Just(Act::Crash),
        8 => on.clone().prop_map(Act::Hear),
        1 => on.clone().prop_map(Act::HearTwice),
        1 => on.prop_map(Act::Lose),
    ];
    prop::collection::vec(act, 0..60)
}

struct World {
    truth: Truth,
    replicas: [Replica; 2],
    starts: u64,
    second: i64,
}

impl World {
    fn new() -> Self {
        Self { truth: Truth::default(), replicas: [Replica::new(), Replica::new()], starts: 0, second: 1 }
    }

    fn act(&mut self, act: Act) {
        self.second += 1;
        match act {
            Act::Start(on) | Act::Stop(on) | Act::Delete(on) if self.replicas[on].gone => {}
            Act::Start(on) => self.start(on),
            Act::Stop(on) => self.stop(on),
            Act::Delete(on) => {
                let request = self.replicas[on].take(&Event::DeleteRequested, at(self.second)).request;
                self.replicas[on].tasks.push_back(Task::Delete(request));
            }
            Act::Write(on) => self.write(on),
            Act::Refuse(on) => self.refuse(on),
            Act::Progress => self.progress(),
            Act::Crash => {
                if let Some((run, name)) = self.truth.pod.filter(|_| self.truth.wanted && !self.truth.deleting) {
                    let crashes = run == self.truth.run && name != Failed;
                    self.change(|truth| truth.pod = Some((run, if crashes { Failed } else { name })));
                }
            }
            Act::Hear(on) => self.hear(on),
            Act::HearTwice(on) => {
                let first = self.replicas[on].items.front().cloned();
                if let Some(Item::News(news)) = first {
                    self.replicas[on].items.push_front(Item::News(news));
                }
                self.hear(on);
                self.hear(on);
            }
            Act::Lose(on) => self.lose(on),
        }
    }

    fn start(&mut self, on: usize) {
        self.starts += 1;
        let (number, now, replica) = (self.starts, at(self.second), &mut self.replicas[on]);
        let known = replica.heard_run;
        let effects = replica.take(&Event::StartRequested, now);
        if matches!(effects.joined, Some(Joined::New)) {
            replica.start = Some(number);
            replica.tasks.push_back(Task::Start(number));
        }
        if effects.changed {
            replica.asked_after = Some(known);
        }
    }

    fn stop(&mut self, on: usize) {
        let replica = &mut self.replicas[on];
        let effects = replica.take(&Event::StopRequested, at(self.second));
        replica.start = None;
        if effects.changed {
            replica.stop_written = Some(u64::MAX);
            replica.tasks.push_back(Task::Stop(effects.request));
        }
    }

    /// Changes the truth, and sends it to both replicas.
    fn change(&mut self, change: impl FnOnce(&mut Truth)) {
        change(&mut self.truth);
        self.truth.version += 1;
        let news = self.truth.shown();
        for replica in &mut self.replicas {
            if !self.truth.gone {
                replica.items.push_back(Item::News(news.clone()));
            }
            // A stop is over when nothing runs, or when a run is requested again.
            if self.truth.pod.is_none() || self.truth.wanted && !self.truth.deleting {
                replica.items.extend(replica.stops.drain(..).map(Item::Stopped));
            }
        }
    }

    fn write(&mut self, on: usize) {
        let now = at(self.second);
        let Some(task) = self.replicas[on].tasks.pop_front() else { return };
        match task {
            Task::Start(number) if self.replicas[on].start == Some(number) => {
                if self.replicas[on].name() == Stopping {
                    self.replicas[on].tasks.push_back(task);
                    return;
                }
                self.begin(on);
                if self.truth.deleting {
                    let failure = Failure::new(Reason::RuntimeError, "There is no such session any more.");
                    let _ = self.replicas[on].take(&Event::StartFailed(failure), now);
                } else if self.replicas[on].name().is_starting() {
                    self.change(Truth::want_run);
                    self.replicas[on].items.push_back(Item::Started(number));
                }
                self.replicas[on].leave_ended_start(true, now);
            }
            Task::Start(_) => {}
            Task::Stop(request) => {
                if self.replicas[on].name() != Stopping {
                    return;
                }
                self.replicas[on].stops.push(request);
                let deleting = self.truth.deleting;
                self.change(|truth| (truth.wanted, truth.start_failed) = (truth.wanted && deleting, false));
                let replica = &mut self.replicas[on];
                replica.stop_written = replica.stop_written.map(|_| self.truth.version);
            }
            Task::Delete(_) => self.change(|truth| truth.deleting = true),
        }
    }

    fn begin(&mut self, on: usize) {
        let replica = &mut self.replicas[on];
        let known = replica.heard_run;
        if replica.take(&Event::StartBegun, at(self.second)).changed {
            replica.asked_after = Some(known);
        }
    }

    fn refuse(&mut self, on: usize) {
        let now = at(self.second);
        let refused = Failure::new(Reason::RuntimeError, "Try again.");
        let Some(task) = self.replicas[on].tasks.front().copied() else { return };
        let (request, start) = match task {
            Task::Stop(request) | Task::Delete(request) => (request, None),
            Task::Start(number) => (RequestNumber::default(), Some(number)),
        };
        if start.is_some() {
            // The refusal is stored if nothing runs.
            let here = self.replicas[on].start == start && self.replicas[on].name() != Stopping;
            if here && self.truth.pod.is_none() && !self.truth.deleting {
                self.replicas[on].tasks.pop_front();
                self.begin(on);
                self.change(|truth| (truth.wanted, truth.start_failed) = (false, true));
                let _ = self.replicas[on].take(&Event::StartFailed(refused), now);
                self.replicas[on].leave_ended_start(true, now);
            }
            return;
        }
        self.replicas[on].tasks.pop_front();
        let _ = self.replicas[on].take(&Event::NotDone { request, failure: Some(refused), serves: true }, now);
        // The next refresh reports the current state.
        self.change(|_| ());
    }

    fn progress(&mut self) {
        if self.truth.deleting && self.truth.pod.is_none() {
            if !std::mem::replace(&mut self.truth.gone, true) {
                self.replicas.iter_mut().for_each(|replica| replica.items.push_back(Item::Gone));
            }
            return;
        }
        self.change(Truth::progress);
    }

    fn hear(&mut self, on: usize) {
        let now = at(self.second);
        let replica = &mut self.replicas[on];
        let Some(item) = replica.items.pop_front() else { return };
        let begun = !replica.tasks.iter().any(|task| matches!(task, Task::Start(_)));
        match item {
            Item::News(news) => replica.observe(&news, now),
            Item::Started(number) if replica.start == Some(number) => {
                replica.asked_after = None;
                let _ = replica.take(&Event::StartHeard, now);
            }
            Item::Started(_) => {}
            Item::Stopped(request) => {
                let _ = replica.take(&Event::StopHeard(request), now);
            }
            Item::Gone => {
                let _ = replica.take(&Event::Gone, now);
                replica.tasks.clear();
                replica.gone = true;
            }
        }
        replica.leave_ended_start(begun, now);
    }

    fn lose(&mut self, on: usize) {
        let shown = self.truth.shown();
        let replica = &mut self.replicas[on];
        let before = replica.items.len();
        replica.items.retain(|item| !matches!(item, Item::News(_)));
        if replica.items.len() < before && !self.truth.gone {
            replica.items.push_front(Item::News(shown));
        }
    }

    /// Stores every request, lets the runtime finish, and delivers all news to both replicas.
    fn settle(&mut self) {
        for _ in 0..12 {
            for on in 0..2 {
                for _ in 0..self.replicas[on].tasks.len() {
                    self.act(Act::Write(on));
                }
            }
            for _ in 0..5 {
                self.act(Act::Progress);
            }
            for on in 0..2 {
                while !self.replicas[on].items.is_empty() {
                    self.act(Act::Hear(on));
                }
            }
        }
        assert!(self.replicas.iter().all(|replica| replica.tasks.is_empty()), "every request was carried out");
    }

    fn both_show_the_truth(&self) {
        let truth = self.truth.shown();
        for replica in &self.replicas {
            assert_eq!(replica.name(), truth.name);
            let run = truth.pod.filter(|_| truth.name == Ready).map(|pod| RunId(usize::try_from(pod).unwrap()));
            if truth.name != Deleting {
                assert_eq!(replica.held, run);
            }
            assert!(!replica.course.is_requested() && !replica.course.is_awaited());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn replicas_show_the_truth_when_all_news_are_heard(acts in acts()) {
        let mut world = World::new();
        acts.into_iter().for_each(|act| world.act(act));
        world.settle();
        world.both_show_the_truth();
    }
}
