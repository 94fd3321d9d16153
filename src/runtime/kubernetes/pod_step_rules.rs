//! Rules for the steps of a Pod, and for what a profile gives to each of them.

use std::path::PathBuf;

use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

use super::explain::observe;
use super::kubernetes_settings::KubernetesSettings;
use super::manifest::{DIALECT, PASSWORD, pod_value};
use super::pod_manifest_rules::record;
use super::profile_check::read_profiles;
use super::steps::STEPS;
use crate::prepare::{JOB_VARIABLE, Job};
use crate::profiles::Profile;
use crate::session::{Observation, PhaseName, Reason};

fn base() -> Profile {
    (*KubernetesSettings::sample().profiles.get().all()[0].1).clone()
}

fn pod_in(settings: &KubernetesSettings, fields: &Value) -> Value {
    let text = json!({"profiles": {"it": fields}}).to_string();
    let set = read_profiles(settings, &base(), &text).unwrap_or_else(|faults| panic!("{faults}"));
    pod_value(settings, &set.all()[0].1, &record()).unwrap()
}

fn pod(fields: &Value) -> Value {
    pod_in(&KubernetesSettings::sample(), fields)
}

fn named<'a>(list: &'a Value, name: &str) -> &'a Value {
    let item = list.as_array().unwrap().iter().find(|item| item["name"] == name);
    item.unwrap_or_else(|| panic!("there is no {name} in {list}"))
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}

fn place<'a>(container: &'a Value, path: &str) -> &'a Value {
    let mounts = container["volumeMounts"].as_array().unwrap();
    mounts.iter().find(|mount| mount["mountPath"] == path).unwrap_or(&Value::Null)
}

/// A profile with all steps.
fn all_steps() -> Value {
    json!({
        "image": "box:1", "tools": {"image": "tools:1"},
        "plugins": {"packages": ["@corp/plugin@1.0.0"], "env": [{"name": "NPM_TOKEN", "value": "x"}],
            "envFrom": [{"secretRef": {"name": "npm"}}]},
        "env": [{"name": "ALL", "value": "x"}],
        "containers": {"tools-init": {"env": [{"name": "TOOLS_ONLY", "value": "x"}]},
            "plugin-init": {"resources": {"limits": {"memory": "1Gi"}}}},
        "sidecars": [{"name": "db", "image": "db:1"}],
    })
}

#[test]
fn steps_begin_in_their_order_and_see_only_what_is_theirs() {
    let pod = pod(&all_steps());
    let spec = &pod["spec"];
    assert_eq!(names(&spec["initContainers"]), ["db", "tools-init", "prepare", "plugin-init"]);
    assert_eq!(pod["metadata"]["annotations"][STEPS], "tools-init,prepare,plugin-init,opencode");
    let step = |name: &str| named(&spec[if name == "opencode" { "containers" } else { "initContainers" }], name);
    let has = |name: &str, variable: &str| {
        step(name)["env"].as_array().is_some_and(|env| env.iter().any(|it| it["name"] == variable))
    };
    for name in ["tools-init", "prepare", "plugin-init", "opencode"] {
        assert!(has(name, "ALL"), "{name}");
        assert_eq!(has(name, "NPM_TOKEN"), name == "plugin-init", "{name}");
        assert_eq!(has(name, "TOOLS_ONLY"), name == "tools-init", "{name}");
        assert_eq!(step(name)["envFrom"].is_array(), name == "plugin-init", "{name}");
        let (image, program) = match name {
            "tools-init" => ("tools:1", "/tools-image/bin/opencode-session"),
            _ => ("box:1", "/tools/bin/opencode-session"),
        };
        assert_eq!((&step(name)["image"], &step(name)["command"][0]), (&json!(image), &json!(program)), "{name}");
        let writes = place(step(name), "/tools")["readOnly"] != true;
        assert_eq!(writes, name == "tools-init", "{name}");
        assert_eq!(place(step(name), "/data").is_null(), name == "tools-init", "{name}");
        assert_eq!(step(name)["securityContext"]["readOnlyRootFilesystem"], true, "{name}");
    }
    assert_eq!(step("plugin-init")["resources"]["limits"]["memory"], "1Gi");
    assert!(step("opencode")["env"].to_string().contains("/node_modules/@corp/plugin"), "opencode loads it");
    let password = DIALECT.password_variable();
    assert_eq!(named(&step("opencode")["env"], password)["valueFrom"]["secretKeyRef"]["key"], PASSWORD);
    assert!(!["tools-init", "prepare", "plugin-init"].iter().any(|name| has(name, password)));
}

