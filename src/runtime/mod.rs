//! The runtimes: sessions as processes of this machine, or as Pods of a Kubernetes cluster.
//! [`crate::lifecycle::runtime_port`] has the trait and its contract.

mod finding;
pub mod kubernetes;
mod log_tail;
mod long_lines;
mod opencode_exit;
mod preparation_job;
pub mod process;
mod profile_customization;

pub use self::finding::{Finding, Status};
pub use crate::lifecycle::runtime_port::{Edit, LogRange, LogStream, News, PromptEdit, Runtime, RuntimeError};
pub use crate::lifecycle::vault::{LoginsEdit, SecretsEdit, Vault};
pub use crate::session::Sighting;
