//! Parts of the cluster fail, clocks jump, everybody changes the same thing: nothing is lost, and the truth is known again.
//! Each test says how long that took. Some stop parts of the cluster, so all of them run alone, one after the other.

mod api_server_outage;
mod clocks_jump;
mod conflicting_edits;
mod expired_watch;
mod kubelet_outage;
mod part;
mod stale_cache;
mod traffic;
