//! Puts the profiles in force again when PROFILES_FILE changes.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio_util::task::AbortOnDropHandle;

use crate::config::profiles_text;
use crate::profiles::{CurrentProfiles, ProfileSet};
use crate::tempo::Tempo;

/// Pause between two looks. The kubelet itself updates the file of a ConfigMap only about once a minute.
const PAUSE: Duration = Duration::from_secs(5);

/// Follows the file until the handle is dropped. `read` reads its text.
pub(super) fn follow_profiles(
    path: PathBuf,
    current: CurrentProfiles,
    tempo: Tempo,
    read: impl Fn(&str) -> Result<ProfileSet, String> + Send + Sync + 'static,
) -> AbortOnDropHandle<()> {
    let read = Arc::new(read);
    AbortOnDropHandle::new(tokio::spawn(async move {
        // The first look finds a change since the router read its settings.
        let mut known = None;
        loop {
            let (path, read, before) = (path.clone(), read.clone(), known.clone());
            // Reading waits for a disk, and a large file takes long to check.
            let looked = spawn_blocking(move || {
                let text = profiles_text(&path);
                let changed = before.as_ref() != Some(&text);
                (changed.then(|| text.clone().and_then(|text| read(&text))), text)
            });
            if let Ok((changed, text)) = looked.await {
                known = Some(text);
                changed.into_iter().for_each(|profiles| apply(profiles, &current));
            }
            tokio::time::sleep(tempo.wait(PAUSE)).await;
        }
    }))
}

/// A bad file keeps the earlier profiles in force.
fn apply(read: Result<ProfileSet, String>, current: &CurrentProfiles) {
    match read {
        Ok(profiles) => {
            tracing::info!(count = profiles.all().len(), "the profiles of PROFILES_FILE are in force");
            current.replace(profiles);
        }
        Err(error) => {
            tracing::error!(%error, "the changed profiles are not in force: the earlier ones still are");
            current.keep(error);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    /// Replaces the file as the kubelet does: by a rename.
    fn write(file: &Path, text: &str) {
        let draft = file.with_extension("draft");
        std::fs::write(&draft, text).unwrap();
        std::fs::rename(draft, file).unwrap();
    }

    async fn until(what: &str, mut holds: impl FnMut() -> bool) {
        let waited = tokio::time::timeout(Duration::from_secs(30), async {
            while !holds() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        waited.await.unwrap_or_else(|_| panic!("{what}"));
    }

    #[tokio::test]
    async fn changed_file_is_in_force_and_a_bad_one_keeps_the_earlier_profiles() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("profiles.yaml");
        write(&file, "profiles:\n  one: {image: box:1}\n");
        let path = file.display().to_string();
        let arguments =
            ["opencode-router", "--runtime", "kubernetes", "--domain", "oc.example.org", "--tempo", "0.002"];
        let arguments = arguments.into_iter().chain(["--dev-email", "me@localhost", "--profiles-file", &path]);
        let config = Config::read(arguments.map(OsString::from)).unwrap();
        let names = ("sessions".to_owned(), "router".to_owned());
        let settings = config.kubernetes.settings(names.0, names.1, config.lifecycle.clones(), config.tempo).unwrap();
        let name = || settings.profiles.get().all()[0].0.clone();
        assert_eq!(name(), "one");
        let (reading, trial) = (config.kubernetes.clone(), settings.clone());
        let read = move |text: &str| reading.profiles_in(text, &trial);
        let _following = follow_profiles(file.clone(), settings.profiles.clone(), settings.tempo, read);

        write(&file, "profiles:\n  two: {image: box:2}\n");
        until("the changed file is in force", || name() == "two").await;
        write(&file, "profiles:\n  three: {imgae: box:3}\n");
        until("the bad file is reported", || settings.profiles.trouble().is_some()).await;
        assert!(settings.profiles.trouble().unwrap().contains("Did you mean “image”?"));
        assert_eq!(name(), "two");
        std::fs::remove_file(&file).unwrap();
        until("the missing file is reported", || settings.profiles.trouble().unwrap().contains("cannot be read")).await;
        assert_eq!(name(), "two");
        write(&file, "profiles:\n  four: {image: box:4}\n");
        until("the mended file is in force", || name() == "four" && settings.profiles.trouble().is_none()).await;
    }
}
