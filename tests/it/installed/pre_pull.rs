//! `prePull`: each node has the images of the profiles before a session needs them.

use serde_json::json;

use crate::support::condition::eventually;
use crate::support::installation::Installation;
use crate::support::kubernetes::{SESSION_IMAGE, STAND_IN_IMAGE};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn images_of_the_profiles_are_kept_on_the_nodes() {
    let profiles = format!("profiles:\n  small: {{}}\n  large: {{image: '{STAND_IN_IMAGE}'}}\n");
    let values = json!({"profiles": profiles, "prePull": {"enabled": true}});
    let installed = Installation::install_with(values).await;
    let columns = "custom-columns=IMAGE:.spec.containers[0].image,READY:.status.containerStatuses[0].ready";
    let all =
        ["get", "pods", "--selector", "app.kubernetes.io/component=pre-pull", "--no-headers", "--output", columns];
    let kept = async || installed.sessions.kubectl(&all).await;
    let expected = |said: &str| {
        let mut lines: Vec<Vec<_>> = said.lines().map(|line| line.split_whitespace().collect()).collect();
        lines.sort();
        lines.dedup();
        lines == [[SESSION_IMAGE, "true"], [STAND_IN_IMAGE, "true"]]
    };
    eventually("both images are kept", async || expected(&kept().await).then_some(())).await;
    installed.upgrade(json!({"prePull": {"enabled": false}})).await;
    eventually("none is kept", async || kept().await.is_empty().then_some(())).await;
}
