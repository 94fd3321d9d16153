//! What becomes of each claim of the old router: a pure function of the cluster's objects.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim, Pod};

use super::super::claim::Record;
use super::super::names::{object_name, session_of};
use super::{ADOPTED_FROM, RECLAIM_POLICY, old_session};
use crate::session::{Origin, SessionId, Spec};

/// The objects of the cluster.
#[derive(Default)]
pub(super) struct Objects {
    /// The namespace of the old router's sessions.
    pub(super) old_namespace: String,
    /// All claims there.
    pub(super) old_claims: Vec<PersistentVolumeClaim>,
    /// All Pods there.
    pub(super) pods: Vec<Pod>,
    /// All claims in the namespace of this router's sessions, which can be the same one.
    pub(super) claims: Vec<PersistentVolumeClaim>,
    /// All volumes of the cluster.
    pub(super) volumes: Vec<PersistentVolume>,
}

/// A volume that becomes a session's.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Adoption {
    /// The name of the old claim.
    pub(super) old: String,
    /// The volume.
    pub(super) volume: String,
    /// The session.
    pub(super) spec: Spec,
}

/// What becomes of an old claim.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fate {
    /// It is to be adopted.
    Adopt(Adoption),
    /// An earlier run of the command began to adopt it.
    GoOn(Adoption),
    /// An earlier run of the command adopted it.
    Adopted(Adoption),
    /// It stays as it is: the name of the claim, and the reason.
    Skip(String, String),
}

/// What becomes of each claim, in the order of their names.
pub(super) fn plan(objects: &Objects) -> Vec<Fate> {
    let olds: Vec<_> = objects.old_claims.iter().filter(|claim| old_session::is_old(&claim.metadata)).collect();
    let begun: Vec<_> = objects.claims.iter().filter_map(|claim| begun(claim, &objects.old_namespace)).collect();
    let mut fates: BTreeMap<String, Fate> = BTreeMap::new();
    for adoption in &begun {
        let fate = if is_finished(adoption, objects) { Fate::Adopted } else { Fate::GoOn };
        fates.insert(adoption.old.clone(), fate(adoption.clone()));
    }
    let mut taken = BTreeSet::new();
    let mut olds: Vec<_> = olds.into_iter().filter(|old| !begun.iter().any(|begun| is_of(old, begun))).collect();
    // Of two claims for the same session, the later one has the files that the owner saw last.
    olds.sort_by_key(|old| std::cmp::Reverse(old.metadata.creation_timestamp.clone()));
    for old in olds {
        let fate = match adoption(old, objects, &mut taken) {
            Ok(adoption) => Fate::Adopt(adoption),
            Err(reason) => Fate::Skip(name(old).to_owned(), reason),
        };
        fates.insert(name(old).to_owned(), fate);
    }
    fates.into_values().collect()
}

/// The adoption of an old claim, or why there is none.
fn adoption(
    old: &PersistentVolumeClaim,
    objects: &Objects,
    taken: &mut BTreeSet<SessionId>,
) -> Result<Adoption, String> {
    let spec = old_session::read(old)?;
    if old.metadata.deletion_timestamp.is_some() {
        return Err("it is being deleted".to_owned());
    }
    let volume = volume_of(old, objects)?;
    let id = spec.id();
    if objects.claims.iter().any(|claim| name(claim) == object_name(id)) {
        return Err(format!("the session {id} of {} exists already", Described(&spec)));
    }
    if let Some(pod) = objects.pods.iter().find(|pod| uses(pod, name(old))) {
        let pod = pod.metadata.name.as_deref().unwrap_or_default();
        return Err(format!("the Pod {pod} uses it; stop the old router and delete the Pod first"));
    }
    if !taken.insert(id) {
        return Err(format!("a later claim is of the same session {id} of {}", Described(&spec)));
    }
    Ok(Adoption { old: name(old).to_owned(), volume, spec })
}

