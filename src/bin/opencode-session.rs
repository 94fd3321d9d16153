//! The helper program in a session's Pod. It prepares the session's folder, and is the first process of opencode's
//! container.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::ExitCode;

use opencode_router::init::{OWN_PROGRAM, run_program};
use opencode_router::prepare::prepare_from_environment;

const USAGE: &str = "usage: opencode-session prepare | run -- PROGRAM [ARGUMENT]... | install FOLDER";
/// Exit status for wrong arguments.
const WRONG_USE: u8 = 64;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let words: Vec<&OsStr> = arguments.iter().map(OsString::as_os_str).collect();
    match words[..] {
        [verb] if verb == "prepare" => prepare_from_environment(),
        [verb, dashes, _, ..] if verb == "run" && dashes == "--" => run_program(&arguments[2], &arguments[3..]),
        [verb, folder] if verb == "install" => install(Path::new(folder)),
        _ => say(USAGE, WRONG_USE),
    }
}

/// Copies this program into a folder, for a container of another image.
fn install(folder: &Path) -> ExitCode {
    let (draft, target) = (folder.join(".opencode-session"), folder.join("opencode-session"));
    let copy = || {
        let mut own = std::fs::File::open(OWN_PROGRAM)?;
        let mut copied =
            std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o755).open(&draft)?;
        io::copy(&mut own, &mut copied)?;
        std::fs::rename(&draft, &target)
    };
    match copy() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => say(&format!("opencode-session cannot be copied to {}: {error}.", target.display()), 1),
    }
}

fn say(text: &str, status: u8) -> ExitCode {
    let _ = writeln!(io::stderr(), "{text}");
    ExitCode::from(status)
}
