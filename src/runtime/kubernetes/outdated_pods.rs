//! Which running Pods differ from what their profiles make now. Nothing here touches a Pod.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use parking_lot::Mutex;

use super::Inner;
use super::api_server::{ApiError, asked};
use super::names::version;
use super::pod_template::{PodTemplate, SecretVersions};
use crate::profiles::{Profile, ProfileSet};
use crate::session::{Memo, Outdated, Spec};

/// How often each Secret is looked at.
const PERIOD: Duration = Duration::from_secs(60);
/// Concurrent requests.
const CONCURRENT: usize = 8;

/// What is known of the present profiles and Secrets.
#[derive(Default)]
pub(super) struct Present {
    templates: Mutex<Templates>,
    secrets: Mutex<SecretVersions>,
}

impl Present {
    /// Learns the version of a Secret that this replica has just written.
    pub(super) fn learn_secret(&self, name: &str, version: u64) {
        self.secrets.lock().insert(name.to_owned(), version);
    }
}

/// The templates of one set of profiles, as far as needed.
#[derive(Default)]
struct Templates {
    set: Arc<ProfileSet>,
    by_name: HashMap<String, Option<Arc<PodTemplate>>>,
}

impl Templates {
    fn get(
        &mut self,
        set: &Arc<ProfileSet>,
        name: &str,
        make: impl FnOnce() -> Option<PodTemplate>,
    ) -> Option<Arc<PodTemplate>> {
        if !Arc::ptr_eq(&self.set, set) {
            *self = Self { set: set.clone(), by_name: HashMap::new() };
        }
        self.by_name.entry(name.to_owned()).or_insert_with(|| make().map(Arc::new)).clone()
    }
}

impl Inner {
    /// See [`crate::runtime::Runtime::outdated`]. A profile that is gone has nothing to compare with: the next start says
    /// so.
    pub(super) fn outdated(&self, spec: &Spec, memo: &Memo) -> Vec<Outdated> {
        let set = self.settings.profiles.get();
        let Ok((name, profile)) = set.of_session(spec, memo) else { return Vec::new() };
        let make = || PodTemplate::of(&self.settings, profile).ok();
        let Some(template) = self.present.templates.lock().get(&set, name, make) else { return Vec::new() };
        let secrets = self.present.secrets.lock();
        let outdated = self
            .cache
            .read(spec.id(), |cached| Some(cached.pod.as_ref()?.made_from.as_ref()?.outdated(&template, &secrets)));
        outdated.flatten().unwrap_or_default()
    }

    /// What this profile makes of a Pod, and the present versions of its Secrets.
    pub(super) async fn template(&self, profile: &Profile) -> Result<(PodTemplate, SecretVersions), ApiError> {
        let template = PodTemplate::of(&self.settings, profile);
        let template = template.map_err(|why| ApiError::Final(format!("its profile cannot be applied: {why}")))?;
        let versions = self.secret_versions(template.secrets.clone()).await;
        let present = versions.into_iter().filter_map(|(name, found)| Some((name, found.ok()??))).collect();
        Ok((template, present))
    }

    /// Looks at the Secrets of the running Pods again and again.
    pub(super) async fn follow_secrets(&self) {
        loop {
            tokio::time::sleep(self.settings.tempo.wait(PERIOD)).await;
            let used = |id| {
                let names = self.cache.read(id, |cached| {
                    let made_from = cached.pod.as_ref().and_then(|pod| pod.made_from.as_ref());
                    made_from.map(|made_from| made_from.secrets.keys().cloned().collect::<Vec<_>>())
                });
                names.flatten().unwrap_or_default()
            };
            let names = self.cache.ids().into_iter().flat_map(used).collect();
            let versions = self.secret_versions(names).await;
            let mut secrets = self.present.secrets.lock();
            let mut known = std::mem::take(&mut *secrets);
            // Without an answer, the last version counts. A deleted Secret has none: a restart would not help.
            let now = versions.into_iter().filter_map(|(name, found)| {
                let before = known.remove(&name);
                // This replica may have written a later version meanwhile.
                let version = found.map_or(before, |found| found.map(|found| found.max(before.unwrap_or_default())))?;
                Some((name, version))
            });
            *secrets = now.collect();
        }
    }

    /// The versions of Secrets; `None` for one that does not exist. Only their metadata leave the API server.
    async fn secret_versions(&self, names: BTreeSet<String>) -> BTreeMap<String, Result<Option<u64>, ApiError>> {
        let ask = |name: String| async move {
            let found = match asked(self.cluster.secrets.get_metadata(&name)).await {
                Ok(found) => Ok(Some(version(&found.metadata))),
                Err(ApiError::Missing) => Ok(None),
                Err(error) => {
                    tracing::debug!(secret = name, %error, "cannot read the Secret's version");
                    Err(error)
                }
            };
            (name, found)
        };
        stream::iter(names).map(ask).buffer_unordered(CONCURRENT).collect().await
    }
}
