//! The queue for places to start. Owners take turns: an owner with many waiting starts does not delay another's first.
//!
//! Clones and wakes have places of their own, because a clone can take minutes. The last free place of each kind goes to
//! an owner without one, so one owner never holds them all.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::session::Email;

/// The kind of a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StartKind {
    /// The first one, which may clone a repository.
    First,
    /// A later one, with files.
    Wake,
}

/// A place in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Waits.
    Waits {
        /// The number of starts before this one, and this one.
        position: usize,
        /// The expected wait; `None` before the first start has ended.
        expected: Option<Duration>,
    },
    /// It may start.
    Now,
}

/// The queue.
pub(super) struct StartQueue {
    pools: [Mutex<Pool>; 2],
    /// Places of each kind.
    places: Box<dyn Fn() -> usize + Send + Sync>,
}

/// The places of one kind of start.
#[derive(Default)]
struct Pool {
    held: HashMap<Email, usize>,
    waiting: Vec<Waiter>,
    /// Arrivals so far.
    arrivals: u64,
    /// How long a place is held, on average. Recent ones count more.
    usual: Option<Duration>,
}

struct Waiter {
    number: u64,
    owner: Email,
    turn: watch::Sender<Turn>,
}

impl Pool {
    fn in_use(&self) -> usize {
        self.held.values().sum()
    }

    fn held_by(&self, owner: &Email) -> usize {
        self.held.get(owner).copied().unwrap_or_default()
    }

    /// Sorts the waiters by turn: first those whose owner holds or has before them the fewest places.
    fn sort(&mut self) {
        let mut ahead = self.held.clone();
        let mut keys = HashMap::new();
        self.waiting.sort_by_key(|waiter| waiter.number);
        for waiter in &self.waiting {
            let ahead = ahead.entry(waiter.owner.clone()).or_default();
            keys.insert(waiter.number, (*ahead, waiter.number));
            *ahead += 1;
        }
        self.waiting.sort_by_key(|waiter| keys.get(&waiter.number).copied());
    }

    /// Gives free places to waiters, and tells the others their position.
    fn advance(&mut self, places: usize) {
        self.sort();
        while let Some(first) = self.waiting.first() {
            let free = places.saturating_sub(self.in_use());
            let spare = if places > 1 && self.held_by(&first.owner) > 0 { 1 } else { 0 };
            if free <= spare {
                break;
            }
            let Waiter { owner, turn, .. } = self.waiting.remove(0);
            *self.held.entry(owner).or_default() += 1;
            turn.send_replace(Turn::Now);
            self.sort();
        }
        for (index, waiter) in self.waiting.iter().enumerate() {
            let rounds = u32::try_from(index / places.max(1) + 1).unwrap_or(u32::MAX);
            let expected = self.usual.map(|usual| usual.saturating_mul(rounds));
            let turn = Turn::Waits { position: index + 1, expected };
            waiter.turn.send_if_modified(|told| std::mem::replace(told, turn) != turn);
        }
    }

    fn give_back(&mut self, owner: &Email) {
        if let Some(held) = self.held.get_mut(owner) {
            *held -= 1;
            if *held == 0 {
                self.held.remove(owner);
            }
        }
    }

    fn learn(&mut self, held: Duration) {
        self.usual = Some(self.usual.map_or(held, |usual| (usual * 3 + held) / 4));
    }
}

impl StartQueue {
    /// A queue with this number of places of each kind, which may change.
    pub(super) fn new(places: impl Fn() -> usize + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { pools: Default::default(), places: Box::new(places) })
    }

    /// Joins the queue. Dropping the value leaves it, or gives its place back.
    pub(super) fn join(self: &Arc<Self>, owner: &Email, kind: StartKind) -> QueuedStart {
        let turn = watch::Sender::new(Turn::Waits { position: 0, expected: None });
        let mut pool = self.pool(kind).lock();
        pool.arrivals += 1;
        let number = pool.arrivals;
        let watch = turn.subscribe();
        pool.waiting.push(Waiter { number, owner: owner.clone(), turn });
        pool.advance((self.places)());
        drop(pool);
        QueuedStart { queue: self.clone(), kind, owner: owner.clone(), number, turn: watch, since: None }
    }

    fn pool(&self, kind: StartKind) -> &Mutex<Pool> {
        &self.pools[kind as usize]
    }
}

