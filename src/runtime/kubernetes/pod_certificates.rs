//! The certificates of a profile's `ca` in a session's Pod. The preparation writes them into one file with those of the
//! image; every program finds that file by a variable.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::prepare::Certificates;
use crate::profiles::{EntrySource, Profile};

/// The names of the volumes: the profile's certificates, and all.
const VOLUMES: [&str; 2] = ["router-ca", "router-certificates"];
/// Their mount paths.
const PLACES: [&str; 2] = ["/etc/opencode-router/ca", "/etc/opencode-router/certificates"];
/// The name of the file in both.
const FILE: &str = "ca-certificates.crt";
/// The variables of the programs that have one: OpenSSL and Go, Git, curl, Python's requests, pip, the AWS tools, Cargo,
/// Deno, Node and Bun.
const VARIABLES: [&str; 9] = [
    "SSL_CERT_FILE",
    "GIT_SSL_CAINFO",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "PIP_CERT",
    "AWS_CA_BUNDLE",
    "CARGO_HTTP_CAINFO",
    "DENO_CERT",
    "NODE_EXTRA_CA_CERTS",
];

/// What the preparation does with them.
pub(super) fn certificates(profile: &Profile) -> Option<Certificates> {
    let [added, all] = PLACES.map(|place| PathBuf::from(place).join(FILE));
    profile.ca.as_ref().map(|_| Certificates { added, all })
}

/// The volumes.
pub(super) fn volumes(profile: &Profile) -> Vec<Value> {
    let Some(EntrySource { config_map, secret, key }) = &profile.ca else { return Vec::new() };
    let items = json!([{"key": key, "path": FILE}]);
    let (kind, source) = match config_map {
        Some(name) => ("configMap", json!({"name": name, "items": items})),
        None => ("secret", json!({"secretName": secret, "items": items})),
    };
    vec![json!({"name": VOLUMES[0], kind: source}), json!({"name": VOLUMES[1], "emptyDir": {"sizeLimit": "64Mi"}})]
}

/// Their mounts, in the preparation and elsewhere.
pub(super) fn mounts(profile: &Profile, prepares: bool) -> Vec<Value> {
    if profile.ca.is_none() {
        return Vec::new();
    }
    let mount = |n: usize, read_only| json!({"name": VOLUMES[n], "mountPath": PLACES[n], "readOnly": read_only});
    vec![mount(0, true), mount(1, !prepares)]
}

/// The variables.
pub(super) fn variables(profile: &Profile) -> Vec<Value> {
    let Some(certificates) = certificates(profile) else { return Vec::new() };
    VARIABLES.iter().map(|name| json!({"name": name, "value": certificates.all})).collect()
}
