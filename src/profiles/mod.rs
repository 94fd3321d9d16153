//! Profiles: named templates for sessions, from the operator's file. No Kubernetes calls, no files, no tasks.

mod document;
mod fault;
mod field_check;
mod merge;
mod profile;
mod profile_parts;
#[cfg(test)]
mod profile_rules;
mod profile_set;
mod schema;

pub use self::fault::{Fault, Faults};
pub use self::merge::{MergeFault, merge};
pub use self::profile::Profile;
pub use self::profile_parts::{Allow, ContainerPart, Containers, Credential, PortPart, StoragePart, TmpPart};
pub use self::profile_set::{ProfileSet, UnknownProfile};
pub use self::schema::profile_schema;
