//! The domain: what a session is, its life, who may use it, what keeps it alive. No HTTP and no Kubernetes in here.

pub mod access;
mod agent;
pub mod clock;
mod email;
mod follow;
mod id;
pub mod idle;
mod key;
pub mod lease;
mod lifecycle;
mod open;
pub mod phase;
mod reaper;
mod registry;
pub mod runtime;
pub mod secret;
mod spec;
mod state;
pub mod token;
mod wake;

pub use access::Principal;
pub use clock::Clock;
pub use email::{Email, InvalidEmail};
pub use id::{InvalidSessionId, SessionId};
pub use idle::{IdleRules, Keeper};
pub use key::{Origin, SessionKey};
pub use lease::{Lease, Leases, Purpose};
pub use lifecycle::{Lifecycle, Limits};
pub use open::{OpenError, Opened};
pub use phase::{Failure, Observation, Phase, PhaseName, Reason};
pub use registry::{Change, Registry};
pub use spec::{Memo, Spec};
pub use state::{Session, View};
pub use wake::{Outcome, Wake};
