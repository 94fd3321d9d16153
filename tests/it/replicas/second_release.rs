//! A second installation on the same sessions refuses to start, while the first one runs.

use crate::support::condition::eventually;
use crate::support::kubernetes::{Namespace, kubeconfig};
use crate::support::replica::{leader, replica_with};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn second_release_refuses_to_start_until_the_first_one_ends() {
    let namespace = Namespace::create().await;
    let mut first = replica_with(&namespace, "one", &kubeconfig(), &[]).await;
    eventually("one leads", async || (leader(&namespace).await.as_deref() == Some("one")).then_some(())).await;
    let second = [("RELEASE_NAME", "second"), ("POD_NAMESPACE", "elsewhere"), ("POD_NAME", "two")];
    let refusal = first.refusal(&second).await;
    assert_eq!(refusal.code, Some(1), "{refusal:?}");
    let sentence = format!("Release {0}/opencode-router serves the sessions in namespace {0}: ", namespace.name);
    assert!(refusal.said.contains(&sentence) && refusal.said.contains("OPENCODE_NAMESPACE"), "{refusal:?}");

    // It ends without releasing its Leases.
    first.signal(rustix::process::Signal::KILL);
    first.ended().await;
    let _second = replica_with(&namespace, "two", &kubeconfig(), &second).await;
    eventually("two leads", async || (leader(&namespace).await.as_deref() == Some("two")).then_some(())).await;
}
