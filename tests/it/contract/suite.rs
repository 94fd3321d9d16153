//! A test for each promise of the runtime trait.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::TryStreamExt;
use jiff::Timestamp;
use opencode_router::runtime::{LogRange, News, Runtime, Sighting};
use opencode_router::session::{
    AgentNote, Email, Failure, Memo, Origin, PhaseName, Reason, SessionId, SessionKey, Spec,
};
use tokio::sync::mpsc::Receiver;

use super::on_run::OnRun;
pub use super::record_promises::*;
use crate::support::condition::in_time;

/// A runtime with room for the sessions of one test.
#[async_trait]
pub trait Place: Send + Sync {
    fn runtime(&self) -> Arc<dyn Runtime>;
    /// Ends a session's server from outside.
    async fn break_server(&self, id: SessionId);
}

/// The promises of the contract, on a place; `ignored` for one that needs what not every machine has.
macro_rules! run_on {
    ($place:expr) => {
        $crate::contract::suite::run_on!($place, cfg_attr(false, ignore));
    };
    ($place:expr, $attribute:meta) => {
        $crate::contract::suite::tests_on!($place, $attribute;
            a_session_is_created_once_and_does_not_run,
            of_many_who_create_it_at_once_one_did,
            a_start_leads_to_ready_and_a_second_one_changes_nothing,
            a_stop_ends_the_run_and_the_next_start_is_another_run,
            everything_on_a_run_ends_with_it,
            a_server_that_ends_by_itself_is_a_failure_that_can_be_retried,
            a_delete_takes_everything_and_may_be_repeated,
            what_is_used_or_changed_is_not_deleted_as_unused,
            what_is_unknown_is_left_alone,
            edits_made_at_once_are_all_kept,
            profile_of_a_session_can_change,
            what_was_checked_out_is_kept,
            each_user_has_secrets_and_edits_made_at_once_are_all_kept,
            prompts_are_kept_and_all_senders_use_one_id,
            a_start_and_a_stop_forget_what_belongs_to_one_run,
            many_starts_at_once_are_one);
    };
}
macro_rules! tests_on {
    ($place:expr, $attribute:meta; $($name:ident),*) => {
        $(#[tokio::test(flavor = "multi_thread")]
        #[$attribute]
        async fn $name() {
            $crate::contract::suite::$name(&$place).await;
        })*
    };
}
pub(crate) use {run_on, tests_on};

pub(super) fn spec() -> Spec {
    let key = SessionKey { owner: Email::parse("dev@localhost").unwrap(), origin: Origin::new_project() };
    Spec { key, source_branch: None, created_at: Timestamp::from_second(1_800_000_000).unwrap() }
}

fn memo() -> Memo {
    Memo::new(Timestamp::from_second(1_800_000_001).unwrap())
}

/// A watched runtime with one session.
pub(super) struct Stage {
    pub(super) runtime: Arc<dyn Runtime>,
    news: Receiver<News>,
    spec: Spec,
    pub(super) id: SessionId,
}

impl Stage {
    pub(super) async fn set(place: &impl Place) -> Self {
        let runtime = place.runtime();
        let mut news = runtime.watch().await;
        match in_time("a snapshot", news.recv()).await {
            Some(News::Snapshot(all)) => assert!(all.is_empty()),
            other => panic!("the first news is no snapshot: {other:?}"),
        }
        let spec = spec();
        assert!(runtime.create(&spec, &memo()).await.unwrap(), "it is new");
        Self { runtime, news, id: spec.id(), spec }
    }

    /// Every phase up to `last`, with its sighting.
    async fn until(&mut self, last: PhaseName) -> (Vec<PhaseName>, Sighting) {
        let mut seen = Vec::new();
        loop {
            match in_time(&format!("{last:?} after {seen:?}"), self.news.recv()).await {
                Some(News::Seen(sighting)) if sighting.spec.id() == self.id => {
                    assert_eq!(
                        sighting.run.is_some(),
                        sighting.phase.name == PhaseName::Ready,
                        "a server exactly while ready"
                    );
                    assert_eq!(sighting.spec, self.spec);
                    seen.push(sighting.phase.name);
                    if sighting.phase.name == last {
                        return (seen, sighting);
                    }
                    let over = matches!(sighting.phase.name, PhaseName::Failed | PhaseName::Stopped);
                    assert!(!over || last == PhaseName::Stopped, "{:?} instead of {last:?}", sighting.phase);
                }
                other => panic!("unexpected news: {other:?}"),
            }
        }
    }

