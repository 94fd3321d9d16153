//! Clocks jump, replicas change the same record at once, one router cannot reach the API server. These faults do not
//! affect other tests.

mod clocks_jump;
mod conflicting_edits;
mod restored_backup;
mod stale_cache;
