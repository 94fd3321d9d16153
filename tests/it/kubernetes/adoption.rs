//! Sessions of the old Node.js router are adopted with their files, also if the command is killed in between.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim, Pod};
use kube::api::{Api, DeleteParams, PostParams};
use serde_json::json;
use tokio::process::Command;

use super::situation::{PATIENT, Situation};
use crate::support::condition::eventually;
use crate::support::kubernetes::{Namespace, SESSION_IMAGE, kubeconfig, set_profile};

/// The hashes of the old sessions. All are branches of one repository.
const HASHES: [&str; 3] = ["24643a86a8d7", "48d9eeb435fd", "783c4844c294"];
/// What the old router's Pod leaves behind on one volume: a project with work in progress, and a conversation.
const WORK: &str = r#"
cd /home/opencode-$HASH && export HOME=$PWD && git init --quiet -b calm-$HASH repo && cd repo
git -c user.name=ann -c user.email=ann@h commit --quiet --allow-empty -m Begin
echo uncommitted > kept.txt && echo note > ~/notes.txt
project=$(git rev-list --max-parents=0 HEAD)
opencode db --pure "INSERT INTO project (id, worktree, time_created, time_updated, sandboxes)
  VALUES ('$project', '/home/opencode/repo', 1, 1, '[]')"
opencode db --pure "INSERT INTO session (id, project_id, slug, directory, title, version, time_created, time_updated)
  VALUES ('ses_old', '$project', 'old', '/home/opencode/repo', 'old talk', '1', 1, 1)"
"#;

fn old_name(hash: &str) -> String {
    format!("opencode-pvc-{hash}")
}

/// A claim as the old router creates it.
fn old_claim(hash: &str) -> PersistentVolumeClaim {
    let claim = json!({
        "metadata": {
            "name": old_name(hash),
            "labels": {"opencode.ai/session-hash": hash, "app.kubernetes.io/managed-by": "opencode-router"},
            "annotations": {
                "opencode.ai/user-email": "Ann@Example.com",
                // Nobody asks this server: the project exists.
                "opencode.ai/repo-url": "https://host.invalid/team/app.git",
                "opencode.ai/branch": format!("calm-{hash}"),
                "opencode.ai/source-branch": "main",
                "opencode.ai/created-at": "2025-11-03T09:00:00.123Z",
                "opencode.ai/attach-password": "0123456789abcdef0123456789abcdef",
            },
        },
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    });
    serde_json::from_value(claim).unwrap()
}

/// A Pod that works on all volumes, one after the other, and then holds them.
fn old_pod() -> Pod {
    let volumes: Vec<_> = HASHES
        .map(|hash| json!({"name": format!("v-{hash}"), "persistentVolumeClaim": {"claimName": old_name(hash)}}))
        .into();
    let mounts: Vec<_> =
        HASHES.map(|hash| json!({"name": format!("v-{hash}"), "mountPath": format!("/home/opencode-{hash}")})).into();
    let script = format!("set -e; for HASH in {}; do {WORK} done; touch /tmp/worked; sleep 3600", HASHES.join(" "));
    let pod = json!({
        "metadata": {"name": "opencode-session-old"},
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 0,
            "securityContext": {
                "runAsNonRoot": true, "runAsUser": 1000, "runAsGroup": 1000, "fsGroup": 1000,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [{
                "name": "opencode", "image": SESSION_IMAGE, "imagePullPolicy": "IfNotPresent",
                "command": ["sh", "-c", script],
                "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
                "volumeMounts": mounts,
            }],
            "volumes": volumes,
        },
    });
    serde_json::from_value(pod).unwrap()
}

