//! Rules for the Pods of sessions.

use k8s_openapi::api::core::v1::{Container, Pod, PodSpec};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::claim::{Record, Requested};
use super::kubernetes_settings::KubernetesSettings;
use super::manifest;
use super::seen_pod::PodSeen;
use crate::init::ANY_ADDRESS;
use crate::prepare::{JOB_VARIABLE, Job};
use crate::profiles::ProfileSet;
use crate::session::{Email, Memo, Origin, SessionKey, Spec};

/// The third run of a new project.
pub(super) fn record() -> Record {
    let created_at = jiff::Timestamp::UNIX_EPOCH;
    let key = SessionKey { owner: Email::parse("ann@example.org").unwrap(), origin: Origin::new_project() };
    Record {
        spec: Spec { key, source_branch: None, created_at },
        memo: Memo::new(created_at),
        wanted: Requested::Running,
        run: 3,
        requested_at: None,
        created_at: None,
        uid: "claim".to_owned(),
        resource_version: "7".to_owned(),
        version: 7,
        deleting: false,
        adopted: false,
        size: None,
    }
}

fn pod(settings: &KubernetesSettings) -> Pod {
    pod_of(settings, &record())
}

fn pod_of(settings: &KubernetesSettings, record: &Record) -> Pod {
    let profile = settings.profiles.get().all()[0].1.clone();
    manifest::pod(settings, &profile, record).unwrap()
}

fn spec(settings: &KubernetesSettings) -> PodSpec {
    pod(settings).spec.unwrap()
}

fn containers(spec: PodSpec) -> impl Iterator<Item = Container> {
    spec.init_containers.unwrap_or_default().into_iter().chain(spec.containers)
}

#[test]
fn opencode_listens_on_the_address_of_both_families() {
    let opencode = spec(&KubernetesSettings::sample()).containers.remove(0).command.unwrap();
    assert_eq!(opencode[..4], ["opencode-session", "run", "--", "opencode"]);
    let hostname = opencode.iter().skip_while(|word| *word != "--hostname").nth(1).map(String::as_str);
    assert_eq!(hostname, Some(ANY_ADDRESS));
}

#[test]
fn a_pod_is_reached_at_its_address_of_either_family() {
    for (ip, expected) in [("10.244.0.9", "10.244.0.9:4096"), ("fd00:10:244::9", "[fd00:10:244::9]:4096")] {
        let mut pod = pod(&KubernetesSettings::sample());
        let status = serde_json::json!({
            "podIP": ip,
            "podIPs": [{"ip": ip}],
            "phase": "Running",
            "containerStatuses": [{
                "name": "opencode", "image": "", "imageID": "", "ready": true, "restartCount": 0,
                "state": {"running": {}},
            }],
        });
        pod.status = serde_json::from_value(status).unwrap();
        let serving = PodSeen::of(&pod).serving.unwrap();
        assert_eq!(serving.address.to_string(), expected);
    }
}

#[test]
fn local_disk_is_bounded_for_each_container_and_for_tmp() {
    let spec = spec(&KubernetesSettings::sample());
    let tmp = spec.volumes.as_ref().unwrap().iter().find(|volume| volume.name == "tmp").unwrap();
    assert_eq!(tmp.empty_dir.as_ref().unwrap().size_limit, Some(Quantity("4Gi".to_owned())));
    for container in containers(spec) {
        let resources = container.resources.unwrap();
        let of = |quantities: Option<std::collections::BTreeMap<String, Quantity>>| {
            quantities.unwrap()["ephemeral-storage"].0.clone()
        };
        assert_eq!((of(resources.requests), of(resources.limits)), ("256Mi".to_owned(), "5Gi".to_owned()));
        let mounted = container.volume_mounts.unwrap();
        assert!(mounted.iter().any(|mount| mount.name == "tmp" && mount.mount_path == "/tmp"));
        // Everything else that a session writes is on its volume.
        assert_eq!(container.security_context.unwrap().read_only_root_filesystem, Some(true));
    }
}

#[test]
fn a_pod_names_no_number_that_the_cluster_chooses() {
    let settings = KubernetesSettings::sample();
    let mut profile = (*settings.profiles.get().all()[0].1).clone();
    profile.pod_security_context = None;
    settings.profiles.replace(ProfileSet::only(profile));
    let spec = spec(&settings);
    let security = spec.security_context.clone().unwrap();
    assert_eq!((security.run_as_user, security.run_as_group, security.fs_group), (None, None, None));
    assert_eq!(security.run_as_non_root, Some(true));
    // The kubelet does not change the group of a large volume at each start.
    assert_eq!(security.fs_group_change_policy.as_deref(), Some("OnRootMismatch"));
    for container in containers(spec) {
        assert_eq!(container.security_context.unwrap().run_as_user, None);
    }
}

#[test]
fn preparation_moves_the_files_of_an_adopted_volume() {
    let job = |adopted| {
        let spec = pod_of(&KubernetesSettings::sample(), &Record { adopted, ..record() }).spec.unwrap();
        let prepare = spec.init_containers.unwrap().remove(0);
        let job = prepare.env.unwrap().into_iter().find(|variable| variable.name == JOB_VARIABLE).unwrap();
        Job::parse(&job.value.unwrap()).unwrap().adopted
    };
    assert!(job(true) && !job(false));
}