    pub(super) async fn ready(&mut self) -> Sighting {
        self.runtime.start(self.id).await.unwrap();
        self.until(PhaseName::Ready).await.1
    }

    pub(super) async fn end(self) {
        self.runtime.delete(self.id).await.unwrap();
    }
}

pub async fn a_session_is_created_once_and_does_not_run(place: &impl Place) {
    let mut stage = Stage::set(place).await;
    let other = Memo { title: Some("another".into()), profile: Some("other".into()), ..memo() };
    assert!(!stage.runtime.create(&stage.spec, &other).await.unwrap(), "it is there already");
    let sighting = stage.ready().await;
    assert_eq!(sighting.memo.title, memo().title, "a session that exists stays as it is");
    assert_eq!(sighting.memo.profile, None);
    stage.end().await;
}

pub async fn of_many_who_create_it_at_once_one_did(place: &impl Place) {
    let runtime = place.runtime();
    let mut news = runtime.watch().await;
    assert!(matches!(in_time("a snapshot", news.recv()).await, Some(News::Snapshot(all)) if all.is_empty()));
    let spec = spec();
    let creates = (0..8).map(|number| {
        let (runtime, spec) = (runtime.clone(), spec.clone());
        let memo = Memo { title: Some(format!("by {number}")), ..memo() };
        tokio::spawn(async move { runtime.create(&spec, &memo).await.unwrap().then_some(memo) })
    });
    let created: Vec<_> =
        futures_util::future::join_all(creates).await.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(created.len(), 1, "{created:?}");
    let mut stage = Stage { runtime, news, id: spec.id(), spec };
    assert_eq!(stage.ready().await.memo.title, created[0].title, "what the one who made it wrote down");
    stage.end().await;
}

pub async fn a_start_leads_to_ready_and_a_second_one_changes_nothing(place: &impl Place) {
    let mut stage = Stage::set(place).await;
    stage.runtime.start(stage.id).await.unwrap();
    let (phases, sighting) = stage.until(PhaseName::Ready).await;
    assert_eq!(phases.first(), Some(&PhaseName::Pending));
    assert!(phases[..phases.len() - 1].iter().all(|phase| phase.is_starting()), "{phases:?}");
    assert!(sighting.run.is_some());
    stage.runtime.start(stage.id).await.unwrap();
    stage.runtime.edit(stage.id, &mut |_| {}).await.unwrap();
    assert!(stage.news.try_recv().is_err(), "nothing new is seen");
    stage.end().await;
}

pub async fn a_stop_ends_the_run_and_the_next_start_is_another_run(place: &impl Place) {
    let mut stage = Stage::set(place).await;
    let first = stage.ready().await.run.unwrap();
    stage.runtime.stop(stage.id).await.unwrap();
    stage.until(PhaseName::Stopped).await;
    let log = stage.runtime.logs(stage.id, LogRange { tail: 100, follow: false }).await.unwrap();
    let log: Vec<_> = log.try_collect().await.unwrap();
    assert!(!log.is_empty(), "a run leaves a log");
    let second = stage.ready().await.run.unwrap();
    assert!(!Arc::ptr_eq(&first, &second), "each run has a server of its own");
    stage.end().await;
}

pub async fn everything_on_a_run_ends_with_it(place: &impl Place) {
    let mut stage = Stage::set(place).await;
    let run = stage.ready().await.run.unwrap();
    let waits = OnRun::begin(&run).await;
    stage.runtime.stop(stage.id).await.unwrap();
    stage.until(PhaseName::Stopped).await;
    waits.end(&run).await;

    let run = stage.ready().await.run.unwrap();
    let waits = OnRun::begin(&run).await;
    place.break_server(stage.id).await;
    stage.until(PhaseName::Failed).await;
    waits.end(&run).await;
    stage.end().await;
}

pub async fn a_server_that_ends_by_itself_is_a_failure_that_can_be_retried(place: &impl Place) {
    let mut stage = Stage::set(place).await;
    stage.ready().await;
    place.break_server(stage.id).await;
    let (_, sighting) = stage.until(PhaseName::Failed).await;
    let failure = sighting.phase.failure.expect("a failure says why");
    assert!(!failure.message.is_empty());
    stage.ready().await;
    stage.end().await;
}

