//! What thousands of sessions cost the router, on a real API server: `make scale` measures it, docs/scale.md has figures.

mod account;
mod bench;
mod changes;
mod instruments;
mod lists;
mod many;
mod measured;
mod uses;
