//! The tools of a session's Pod: copied from the tools image by a container, or mounted as a volume
//! (<https://kubernetes.io/docs/concepts/storage/volumes/#image>).

use serde_json::{Value, json};

use super::kubernetes_settings::KubernetesSettings;
use super::steps::TOOLS_INIT;
use crate::profiles::{Profile, ToolsPart};

/// The mount path of the tools.
pub(super) const TOOLS: &str = "/tools";
/// The name of their volume.
pub(super) const VOLUME: &str = "tools";
/// The folder with the tools in their image.
const IN_IMAGE: &str = "tools-image";
/// The size limit of a copy. The largest opencode and Git have a quarter of this.
const LARGEST: &str = "1Gi";

/// The program in the tools, or in the image.
pub(super) fn program(profile: &Profile) -> &'static str {
    if profile.tools.is_some() { "/tools/bin/opencode-session" } else { "opencode-session" }
}

/// The volume with the tools.
pub(super) fn volume(settings: &KubernetesSettings, profile: &Profile) -> Option<Value> {
    let ToolsPart { image } = profile.tools.as_ref()?;
    Some(if settings.image_volumes {
        json!({"name": VOLUME, "image": {"reference": image, "pullPolicy": profile.image_pull_policy}})
    } else {
        json!({"name": VOLUME, "emptyDir": {"sizeLimit": LARGEST}})
    })
}

/// The mount of the containers that use the tools.
pub(super) fn mount(settings: &KubernetesSettings, profile: &Profile) -> Option<Value> {
    profile.tools.as_ref()?;
    let sub_path = settings.image_volumes.then_some(IN_IMAGE);
    Some(json!({"$patch": "replace", "name": VOLUME, "mountPath": TOOLS, "readOnly": true, "subPath": sub_path}))
}

/// The container that copies the tools.
pub(super) fn tools_init() -> Value {
    json!({
        "name": TOOLS_INIT,
        "command": [format!("/{IN_IMAGE}/bin/opencode-session"), "copy-tools", TOOLS],
        "args": null,
        "restartPolicy": null,
        "terminationMessagePath": null,
        "volumeMounts": [{"$patch": "replace", "name": VOLUME, "mountPath": TOOLS}],
    })
}