/// A start in the queue, then with a place.
pub(super) struct QueuedStart {
    queue: Arc<StartQueue>,
    kind: StartKind,
    owner: Email,
    number: u64,
    turn: watch::Receiver<Turn>,
    /// Since when it has a place.
    since: Option<Instant>,
}

impl QueuedStart {
    /// Waits for the turn. Tells each position on the way.
    pub(super) async fn turn(&mut self, mut tell: impl FnMut(Turn)) {
        loop {
            let turn = *self.turn.borrow_and_update();
            if turn == Turn::Now {
                self.since = Some(Instant::now());
                return;
            }
            tell(turn);
            // The queue keeps the sender until it is this start's turn.
            let _ = self.turn.changed().await;
        }
    }
}

impl Drop for QueuedStart {
    fn drop(&mut self) {
        let mut pool = self.queue.pool(self.kind).lock();
        let waits = pool.waiting.len();
        pool.waiting.retain(|waiter| waiter.number != self.number);
        if pool.waiting.len() == waits {
            pool.give_back(&self.owner);
            self.since.into_iter().for_each(|since| pool.learn(since.elapsed()));
        }
        pool.advance((self.queue.places)());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn email(name: &str) -> Email {
        Email::parse(&format!("{name}@x")).unwrap()
    }

    fn queue(places: usize) -> Arc<StartQueue> {
        StartQueue::new(move || places)
    }

    fn join(queue: &Arc<StartQueue>, owner: &str) -> QueuedStart {
        queue.join(&email(owner), StartKind::First)
    }

    fn position(start: &QueuedStart) -> usize {
        match *start.turn.borrow() {
            Turn::Waits { position, .. } => position,
            Turn::Now => 0,
        }
    }

    #[test]
    fn owner_with_many_starts_delays_nobody_elses_first() {
        let queue = queue(4);
        let anns: Vec<_> = (0..10).map(|_| join(&queue, "ann")).collect();
        assert_eq!(anns.iter().filter(|start| position(start) == 0).count(), 3, "one place is left for others");
        let bob = join(&queue, "bob");
        assert_eq!(position(&bob), 0);
        let (bobs_second, carl) = (join(&queue, "bob"), join(&queue, "carl"));
        assert_eq!((position(&carl), position(&bobs_second)), (1, 2), "before the seven of ann");
        drop(anns);
        assert_eq!((position(&carl), position(&bobs_second)), (0, 0));
    }

    #[test]
    fn wakes_do_not_wait_for_clones() {
        let queue = queue(1);
        let clone = join(&queue, "ann");
        let (second, wake) = (join(&queue, "ann"), queue.join(&email("ann"), StartKind::Wake));
        assert_eq!((position(&clone), position(&second), position(&wake)), (0, 1, 0));
    }

    #[test]
    fn starts_of_one_owner_are_in_order_and_leavers_are_skipped() {
        let queue = queue(1);
        let mut starts: Vec<_> = (0..5).map(|_| join(&queue, "ann")).collect();
        assert_eq!(starts.iter().map(position).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        drop(starts.remove(1));
        assert_eq!(starts.iter().map(position).collect::<Vec<_>>(), [0, 1, 2, 3]);
        drop(starts.remove(0));
        assert_eq!(starts.iter().map(position).collect::<Vec<_>>(), [0, 1, 2]);
        drop(starts);
        let pool = queue.pool(StartKind::First).lock();
        assert!(pool.held.is_empty() && pool.waiting.is_empty());
    }

    #[tokio::test]
    async fn expected_wait_follows_from_earlier_starts() {
        let queue = queue(2);
        queue.pool(StartKind::First).lock().learn(Duration::from_secs(8));
        let _held = [join(&queue, "ann"), join(&queue, "bob")];
        let waiting: Vec<_> = (0..3).map(|_| join(&queue, "carl")).collect();
        let expected = waiting.iter().map(|start| *start.turn.borrow());
        let expected: Vec<_> = expected
            .map(|turn| matches!(turn, Turn::Waits { expected: Some(wait), .. } if wait.as_secs() == 8))
            .collect();
        assert_eq!(expected, [true, true, false]);
    }
}
