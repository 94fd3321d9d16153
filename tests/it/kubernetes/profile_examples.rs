//! Examples of profiles on a cluster: each is started and used, and its Pod is compared field by field.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{ConfigMap, Namespace as NamespaceObject, Secret, ServiceAccount};
use k8s_openapi::api::node::v1::RuntimeClass;
use k8s_openapi::api::scheduling::v1::PriorityClass;
use kube::api::{Api, PostParams};
use opencode_router::session::Groups;
use opencode_router::session::{Reason, Session};
use serde_json::{Value, json};

use super::profiles::{create, offer};
use super::situation::{PATIENT, Situation, failed, git_server};
use crate::support::callers;
use crate::support::kubernetes::{Namespace, SESSION_IMAGE};
use crate::support::tls_front::TlsFront;

/// A number that no image knows, as OpenShift gives one to each namespace.
const ANY_NUMBER: i64 = 1_000_660_000;

/// Every field of `expected` is in `actual`, and every item of its lists.
fn assert_has(actual: &Value, expected: &Value, path: &str) {
    match (actual, expected) {
        (Value::Object(_), Value::Object(fields)) => {
            for (name, field) in fields {
                assert_has(&actual[name], field, &format!("{path}.{name}"));
            }
        }
        (Value::Array(items), Value::Array(wanted)) => {
            for item in wanted.iter().filter(|item| !item.is_object()) {
                assert!(items.contains(item), "{path} has {item}: {actual}");
            }
            for item in wanted.iter().filter(|item| item.is_object()) {
                let key = ["name", "mountPath", "topologyKey", "key"].into_iter().find(|key| item.get(key).is_some());
                let same = items.iter().find(|it| key.is_none_or(|key| it[key] == item[key]));
                let same = same.unwrap_or_else(|| panic!("{path} has {item}: {actual}"));
                assert_has(same, item, &format!("{path}[{}]", key.map_or(&Value::Null, |key| &item[key])));
            }
        }
        _ => assert_eq!(actual, expected, "{path}"),
    }
}

/// Creates an object of the whole cluster, which is deleted with the namespace. It has the namespace's name.
async fn create_for<K>(namespace: &Namespace, fields: Value)
where
    K: kube::Resource<DynamicType = ()> + Clone + std::fmt::Debug + serde::Serialize + serde::de::DeserializeOwned,
{
    let spaces: Api<NamespaceObject> = Api::all(namespace.client.clone());
    let uid = spaces.get(&namespace.name).await.unwrap().metadata.uid;
    let owner = json!([{"apiVersion": "v1", "kind": "Namespace", "name": namespace.name, "uid": uid}]);
    let mut object = fields;
    object["metadata"] = json!({"name": namespace.name, "ownerReferences": owner});
    let all: Api<K> = Api::all(namespace.client.clone());
    all.create(&PostParams::default(), &serde_json::from_value(object).unwrap()).await.unwrap();
}

/// A ready session of the first profile, with its Pod.
async fn ready(situation: &Situation) -> (Arc<Session>, Value) {
    let session = situation.ready().await;
    let pod = json!(situation.pod(&session).await);
    (session, pod)
}

const HARDENED: &str = r#"
profiles:
  base:
    abstract: true
    podSecurityContext: {supplementalGroups: [4321]}
    env: [{name: ALL, value: base}, {name: DROPPED, value: base}, {name: KEPT, value: base}]
    labels: {team: base, tier: base}
  hardened:
    extends: base
    runtimeClassName: NAME
    priorityClassName: NAME
    serviceAccountName: agent
    labels: {team: child}
    securityContext: {seccompProfile: {type: RuntimeDefault}, runAsNonRoot: true}
    env: [{name: ALL, value: child}, {$patch: delete, name: DROPPED}]
    envFrom: [{configMapRef: {name: settings}}]
    containers:
      prepare:
        env: [{name: STEP, value: prepare}]
        resources: {limits: {memory: 300Mi}}
        volumeMounts: [{name: shared, mountPath: /shared}]
      opencode:
        env: [{name: STEP, value: opencode}]
        envFrom: [{secretRef: {name: keys}}]
        volumeMounts: [{name: shared, mountPath: /shared, readOnly: true}]
        securityContext: {capabilities: {drop: [ALL]}}
    volumes: [{name: shared, emptyDir: {}}]
    tmp: {sizeLimit: 100Mi}
    dnsConfig: {options: [{name: ndots, value: "1"}]}
    affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [
      {matchExpressions: [{key: kubernetes.io/os, operator: In, values: [linux]}]}]}}}
    topologySpreadConstraints:
      - {maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: ScheduleAnyway,
         labelSelector: {matchLabels: {team: child}}}
    lifecycle: {postStart: {exec: {command: [sh, -c, echo started > /tmp/hook]}}}
    ports: [{name: webapp, port: 3000}, {name: dns, port: 5353, protocol: UDP}]
    imagePullSecrets: [registry]
    storage: {accessMode: ReadWriteOncePod}
