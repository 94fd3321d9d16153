//! Sessions as Pods of a real cluster, with faults from the cluster, the repository or an administrator.

mod adoption;
mod any_user;
mod cluster_refusals;
mod own_git_logins;
mod own_images;
mod pod_clone_failures;
mod pod_clone_progress;
mod pod_usage_figures;
mod private_servers;
mod profile_examples;
mod profiles;
mod run_end_reasons;
mod situation;
mod start_delays;
mod user_secrets;
