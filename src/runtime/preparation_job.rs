//! The preparation job of a session, from its spec.

use std::path::PathBuf;

use crate::prepare::{Clone, CloneSettings, Job, Owner};
use crate::profiles::Profile;
use crate::session::{CloneRequest, Memo, Origin, Spec};

/// The preparation of a session whose files are in `folder`.
pub(in crate::runtime) fn preparation_job(folder: PathBuf, spec: &Spec, memo: &Memo, settings: &CloneSettings) -> Job {
    let owner = Owner { name: spec.key.owner.local_part().to_owned(), email: spec.key.owner.as_str().to_owned() };
    let clone = match (&spec.key.origin, CloneRequest::of(spec, memo)) {
        (Origin::Repository { branch, .. }, Some(CloneRequest { url, source_branch, .. })) => {
            let known = memo.checkout.as_ref().map(|checkout| checkout.branch.clone());
            let branch = branch.clone().or(known);
            let (filter, extent) = (settings.filter.clone(), settings.extent);
            Some(Clone { url, branch, source_branch, filter, extent })
        }
        _ => None,
    };
    let mut job = Job::new(folder, spec.project_name(), owner).cloning(clone);
    job.stall_seconds = settings.stall_seconds;
    job.made_with = memo.program.as_ref().map(|program| program.version().to_owned());
    job.set_history_aside.clone_from(&memo.set_history_aside);
    job
}

/// How the sessions of a profile are cloned.
pub(in crate::runtime) fn clone_settings(base: &CloneSettings, profile: &Profile) -> CloneSettings {
    let mut settings = base.clone();
    let Some(part) = &profile.clone else { return settings };
    if let Some(Ok(filter)) = part.chosen() {
        settings.filter = filter;
    }
    settings.extent = part.extent(settings.extent);
    settings
}
