//! The preparation job of a session, from its spec.

use std::path::PathBuf;

use crate::prepare::{Clone, Job, Owner};
use crate::session::{Origin, Spec};

/// The preparation of a session whose files are in `folder`.
pub(in crate::runtime) fn preparation_job(folder: PathBuf, spec: &Spec) -> Job {
    let owner = Owner { name: spec.key.owner.local_part().to_owned(), email: spec.key.owner.as_str().to_owned() };
    let clone = match &spec.key.origin {
        Origin::NewProject { .. } => None,
        Origin::Repository { url, branch } => {
            Some(Clone { url: url.clone(), branch: branch.clone(), source_branch: spec.source_branch.clone() })
        }
    };
    let mut job = Job::new(folder, spec.project_name(), owner);
    job.clone = clone;
    job
}