pub async fn a_delete_takes_everything_and_may_be_repeated(place: &impl Place) {
    let mut stage = Stage::set(place).await;
    stage.ready().await;
    stage.runtime.delete(stage.id).await.unwrap();
    loop {
        match in_time("it is gone", stage.news.recv()).await {
            Some(News::Gone(id)) => break assert_eq!(id, stage.id),
            Some(News::Seen(sighting)) => {
                let name = sighting.phase.name;
                assert!(matches!(name, PhaseName::Stopping | PhaseName::Stopped | PhaseName::Deleting), "{name:?}");
            }
            other => panic!("unexpected news: {other:?}"),
        }
    }
    stage.runtime.delete(stage.id).await.unwrap();
    assert!(stage.runtime.start(stage.id).await.is_err(), "what is gone does not start");
}

pub async fn what_is_used_or_changed_is_not_deleted_as_unused(place: &impl Place) {
    let mut stage = Stage::set(place).await;
    let (runtime, id) = (stage.runtime.clone(), stage.id);
    let revision = async || runtime.edit(id, &mut |_| {}).await.unwrap().unwrap().revision;
    let before = revision().await;
    runtime.edit(id, &mut |memo| memo.title = Some("changed".to_owned())).await.unwrap();
    assert!(!runtime.delete_unused(id, before).await.unwrap(), "it was changed");
    stage.ready().await;
    assert!(!runtime.delete_unused(id, revision().await).await.unwrap(), "it runs");
    assert!(stage.news.try_recv().is_err(), "nothing happened");
    place.break_server(id).await;
    stage.until(PhaseName::Failed).await;
    assert!(runtime.delete_unused(id, revision().await).await.unwrap(), "nobody uses it");
    assert!(runtime.edit(id, &mut |_| {}).await.unwrap().is_none(), "it is gone");
    assert!(runtime.delete_unused(id, 0).await.unwrap(), "as it was before");
}

pub async fn what_is_unknown_is_left_alone(place: &impl Place) {
    let stage = Stage::set(place).await;
    let nobody = spec().id();
    stage.runtime.stop(nobody).await.unwrap();
    stage.runtime.delete(nobody).await.unwrap();
    assert!(stage.runtime.edit(nobody, &mut |_| {}).await.unwrap().is_none());
    assert!(stage.runtime.start(nobody).await.is_err());
    let log = stage.runtime.logs(nobody, LogRange { tail: 9, follow: false }).await.unwrap();
    assert!(log.try_collect::<Vec<_>>().await.unwrap().is_empty());
    stage.end().await;
}

pub async fn a_start_and_a_stop_forget_what_belongs_to_one_run(place: &impl Place) {
    let mut stage = Stage::set(place).await;
    let note = &mut |memo: &mut Memo| {
        memo.title = Some("kept".to_owned());
        memo.failure = Some(Failure::new(Reason::StartTimeout, "too slow"));
        memo.agent = Some(AgentNote::default());
        memo.closing = true;
    };
    stage.runtime.edit(stage.id, note).await.unwrap();
    let memo = stage.ready().await.memo;
    assert_eq!((memo.title.as_deref(), memo.failure, memo.agent, memo.closing), (Some("kept"), None, None, false));
    let revision = stage.runtime.edit(stage.id, note).await.unwrap().unwrap().revision;
    assert!(revision > memo.revision);
    stage.runtime.stop(stage.id).await.unwrap();
    let memo = stage.until(PhaseName::Stopped).await.1.memo;
    assert_eq!((memo.title.as_deref(), memo.failure, memo.agent, memo.closing), (Some("kept"), None, None, false));
    stage.end().await;
}

pub async fn many_starts_at_once_are_one(place: &impl Place) {
    let mut stage = Stage::set(place).await;
    let starts = (0..20).map(|_| stage.runtime.start(stage.id));
    for start in futures_util::future::join_all(starts).await {
        start.unwrap();
    }
    let (phases, _) = stage.until(PhaseName::Ready).await;
    assert_eq!(phases.iter().filter(|phase| **phase == PhaseName::Pending).count(), 1, "{phases:?}");
    stage.end().await;
}
