//! An npm registry with one package, for clients with its token only.
#![allow(clippy::unwrap_used, reason = "a test's support fails loudly")]

use std::net::{IpAddr, SocketAddr};
use std::process::Command;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::response::IntoResponse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode, header};
use serde_json::json;
use sha2::{Digest, Sha512};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use super::model::serve;

/// The token.
pub const TOKEN: &str = "token-of-the-registry";
/// The package, with its version.
pub const PACKAGE: &str = "@corp/opencode-plugin@1.0.0";
/// The plugin's code. It leaves a file, so that a test sees that it runs.
const PLUGIN: &str = "import fs from 'node:fs'\n\
    export const Plugin = async () => { fs.writeFileSync(process.env.HOME + '/plugin-ran', 'yes'); return {} }\n";

/// A running registry.
pub struct NpmRegistry {
    address: SocketAddr,
    paths: Arc<Mutex<Vec<String>>>,
    _task: AbortOnDropHandle<()>,
}

struct Served {
    scheme: &'static str,
    archive: Vec<u8>,
    paths: Arc<Mutex<Vec<String>>>,
}

impl NpmRegistry {
    /// Listens on a free port of this address. Clients use this scheme, perhaps of a front.
    pub async fn start(address: IpAddr, scheme: &'static str) -> Self {
        let listener = TcpListener::bind((address, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let paths = Arc::<Mutex<Vec<String>>>::default();
        let served = Arc::new(Served { scheme, archive: archive(), paths: paths.clone() });
        let task = serve(listener, move |request| std::future::ready(answer(&served, &request)));
        Self { address, paths, _task: task }
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The paths of all requests.
    pub fn asked(&self) -> Vec<String> {
        self.paths.lock().unwrap().clone()
    }
}

fn answer(served: &Served, request: &Request<Incoming>) -> Response<Body> {
    let path = request.uri().path().to_owned();
    served.paths.lock().unwrap().push(path.clone());
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if header(header::AUTHORIZATION) != format!("Bearer {TOKEN}") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if path.ends_with(".tgz") {
        return served.archive.clone().into_response();
    }
    if !path.to_lowercase().contains("corp%2fopencode-plugin") {
        return StatusCode::NOT_FOUND.into_response();
    }
    let tarball = format!("{}://{}/archive.tgz", served.scheme, header(header::HOST));
    let integrity = format!("sha512-{}", STANDARD.encode(Sha512::digest(&served.archive)));
    let version = json!({
        "name": "@corp/opencode-plugin", "version": "1.0.0", "dist": {"tarball": tarball, "integrity": integrity},
    });
    let package = json!({
        "name": "@corp/opencode-plugin", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version},
    });
    axum::Json(package).into_response()
}

/// The package as an archive.
fn archive() -> Vec<u8> {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().join("package");
    std::fs::create_dir(&folder).unwrap();
    let package = json!({"name": "@corp/opencode-plugin", "version": "1.0.0", "type": "module", "main": "index.js"});
    std::fs::write(folder.join("package.json"), package.to_string()).unwrap();
    std::fs::write(folder.join("index.js"), PLUGIN).unwrap();
    let output = Command::new("tar").args(["-cz", "-C"]).arg(temp.path()).arg("package").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stdout
}
