//! Parts of the cluster fail, clocks jump, everybody changes the same thing: nothing is lost, and the truth is known again.
//! Each test says how long that took. Some stop parts of the cluster, so all of them run alone, one after the other.

mod a_watch_expires;
mod clocks_jump;
mod edits_conflict;
mod nothing_was_heard_for_long;
mod part;
mod the_api_server_is_gone;
mod the_kubelet_is_gone;
mod traffic;
