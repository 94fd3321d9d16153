//! The steps of a session's Pod: the router's own containers, in the order in which they begin.

use k8s_openapi::api::core::v1::Pod;

use super::kubernetes_settings::KubernetesSettings;
use super::manifest::{OPENCODE, PREPARE};
use crate::profiles::Profile;

/// The container that copies the tools image.
pub(super) const TOOLS_INIT: &str = "tools-init";
/// The container that installs opencode's plugins.
pub(super) const PLUGIN_INIT: &str = "plugin-init";
/// The annotation with the names of the Pod's steps, with commas.
pub(super) const STEPS: &str = "opencode-router/steps";

/// All steps that a Pod can have.
pub(super) const ALL: [&str; 4] = [TOOLS_INIT, PREPARE, PLUGIN_INIT, OPENCODE];
/// The steps of a Pod of an earlier release, which does not name them.
const UNNAMED: [&str; 2] = [PREPARE, OPENCODE];

/// The steps of a profile's Pods.
pub(super) fn of_profile(settings: &KubernetesSettings, profile: &Profile) -> Vec<&'static str> {
    let wanted = |step: &&str| match *step {
        TOOLS_INIT => profile.tools.is_some() && !settings.image_volumes,
        PLUGIN_INIT => profile.plugins.as_ref().is_some_and(|plugins| !plugins.packages.is_empty()),
        _ => true,
    };
    ALL.into_iter().filter(wanted).collect()
}

/// The steps of an existing Pod.
pub(super) fn of_pod(pod: &Pod) -> Vec<&'static str> {
    let named = pod.metadata.annotations.as_ref().and_then(|annotations| annotations.get(STEPS));
    let Some(named) = named else { return UNNAMED.to_vec() };
    let named: Vec<_> = named.split(',').take(ALL.len()).collect();
    ALL.into_iter().filter(|step| named.contains(step)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_of_an_earlier_release_has_two_steps() {
        let mut pod = Pod::default();
        assert_eq!(of_pod(&pod), UNNAMED);
        let named = (STEPS.to_owned(), "tools-init,prepare,opencode,x".to_owned());
        pod.metadata.annotations = Some([named].into());
        assert_eq!(of_pod(&pod), [TOOLS_INIT, PREPARE, OPENCODE]);
    }
}
