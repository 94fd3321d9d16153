//! The work of a first process, in a container or as a supervisor: start programs, reap exited processes, kill the
//! rest.

mod any_address;
mod children;
pub mod ignored_signals;
mod login_shell;
mod oom_preference;
pub mod open_files;
pub mod process_tree;
pub mod processes_at_work;
mod run_program;
mod secret_input;
mod tools_folder;
mod wait;

/// This process's executable, even after an upgrade replaced its file (proc(5)).
pub const OWN_PROGRAM: &str = "/proc/self/exe";

pub use any_address::{ANY_ADDRESS, any_address};
pub use children::{Child, Children, PrintingChild};
pub use login_shell::write_shell_profile;
pub use run_program::run_program;
pub use secret_input::secret_input;
pub use tools_folder::{First, ToolsFolder};
pub use wait::wait;
