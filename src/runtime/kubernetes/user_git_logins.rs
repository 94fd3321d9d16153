//! A user's Git logins: a second Secret for each user, which the kubelet keeps current as a file in running Pods
//! (<https://kubernetes.io/docs/concepts/configuration/secret/#mounted-secrets-are-updated-automatically>).

use k8s_openapi::api::core::v1::Secret;
use serde_json::{Value, json};

use super::Inner;
use super::api_server::ApiError;
use super::upkeep::entry;
use super::user_secret::Contents;
use crate::runtime::LoginsEdit;
use crate::session::user_secrets::user_id;
use crate::session::{Email, GitLogins};

/// The mount path of the file.
pub(super) const PLACE: &str = "/git-logins";
/// The name of the volume.
const VOLUME: &str = "git-logins";
/// The entry of the Secret, and the name of the file.
const ENTRY: &str = "logins.json";

/// The name of the Secret.
pub(super) fn secret_name(owner: &Email) -> String {
    format!("opencode-user-{}-git", user_id(owner))
}

/// The path of the file.
pub(super) fn file() -> String {
    format!("{PLACE}/{ENTRY}")
}

/// The volume. It is empty for a user without logins, and fills when there is one.
pub(super) fn volume(owner: &Email) -> Value {
    let items = json!([{"key": ENTRY, "path": ENTRY}]);
    let secret = json!({"secretName": secret_name(owner), "optional": true, "defaultMode": 0o400, "items": items});
    json!({"name": VOLUME, "secret": secret})
}

/// The mount of the containers that run the user's Git.
pub(super) fn mount() -> Value {
    json!({"$patch": "replace", "name": VOLUME, "mountPath": PLACE, "readOnly": true})
}

impl Inner {
    /// See [`crate::runtime::Vault::edit_git_logins`].
    pub(super) async fn edit_git_logins(&self, owner: &Email, edit: LoginsEdit<'_>) -> Result<(), ApiError> {
        self.change_user_secret(&secret_name(owner), owner, read, edit, contents).await.map(|_| ())
    }
}

fn read(secret: &Secret) -> Result<GitLogins, ApiError> {
    let Some(text) = entry(secret, ENTRY) else { return Ok(GitLogins::default()) };
    GitLogins::read(&text).map_err(|error| ApiError::Final(error.to_string()))
}

fn contents(_: &GitLogins, after: &GitLogins) -> Contents {
    let values = [(ENTRY.to_owned(), after.to_json())].into();
    Contents { annotations: Default::default(), values, gone: Vec::new() }
}
