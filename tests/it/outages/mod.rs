//! Parts of the cluster stop, which no other test would survive. These tests have a cluster of their own and run one
//! after the other. Each one prints how long the router took to know the truth again.

mod api_server_outage;
mod expired_watch;
mod kubelet_outage;
mod part;
