//! Tests of the layers of a Pod: what a profile changes, and what no profile changes.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::kubernetes_settings::KubernetesSettings;
use super::manifest::{DIALECT, pod_value};
use super::pod_manifest_rules::record;
use super::pod_security::violations;
use super::profile_check::{profile_faults, read_profiles};
use crate::profiles::Profile;

fn base() -> Profile {
    (*KubernetesSettings::sample().profiles.get().all()[0].1).clone()
}

/// The Pod of a profile with these fields.
fn pod(fields: &Value) -> Value {
    let text = json!({"profiles": {"it": fields}}).to_string();
    let settings = KubernetesSettings::sample();
    let set = read_profiles(&settings, &base(), &text).unwrap_or_else(|faults| panic!("{faults}"));
    pod_value(&settings, &set.all()[0].1, &record()).unwrap()
}

/// What is said about a profile with these fields.
fn said(fields: &Value) -> String {
    let text = json!({"profiles": {"it": fields}}).to_string();
    let faults = read_profiles(&KubernetesSettings::sample(), &base(), &text).map(|_| ()).unwrap_err();
    faults.to_string()
}

fn named<'a>(list: &'a Value, name: &str) -> &'a Value {
    list.as_array().unwrap().iter().find(|item| item["name"] == name).unwrap_or(&Value::Null)
}

