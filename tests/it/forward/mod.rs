//! Bytes pass both ways unchanged and at once, and what happens to one request is no other's trouble.

mod a_misbehaving_server_costs_one_request;
mod a_run_ends_whole;
mod bodies_stream_both_ways;
mod clients_may_leave;
mod connections_are_kept_and_never_mixed_up;
mod headers_are_cleaned;
mod upgrades_become_tunnels;
