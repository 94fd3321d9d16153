//! The real opencode that the project pins, and its stand-in.

use std::path::{Path, PathBuf};

/// The program, installed by `make opencode`.
pub fn program() -> PathBuf {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("deploy/opencode/node_modules/.bin/opencode");
    assert!(path.exists(), "the pinned opencode is not installed: run `make opencode`");
    path
}

/// A program that plays opencode and starts at once: `tests/stand-in`.
pub fn stand_in() -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_opencode-router")).with_file_name("examples/opencode-stand-in");
    assert!(path.exists(), "the stand-in is not built: run `cargo build --example opencode-stand-in`");
    path
}
