//! Sessions in a team's own images, which have nothing for the router: the tools come from the tools image.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::api::Api;
use opencode_router::session::{PhaseName, Reason};
use serde_json::{Value, json};

use super::profiles::{create, offer};
use super::situation::{PATIENT, Situation, failed, git_server, reaches, repository};
use crate::support::callers;
use crate::support::condition::eventually;
use crate::support::kubernetes::{Namespace, STAND_IN_IMAGE};

/// The tools image, with the real opencode.
pub const TOOLS: &str = "opencode-tools:test";
/// A number that no image knows.
const NAMELESS: i64 = 1_000_650_000;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn image_needs_no_opencode_git_or_shell_and_its_user_no_name() {
    let git = git_server().await;
    let url = git.repo("team/app").await;
    let tools = json!({"image": TOOLS});
    let numbers = json!({"runAsUser": NAMELESS, "runAsGroup": 0, "fsGroup": NAMELESS});
    let profiles = json!({"profiles": {
        "debian": {"image": "plain-root:test", "tools": tools},
        "nameless": {"image": "plain-root:test", "tools": tools, "podSecurityContext": numbers},
        "musl": {"image": "musl-root:test", "tools": tools},
        "bare": {"image": "bare-root:test", "tools": tools},
    }});
    let situation = Situation::begin_with(|settings| offer(settings, &profiles.to_string())).await;
    let names = ["debian", "nameless", "musl", "bare"];
    for name in names {
        git.branch("team/app", name, &format!("{name}.txt")).await;
    }
    let works = async |name: &str| {
        let session = situation.open_with_profile(name, repository(&url, name)).await;
        situation.works(&session).await
    };
    let [debian, nameless, musl, bare] = names;
    let (debian, nameless, musl, bare) = tokio::join!(works(debian), works(nameless), works(musl), works(bare));

    let script = "cd /data/work/app && git branch --show-current; \
                  for name in git opencode opencode-session; do command -v $name; done; touch /tools/x 2>&1; sh -lc 'command -v git'; git -c core.pager=cat log --format=%s -1; id -un 2>&1";
    for (session, name) in [(&debian, "debian"), (&nameless, "nameless"), (&musl, "musl")] {
        let said = situation.namespace.output_as_agent(session.id(), script).await;
        let lines: Vec<_> = said.lines().collect();
        assert_eq!(lines[..2], [name, "/tools/bin/git"], "{said}");
        assert!(lines[2].starts_with("/tools/opencode/glibc") && lines[3] == "/tools/bin/opencode-session", "{said}");
        assert!(lines[4].contains("Read-only file system") && lines[5] == "/tools/bin/git", "{said}");
    }
    let said = situation.namespace.output_of_program(bare.id(), &["sh", "-c", "true"]).await;
    assert!(said.contains("executable file not found"), "it has no shell: {said}");
    let words = ["/tools/bin/git", "-C", "/data/work/app", "branch", "--show-current"];
    assert_eq!(situation.namespace.output_of_program(bare.id(), &words).await.trim(), "bare");

    let pod = json!(situation.pod(&debian).await);
    assert_eq!(pod["metadata"]["annotations"]["opencode-router/steps"], "tools-init,prepare,opencode");
    let images = |list: &str| -> Vec<Value> {
        pod["spec"][list].as_array().unwrap().iter().map(|it| json!([it["name"], it["image"]])).collect()
    };
    assert_eq!(images("initContainers"), [json!(["tools-init", TOOLS]), json!(["prepare", "plain-root:test"])]);
    assert_eq!(images("containers"), [json!(["opencode", "plain-root:test"])]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn image_volume_has_the_tools_without_a_copy() {
    let git = git_server().await;
    let url = git.repo("team/app").await;
    let profiles = json!({"profiles": {"it": {"image": "plain-root:test", "tools": {"image": TOOLS}}}});
    let situation = Situation::begin_with(|settings| {
        settings.image_volumes = true;
        offer(settings, &profiles.to_string());
    })
    .await;
    let session = situation.open_with_profile("it", repository(&url, "main")).await;
    let session = situation.works(&session).await;
    let script = "cd /data/work/app && git branch --show-current; command -v opencode; touch /tools/x 2>&1; ls /tools";
    let said = situation.namespace.output_as_agent(session.id(), script).await;
    let lines: Vec<_> = said.lines().collect();
    assert!(lines[0] == "main" && lines[1].starts_with("/tools/opencode/glibc"), "{said}");
    assert!(lines[2].contains("Read-only file system") && lines[3] == "bin", "{said}");
    let pod = json!(situation.pod(&session).await);
    assert_eq!(pod["metadata"]["annotations"]["opencode-router/steps"], "prepare,opencode");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn opencode_has_the_configuration_and_files_of_its_profile() {
    let namespace = Arc::new(Namespace::create().await);
    let agent = "---\ndescription: reviews\nmode: primary\n---\nReview.\n";
    create::<ConfigMap>(&namespace, json!({"metadata": {"name": "skills"}, "data": {"review.md": agent}})).await;
    let files = json!([{"path": "agent/reviewer.md", "configMap": "skills", "key": "review.md"}]);
    let profiles = json!({"profiles": {"it": {
        "image": "plain-root:test", "tools": {"image": TOOLS}, "permission": "allow",
        "opencode": {"config": {"username": "of-the-profile"}, "files": files},
    }}});
    let situation =
        Situation::in_namespace(namespace, |settings| offer(settings, &profiles.to_string()), PATIENT).await;
    let session = situation.ready().await;
    let said = situation.namespace.output_of(session.id(), "cat $OPENCODE_CONFIG_DIR/agent/reviewer.md").await;
    assert_eq!(said.trim(), agent.trim());
    // opencode itself answers with what it read.
    let asks = async |path: &str| {
        let words = format!(
            "exec 3<>/dev/tcp/127.0.0.1/4096; login=$(printf opencode:$OPENCODE_SERVER_PASSWORD | base64 -w 0); \
             printf 'GET {path} HTTP/1.1\\r\\nHost: x\\r\\nAuthorization: Basic %s\\r\\nConnection: close\\r\\n\\r\\n' \
             $login >&3; cat <&3"
        );
        situation.namespace.output_of_program(session.id(), &["bash", "-c", &words]).await
    };
    let agents = asks("/agent").await;
    assert!(agents.contains("reviewer"), "{agents}");
    let config = asks("/config").await;
    assert!(config.contains("of-the-profile") && config.contains("\"bash\":\"allow\""), "{config}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn failing_tools_image_is_named() {
    let profiles = json!({"profiles": {
        // Not a tools image: it lacks the program.
        "other": {"image": STAND_IN_IMAGE, "tools": {"image": STAND_IN_IMAGE}},
        "missing": {"image": STAND_IN_IMAGE, "tools": {"image": "not-here:test"}, "imagePullPolicy": "Never"},
    }});
    let situation = Situation::begin_with(|settings| offer(settings, &profiles.to_string())).await;
    let new = opencode_router::session::Origin::new_project;
    let other = situation.open_with_profile("other", new()).await;
    failed(&other, Reason::ContainerFailed, "/tools-image/bin/opencode-session").await;
    let missing = situation.open_with_profile("missing", new()).await;
    failed(&missing, Reason::ImagePullFailed, "The tools image cannot be pulled.").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn projects_and_conversations_have_other_places() {
    let text = |workspace: &str, data: &str| {
        format!("profiles:\n  it: {{workspaceDir: {workspace}, storage: {{opencodeData: {data}}}}}\n")
    };
    let data = |size: &str| format!("{{size: {size}, className: directory-fixed}}");
    let mut settings = None;
    let situation = Situation::begin_with(|chosen| {
        offer(chosen, &text("/workspace", &data("1Gi")));
        settings = Some(chosen.clone());
    })
    .await;
    let settings = settings.unwrap();
    let session = situation.ready().await;
    let of = async |script: &str| situation.namespace.output_of(session.id(), script).await;
    let claims = async || situation.namespace.kubectl(&["get", "pvc", "--output", "name"]).await;
    let (pod, name) = (json!(situation.pod(&session).await), format!("opencode-session-{}", session.id()));
    let folder = pod["spec"]["containers"][0]["workingDir"].as_str().unwrap().to_owned();
    assert!(folder.starts_with("/workspace/"), "{folder}");
    assert_eq!(of("echo $OPENCODE_DB; touch /opencode-data/x $PWD/y").await.trim(), "/opencode-data/opencode.db");
    assert!(claims().await.contains(&format!("{name}-data")));

    situation.lifecycle.request_stop(&session, &callers::test()).await;
    reaches(&session, PhaseName::Stopped).await;
    offer(&settings, &text("/work", &data("2Gi")));
    situation.works(&session).await;
    let kept = of("ls /opencode-data; ls /work/*/").await;
    assert!(kept.contains('x') && kept.contains('y'), "files are kept: {kept}");
    let size = situation.namespace.volume_size(session.id(), "-data").await;
    assert_eq!(size, "1Gi", "it cannot grow, but the session starts");

    situation.lifecycle.request_stop(&session, &callers::test()).await;
    reaches(&session, PhaseName::Stopped).await;
    offer(&settings, &text("/work", "ephemeral"));
    situation.works(&session).await;
    assert_eq!(of("ls /opencode-data | grep x; mount | grep -c ' /opencode-data '").await.trim(), "1");

    situation.lifecycle.delete(&session, &callers::test()).await.unwrap();
    let pods: Api<Pod> = situation.namespace.api();
    eventually("the Pod is gone", async || pods.get_opt(&name).await.unwrap().is_none().then_some(())).await;
    eventually("both volumes are gone", async || claims().await.trim().is_empty().then_some(())).await;
}