/// The name of the volume with an old claim's files.
fn volume_of(old: &PersistentVolumeClaim, objects: &Objects) -> Result<String, String> {
    let phase = phase(old);
    let bound = old.spec.as_ref().and_then(|spec| spec.volume_name.clone()).filter(|_| phase == "Bound");
    let Some(bound) = bound else { return Err(format!("it is not bound to a volume, but {phase}")) };
    let volume = objects.volumes.iter().find(|volume| volume.metadata.name.as_ref() == Some(&bound));
    let spec = volume.and_then(|volume| volume.spec.as_ref());
    let Some(spec) = spec else { return Err(format!("its volume {bound} does not exist")) };
    if spec.claim_ref.as_ref().and_then(|claim| claim.uid.as_ref()) != old.metadata.uid.as_ref() {
        return Err(format!("its volume {bound} is bound to another claim"));
    }
    if spec.volume_mode.as_deref() == Some("Block") {
        return Err(format!("its volume {bound} has no file system (volumeMode: Block)"));
    }
    Ok(bound)
}

/// The adoption that a session's claim began with.
fn begun(claim: &PersistentVolumeClaim, old_namespace: &str) -> Option<Adoption> {
    session_of(&claim.metadata)?;
    let from = claim.metadata.annotations.as_ref()?.get(ADOPTED_FROM)?;
    let old = from.strip_prefix(old_namespace)?.strip_prefix('/')?.to_owned();
    let volume = claim.spec.as_ref()?.volume_name.clone()?;
    Some(Adoption { old, volume, spec: Record::read(claim).ok()?.spec })
}

/// Whether the claim is the old one of this adoption. A later claim of the same name has another volume.
pub(super) fn is_of(old: &PersistentVolumeClaim, adoption: &Adoption) -> bool {
    name(old) == adoption.old
        && old.spec.as_ref().is_some_and(|spec| spec.volume_name.as_ref() == Some(&adoption.volume))
}

/// Whether nothing is left to do.
fn is_finished(adoption: &Adoption, objects: &Objects) -> bool {
    let new = object_name(adoption.spec.id());
    let bound = objects.claims.iter().any(|claim| name(claim) == new && phase(claim) == "Bound");
    let restored = |volume: &PersistentVolume| {
        let annotations = volume.metadata.annotations.as_ref();
        !annotations.is_some_and(|annotations| annotations.contains_key(RECLAIM_POLICY))
    };
    let volume = objects.volumes.iter().find(|volume| volume.metadata.name.as_ref() == Some(&adoption.volume));
    bound && volume.is_none_or(restored) && !objects.old_claims.iter().any(|claim| is_of(claim, adoption))
}

/// Whether a Pod has this claim as a volume. Kubernetes keeps a claim while such a Pod exists, even an ended one.
pub(super) fn uses(pod: &Pod, claim: &str) -> bool {
    let volumes = pod.spec.as_ref().and_then(|spec| spec.volumes.as_ref()).into_iter().flatten();
    volumes.filter_map(|volume| volume.persistent_volume_claim.as_ref()).any(|source| source.claim_name == claim)
}

fn name(claim: &PersistentVolumeClaim) -> &str {
    claim.metadata.name.as_deref().unwrap_or_default()
}

/// The phase of a claim: Pending, Bound or Lost.
pub(super) fn phase(claim: &PersistentVolumeClaim) -> &str {
    claim.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or("Pending")
}

impl Fate {
    /// The line for the administrator: ASCII control characters and the like are escaped, because users chose the texts.
    pub(super) fn line(&self) -> String {
        let session = |done: &str, adoption: &Adoption| {
            format!("{}: {done} session {} of {}", adoption.old, adoption.spec.id(), Described(&adoption.spec))
        };
        printable(&match self {
            Self::Adopt(adoption) => session("becomes", adoption),
            Self::GoOn(adoption) => session("is about to become", adoption),
            Self::Adopted(adoption) => session("is already", adoption),
            Self::Skip(claim, reason) => format!("{claim}: skipped, because {reason}"),
        })
    }
}

/// The text without characters that change how a terminal shows the rest.
pub(super) fn printable(text: &str) -> String {
    let escaped = |letter: char| match letter {
        '"' | '\'' | '\\' => letter.to_string(),
        letter => letter.escape_debug().to_string(),
    };
    text.chars().map(escaped).collect()
}

/// A session's owner, repository and branch.
struct Described<'a>(&'a Spec);

impl fmt::Display for Described<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = &self.0.key;
        match &key.origin {
            Origin::Repository { url, branch: Some(branch) } => {
                write!(f, "{} ({url}, branch {branch})", key.owner.as_str())
            }
            Origin::Repository { url, branch: None } => write!(f, "{} ({url}, default branch)", key.owner.as_str()),
            Origin::NewProject { .. } => write!(f, "{} (a new project)", key.owner.as_str()),
        }
    }
}
