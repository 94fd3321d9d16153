//! The restricted Pod Security Standard: <https://kubernetes.io/docs/concepts/security/pod-security-standards/>.

use serde_json::Value;

/// The types of volumes that the standard allows.
const VOLUMES: [&str; 9] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];
/// The same in words.
const VOLUME_TYPES: &str =
    "configMap, csi, downwardAPI, emptyDir, ephemeral, image, persistentVolumeClaim, projected or secret";
/// Kernel settings that the standard allows.
const SYSCTLS: [&str; 11] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
];

/// What a Pod's spec has that the standard forbids: the field, and what the standard expects.
pub(super) fn violations(spec: &Value) -> Vec<(String, &'static str)> {
    let mut found = Vec::new();
    for field in ["hostNetwork", "hostPID", "hostIPC"] {
        if spec[field] == true {
            found.push((field.to_owned(), "false"));
        }
    }
    for volume in list(&spec["volumes"]) {
        let mut sources = volume.as_object().into_iter().flatten().filter(|(field, _)| *field != "name");
        if !sources.all(|(source, _)| VOLUMES.contains(&source.as_str())) {
            found.push((format!("volumes “{}”", text(&volume["name"])), VOLUME_TYPES));
        }
    }
    let pod = &spec["securityContext"];
    for sysctl in list(&pod["sysctls"]).filter(|sysctl| !SYSCTLS.contains(&text(&sysctl["name"]))) {
        found.push((format!("securityContext.sysctls “{}”", text(&sysctl["name"])), "a kernel setting of its list"));
    }
    identity(pod, "securityContext", &mut found);
    for kind in ["initContainers", "containers", "ephemeralContainers"] {
        for container in list(&spec[kind]) {
            let place = format!("{kind} “{}”", text(&container["name"]));
            of_container(container, pod, &place, &mut found);
        }
    }
    found
}

fn of_container(container: &Value, pod: &Value, place: &str, found: &mut Vec<(String, &'static str)>) {
    let context = &container["securityContext"];
    let mut expect = |holds: bool, field: &str, expected| {
        if !holds {
            found.push((format!("{place}: {field}"), expected));
        }
    };
    expect(context["privileged"] != true, "securityContext.privileged", "false");
    expect(context["allowPrivilegeEscalation"] == false, "securityContext.allowPrivilegeEscalation", "false");
    let capabilities = &context["capabilities"];
    expect(list(&capabilities["drop"]).any(|it| it == "ALL"), "securityContext.capabilities.drop", "[ALL]");
    let adds = list(&capabilities["add"]).all(|it| it == "NET_BIND_SERVICE");
    expect(adds, "securityContext.capabilities.add", "nothing but NET_BIND_SERVICE");
    let mask = &context["procMount"];
    expect(mask.is_null() || mask == "Default", "securityContext.procMount", "Default");
    expect(
        list(&container["ports"]).all(|port| matches!(port["hostPort"].as_i64(), None | Some(0))),
        "ports",
        "no hostPort",
    );
    let own = context["runAsNonRoot"].as_bool().or(pod["runAsNonRoot"].as_bool());
    expect(own == Some(true), "securityContext.runAsNonRoot", "true");
    let profile = [&context["seccompProfile"]["type"], &pod["seccompProfile"]["type"]];
    let profile = profile.into_iter().find(|it| !it.is_null()).map(text);
    expect(
        matches!(profile, Some("RuntimeDefault" | "Localhost")),
        "securityContext.seccompProfile.type",
        "RuntimeDefault or Localhost",
    );
    identity(context, &format!("{place}: securityContext"), found);
}

/// Fields that a Pod and its containers both have.
fn identity(context: &Value, place: &str, found: &mut Vec<(String, &'static str)>) {
    if context["runAsUser"] == 0 {
        found.push((format!("{place}.runAsUser"), "a number above 0, or none"));
    }
    if context["windowsOptions"]["hostProcess"] == true {
        found.push((format!("{place}.windowsOptions.hostProcess"), "false"));
    }
    let armor = text(&context["appArmorProfile"]["type"]);
    if armor == "Unconfined" {
        found.push((format!("{place}.appArmorProfile.type"), "RuntimeDefault or Localhost"));
    }
    let se_linux = &context["seLinuxOptions"];
    let kinds = ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];
    let plain = kinds.contains(&text(&se_linux["type"])) && se_linux["user"].is_null() && se_linux["role"].is_null();
    if !plain {
        found.push((format!("{place}.seLinuxOptions"), "a type of its list, no user and no role"));
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
