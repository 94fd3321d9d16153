//! The router in a cluster, installed by its chart.

mod journeys;
mod rights;
mod roll_out;
