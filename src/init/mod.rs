//! What the first process of a container does, and a supervisor too: starts programs, collects every process that ends
//! below it, and ends what is left.

mod children;
pub mod process_tree;
mod run_program;

pub use children::{Child, Children, PrintingChild};
pub use run_program::run_program;
