//! Profiles: named templates for sessions, from the operator's file. No Kubernetes calls, no files, no tasks.

mod chooser;
mod current_profiles;
mod document;
mod fault;
mod field_check;
mod machine_part;
mod merge;
mod opencode_parts;
mod profile;
mod profile_parts;
#[cfg(test)]
mod profile_rules;
mod profile_set;
mod quantity;
mod schema;

pub use self::chooser::{Choice, Chooser};
pub use self::current_profiles::CurrentProfiles;
pub use self::fault::{Fault, Faults};
pub use self::field_check::ignored_path;
pub use self::machine_part::{Variable, below_home};
pub use self::merge::{MergeFault, merge};
pub use self::opencode_parts::{
    EntrySource, IdlePart, OpencodeFile, OpencodePart, Permission, PluginsPart, ProcessPart, SkillSource, ToolsPart,
};
pub use self::profile::Profile;
pub use self::profile_parts::{
    Allow, ClonePart, ContainerPart, Containers, Credential, DataPlace, DataVolume, OpencodeData, PortPart,
    StoragePart, TmpPart,
};
pub use self::profile_set::{ProfileSet, UnknownProfile};
pub use self::quantity::{amount, quantity};
pub use self::schema::profile_schema;
