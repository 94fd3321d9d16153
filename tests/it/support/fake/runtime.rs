//! What the fake runtime does when the router asks.

use std::collections::hash_map::Entry;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use opencode_router::profiles::CurrentProfiles;
use opencode_router::runtime::{
    Edit, LogRange, LogStream, LoginsEdit, News, PromptEdit, Runtime, RuntimeError, SecretsEdit, Vault,
};
use opencode_router::session::prompts::Prompts;
use opencode_router::session::{Email, Failure, Memo, Observation, Outdated, PhaseName, Run, SessionId, Spec};
use opencode_router::usage::Usage;
use tokio::sync::mpsc;

use super::{Fake, FakeSession};

#[async_trait]
impl Vault for Fake {
    async fn edit_user_secrets(&self, owner: &Email, edit: SecretsEdit<'_>) -> Result<(), RuntimeError> {
        self.secret_changes.fetch_add(1, Ordering::Relaxed);
        let _ = self.secrets_may_change.subscribe().wait_for(|may| *may).await;
        edit(self.secrets.lock().entry(owner.clone()).or_default());
        Ok(())
    }

    async fn edit_git_logins(&self, owner: &Email, edit: LoginsEdit<'_>) -> Result<(), RuntimeError> {
        edit(self.logins.lock().entry(owner.clone()).or_default());
        Ok(())
    }
}

#[async_trait]
impl Runtime for Fake {
    fn name(&self) -> &'static str {
        "fake"
    }

    fn profiles(&self) -> CurrentProfiles {
        self.profiles.clone()
    }

    async fn create(&self, spec: &Spec, memo: &Memo) -> Result<bool, Failure> {
        let held = FakeSession {
            spec: spec.clone(),
            memo: memo.clone(),
            prompts: Prompts::default(),
            phase: PhaseName::Stopped,
            starts: 0,
            start_calls: 0,
            log: String::new(),
            run: None,
        };
        match self.sessions.lock().entry(spec.id()) {
            Entry::Occupied(_) => Ok(false),
            Entry::Vacant(place) => {
                place.insert(held);
                Ok(true)
            }
        }
    }

    async fn start(&self, id: SessionId) -> Result<(), Failure> {
        if let Some(held) = self.sessions.lock().get_mut(&id) {
            held.start_calls += 1;
        }
        let _turn = self.turn.lock().await;
        match self.phase(id) {
            Some(PhaseName::Stopped | PhaseName::Failed) => {}
            Some(_) => return Ok(()),
            None => {
                return Err(Failure::new(opencode_router::session::Reason::RuntimeError, "there is no such session"));
            }
        }
        if let Some(held) = self.sessions.lock().get_mut(&id) {
            held.starts += 1;
            held.memo = held.memo.edited(Memo::forget_run).unwrap_or_else(|| held.memo.clone());
        }
        self.see(id, Observation::of(PhaseName::Pending)).await;
        self.see(id, Observation::of(PhaseName::Starting)).await;
        if let Some(me) = self.me.upgrade() {
            tokio::spawn(async move { me.finish_start(id).await });
        }
        Ok(())
    }

    async fn stop(&self, id: SessionId) -> Result<(), RuntimeError> {
        let _turn = self.turn.lock().await;
        if self.stops_fail.load(Ordering::Relaxed) {
            return Err(RuntimeError("the runtime cannot stop it".to_owned()));
        }
        if self.phase(id).is_none_or(|phase| phase == PhaseName::Stopped) {
            return Ok(());
        }
        let mut may_end = self.stops_may_end.subscribe();
        let _ = may_end.wait_for(|may| *may).await;
        self.edit(id, &mut Memo::forget_run).await?;
        self.see(id, Observation::of(PhaseName::Stopped)).await;
        Ok(())
    }

    async fn delete(&self, id: SessionId) -> Result<(), RuntimeError> {
        self.stop(id).await?;
        if self.sessions.lock().remove(&id).is_some() {
            let _ = self.news.send(News::Gone(id)).await;
        }
        Ok(())
    }

    async fn delete_unused(&self, id: SessionId, revision: u64) -> Result<bool, RuntimeError> {
        let unused = |held: &FakeSession| {
            matches!(held.phase, PhaseName::Stopped | PhaseName::Failed) && held.memo.revision == revision
        };
        if self.sessions.lock().get(&id).is_some_and(|held| !unused(held)) {
            self.kept.lock().push(id);
            return Ok(false);
        }
        self.delete(id).await.map(|()| true)
    }

    async fn edit(&self, id: SessionId, edit: Edit<'_>) -> Result<Option<Memo>, RuntimeError> {
        let mut sessions = self.sessions.lock();
        let Some(held) = sessions.get_mut(&id) else { return Ok(None) };
        held.memo = held.memo.edited(|memo| edit(memo)).unwrap_or_else(|| held.memo.clone());
        Ok(Some(held.memo.clone()))
    }

    async fn edit_prompts(&self, id: SessionId, edit: PromptEdit<'_>) -> Result<(), RuntimeError> {
        if let Some(held) = self.sessions.lock().get_mut(&id) {
            edit(&mut held.prompts);
        }
        Ok(())
    }

    async fn measure(&self, id: SessionId, _run: &Run) -> Option<Usage> {
        let only = *self.measured.lock();
        only.filter(|(measured, _)| *measured == id).map(|(_, usage)| usage).or(*self.usage.lock())
    }

    fn outdated(&self, _spec: &Spec, _memo: &Memo) -> Vec<Outdated> {
        self.outdated.lock().clone()
    }

    fn trouble(&self) -> Option<&'static str> {
        self.stale.load(Ordering::Relaxed).then_some("no-news")
    }

    async fn watch(&self) -> mpsc::Receiver<News> {
        let told = self.told.lock().take();
        let _ = self.news.send(News::Snapshot(Vec::new())).await;
        told.expect("it is watched once")
    }

    async fn logs(&self, id: SessionId, range: LogRange) -> Result<LogStream, RuntimeError> {
        let log = self.sessions.lock().get(&id).map(|held| held.log.clone()).unwrap_or_default();
        let lines: Vec<_> = log.lines().map(|line| format!("{line}\n")).collect();
        let tail = lines[lines.len().saturating_sub(range.tail)..].to_vec();
        let tail = futures_util::stream::iter(tail).map(|line| Ok(Bytes::from(line)));
        Ok(if range.follow { tail.chain(futures_util::stream::pending()).boxed() } else { tail.boxed() })
    }
}
