//! The work of a first process, in a container or as a supervisor: start programs, collect every process that ends, and
//! end the rest.

mod children;
pub mod process_tree;
mod run_program;

/// The program that runs here, even after its file was replaced (proc(5)).
pub const OWN_PROGRAM: &str = "/proc/self/exe";

pub use children::{Child, Children, PrintingChild};
pub use run_program::run_program;
