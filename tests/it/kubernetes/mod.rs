//! Sessions as Pods of a real cluster: what becomes of them when the cluster, a repository or a person is in the way.

mod cluster_refusals;
mod pod_clone_failures;
mod pod_clone_progress;
mod run_end_reasons;
mod situation;
mod start_delays;
