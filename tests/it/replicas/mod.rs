//! Several replicas of the router on one cluster: no work happens twice, and no work is lost when a replica ends.

mod concurrent_start_limit;
mod killed_replica;
mod pod_address_reuse;
mod read_your_writes;
mod revoked_token;
mod second_release;
mod shared_work;
mod silent_stop;
mod stale_replica;
pub mod two;
