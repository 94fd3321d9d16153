//! A request to a stopped session wakes it once, and is never lost.

mod attach_wake;
mod background_requests;
mod failed_start;
mod fair_starts;
mod held_requests;
mod hold_limits;
mod polls;
mod progress_page;
mod requests_during_a_stop;
mod stop_by_other_replica;
