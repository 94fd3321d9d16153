//! Whether nodes can pull the images of the profiles.

use std::collections::BTreeSet;
use std::time::Instant;

use futures_util::future::join_all;
use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

use super::super::api_server::Cluster;
use super::super::pod_defaults::hardened;
use super::super::trial_session::trial_session;
use super::super::{KubernetesSettings, manifest};
use super::trial_pod::{TrialLimits, Untried, attempt, trial_pod};
use crate::runtime::Finding;

const NAME: &str = "image-pull";
/// No image has this program. A container that cannot start it has its image.
const NO_PROGRAM: &str = "/opencode-router-doctor";
const ADVICE: &str =
    "Check the name of the image, imagePullSecrets for its registry, and whether nodes reach the registry.";

/// An image, and a Pod that needs it.
struct Trial {
    profile: String,
    image: String,
    pod: Value,
}

/// Tries each image of each profile where the profile's sessions run.
pub(super) async fn check(cluster: &Cluster, settings: &KubernetesSettings, limits: &TrialLimits) -> Vec<Finding> {
    join_all(trials(settings).into_iter().map(async |trial| {
        let begun = Instant::now();
        let result = attempt(&cluster.pods, trial.pod, limits, pulled).await;
        judge(&trial.image, &trial.profile, begun.elapsed().as_secs_f64(), result)
    }))
    .await
}

/// Images that several profiles pull in the same way are tried once.
fn trials(settings: &KubernetesSettings) -> Vec<Trial> {
    let (mut trials, mut seen) = (Vec::new(), BTreeSet::new());
    for (profile, fields) in settings.profiles.get().all() {
        // Other checks report a profile that makes no Pod.
        let Ok((_, record)) = trial_session(fields) else { continue };
        let Ok(mut pod) = manifest::pod_value(settings, fields, &record) else { continue };
        let mut take = |list: &str| pod["spec"][list].take().as_array().cloned().unwrap_or_default();
        let volumes = take("volumes");
        let containers =
            [take("initContainers"), take("containers"), volumes.iter().filter_map(as_container).collect()];
        let containers = containers.concat();
        for unused in ["initContainers", "containers", "volumes"] {
            pod["spec"].as_object_mut().map(|spec| spec.remove(unused));
        }
        pod["spec"]["automountServiceAccountToken"] = json!(false);
        for container in containers {
            let image = container["image"].as_str().unwrap_or_default().to_owned();
            if seen.insert(format!("{image} {}", pod["spec"])) {
                let mut spec = pod["spec"].clone();
                spec["containers"] = json!([only_image(&container)]);
                trials.push(Trial {
                    profile: profile.clone(),
                    image,
                    pod: trial_pod(&pod["metadata"]["annotations"], &spec),
                });
            }
        }
    }
    trials
}

/// A container of a volume's image.
fn as_container(volume: &Value) -> Option<Value> {
    let image = volume.get("image")?;
    Some(json!({
        "image": image["reference"], "imagePullPolicy": image["pullPolicy"], "securityContext": hardened(),
    }))
}

fn only_image(container: &Value) -> Value {
    let mut only = json!({"name": "image", "command": [NO_PROGRAM]});
    for field in ["image", "imagePullPolicy", "resources", "securityContext"] {
        if let Some(value) = container.get(field) {
            only[field] = value.clone();
        }
    }
    only
}

/// Whether the node has the image, or why not. `None`: not yet known.
fn pulled(pod: &Pod) -> Option<Result<(), String>> {
    let state = pod.status.as_ref()?.container_statuses.as_ref()?.first()?.state.as_ref()?;
    if state.running.is_some() || state.terminated.is_some() {
        return Some(Ok(()));
    }
    let waiting = state.waiting.as_ref()?;
    let reason = waiting.reason.clone().unwrap_or_default();
    match reason.as_str() {
        "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" => Some(Ok(())),
        "InvalidImageName"
        | "ErrImagePull"
        | "ImagePullBackOff"
        | "ErrImageNeverPull"
        | "RegistryUnavailable"
        | "ImageInspectError"
        | "SignatureValidationFailed" => Some(Err(waiting.message.clone().unwrap_or(reason))),
        _ => None,
    }
}

