//! From a request to the cause of what it changes.

use http::{Method, Uri};

use crate::session::{Caller, Cause};

/// The longest path that is told.
const LONGEST_PATH: usize = 200;

/// The cause of what this request changes. Queries can hold secrets and stay out.
pub fn cause_of(caller: &Caller, method: &Method, uri: &Uri) -> Cause {
    let path: String = uri.path().chars().take(LONGEST_PATH).collect();
    caller.cause(format!("{method} {path}"))
}
