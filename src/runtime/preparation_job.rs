//! The preparation job of a session, from its spec.

use std::path::PathBuf;

use crate::prepare::{Clone, Job, Owner};
use crate::session::{CloneRequest, Memo, Origin, Spec};

/// The preparation of a session whose files are in `folder`.
pub(in crate::runtime) fn preparation_job(folder: PathBuf, spec: &Spec, memo: &Memo) -> Job {
    let owner = Owner { name: spec.key.owner.local_part().to_owned(), email: spec.key.owner.as_str().to_owned() };
    let clone = match (&spec.key.origin, CloneRequest::of(spec, memo)) {
        (Origin::Repository { branch, .. }, Some(CloneRequest { url, source_branch, .. })) => {
            Some(Clone { url, branch: branch.clone(), source_branch })
        }
        _ => None,
    };
    let mut job = Job::new(folder, spec.project_name(), owner);
    job.clone = clone;
    job
}
