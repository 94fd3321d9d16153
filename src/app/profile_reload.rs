//! Puts the profiles in force again when PROFILES_FILE changes.

use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio_util::task::AbortOnDropHandle;

use crate::config::{KubernetesConfig, profiles_text};
use crate::runtime::kubernetes::KubernetesSettings;

/// Pause between two looks. The kubelet itself updates the file of a ConfigMap only about once a minute.
const PAUSE: Duration = Duration::from_secs(5);

/// Follows the file until the handle is dropped. `None` without a file.
pub(super) fn follow_profiles(config: KubernetesConfig, settings: KubernetesSettings) -> Option<AbortOnDropHandle<()>> {
    let path = config.profiles_file.clone()?;
    Some(AbortOnDropHandle::new(tokio::spawn(async move {
        let mut known = None;
        loop {
            let path = path.clone();
            let text =
                spawn_blocking(move || profiles_text(&path)).await.unwrap_or_else(|error| Err(error.to_string()));
            if known.as_ref().is_some_and(|known| *known != text) {
                reload(&config, &settings, text.clone());
            }
            known = Some(text);
            tokio::time::sleep(settings.tempo.wait(PAUSE)).await;
        }
    })))
}

/// A bad file keeps the earlier profiles in force.
fn reload(config: &KubernetesConfig, settings: &KubernetesSettings, text: Result<String, String>) {
    match text.and_then(|text| config.profiles_in(&text, settings)) {
        Ok(profiles) => {
            settings.profiles.replace(profiles);
            tracing::info!("the changed profiles are in force");
        }
        Err(error) => {
            tracing::error!(%error, "the changed profiles are not in force: the earlier ones still are");
            settings.profiles.keep(error);
        }
    }
}
