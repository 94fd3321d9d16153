//! A session works with any user and group, as clusters such as OpenShift choose them.

use serde_json::json;

use super::situation::Situation;
use crate::support::kubernetes::{SESSION_IMAGE, set_profile};

/// A number that no image and no other namespace knows.
const USER: i64 = 1_000_650_000;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn unknown_user_owns_its_home_and_its_project() {
    let situation = Situation::begin_with(|settings| {
        set_profile(settings, &json!({"podSecurityContext": {"runAsUser": USER, "runAsGroup": USER, "fsGroup": USER}}));
        set_profile(settings, &json!({"image": SESSION_IMAGE}));
    })
    .await;
    let session = situation.ready().await;
    let script = "id -u; cd /data/work/*/ && touch ~/home /tmp/tmp project && git status --short && ssh -V 2>&1";
    let said = situation.namespace.output_of(session.id(), script).await;
    assert!(said.starts_with(&format!("{USER}\n?? project\nOpenSSH")), "{said}");
}