"#;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn hardened_profile_is_used_and_its_pod_has_each_field() {
    let namespace = Arc::new(Namespace::create().await);
    create_for::<RuntimeClass>(&namespace, json!({"handler": "runc"})).await;
    create_for::<PriorityClass>(&namespace, json!({"value": 1000})).await;
    create::<ServiceAccount>(&namespace, json!({"metadata": {"name": "agent"}})).await;
    create::<ConfigMap>(&namespace, json!({"metadata": {"name": "settings"}, "data": {"FROM_MAP": "map"}})).await;
    create::<Secret>(&namespace, json!({"metadata": {"name": "keys"}, "stringData": {"FROM_KEYS": "keys"}})).await;
    let text = HARDENED.replace("NAME", &namespace.name);
    let situation = Situation::in_namespace(namespace, |settings| offer(settings, &text), PATIENT).await;
    let (session, pod) = ready(&situation).await;

    let script = r#"echo "$ALL [$DROPPED] $KEPT $STEP $FROM_MAP $FROM_KEYS"
        cat /tmp/hook; grep -o ndots:1 /etc/resolv.conf; id -G | grep -ow 4321
        cat /var/run/secrets/kubernetes.io/serviceaccount/namespace; echo
        touch /shared/x 2>&1 | grep -o 'Read-only'; touch /x 2>&1 | grep -o 'Read-only'"#;
    let said = situation.namespace.output_of(session.id(), script).await;
    let space = situation.namespace.name.as_str();
    let first = "child [] base opencode map keys";
    let expected = [first, "started", "ndots:1", "4321", space, "Read-only", "Read-only"];
    assert_eq!(said.lines().collect::<Vec<_>>(), expected);

    let both = json!({
        "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "runAsNonRoot": true,
        "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"},
    });
    let from_map = json!({"configMapRef": {"name": "settings"}});
    let expected = json!({
        "metadata": {"labels": {"team": "child", "tier": "base"}},
        "spec": {
            "runtimeClassName": space, "priorityClassName": space, "priority": 1000, "serviceAccountName": "agent",
            "imagePullSecrets": [{"name": "registry"}],
            "securityContext": {"supplementalGroups": [4321], "runAsNonRoot": true, "runAsUser": 1000, "fsGroup": 1000},
            "dnsConfig": {"options": [{"name": "ndots", "value": "1"}]},
            "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
                {"matchExpressions": [{"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]}]},
            ]}}},
            "topologySpreadConstraints": [{
                "topologyKey": "kubernetes.io/hostname", "maxSkew": 1, "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": {"team": "child"}},
            }],
            "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "100Mi"}}, {"name": "shared", "emptyDir": {}}],
            "initContainers": [{
                "name": "prepare", "securityContext": both, "envFrom": [from_map],
                "env": [{"name": "STEP", "value": "prepare"}, {"name": "ALL", "value": "child"}],
                "resources": {"limits": {"memory": "300Mi", "cpu": "2"}},
                "volumeMounts": [{"mountPath": "/shared", "name": "shared"}],
            }],
            "containers": [{
                "name": "opencode", "securityContext": both,
                "env": [{"name": "STEP", "value": "opencode"}, {"name": "KEPT", "value": "base"}],
                "resources": {"limits": {"memory": "2Gi", "cpu": "2"}},
                "volumeMounts": [{"mountPath": "/shared", "name": "shared", "readOnly": true}],
                "ports": [
                    {"name": "webapp", "containerPort": 3000, "protocol": "TCP"},
                    {"name": "dns", "containerPort": 5353, "protocol": "UDP"},
                ],
                "lifecycle": {"postStart": {"exec": {"command": ["sh", "-c", "echo started > /tmp/hook"]}}},
            }],
        },
    });
    assert_has(&pod, &expected, "pod");
    let sources = &pod["spec"]["containers"][0]["envFrom"];
    assert_eq!(sources, &json!([from_map, {"secretRef": {"name": "keys"}}]));
    let claim = situation.namespace.claim(session.id()).await;
    assert_eq!(claim["spec"]["accessModes"], json!(["ReadWriteOncePod"]));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn numbers_that_the_cluster_chooses_work() {
    // The profile names no number. The patch has the part of OpenShift's admission, which adds its own.
    let text = format!(
        "
profiles:
  numbers:
    image: {SESSION_IMAGE}
    podSecurityContext: {{runAsUser: null, runAsGroup: null, fsGroup: null}}
    pod: {{spec: {{securityContext: {{runAsUser: {ANY_NUMBER}, fsGroup: {ANY_NUMBER}}}}}}}
"
    );
    let situation = Situation::begin_with(|settings| offer(settings, &text)).await;
    let (session, pod) = ready(&situation).await;
    let script = "id -u; id -g; echo $HOME; cd /data/work/* && touch ~/home /tmp/tmp project; ssh -V 2>&1 | cut -c 1-7; \
                  stat -c %g ~/home";
    let said = situation.namespace.output_of(session.id(), script).await;
    let number = ANY_NUMBER.to_string();
    assert_eq!(said.lines().collect::<Vec<_>>(), [&number, "0", "/data/home", "OpenSSH", &number]);
    let security = &pod["spec"]["securityContext"];
    assert_has(security, &json!({"runAsUser": ANY_NUMBER, "fsGroup": ANY_NUMBER, "runAsNonRoot": true}), "security");
    assert_eq!(security.get("runAsGroup"), None, "the settings' number is gone");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn private_authority_is_for_git_alone() {
    let git = git_server().await;
    let plain = git.repo("team/app").await;
    let front = TlsFront::before(git.address()).await;
    let authority = std::fs::read_to_string(front.authority()).unwrap();
    let text = "
profiles:
  none: {}
  corporate:
    clone: {filter: 'blob:none'}
    volumes: [{name: git-ca, configMap: {name: git-ca}}]
    containers:
      prepare:
        env: [{name: GIT_SSL_CAINFO, value: /git-ca/ca.crt}]
        volumeMounts: [{name: git-ca, mountPath: /git-ca, readOnly: true}]
";
    let situation = Situation::begin_with(|settings| offer(settings, text)).await;
    create::<ConfigMap>(&situation.namespace, json!({"metadata": {"name": "git-ca"}, "data": {"ca.crt": authority}}))
        .await;
    let session = situation.open_branch(&front.url(&plain), "main").await;
    failed(&session, Reason::RepositoryUnreachable, "not trusted").await;

    let choice =
        situation.lifecycle.choose_profile(&session, Some("corporate"), &Groups::default(), &callers::test()).await;
    choice.unwrap();
    situation.works(&session).await;
    let script = "cat README.md; echo \"[$GIT_SSL_CAINFO]\"; test -e /git-ca || echo none; \
                  git config remote.origin.partialclonefilter";
    let said = situation.namespace.output_of(session.id(), script).await;
    assert_eq!(
        said.lines().collect::<Vec<_>>(),
        ["# team/app", "[]", "none", "blob:none"],
        "opencode's container has no authority"
    );
    let pod = json!(situation.pod(&session).await);
    let prepare = json!({"env": [{"name": "GIT_SSL_CAINFO", "value": "/git-ca/ca.crt"}], "volumeMounts": [{"mountPath": "/git-ca", "readOnly": true}]});
    assert_has(&pod["spec"]["initContainers"][0], &prepare, "prepare");
    let own = &pod["spec"]["containers"][0];
    assert!(!own.to_string().contains("git-ca"), "{own}");
}
