//! The router's cost for thousands of sessions on a real API server. `make scale` measures it; docs/scale.md has
//! figures.

mod account;
mod bench;
mod changes;
mod instruments;
mod lists;
mod many;
mod measured;
mod uses;
