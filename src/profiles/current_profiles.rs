//! The profiles in force, which change while the router runs.

use std::sync::Arc;

use parking_lot::RwLock;

use super::profile_set::ProfileSet;

/// A shared handle. All of its clones see a change.
#[derive(Clone, Debug, Default)]
pub struct CurrentProfiles(Arc<RwLock<State>>);

#[derive(Debug, Default)]
struct State {
    set: Arc<ProfileSet>,
    trouble: Option<String>,
}

impl CurrentProfiles {
    /// These are in force.
    pub fn new(set: ProfileSet) -> Self {
        let current = Self::default();
        current.replace(set);
        current
    }

    /// The profiles in force.
    pub fn get(&self) -> Arc<ProfileSet> {
        self.0.read().set.clone()
    }

    /// Puts other profiles in force.
    pub fn replace(&self, set: ProfileSet) {
        *self.0.write() = State { set: Arc::new(set), trouble: None };
    }

    /// The file is bad now, so the earlier profiles stay in force.
    pub fn keep(&self, why: String) {
        self.0.write().trouble = Some(why);
    }

    /// Why the file's profiles are not in force.
    pub fn trouble(&self) -> Option<String> {
        self.0.read().trouble.clone()
    }
}
