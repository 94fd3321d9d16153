//! Who gets in, where they get, and what they can do to the others.

mod hosts_stand_for_one_thing;
mod http2_is_spoken;
mod other_sites_cannot_use_the_browser;
mod peers_are_bounded;
mod somebody_elses_session_is_like_none;
mod the_end_is_graceful;
mod users_are_named_by_the_proxy_alone;
