//! The work of a first process, in a container or as a supervisor: start programs, collect every process that ends, and
//! end the rest.

mod children;
pub mod process_tree;
mod run_program;

pub use children::{Child, Children, PrintingChild};
pub use run_program::run_program;
