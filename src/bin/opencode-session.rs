//! The helper program in a session's Pod. It prepares the session's folder, and is the first process of opencode's
//! container.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

use opencode_router::git::own_logins;
use opencode_router::init::{First, OWN_PROGRAM, ToolsFolder, run_program, wait};
use opencode_router::prepare::{install_plugins_from_environment, prepare_from_environment};

const USAGE: &str = "usage: opencode-session prepare | plugins | run -- PROGRAM [ARGUMENT]... | install FOLDER | \
                     copy-tools FOLDER | credential OPERATION | wait | reach ADDRESS:PORT";
/// Exit status for wrong arguments.
const WRONG_USE: u8 = 64;
/// Time limit for a connection.
const PATIENCE: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let words: Vec<&OsStr> = arguments.iter().map(OsString::as_os_str).collect();
    match words[..] {
        [verb] if verb == "prepare" => with_tools(First::Tools, &arguments).unwrap_or_else(prepare_from_environment),
        [verb] if verb == "plugins" => {
            with_tools(First::Tools, &arguments).unwrap_or_else(install_plugins_from_environment)
        }
        [verb, dashes, _, ..] if verb == "run" && dashes == "--" => {
            let run = || run_program(&arguments[2], &arguments[3..], own_logins::environment());
            with_tools(First::Path, &arguments).unwrap_or_else(run)
        }
        [verb, operation] if verb == own_logins::ARGUMENT => own_logins::answer_git(&operation.to_string_lossy()),
        [verb, folder] if verb == "install" => install(Path::new(folder)),
        [verb, folder] if verb == "copy-tools" => copy_tools(Path::new(folder)),
        [verb] if verb == "wait" => wait(),
        [verb, address] if verb == "reach" => reach(address),
        _ => say(USAGE, WRONG_USE),
    }
}

/// In a tools folder: begins again with its programs in the search path, and returns only if that fails. Elsewhere, and
/// the second time, does nothing.
fn with_tools(first: First, arguments: &[OsString]) -> Option<ExitCode> {
    let path = std::env::var_os("PATH");
    let path = ToolsFolder::own()?.search_path(first, path.as_deref())?;
    let error = Command::new(OWN_PROGRAM).args(arguments).env("PATH", path).exec();
    Some(say(&format!("opencode-session cannot start itself: {error}."), 1))
}

/// Copies the tools image's files into a folder, for the containers of another image.
fn copy_tools(folder: &Path) -> ExitCode {
    let Some(tools) = ToolsFolder::own() else {
        return say("This image has no tools: use the image of deploy/images/tools.", WRONG_USE);
    };
    match tools.copy_to(folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => say(&format!("The tools cannot be copied to {}: {error}.", folder.display()), 1),
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

/// Connects, to try whether a network policy lets this container do so. Exit status: 0 if connected, else 1.
fn reach(address: &OsStr) -> ExitCode {
    let Some(address) = address.to_str().and_then(|text| text.parse::<SocketAddr>().ok()) else {
        return say(&format!("{} is no address with a port, such as 10.0.0.1:4096", address.display()), WRONG_USE);
    };
    match TcpStream::connect_timeout(&address, PATIENCE) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => say(&format!("{address} is not reached: {error}"), 1),
    }
}

fn say(text: &str, status: u8) -> ExitCode {
    let _ = writeln!(io::stderr(), "{text}");
    ExitCode::from(status)
}