#[test]
fn image_volume_replaces_the_copy() {
    let settings = KubernetesSettings { image_volumes: true, ..KubernetesSettings::sample() };
    let pod = pod_in(&settings, &json!({"tools": {"image": "tools:1"}, "imagePullPolicy": "Always"}));
    assert_eq!(names(&pod["spec"]["initContainers"]), ["prepare"]);
    let volume = named(&pod["spec"]["volumes"], "tools");
    assert_eq!(volume["image"], json!({"reference": "tools:1", "pullPolicy": "Always"}));
    let mount = place(&pod["spec"]["containers"][0], "/tools");
    assert_eq!((&mount["subPath"], &mount["readOnly"]), (&json!("tools-image"), &json!(true)));
}

#[test]
fn certificates_and_places_are_told_to_the_preparation() {
    let pod = pod(&json!({
        "ca": {"secret": "corp", "key": "ca.pem"}, "workspaceDir": "/workspace",
        "storage": {"opencodeData": "ephemeral"}, "env": [{"name": "PIP_CERT", "value": "/own"}],
    }));
    let (prepare, opencode) = (&pod["spec"]["initContainers"][0], &pod["spec"]["containers"][0]);
    let job = Job::parse(named(&prepare["env"], JOB_VARIABLE)["value"].as_str().unwrap()).unwrap();
    let certificates = job.certificates.unwrap();
    let items = &named(&pod["spec"]["volumes"], "router-ca")["secret"]["items"][0];
    let folder = certificates.added.parent().unwrap().to_str().unwrap();
    assert_eq!(place(prepare, folder)["name"], "router-ca");
    assert_eq!(
        (&items["key"], &items["path"]),
        (&json!("ca.pem"), &json!(certificates.added.file_name().unwrap().to_str()))
    );
    let all = certificates.all.to_str().unwrap();
    for (container, writes) in [(prepare, true), (opencode, false)] {
        for variable in ["SSL_CERT_FILE", "GIT_SSL_CAINFO", "NODE_EXTRA_CA_CERTS"] {
            assert_eq!(named(&container["env"], variable)["value"], all);
        }
        assert_eq!(named(&container["env"], "PIP_CERT")["value"], "/own", "the profile's own variable counts");
        let folder = certificates.all.parent().unwrap().to_str().unwrap();
        assert_eq!(place(container, folder)["readOnly"], !writes);
    }
    assert_eq!(job.workspace.unwrap().to_str(), Some("/workspace"));
    assert!(opencode["workingDir"].as_str().unwrap().starts_with("/workspace/"));
    assert_eq!(place(opencode, "/workspace")["subPath"], "work");
    assert_eq!(job.history.unwrap().to_str(), Some("/opencode-data"));
    assert!(!named(&pod["spec"]["volumes"], "opencode-data")["emptyDir"].is_null());
}

#[test]
fn preparation_makes_the_folders_of_mounts_in_the_home() {
    let folders = |fields: Value| {
        let pod = pod(&fields);
        let job = named(&pod["spec"]["initContainers"][0]["env"], JOB_VARIABLE)["value"].as_str().unwrap();
        Job::parse(job).unwrap().home_folders
    };
    let mounted = folders(json!({
        "credentials": [
            {"secret": "kube", "key": "config", "file": "/data/home/.kube/config"},
            {"secret": "gh", "directory": "/data/home/.config/gh"}, {"secret": "x", "directory": "/data/home/x"},
            {"secret": "corp", "key": "a", "file": "/etc/corp/a"}, {"secret": "ai", "key": "a", "env": "KEY"},
        ],
        "volumes": [{"name": "v", "emptyDir": {}}],
        "volumeMounts": [{"name": "v", "mountPath": "/data/home/.kube/cache"}],
        "containers": {"opencode": {"volumeMounts": [{"name": "v", "mountPath": "/data/home/go/pkg/mod"}]}},
    }));
    let expected = ["/data/home/.config", "/data/home/.kube", "/data/home/go/pkg"];
    assert_eq!(mounted, expected.map(PathBuf::from));
    assert!(folders(json!({})).is_empty());
}

#[test]
fn mistakes_are_said() {
    let said = |fields: Value| {
        let text = json!({"profiles": {"it": fields}}).to_string();
        read_profiles(&KubernetesSettings::sample(), &base(), &text).map(|_| ()).unwrap_err().to_string()
    };
    for folder in ["workspace", "/", "/data/x", "/tools", "/a/../b", "/a/"] {
        assert!(said(json!({"workspaceDir": folder})).contains("workspaceDir: “"), "{folder}");
    }
    for package in
        ["name", "name@latest", "@corp/x@^1.0.0", "-x@1.0.0", "git+https://h/x@1.0.0", "a b@1.0.0", "@a@1.0.0"]
    {
        assert!(said(json!({"plugins": {"packages": [package]}})).contains("plugins.packages[0]: “"), "{package}");
    }
    assert!(said(json!({"ca": {"key": "x"}})).contains("ca: expected exactly one of configMap and secret"));
    assert!(said(json!({"ca": {"key": "x", "configMap": "a", "secret": "b"}})).contains("ca: expected exactly one"));
    assert!(said(json!({"tools": {"image": " "}})).contains("tools.image: expected the name"));
    assert!(said(json!({"storage": {"opencodeData": {"size": "2gb"}}})).contains("storage.opencodeData.size"));
    assert!(said(json!({"storage": {"opencodeData": "here"}})).contains("expected volume, ephemeral, or a volume"));
    let reserved = json!({"plugins": {"packages": ["x@1.0.0"], "env": [{"name": "HOME", "value": "/"}]}});
    assert!(said(reserved).contains("plugins.env[0].name: “HOME” is a name that the router sets itself"));
}

