//! The limit of open files (getrlimit(2), `RLIMIT_NOFILE`): high for the router, usual for sessions.

use std::io;
use std::sync::OnceLock;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The soft limit with which this process was started, once it has raised its own. `Some(None)` is no limit.
static USUAL: OnceLock<Option<u64>> = OnceLock::new();

/// Raises this process's limit as far as possible. Each connection needs a descriptor. The usual soft limit of 1024 is
/// meant for programs that use select(2).
pub fn raise_limit() -> io::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    USUAL.get_or_init(|| limit.current);
    Ok(setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?)
}

/// The limit from before [`raise_limit`]. `None` if it was not raised, or if there was none.
pub fn usual_limit() -> Option<u64> {
    *USUAL.get()?
}

/// Sets the limit of this process and of its later children.
pub fn set_limit(files: u64) -> io::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    Ok(setrlimit(Resource::Nofile, Rlimit { current: Some(files), maximum: limit.maximum })?)
}
