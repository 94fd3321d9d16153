//! Refuses to serve sessions that another installation of the router serves: it would stop them by other rules.
//!
//! All replicas of all releases elect one leader per namespace of sessions. The leader's Lease names its release.

use std::time::Instant;

use k8s_openapi::api::coordination::v1::Lease;

use super::api_server::asked;
use super::names::version;
use super::replicas::{LASTS, PERIOD};
use super::{Inner, Kubernetes};

/// The annotation of a Lease with the holder's release.
const RELEASE: &str = "opencode-router/release";

impl Kubernetes {
    /// Fails with a sentence if a router of another release leads here. Waits for at most 20 s until the Lease of a
    /// release that ended without notice expires.
    pub async fn refuse_other_release(&self) -> Result<(), String> {
        let inner = &self.inner;
        let (begun, tempo) = (Instant::now(), inner.settings.tempo);
        let mut first = None;
        while begun.elapsed() < tempo.wait(LASTS) {
            let lease = match asked(inner.cluster.leases.get_opt(&inner.leading_lease())).await {
                Ok(lease) => lease,
                Err(error) => {
                    tracing::warn!(%error, "cannot tell whether another release serves these sessions");
                    return Ok(());
                }
            };
            let Some(lease) = lease else { return Ok(()) };
            let Some(refusal) = inner.other_release(&lease) else { return Ok(()) };
            let now = version(&lease.metadata);
            if *first.get_or_insert(now) != now {
                return Err(refusal);
            }
            tokio::time::sleep(tempo.wait(PERIOD / 4)).await;
        }
        Ok(())
    }
}

impl Inner {
    /// The sentence about another release that holds this Lease. `None` for this release, and for Leases that name none.
    pub(super) fn other_release(&self, lease: &Lease) -> Option<String> {
        let other = lease.metadata.annotations.as_ref()?.get(RELEASE)?;
        (*other != self.settings.release).then(|| {
            format!(
                "Release {other} serves the sessions in namespace {}: choose another namespace for those of {} with \
                 OPENCODE_NAMESPACE (in the chart: sessions.namespace), or uninstall {other}.",
                self.settings.namespace, self.settings.release
            )
        })
    }

    /// Writes this release into a Lease.
    pub(super) fn name_release(&self, lease: &mut Lease) {
        let annotations = lease.metadata.annotations.get_or_insert_default();
        annotations.insert(RELEASE.to_owned(), self.settings.release.clone());
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicU64, Ordering};

    use http::{Request, Response, StatusCode};
    use kube::Client;
    use kube::client::Body;
    use serde_json::json;

    use super::super::KubernetesSettings;
    use super::*;
    use crate::tempo::Tempo;

    /// A cluster that answers each request with the leader's Lease of this release. A live leader renews it each time.
    fn led_by(release: Option<&'static str>, lives: bool) -> Kubernetes {
        let asked = AtomicU64::new(0);
        let cluster = tower::service_fn(move |request: Request<Body>| {
            assert_eq!(
                request.uri().path(),
                "/apis/coordination.k8s.io/v1/namespaces/sessions/leases/opencode-router-leads-sessions"
            );
            let version = if lives { asked.fetch_add(1, Ordering::Relaxed) } else { 7 };
            let annotations = release.map(|release| json!({RELEASE: release}));
            let lease = json!({"metadata": {"resourceVersion": version.to_string(), "annotations": annotations}});
            let response = Response::builder().status(StatusCode::OK).body(Body::from(lease.to_string().into_bytes()));
            async move { Ok::<_, Infallible>(response.unwrap()) }
        });
        let tempo = Tempo::of(0.005).unwrap();
        Kubernetes::new(Client::new(cluster, "default"), KubernetesSettings { tempo, ..KubernetesSettings::sample() })
    }

    #[tokio::test]
    async fn a_living_leader_of_another_release_refuses_this_one() {
        let refusal = led_by(Some("router/two"), true).refuse_other_release().await.unwrap_err();
        assert!(refusal.starts_with("Release router/two serves the sessions in namespace sessions: "), "{refusal}");
        assert!(refusal.contains("OPENCODE_NAMESPACE") && refusal.contains("router/one"), "{refusal}");
    }

    #[tokio::test]
    async fn an_ended_release_the_own_one_and_an_unnamed_one_refuse_nobody() {
        for (release, lives) in [(Some("router/two"), false), (Some("router/one"), true), (None, true)] {
            assert_eq!(led_by(release, lives).refuse_other_release().await, Ok(()), "{release:?} {lives}");
        }
    }
}
