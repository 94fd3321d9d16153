//! A profile's files for opencode: a read-only folder of the Pod. They are never on the session's volume.

use serde_json::{Value, json};

use super::manifest::DIALECT;
use crate::profiles::Profile;

/// The volume with the files.
const VOLUME: &str = "opencode-files";
/// The folder of the files in opencode's container.
pub(super) const FOLDER: &str = "/opencode-files";

/// The volume, if the profile has files.
pub(super) fn volume(profile: &Profile) -> Option<Value> {
    let files = profile.opencode.as_ref()?.files.as_ref().filter(|files| !files.is_empty())?;
    let sources = files.iter().map(|file| {
        let items = json!([{"key": file.key, "path": file.path}]);
        match &file.secret {
            Some(secret) => json!({"secret": {"name": secret, "items": items}}),
            None => json!({"configMap": {"name": file.config_map, "items": items}}),
        }
    });
    let mut sources: Vec<_> = sources.collect();
    let needed = DIALECT.folder_file();
    if files.iter().all(|file| file.path != needed) {
        // Its content has no meaning.
        let name = json!({"path": needed, "fieldRef": {"fieldPath": "metadata.name"}});
        sources.push(json!({"downwardAPI": {"items": [name]}}));
    }
    Some(json!({"name": VOLUME, "projected": {"sources": sources}}))
}

/// Where opencode's container sees it.
pub(super) fn mount(profile: &Profile) -> Option<Value> {
    volume(profile).map(|_| json!({"name": VOLUME, "mountPath": FOLDER, "readOnly": true}))
}
