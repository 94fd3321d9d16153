//! Clocks jump, replicas change the same record at once, one router cannot reach the API server. These faults reach
//! nothing that other tests share.

mod clocks_jump;
mod conflicting_edits;
mod stale_cache;
