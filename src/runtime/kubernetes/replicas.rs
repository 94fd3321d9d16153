//! The replicas of the router. Each renews a Lease, and one of them is the leader.
//!
//! Each replica measures with its own clock when a Lease last changed, so clocks may differ or jump. The leader renews
//! a second Lease. It decides on each session's current record, so an outdated leader does no harm.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::api::{DeleteParams, ListParams, PostParams};

use super::Inner;
use super::api_server::{ApiError, asked, delete_exactly};
use super::names::version;
use crate::lifecycle::ReplicaRole;
use crate::tempo::Tempo;

/// Interval between renewals.
pub(super) const PERIOD: Duration = Duration::from_secs(4);
/// Time until a Lease without renewal expires.
pub(super) const LASTS: Duration = Duration::from_secs(20);
/// Time after its last renewal when a leader stops leading. It notices at most one round and one period later, before
/// another replica may lead.
const LEADS: Duration = Duration::from_secs(10);
/// Time limit for one round.
const PATIENCE: Duration = Duration::from_secs(4);

/// The label with the namespace of the sessions that the replicas serve.
const SESSIONS: &str = "opencode-router/sessions";

/// A Lease whose renewal time is older than this when it is first seen belongs to a lost replica. Clocks that differ
/// more make a live replica count from its next renewal.
const LONG_AGO: SignedDuration = SignedDuration::from_mins(2);
/// The leader deletes a Lease that was not renewed for this long.
const REMOVED_AFTER: Duration = Duration::from_secs(120);

/// A Lease's version, and when this replica first saw it.
struct Seen {
    version: u64,
    at: Instant,
    /// It was old when this replica first saw it.
    old: bool,
}

impl Seen {
    fn first(lease: &Lease, now: Timestamp) -> Self {
        let renewed = lease.spec.as_ref().and_then(|spec| spec.renew_time.as_ref());
        let old = renewed.is_some_and(|renewed| now.duration_since(renewed.0) > LONG_AGO);
        Self { version: version(&lease.metadata), at: Instant::now(), old }
    }

    fn holds(&self, tempo: Tempo) -> bool {
        !self.old && self.at.elapsed() < tempo.wait(LASTS)
    }
}

impl Inner {
    fn own_lease(&self) -> String {
        format!("opencode-router-{}", self.settings.replica)
    }

    pub(super) fn leading_lease(&self) -> String {
        format!("opencode-router-leads-{}", self.settings.namespace)
    }