/// What is seen of a Pod of all steps whose containers have these states, in their order.
fn seen(states: &[(&str, Value)]) -> Observation {
    let mut pod: Pod = serde_json::from_value(pod(&all_steps())).unwrap();
    let status = |(name, state): &(&str, Value)| json!({"name": name, "image": "", "imageID": "", "ready": false, "restartCount": 0, "state": state});
    let (opencode, others): (Vec<_>, Vec<_>) = states.iter().partition(|(name, _)| *name == "opencode");
    let statuses = |list: Vec<&(&str, Value)>| list.into_iter().map(status).collect::<Vec<_>>();
    pod.spec.as_mut().unwrap().node_name = Some("node".to_owned());
    let status = json!({"initContainerStatuses": statuses(others), "containerStatuses": statuses(opencode)});
    pod.status = serde_json::from_value(status).unwrap();
    observe(&pod)
}

fn waits(reason: &str) -> Value {
    json!({"waiting": {"reason": reason, "message": "not found"}})
}

fn ended(code: i32, said: &str) -> Value {
    json!({"terminated": {"exitCode": code, "message": said, "reason": if code == 0 { "Completed" } else { "Error" }}})
}

#[test]
fn each_step_has_its_phase() {
    let running = json!({"running": {}});
    let (done, idle) = (ended(0, ""), waits("PodInitializing"));
    let opencode = ("opencode", idle.clone());
    let cases = [
        (vec![("tools-init", idle.clone())], PhaseName::Pulling, None),
        (vec![("tools-init", running.clone())], PhaseName::Pulling, Some("Copying the tools.")),
        (vec![("tools-init", done.clone()), ("prepare", idle)], PhaseName::Pulling, None),
        (vec![("tools-init", done.clone()), ("prepare", running.clone())], PhaseName::Cloning, None),
        (
            vec![("tools-init", done.clone()), ("prepare", done.clone()), ("plugin-init", running)],
            PhaseName::Starting,
            Some("Installing opencode's plugins."),
        ),
        (
            vec![("tools-init", done.clone()), ("prepare", done.clone()), ("plugin-init", done)],
            PhaseName::Starting,
            None,
        ),
    ];
    for (mut states, phase, message) in cases {
        states.push(opencode.clone());
        let seen = seen(&states);
        assert_eq!((seen.name, seen.message.as_deref()), (phase, message), "{states:?}");
    }
}

#[test]
fn failing_container_is_named() {
    let done = ended(0, "");
    let cases = [
        (vec![("tools-init", waits("ErrImagePull"))], Reason::ImagePullFailed, "The tools image cannot be pulled."),
        (vec![("db", waits("ErrImagePull"))], Reason::ImagePullFailed, "The image of the session's container “db”"),
        (
            vec![("tools-init", ended(1, "No space left on device"))],
            Reason::ContainerFailed,
            "The session's tools could not be copied (status 1). Ask an administrator to fix the cause: No space left",
        ),
        (
            vec![
                ("tools-init", done.clone()),
                ("prepare", done.clone()),
                ("plugin-init", ended(65, "x\nno such package")),
            ],
            Reason::PluginsFailed,
            "opencode's plugins could not be installed (status 65). Ask an administrator to fix the cause: no such",
        ),
        (
            vec![("tools-init", done.clone()), ("db", ended(3, "no licence"))],
            Reason::ContainerFailed,
            "The session's container “db” failed (status 3). Ask an administrator to fix the cause: no licence.",
        ),
    ];
    for (states, reason, words) in cases {
        let failure = seen(&states).failure.unwrap_or_else(|| panic!("{states:?} is a failure"));
        assert_eq!(failure.reason, reason, "{failure:?}");
        assert!(failure.message.starts_with(words), "{}", failure.message);
    }
    // A sidecar ends with its Pod.
    let states = [("prepare", done), ("db", ended(137, "")), ("opencode", ended(1, "why"))];
    assert_eq!(seen(&states).failure.unwrap().reason, Reason::OpencodeExited);
}
