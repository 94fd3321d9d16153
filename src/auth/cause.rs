//! The cause of a request's changes, for the audit log.

use http::{Method, Uri};

use crate::session::{Caller, Cause};

/// Longest path in a cause.
const LONGEST_PATH: usize = 200;

/// The cause of this request's changes. Omits the query, because it can contain secrets.
pub fn cause_of(caller: &Caller, method: &Method, uri: &Uri) -> Cause {
    let path: String = uri.path().chars().take(LONGEST_PATH).collect();
    caller.cause(format!("{method} {path}"))
}