/// Runs the command. `None` if it was killed at the time limit.
async fn adopt(old: &Namespace, sessions: &Namespace, more: &[&str], limit: Duration) -> Option<String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_opencode-router"));
    command.args(["adopt", "--from", &old.name, "--namespace", &sessions.name]).args(more);
    command.env("KUBECONFIG", kubeconfig()).stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(limit, command.output()).await.ok()?.unwrap();
    Some(String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

async fn volume_names(claims: Api<PersistentVolumeClaim>) -> Vec<String> {
    let claims = claims.list(&Default::default()).await.unwrap();
    let mut names: Vec<_> = claims.into_iter().filter_map(|claim| claim.spec?.volume_name).collect();
    names.sort();
    names
}

/// The old router's namespace, after its Pod has worked and ended.
async fn old_router(sessions: &Namespace) -> Namespace {
    let old = Namespace::create().await;
    for hash in HASHES {
        old.api().create(&PostParams::default(), &old_claim(hash)).await.unwrap();
    }
    old.api().create(&PostParams::default(), &old_pod()).await.unwrap();
    eventually("the old session has worked", async || {
        let said = old.kubectl(&["exec", "opencode-session-old", "--", "cat", "/tmp/worked"]).await;
        said.is_empty().then_some(())
    })
    .await;
    let said = adopt(&old, sessions, &["--apply"], PATIENT).await.unwrap();
    assert!(said.contains("the Pod opencode-session-old uses it") && said.contains("Skipped: 3."), "{said}");
    old.api::<Pod>().delete("opencode-session-old", &DeleteParams::default()).await.unwrap();
    eventually("the old Pod is gone", async || {
        old.api::<Pod>().get_opt("opencode-session-old").await.unwrap().is_none().then_some(())
    })
    .await;
    old
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn old_sessions_are_adopted_with_their_files() {
    let sessions = Arc::new(Namespace::create().await);
    let old = old_router(&sessions).await;
    let volumes = volume_names(old.api()).await;

    let planned = adopt(&old, &sessions, &[], PATIENT).await.unwrap();
    assert!(planned.contains("of ann@example.com (https://host.invalid/team/app.git, branch calm-24643a86a8d7)"));
    assert!(planned.contains("To adopt: 3. To skip: 0. Nothing was changed"), "{planned}");
    assert_eq!((volume_names(old.api()).await, volume_names(sessions.api()).await.len()), (volumes.clone(), 0));

    // Killed a little later each time, until it ends by itself.
    let mut killed = 0;
    let last = loop {
        let limit = Duration::from_millis(100 + 60 * killed);
        match adopt(&old, &sessions, &["--apply"], limit).await {
            Some(said) => break said,
            None => killed += 1,
        }
        let all: Api<PersistentVolume> = Api::all(sessions.client.clone());
        for name in &volumes {
            assert!(all.get_opt(name).await.unwrap().is_some(), "{name} was deleted");
        }
    };
    println!("killed {killed} times, then: {last}");
    assert!(killed > 1 && last.contains("Skipped: 0."), "{killed}: {last}");
    let again = adopt(&old, &sessions, &["--apply"], PATIENT).await.unwrap();
    assert!(again.matches("is already session").count() == 3 && again.contains("Adopted now: 0."), "{again}");
    assert_eq!(volume_names(old.api()).await.len(), 0);
    assert_eq!(volume_names(sessions.api()).await, volumes);
    for name in &volumes {
        let volume = Api::<PersistentVolume>::all(sessions.client.clone()).get(name).await.unwrap();
        assert_eq!(volume.spec.unwrap().persistent_volume_reclaim_policy.as_deref(), Some("Delete"));
    }

    let image = |settings: &mut opencode_router::runtime::kubernetes::KubernetesSettings| {
        set_profile(settings, &json!({"image": SESSION_IMAGE}));
    };
    let situation = Situation::in_namespace(sessions.clone(), image, PATIENT).await;
    let known = situation.lifecycle.registry().all();
    assert_eq!(known.len(), 3);
    let session = situation.works(&known[0]).await;
    let script = "cd /data/work/app && git status --short && cat kept.txt ~/notes.txt && git log --format=%s && \
                  opencode db --pure 'SELECT directory FROM session'";
    let said = sessions.output_of(session.id(), script).await;
    assert!(said.starts_with("?? kept.txt\nuncommitted\nnote\nBegin\n") && said.contains("/data/work/app"), "{said}");
}
