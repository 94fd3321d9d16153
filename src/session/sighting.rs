//! One session at one moment, as its runtime sees it.

use std::sync::Arc;

use super::{Memo, Observation, Run, Spec};

/// One session as the runtime sees it.
#[derive(Clone, Debug)]
pub struct Sighting {
    /// What it is.
    pub spec: Spec,
    /// What the router had remembered of it.
    pub memo: Memo,
    /// Its phase.
    pub phase: Observation,
    /// The run that answers; exactly while the phase is ready. Its runtime ends it before it tells of another phase.
    pub run: Option<Arc<Run>>,
}
