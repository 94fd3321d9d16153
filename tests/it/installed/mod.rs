//! The router in a cluster, installed by its chart.

mod journeys;
mod pre_pull;
mod rights;
mod roll_out;