fn judge(image: &str, profile: &str, seconds: f64, result: Result<Result<(), String>, Untried>) -> Finding {
    match result {
        Ok(Ok(())) => {
            Finding::ok(NAME, format!("A node has the image {image} (profile “{profile}”) after {seconds:.1} s."))
        }
        Ok(Err(said)) => Finding::problem(
            NAME,
            format!("The image {image} of the profile “{profile}” cannot be pulled: {}.", said.trim_end_matches('.')),
            ADVICE,
        ),
        Err(untried) => Finding::not_checked(NAME, format!("The image {image} of the profile “{profile}”: {untried}")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::profile_check::read_profiles;
    use super::*;
    use crate::runtime::Status;

    fn pod(state: &Value) -> Pod {
        serde_json::from_value(json!({"status": {"containerStatuses": [{
            "name": "image", "image": "x", "imageID": "", "ready": false, "restartCount": 0, "state": state,
        }]}}))
        .unwrap()
    }

    #[test]
    fn a_container_that_cannot_start_has_its_image() {
        let waits = |reason: &str| pulled(&pod(&json!({"waiting": {"reason": reason, "message": "said"}})));
        assert_eq!(waits("ContainerCreating"), None);
        assert_eq!(waits("RunContainerError"), Some(Ok(())));
        assert_eq!(pulled(&pod(&json!({"terminated": {"exitCode": 128, "reason": "StartError"}}))), Some(Ok(())));
        assert_eq!(waits("ErrImagePull"), Some(Err("said".to_owned())));
        let found = judge("x:1", "small", 1.0, Ok(waits("ImagePullBackOff").unwrap()));
        assert_eq!(found.status, Status::Problem);
        assert_eq!(found.message, "The image x:1 of the profile “small” cannot be pulled: said.");
    }

    #[test]
    fn each_image_is_tried_once_as_its_profile_pulls_it() {
        let settings = KubernetesSettings::sample();
        let base = settings.profiles.get().all()[0].1.clone();
        let text = "
profiles:
  one: {image: 'a:1', nodeSelector: {disk: ssd}, volumes: [{name: v, emptyDir: {}}], env: [{name: A, value: b}]}
  same: {image: 'a:1', nodeSelector: {disk: ssd}, title: Same}
  other: {image: 'a:1', imagePullSecrets: [registry], sidecars: [{name: db, image: 'db:1'}]}
";
        settings.profiles.replace(read_profiles(&settings, &base, text).unwrap());
        let trials = trials(&settings);
        let tried: Vec<_> = trials.iter().map(|trial| (trial.profile.as_str(), trial.image.as_str())).collect();
        assert_eq!(tried, [("one", "a:1"), ("other", "db:1"), ("other", "a:1")]);
        let with_volumes = KubernetesSettings { image_volumes: true, ..settings };
        let text = "profiles: {one: {image: 'a:1', tools: {image: 'tools:1'}}}";
        with_volumes.profiles.replace(read_profiles(&with_volumes, &base, text).unwrap());
        let pod = &super::trials(&with_volumes)[1].pod;
        assert_eq!(pod["spec"]["containers"][0]["image"], "tools:1", "also one that is a volume");
        assert!(super::super::super::pod_security::violations(&pod["spec"]).is_empty());
        let pod = &trials[0].pod;
        assert_eq!(pod["spec"]["nodeSelector"], json!({"disk": "ssd"}));
        assert_eq!(trials[2].pod["spec"]["imagePullSecrets"], json!([{"name": "registry"}]));
        for absent in ["volumes", "initContainers"] {
            assert_eq!(pod["spec"].get(absent), None, "{absent}");
        }
        assert_eq!(pod["spec"]["containers"][0].get("env"), None);
        assert!(super::super::super::pod_security::violations(&pod["spec"]).is_empty());
        let labels = &pod["metadata"]["labels"];
        assert_eq!(labels, &json!({"app.kubernetes.io/name": "opencode-doctor"}), "no router takes it for a session");
    }
}
