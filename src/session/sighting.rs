//! One session at one moment, as its runtime sees it.

use std::sync::Arc;

use super::{Memo, Observation, Spec};
use crate::opencode::Server;

/// One session as the runtime sees it.
#[derive(Clone, Debug)]
pub struct Sighting {
    /// What it is.
    pub spec: Spec,
    /// What the router had remembered of it.
    pub memo: Memo,
    /// Its phase.
    pub phase: Observation,
    /// The server that answers; exactly while the phase is ready. Each run has a server of its own.
    pub server: Option<Arc<Server>>,
}
