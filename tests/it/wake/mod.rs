//! A request for a stopped session wakes it, once, and is never lost.

mod a_failed_start_is_told_to_everybody;
mod another_replica_stops_a_start;
mod attach_clients_wake_by_first_contact;
mod background_requests_do_not_wake;
mod holds_requests_until_ready;
mod pages_show_how_the_start_goes;
mod requests_during_a_stop_are_not_lost;
mod waiting_is_bounded;
