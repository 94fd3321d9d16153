//! Several replicas of the router, on one cluster: nothing is done twice, nothing is lost when one goes.

mod a_stop_is_silent;
mod an_address_is_one_pods;
mod may_be_killed;
mod one_is_asked_what_another_was_told;
mod share_the_work;
mod starts_take_turns;
pub mod two;
mod what_is_old_does_no_harm;