#[test]
fn every_field_of_a_profile_has_its_place_in_the_pod() {
    let pod = pod(&json!({
        "image": "devbox:2", "imagePullPolicy": "Always", "imagePullSecrets": ["registry"],
        "labels": {"network-policy": "restricted"}, "annotations": {"sidecar.istio.io/inject": "false"},
        "env": [{"name": "A", "value": "$(HOME)"}, {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
        "envFrom": [{"configMapRef": {"name": "all"}}],
        "credentials": [
            {"secret": "keys", "key": "anthropic", "env": "ANTHROPIC_API_KEY"},
            {"secret": "kube", "key": "config", "file": "/data/home/.kube/config", "mode": "0600"},
            {"secret": "certs", "directory": "/etc/corp"},
        ],
        "containers": {"prepare": {"env": [{"name": "GIT_SSL_CAINFO", "value": "/ca.crt"}],
            "volumeMounts": [{"name": "ca", "mountPath": "/ca"}], "resources": {"limits": {"memory": "1Gi"}}}},
        "securityContext": {"runAsUser": 1234}, "podSecurityContext": {"supplementalGroups": [7]},
        "nodeSelector": {"disk": "ssd"}, "tolerations": [{"key": "x", "operator": "Exists"}],
        "affinity": {"nodeAffinity": {}}, "topologySpreadConstraints":
            [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}],
        "runtimeClassName": "gvisor", "priorityClassName": "low", "dnsConfig": {"options": [{"name": "ndots", "value": "1"}]},
        "volumes": [{"name": "ca", "configMap": {"name": "ca"}}, {"name": "more", "emptyDir": {}}],
        "volumeMounts": [{"name": "more", "mountPath": "/more"}],
        "sidecars": [{"name": "db", "image": "db:1"}],
        "lifecycle": {"preStop": {"exec": {"command": ["x"]}}},
        "ports": [{"name": "web", "port": 3000}],
        "tmp": {"sizeLimit": "1Gi"},
        "pod": {"spec": {"hostname": "box", "containers": [{"name": "opencode", "stdin": true}]}},
    }));
    let (meta, spec) = (&pod["metadata"], &pod["spec"]);
    assert_eq!(
        (&meta["labels"]["network-policy"], &meta["annotations"]["sidecar.istio.io/inject"]),
        (&json!("restricted"), &json!("false"))
    );
    let (prepare, opencode) = (named(&spec["initContainers"], "prepare"), named(&spec["containers"], "opencode"));
    for container in [prepare, opencode] {
        assert_eq!((&container["image"], &container["imagePullPolicy"]), (&json!("devbox:2"), &json!("Always")));
        assert_eq!(named(&container["env"], "A")["value"], "$(HOME)");
        assert_eq!(named(&container["env"], "B")["valueFrom"]["secretKeyRef"]["key"], "k");
        assert_eq!(container["envFrom"], json!([{"configMapRef": {"name": "all"}}]));
        assert_eq!(container["securityContext"]["runAsUser"], 1234);
        assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
    }
    assert_eq!(named(&prepare["env"], "GIT_SSL_CAINFO")["value"], "/ca.crt");
    assert_eq!(named(&opencode["env"], "GIT_SSL_CAINFO"), &Value::Null, "it is the preparation's alone");
    assert_eq!(named(&prepare["volumeMounts"], "ca")["mountPath"], "/ca");
    let memory = |container: &Value| container["resources"]["limits"]["memory"].clone();
    assert_eq!((memory(prepare), memory(opencode)), (json!("1Gi"), json!("2Gi")));
    assert_eq!(
        named(&opencode["env"], "ANTHROPIC_API_KEY")["valueFrom"]["secretKeyRef"],
        json!({"name": "keys", "key": "anthropic"})
    );
    assert_eq!(named(&spec["volumes"], "credential-1")["secret"]["items"][0]["mode"], 0o600);
    assert_eq!(named(&opencode["volumeMounts"], "credential-1")["mountPath"], "/data/home/.kube/config");
    assert_eq!(named(&opencode["volumeMounts"], "credential-2")["mountPath"], "/etc/corp");
    assert_eq!(named(&prepare["volumeMounts"], "credential-2"), &Value::Null);
    assert_eq!(named(&opencode["volumeMounts"], "more")["mountPath"], "/more");
    assert_eq!(spec["imagePullSecrets"], json!([{"name": "registry"}]));
    assert_eq!(spec["securityContext"]["supplementalGroups"], json!([7]));
    assert_eq!(spec["securityContext"]["runAsUser"], 1000, "it merges with the settings");
    assert_eq!((&spec["nodeSelector"]["disk"], &spec["runtimeClassName"]), (&json!("ssd"), &json!("gvisor")));
    assert_eq!((&spec["priorityClassName"], &spec["hostname"]), (&json!("low"), &json!("box")));
    for field in ["tolerations", "affinity", "topologySpreadConstraints", "dnsConfig"] {
        assert!(!spec[field].is_null(), "{field}");
    }
    let sidecar = &spec["initContainers"][0];
    assert_eq!((&sidecar["name"], &sidecar["restartPolicy"]), (&json!("db"), &json!("Always")), "it runs before");
    assert_eq!(sidecar["securityContext"]["allowPrivilegeEscalation"], false);
    assert_eq!(named(&opencode["ports"], "web")["containerPort"], 3000);
    assert_eq!(
        (&opencode["lifecycle"]["preStop"]["exec"]["command"][0], &opencode["stdin"]),
        (&json!("x"), &json!(true))
    );
    assert_eq!(named(&spec["volumes"], "tmp")["emptyDir"]["sizeLimit"], "1Gi");
}

#[test]
fn token_is_mounted_for_a_named_account_only() {
    assert_eq!(pod(&json!({}))["spec"]["automountServiceAccountToken"], false);
    let forced = json!({"pod": {"spec": {"automountServiceAccountToken": true}}});
    assert_eq!(pod(&forced)["spec"]["automountServiceAccountToken"], false);
    let named = pod(&json!({"serviceAccountName": "agents"}));
    assert_eq!(
        (&named["spec"]["serviceAccountName"], &named["spec"]["automountServiceAccountToken"]),
        (&json!("agents"), &Value::Null)
    );
}

#[test]
fn session_volume_is_alone_at_its_path_however_it_is_written() {
    for path in ["/data", "/data/", "//data/.", "/x/../data", "/../data", "data"] {
        let mounts =
            json!([{"name": "other", "mountPath": path, "subPath": "x"}, {"name": "other", "mountPath": "/data/x"}]);
        let part = json!({"volumeMounts": mounts});
        let pod = pod(&json!({
            "volumes": [{"name": "other", "emptyDir": {}}], "containers": {"prepare": part, "opencode": part},
        }));
        for container in [&pod["spec"]["initContainers"][0], &pod["spec"]["containers"][0]] {
            let mounts =
                container["volumeMounts"].as_array().unwrap().iter().filter(|mount| mount["mountPath"] != "/tmp");
            let mounts: Vec<_> = mounts.filter(|mount| mount["name"] != "git-logins").collect();
            let (own, below) =
                (json!({"name": "session", "mountPath": "/data"}), json!({"name": "other", "mountPath": "/data/x"}));
            assert!(mounts.len() == 2 && mounts.contains(&&own) && mounts.contains(&&below), "{path}: {mounts:?}");
        }
    }
}

#[test]
fn mistakes_in_the_pod_are_said() {
    let password = DIALECT.password_variable();
    let cases = [
        (json!({"pod": {"spec": {"hostNetwrk": true}}}), "pod.spec.hostNetwrk: a Pod has no such field."),
        (json!({"pod": {"spec": {"hostNetwork": "x"}}}), "pod.spec.hostNetwork: invalid type"),
        (
            json!({"pod": {"spec": {"hostNetwork": true}}}),
            "hostNetwork: the restricted Pod Security Standard expects false. Change it, or say relaxed: true.",
        ),
        (
            json!({"securityContext": {"privileged": true}}),
            "containers “opencode”: securityContext.privileged: the restricted",
        ),
        (json!({"podSecurityContext": {"runAsUser": 0}}), "securityContext.runAsUser: the restricted"),
        (json!({"volumes": [{"name": "host", "hostPath": {"path": "/"}}]}), "volumes “host”: the restricted"),
        (
            json!({"env": [{"name": "HOME", "value": "/x"}]}),
            "env[0].name: “HOME” is a name that the router sets itself.",
        ),
        (
            json!({"containers": {"opencode": {"env": [{"name": password, "value": "/x"}]}}}),
            "containers.opencode.env[0].name: “",
        ),
        (json!({"ports": [{"name": "web"}]}), "ports: each item needs the field “containerPort” or “port”, because"),
        (json!({"ports": [{"port": 3000}]}), "ports[0]: expected name, and port from 1 to 65535."),
        (json!({"image": ""}), "image: there is no image. Name one here, or set OPENCODE_IMAGE."),
    ];
    for (fields, expected) in cases {
        let said = said(&fields);
        assert!(said.contains(expected), "{said}");
        assert!(said.starts_with("line 1: profile “it”: "), "{said}");
    }
    let relaxed = pod(&json!({"relaxed": true, "volumes": [{"name": "host", "hostPath": {"path": "/"}}]}));
    assert!(!named(&relaxed["spec"]["volumes"], "host").is_null());
}

/// Any small value that a hostile or careless patch may have.
fn any_value() -> impl Strategy<Value = Value> {
    let names = ["prepare", "opencode", "session", "tmp", "opencode-router/run", "x"];
    let words =
        ["$patch", "delete", "replace", "name", "/data", "/data/", "//data/.", "/x/../data", "/", "4096", "Always", ""];
    let text = proptest::sample::select([&names[..], &words[..]].concat()).prop_map(|word| json!(word));
    let leaf =
        prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), (0..70_000).prop_map(Value::from), text];
    leaf.prop_recursive(4, 32, 4, |inner| {
        let fields = [
            "$patch",
            "metadata",
            "spec",
            "containers",
            "initContainers",
            "volumes",
            "volumeMounts",
            "name",
            "env",
            "labels",
            "annotations",
            "ownerReferences",
            "ports",
            "command",
            "args",
            "mountPath",
            "containerPort",
            "securityContext",
            "restartPolicy",
            "automountServiceAccountToken",
            "serviceAccountName",
            "uid",
            "subPath",
        ];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((proptest::sample::select(fields.to_vec()), inner), 0..5)
                .prop_map(|fields| fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

/// A patch of the shape of a Pod with any values in it.
fn any_patch() -> impl Strategy<Value = Value> {
    let container = (any_value(), any_value(), any_value(), proptest::sample::select(vec!["prepare", "opencode", "x"]))
        .prop_map(|(env, mounts, other, name)| json!({"name": name, "env": env, "volumeMounts": mounts, "ports": other, "args": ["x"], "command": ["y"]}));
    let containers = proptest::collection::vec(container, 0..3).prop_map(Value::from).boxed();
    let list = || prop_oneof![any_value(), containers.clone()];
    (list(), list(), any_value(), any_value(), any_value()).prop_map(|(init, main, volumes, meta, other)| {
        json!({"metadata": meta, "spec": {"initContainers": init, "containers": main, "volumes": volumes,
            "restartPolicy": other, "automountServiceAccountToken": true}})
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn no_profile_removes_what_is_the_routers(patch in any_patch()) {
        let settings = KubernetesSettings::sample();
        let profile = Profile { pod: patch.as_object().cloned(), ..base() };
        let record = record();
        let Ok(pod) = pod_value(&settings, &profile, &record) else { return Ok(()) };
        let plain = pod_value(&settings, &base(), &record).unwrap();
        let (meta, spec) = (&pod["metadata"], &pod["spec"]);
        prop_assert_eq!(&meta["name"], &plain["metadata"]["name"]);
        prop_assert_eq!(&meta["ownerReferences"], &plain["metadata"]["ownerReferences"]);
        for (label, value) in plain["metadata"]["labels"].as_object().unwrap() {
            prop_assert_eq!(&meta["labels"][label], value);
        }
        prop_assert_eq!(&meta["annotations"]["opencode-router/run"], "3");
        prop_assert_eq!(&spec["restartPolicy"], "Never");
        prop_assert_eq!(named(&spec["volumes"], "session"), named(&plain["spec"]["volumes"], "session"));
        if spec["serviceAccountName"].as_str().is_none_or(str::is_empty) {
            prop_assert_eq!(&spec["automountServiceAccountToken"], false);
        }
        for (list, name) in [("initContainers", "prepare"), ("containers", "opencode")] {
            let (container, ours) = (named(&spec[list], name), named(&plain["spec"][list], name));
            prop_assert_eq!(&container["command"], &ours["command"]);
            prop_assert!(container["args"].is_null());
            for variable in ours["env"].as_array().unwrap() {
                prop_assert_eq!(named(&container["env"], variable["name"].as_str().unwrap()), variable);
            }
            let at_root: Vec<_> = container["volumeMounts"].as_array().unwrap().iter()
                .filter(|mount| mount["mountPath"].as_str().is_some_and(|path| path.contains("data"))).collect();
            let expected = json!({"name": "session", "mountPath": "/data"});
            prop_assert_eq!(at_root, vec![&expected]);
            for port in ours["ports"].as_array().into_iter().flatten() {
                prop_assert!(container["ports"].as_array().unwrap().contains(port));
            }
        }
        // A profile that is accepted without `relaxed` keeps the standard.
        if profile_faults(&settings, &profile).is_empty() {
            prop_assert_eq!(violations(spec), vec![]);
        }
    }
}

#[test]
fn opencode_has_the_profiles_configuration_and_files() {
    let pod = pod(&json!({"permission": "ask", "opencode": {
        "config": {"username": "$(HOME)"}, "skills": [{"git": "https://h/a/skills", "path": "all"}],
        "files": [{"path": "agent/a.md", "configMap": "m", "key": "k"}, {"path": "b.md", "secret": "s", "key": "l"}],
    }}));
    let container = named(&pod["spec"]["containers"], "opencode");
    let env = container["env"].as_array().unwrap();
    let variable = env.iter().find(|it| it["value"].as_str().is_some_and(|value| value.contains("username"))).unwrap();
    let content = variable["value"].as_str().unwrap();
    assert!(content.contains(r#""username":"$$(HOME)""#) && content.contains(r#""bash":"ask""#), "{content}");
    let job = named(&pod["spec"]["initContainers"], "prepare")["env"].to_string();
    let folder = content.split("/data/skills/").nth(1).unwrap().split('/').next().unwrap();
    assert!(job.contains(folder) && job.contains("https://h/a/skills"), "{job}");
    assert!(env.iter().any(|it| it["value"] == "/opencode-files"), "{env:?}");
    let volume = &named(&pod["spec"]["volumes"], "opencode-files")["projected"]["sources"];
    assert_eq!(volume[0]["configMap"]["items"], json!([{"key": "k", "path": "agent/a.md"}]));
    assert_eq!(volume[1]["secret"]["name"], "s");
    let taken = said(&json!({"permission": "ask", "env": [{"name": variable["name"], "value": "{}"}]}));
    assert!(taken.contains("is a name that the router sets itself"), "{taken}");
}