    /// Renews this replica's Leases until the task ends.
    pub(super) async fn meet_replicas(&self) {
        let mut seen = HashMap::new();
        let mut led = None;
        let tempo = self.settings.tempo;
        loop {
            match tokio::time::timeout(tempo.wait(PATIENCE), self.meet_once(&mut seen, &mut led)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::warn!(%error, "cannot renew the Leases");
                    if matches!(error, ApiError::Passing(_)) {
                        self.freshness.failed();
                    }
                }
                Err(_) => {
                    tracing::warn!("cannot renew the Leases: the API server does not answer");
                    // Without this, a silent watch would be noticed only at its time limit.
                    self.freshness.failed();
                }
            }
            self.settle_role(&seen, led);
            tokio::time::sleep(tempo.wait(PERIOD)).await;
        }
    }

    async fn meet_once(&self, seen: &mut HashMap<String, Seen>, led: &mut Option<Instant>) -> Result<(), ApiError> {
        let selector = format!("{SESSIONS}={}", self.settings.namespace);
        let found = asked(self.cluster.leases.list(&ListParams::default().labels(&selector))).await?;
        let mut leases: HashMap<_, _> =
            found.items.into_iter().filter_map(|lease| Some((lease.metadata.name.clone()?, lease))).collect();
        seen.retain(|name, _| leases.contains_key(name));
        for (name, lease) in &leases {
            let version = version(&lease.metadata);
            let known = seen.entry(name.clone()).or_insert_with(|| Seen::first(lease, Timestamp::now()));
            if known.version != version {
                *known = Seen { version, at: Instant::now(), old: false };
            }
        }
        if led.is_some() {
            self.remove_lost(&leases, seen).await?;
        }
        let led_by = leases.get(&self.leading_lease()).filter(|_| self.is_led(seen));
        if let Some(refusal) = led_by.and_then(|lease| self.other_release(lease)) {
            return Err(ApiError::Final(refusal));
        }
        let own = self.own_lease();
        self.hold(&own, leases.remove(&own)).await?;
        let name = self.leading_lease();
        let lease = leases.remove(&name);
        let mine = lease.as_ref().is_some_and(|lease| holder(lease) == Some(&self.settings.replica));
        let free = lease.as_ref().is_none_or(|lease| holder(lease).is_none_or(str::is_empty)) || !self.is_led(seen);
        if mine || free {
            let asked_at = Instant::now();
            match self.hold(&name, lease).await {
                Ok(()) => *led = Some(asked_at),
                // Another replica was faster.
                Err(ApiError::Conflict(_)) => *led = None,
                Err(error) => return Err(error),
            }
        } else {
            *led = None;
        }
        Ok(())
    }

    /// Deletes the Leases of replicas that ended without releasing them. A replica that was only slow makes its Lease
    /// again.
    async fn remove_lost(&self, leases: &HashMap<String, Lease>, seen: &HashMap<String, Seen>) -> Result<(), ApiError> {
        let removed_after = self.settings.tempo.wait(REMOVED_AFTER);
        let lost = |name: &String| seen.get(name).is_some_and(|seen| seen.at.elapsed() > removed_after);
        let own = [self.own_lease(), self.leading_lease()];
        for (name, lease) in leases.iter().filter(|(name, _)| lost(name) && !own.contains(name)) {
            let uid = lease.metadata.uid.clone().unwrap_or_default();
            let version = lease.metadata.resource_version.clone();
            match delete_exactly(&self.cluster.leases, name, &uid, version).await {
                Ok(_) => tracing::info!("removed the Lease {name} of a lost replica"),
                Err(ApiError::Conflict(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Whether the leader's Lease exists and has not expired.
    fn is_led(&self, seen: &HashMap<String, Seen>) -> bool {
        seen.get(&self.leading_lease()).is_some_and(|seen| seen.holds(self.settings.tempo))
    }

    /// Acquires or renews a Lease. Fails with a conflict if another replica changed it meanwhile.
    async fn hold(&self, name: &str, lease: Option<Lease>) -> Result<(), ApiError> {
        let now = Some(MicroTime(Timestamp::now()));
        let labels = [
            ("app.kubernetes.io/managed-by".to_owned(), "opencode-router".to_owned()),
            (SESSIONS.to_owned(), self.settings.namespace.clone()),
        ];
        let fresh = lease.is_none();
        let mut lease = lease.unwrap_or_else(|| Lease {
            metadata: ObjectMeta { name: Some(name.to_owned()), labels: Some(labels.into()), ..ObjectMeta::default() },
            spec: None,
        });
        self.name_release(&mut lease);
        let spec = lease.spec.get_or_insert_with(LeaseSpec::default);
        if spec.holder_identity.as_deref() != Some(&self.settings.replica) {
            spec.acquire_time.clone_from(&now);
            spec.lease_transitions = Some(spec.lease_transitions.unwrap_or_default() + i32::from(!fresh));
        }
        spec.holder_identity = Some(self.settings.replica.clone());
        spec.lease_duration_seconds = i32::try_from(self.settings.tempo.wait(LASTS).as_secs()).ok();
        spec.renew_time = now;
        let leases = &self.cluster.leases;
        match fresh {
            true => asked(leases.create(&PostParams::default(), &lease)).await,
            false => asked(leases.replace(name, &PostParams::default(), &lease)).await,
        }
        .map(|_| ())
    }

    fn settle_role(&self, seen: &HashMap<String, Seen>, led: Option<Instant>) {
        let leading = self.leading_lease();
        let alive = seen.iter().filter(|(name, seen)| **name != leading && seen.holds(self.settings.tempo));
        let names = alive.filter_map(|(name, _)| Some(name.strip_prefix("opencode-router-")?.to_owned()));
        let leads = led.is_some_and(|led| led.elapsed() < self.settings.tempo.wait(LEADS));
        let role = ReplicaRole::new(leads, self.settings.replica.clone(), names);
        let changed = self.role.send_if_modified(|known| {
            let changed = *known != role;
            known.clone_from(&role);
            changed
        });
        if changed {
            tracing::info!(leads, replicas = role.replicas(), "the replicas or their leader changed");
            if leads {
                // Finishes work that was interrupted without a leader.
                self.cache.mark_all();
            }
        }
    }

    /// Releases this replica's Leases, so that the others do not wait for their expiry.
    pub(super) async fn leave_replicas(&self) {
        let leave = async {
            if self.role.borrow().leads
                && let Ok(lease) = asked(self.cluster.leases.get(&self.leading_lease())).await
                && holder(&lease) == Some(&self.settings.replica)
            {
                let uid = lease.metadata.uid.clone().unwrap_or_default();
                let version = lease.metadata.resource_version.clone();
                let _ = delete_exactly(&self.cluster.leases, &self.leading_lease(), &uid, version).await;
            }
            let _ = asked(self.cluster.leases.delete(&self.own_lease(), &DeleteParams::default())).await;
        };
        let _ = tokio::time::timeout(PATIENCE, leave).await;
    }
}

fn holder(lease: &Lease) -> Option<&str> {
    lease.spec.as_ref()?.holder_identity.as_deref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lease_of_a_lost_replica_does_not_count() {
        let renewed_at = |second| {
            let renew_time = Some(MicroTime(Timestamp::from_second(second).unwrap()));
            Lease { spec: Some(LeaseSpec { renew_time, ..LeaseSpec::default() }), ..Lease::default() }
        };
        let now = Timestamp::from_second(1000).unwrap();
        let holds = |second| Seen::first(&renewed_at(second), now).holds(Tempo::default());
        assert!(!holds(0) && !holds(879));
        assert!(holds(881) && holds(1000) && holds(5000), "clocks differ");
    }
}
