//! The real opencode that the project pins.

use std::path::PathBuf;

/// The program, installed by `make opencode`.
pub fn program() -> PathBuf {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("deploy/opencode/node_modules/.bin/opencode");
    assert!(path.exists(), "the pinned opencode is not installed: run `make opencode`");
    path
}
