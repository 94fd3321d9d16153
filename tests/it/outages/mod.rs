//! Parts of the cluster stop, which would break other tests. These tests have their own cluster and run one after
//! another. Each prints the router's recovery time.

mod api_server_outage;
mod expired_watch;
mod kubelet_outage;
mod part;
