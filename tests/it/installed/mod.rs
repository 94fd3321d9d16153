//! The product in a cluster, installed by its chart: what one machine has, a team has too.

mod journeys;
mod rights;
mod roll_out;
