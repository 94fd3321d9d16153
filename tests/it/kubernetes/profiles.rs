//! Sessions in Pods of a profile, on a cluster.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{ConfigMap, Node, Secret};
use kube::api::{Api, Patch, PatchParams, PostParams};
use opencode_router::lifecycle::Wishes;
use opencode_router::profiles::Profile;
use opencode_router::runtime::kubernetes::{KubernetesSettings, read_profiles};
use opencode_router::session::{Groups, Origin, Outdated, PhaseName, Reason, Session};
use serde_json::{Value, json};

use super::situation::{PATIENT, Situation, failed, reaches};
use crate::support::callers;
use crate::support::condition::eventually;
use crate::support::kubernetes::{Namespace, STAND_IN_IMAGE};

/// Puts these profiles in force.
pub fn offer(settings: &KubernetesSettings, text: &str) {
    let base: Profile = (*settings.profiles.get().all()[0].1).clone();
    let profiles = read_profiles(settings, &base, text).unwrap_or_else(|faults| panic!("{faults}"));
    settings.profiles.replace(profiles);
}

/// Creates an object in the namespace.
pub async fn create<K>(namespace: &Namespace, object: Value)
where
    K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>,
    K: Clone + std::fmt::Debug + serde::Serialize + serde::de::DeserializeOwned,
{
    let object = serde_json::from_value(object).unwrap();
    namespace.api::<K>().create(&PostParams::default(), &object).await.unwrap();
}

