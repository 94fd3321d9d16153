//! Users' secrets on a cluster: only in the Secret of their owner, and in the sessions of their owner.

use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, Patch, PatchParams};
use opencode_router::lifecycle::Wishes;
use opencode_router::session::{Email, Origin, Outdated, PhaseName, Reason, SecretName};
use serde_json::json;

use super::situation::{Situation, failed, reaches};
use crate::support::callers;
use crate::support::condition::eventually;

const FIRST: &str = "first-value-of-the-key";
const SECOND: &str = "second-value-of-the-key";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn secret_is_in_the_sessions_of_its_owner_and_nowhere_else() {
    let situation = Situation::begin_with(|settings| {
        super::profiles::offer(settings, "profiles: {box: {env: [{name: MY_KEY, value: of-the-profile}]}}");
    })
    .await;
    let (ann, bob) = (callers::dev(), Email::parse("bob@example.org").unwrap());
    let (name, cause) = (SecretName::parse("MY_KEY").unwrap(), callers::test());
    let put = async |value: &str| {
        situation.lifecycle.put_user_secret(&ann, name.clone(), value.to_owned().into(), &cause).await.unwrap();
    };
    put(FIRST).await;
    let opened = situation.lifecycle.open(&bob, Origin::new_project(), None, Wishes::default(), &cause);
    let (hers, his) = (situation.open().await, opened.await.unwrap().session);
    let (hers, his) = tokio::join!(situation.works(&hers), situation.works(&his));
    let has = async |id| situation.namespace.output_of(id, "echo $MY_KEY").await.trim().to_owned();
    assert_eq!(has(hers.id()).await, FIRST, "it wins over the profile's");
    assert_eq!(has(his.id()).await, "of-the-profile");

    put(SECOND).await;
    let run = hers.run().unwrap();
    eventually("a restart would change it", async || (run.outdated() == [Outdated::Keys]).then_some(())).await;
    assert_eq!(his.run().unwrap().outdated(), []);
    situation.lifecycle.request_stop(&hers, &cause).await;
    reaches(&hers, PhaseName::Stopped).await;
    let hers = situation.works(&hers).await;
    assert_eq!(has(hers.id()).await, SECOND);

    let said = situation.namespace.kubectl(&["get", "pods,pvc,events,leases,configmaps", "--output", "json"]).await;
    assert!(!said.contains(SECOND) && said.contains("MY_KEY"), "a Pod has the name only");
    let secrets: Api<Secret> = situation.namespace.api();
    let holds = |secret: &Secret| {
        let has = |bytes: &[u8]| bytes.windows(SECOND.len()).any(|part| part == SECOND.as_bytes());
        secret.data.iter().flatten().any(|(_, value)| has(&value.0))
            || has(json!(secret.metadata).to_string().as_bytes())
    };
    let mut holders = secrets.list(&Default::default()).await.unwrap().items;
    holders.retain(holds);
    assert_eq!(holders.len(), 1, "{:?}", holders.iter().map(|secret| &secret.metadata.name).collect::<Vec<_>>());
    let own = holders.remove(0).metadata;
    assert!(!json!(own).to_string().contains(SECOND));
    let log = situation.namespace.kubectl(&["logs", "--all-containers", &super::situation::pod_name(&hers)]).await;
    assert!(!log.contains(SECOND), "no log has it");

    // A Secret of this name that is another user's, as after a mistaken copy.
    let secret = own.name.unwrap();
    let other = Patch::Merge(json!({"metadata": {"annotations": {"opencode-router/owner": "eve@example.org"}}}));
    secrets.patch(&secret, &PatchParams::default(), &other).await.unwrap();
    assert!(situation.lifecycle.user_secrets(&ann).await.unwrap_err().to_string().contains("is not this user's"));
    situation.lifecycle.request_stop(&hers, &cause).await;
    reaches(&hers, PhaseName::Stopped).await;
    situation.lifecycle.request_start(&hers, &cause).await;
    failed(&hers, Reason::AdmissionRefused, "is not this user's").await;
}
