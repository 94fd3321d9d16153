//! Sessions as Pods of a real cluster: what becomes of them when the cluster, a repository or a person is in the way.

mod shows_how_far_a_clone_is;
mod situation;
mod tells_what_ended_a_run;
mod tells_what_holds_a_start_up;
mod tells_why_a_clone_failed;
mod tells_why_the_cluster_refuses;