async fn stop(situation: &Situation, session: &Arc<Session>) {
    situation.lifecycle.request_stop(session, &callers::test()).await;
    reaches(session, PhaseName::Stopped).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn session_runs_with_everything_that_its_profile_names() {
    let namespace = Arc::new(Namespace::create().await);
    let secret = |name: &str, key: &str, value: &str| json!({"metadata": {"name": name}, "stringData": {key: value}});
    create::<Secret>(&namespace, secret("npm", "token", "npm-token")).await;
    create::<Secret>(&namespace, secret("kube", "config", "kube-config")).await;
    create::<Secret>(&namespace, secret("certs", "ca.crt", "certificate")).await;
    create::<ConfigMap>(&namespace, json!({"metadata": {"name": "cluster"}, "data": {"environment": "staging"}})).await;
    let nodes: Api<Node> = Api::all(namespace.client.clone());
    let node = nodes.list(&Default::default()).await.unwrap().items.remove(0).metadata.name.unwrap();
    let text = format!(
        "
profiles:
  base:
    abstract: true
    env:
      - {{name: PLAIN, value: $(HOME)/plain}}
      - {{name: FROM_SECRET, valueFrom: {{secretKeyRef: {{name: npm, key: token}}}}}}
      - {{name: FROM_CONFIG, valueFrom: {{configMapKeyRef: {{name: cluster, key: environment}}}}}}
  box:
    extends: base
    labels: {{network-policy: restricted}}
    annotations: {{example.org/note: here}}
    nodeSelector: {{kubernetes.io/hostname: {node}}}
    tolerations: [{{key: dedicated, operator: Exists}}]
    credentials:
      - {{secret: npm, key: token, env: CREDENTIAL}}
      - {{secret: kube, key: config, file: /data/home/.kube/config, mode: '0440'}}
      - {{secret: certs, directory: /etc/corp}}
    containers: {{prepare: {{env: [{{name: ONLY_PREPARE, value: x}}]}}}}
    volumes: [{{name: cache, emptyDir: {{}}}}]
    volumeMounts: [{{name: cache, mountPath: /cache}}]
    sidecars: [{{name: beside, image: {STAND_IN_IMAGE}, command: [sh, -c, sleep 1000], resources: {{requests: {{cpu: 1m}}}}}}]
    ports: [{{name: web, port: 3000}}]
    resources: {{limits: {{memory: 1Gi}}}}
    storage: {{size: 3Gi}}
    pod: {{spec: {{hostname: box}}}}
"
    );
    let situation = Situation::in_namespace(namespace, |settings| offer(settings, &text), PATIENT).await;
    let wishes = Wishes { profile: Some("box".to_owned()), ..Wishes::default() };
    let (user, cause) = (callers::dev(), callers::test());
    let opened = situation.lifecycle.open(&user, Origin::new_project(), None, wishes, &cause).await.unwrap();
    let session = situation.works(&opened.session).await;

    // The folder of a credential belongs to the session too.
    let script = "printf '%s\\n' $PLAIN $FROM_SECRET $FROM_CONFIG $CREDENTIAL \"[$ONLY_PREPARE]\"; \
                  cat /data/home/.kube/config; echo; cat /etc/corp/ca.crt; echo; touch /cache/x /data/home/.kube/x && hostname";
    let said = situation.namespace.output_of(session.id(), script).await;
    let expected = ["/data/home/plain", "npm-token", "staging", "npm-token", "[]", "kube-config", "certificate", "box"];
    assert_eq!(said.lines().collect::<Vec<_>>(), expected);

    let pod = json!(situation.pod(&session).await);
    let (meta, spec) = (&pod["metadata"], &pod["spec"]);
    assert_eq!(
        (&meta["labels"]["network-policy"], &meta["annotations"]["example.org/note"]),
        (&json!("restricted"), &json!("here"))
    );
    assert_eq!((&spec["nodeName"], &spec["hostname"]), (&json!(node), &json!("box")));
    assert!(spec["tolerations"].as_array().unwrap().iter().any(|it| it["key"] == "dedicated"));
    assert_eq!(
        (&spec["initContainers"][0]["name"], &spec["initContainers"][0]["restartPolicy"]),
        (&json!("beside"), &json!("Always"))
    );
    let opencode = &spec["containers"][0];
    assert!(opencode["ports"].as_array().unwrap().iter().any(|it| it["containerPort"] == 3000));
    assert_eq!(opencode["resources"]["limits"]["memory"], "1Gi");
    let claim = situation.namespace.claim(session.id()).await;
    assert_eq!(claim["spec"]["resources"]["requests"]["storage"], "3Gi");
    assert_eq!(claim["metadata"]["annotations"]["opencode-router/profile"], "box");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn changed_profile_counts_from_the_next_start_and_a_missing_one_is_said() {
    let mut profiles = None;
    let situation = Situation::begin_with(|settings| {
        offer(
            settings,
            "profiles:\n  small: {env: [{name: SIZE, value: small}], storage: {size: 1Gi}}\n  \
             large: {env: [{name: SIZE, value: large}], storage: {size: 3Gi}}\n",
        );
        profiles = Some(settings.clone());
    })
    .await;
    let session = situation.ready().await;
    let size = async || situation.namespace.output_of(session.id(), "echo $SIZE").await;
    assert_eq!(size().await.trim(), "small", "the first one is the default");
    let choose = async |name: &str| {
        let cause = callers::test();
        situation.lifecycle.choose_profile(&session, Some(name), &Groups::default(), &cause).await.unwrap();
    };
    choose("large").await;
    assert_eq!(size().await.trim(), "small", "a running session stays as it is");
    assert_eq!(situation.namespace.volume_size(session.id(), "").await, "1Gi");
    stop(&situation, &session).await;
    situation.works(&session).await;
    assert_eq!(size().await.trim(), "large");
    assert_eq!(situation.namespace.volume_size(session.id(), "").await, "3Gi");

    stop(&situation, &session).await;
    offer(&profiles.unwrap(), "profiles:\n  small: {}\n");
    situation.lifecycle.request_start(&session, &callers::test()).await;
    let expected =
        "There is no profile “large”. There are: small. Choose another profile for this session, then start it.";
    failed(&session, Reason::ProfileMissing, expected).await;
    choose("small").await;
    situation.works(&session).await;
    assert_eq!(session.phase_name(), PhaseName::Ready);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn running_session_shows_what_a_restart_would_change() {
    let namespace = Arc::new(Namespace::create().await);
    let token = |value: &str| json!({"metadata": {"name": "keys"}, "stringData": {"token": value}});
    create::<Secret>(&namespace, token("old")).await;
    let profile = |size: &str, image: &str| {
        let credentials = "[{secret: keys, key: token, env: TOKEN}]";
        let env = format!("[{{name: SIZE, value: {size}}}]");
        format!("profiles:\n  box: {{image: {image}, env: {env}, credentials: {credentials}}}\n")
    };
    let (small, mut profiles) = (profile("small", STAND_IN_IMAGE), None);
    let change = |settings: &mut KubernetesSettings| {
        offer(settings, &small);
        profiles = Some(settings.clone());
    };
    let situation = Situation::in_namespace(namespace, change, PATIENT).await;
    let profiles = profiles.unwrap();
    let session = situation.ready().await;
    let outdated = async |expected: &[Outdated]| {
        let what = format!("{expected:?} would change");
        eventually(&what, async || (session.run()?.outdated() == expected).then_some(())).await;
    };
    let pod = situation.pod(&session).await.unwrap();

    offer(&profiles, &profile("small", "another:1"));
    outdated(&[Outdated::Image]).await;
    offer(&profiles, &small);
    outdated(&[]).await;
    let secrets = situation.namespace.api::<Secret>();
    secrets.patch("keys", &PatchParams::default(), &Patch::Merge(token("new"))).await.unwrap();
    outdated(&[Outdated::Secrets]).await;
    offer(&profiles, &profile("large", STAND_IN_IMAGE));
    outdated(&[Outdated::Profile, Outdated::Secrets]).await;
    let now = situation.pod(&session).await.unwrap();
    assert_eq!((&now.metadata.uid, &now.spec), (&pod.metadata.uid, &pod.spec), "the running Pod is never touched");
    assert_eq!(now.metadata.annotations, pod.metadata.annotations);
    assert_eq!(situation.namespace.output_of(session.id(), "echo $SIZE $TOKEN").await.trim(), "small old");

    stop(&situation, &session).await;
    situation.works(&session).await;
    let runtime = situation.lifecycle.runtime();
    assert_eq!(runtime.outdated(session.spec(), &session.memo()), []);
    assert_eq!(situation.namespace.output_of(session.id(), "echo $SIZE $TOKEN").await.trim(), "large new");
}
