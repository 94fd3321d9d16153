//! Disk and memory of a session: shown to its owner before they run out, and what happens when they do.

mod figures_in_the_api;
mod full_disk;
mod out_of_memory;
mod usage_port;
