//! Users' secrets: files with mode 0600 for each user, `<data>/users/<id>.json` and `<id>-git.json`.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

use super::session_folder::{make_private, write_atomically};
use crate::runtime::{LoginsEdit, SecretsEdit};
use crate::session::access::keeps_secrets_of;
use crate::session::git_logins::Unreadable;
use crate::session::user_secrets::{LARGEST_TOGETHER, user_id};
use crate::session::{Email, GitLogins, SecretName, UserSecret, UserSecrets};

/// Size limit of a file, in bytes. JSON writes a character with at most 6 bytes.
const LARGEST_FILE: u64 = 6 * LARGEST_TOGETHER as u64 + 64 * 1024;

/// The files. Only this router writes them, because it holds the lock of the data folder.
pub(super) struct UserFiles {
    folder: PathBuf,
    /// The revisions of the files that were read or written.
    revisions: Mutex<HashMap<Email, u64>>,
    /// Held while a file changes.
    turn: Arc<tokio::sync::Mutex<()>>,
}

/// A file's content.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    owner: Email,
    /// Grows with each change.
    revision: u64,
    secrets: BTreeMap<String, StoredSecret>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredSecret {
    value: String,
    changed_at: Timestamp,
}

/// The owner of a file of Git logins.
#[derive(Deserialize)]
struct Whose {
    owner: String,
}

impl UserFiles {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, revisions: Mutex::default(), turn: Arc::default() }
    }

    fn path(&self, owner: &Email) -> PathBuf {
        self.folder.join(format!("{}.json", user_id(owner)))
    }

    /// A user's secrets, and their revision. 0: nothing was ever stored.
    pub(super) fn read(&self, owner: &Email) -> io::Result<(UserSecrets, u64)> {
        let path = self.path(owner);
        let Some(text) = text_of(&path)? else { return Ok((UserSecrets::default(), 0)) };
        // The original error could quote a value.
        let stored: Stored =
            serde_json::from_str(&text).map_err(|_| io::Error::other(format!("{} cannot be read", path.display())))?;
        if !keeps_secrets_of(stored.owner.as_str(), owner) {
            return Err(io::Error::other(format!("{} is another user's", path.display())));
        }
        let secrets = stored.secrets.into_iter().filter_map(|(name, StoredSecret { value, changed_at })| {
            Some((SecretName::parse(&name).ok()?, UserSecret { value: value.into(), changed_at }))
        });
        let (secrets, revision) = (UserSecrets::stored(secrets), stored.revision);
        self.learn(owner, revision);
        Ok((secrets, revision))
    }

    /// Called only by who has the turn.
    fn write(&self, owner: &Email, secrets: &UserSecrets) -> io::Result<()> {
        let revision = self.revision(owner).unwrap_or_default() + 1;
        let secrets = secrets.iter().map(|(name, secret)| {
            let value = secret.value.expose_secret().to_owned();
            (name.to_string(), StoredSecret { value, changed_at: secret.changed_at })
        });
        let stored = Stored { owner: owner.clone(), revision, secrets: secrets.collect() };
        make_private(&self.folder)?;
        write_atomically(&self.path(owner), &serde_json::to_vec(&stored)?)?;
        self.learn(owner, revision);
        Ok(())
    }

    /// See [`crate::runtime::Vault::edit_user_secrets`].
    pub(super) async fn edit(self: &Arc<Self>, owner: &Email, edit: SecretsEdit<'_>) -> io::Result<()> {
        let read = |files: &Self, owner: &Email| files.read(owner).map(|(secrets, _)| secrets);
        self.change(owner, read, edit, Self::write).await
    }

    /// Changes a file in one atomic step, unless `edit` changes nothing.
    async fn change<T: Clone + PartialEq + Send + Sync + 'static>(
        self: &Arc<Self>,
        owner: &Email,
        read: fn(&Self, &Email) -> io::Result<T>,
        edit: &mut (dyn FnMut(&mut T) + Send),
        write: fn(&Self, &Email, &T) -> io::Result<()>,
    ) -> io::Result<()> {
        let turn = self.turn.clone().lock_owned().await;
        let (files, whose) = (self.clone(), owner.clone());
        let before = on_disk(move || read(&files, &whose)).await?;
        let mut after = before.clone();
        edit(&mut after);
        if after == before {
            return Ok(());
        }
        let (files, whose) = (self.clone(), owner.clone());
        // The turn ends with the write, also if the caller leaves earlier.
        on_disk(move || {
            let _turn = turn;
            write(&files, &whose, &after)
        })
        .await
    }

    /// The file of a user's Git logins. It may not exist.
    pub(super) fn git_logins(&self, owner: &Email) -> PathBuf {
        self.folder.join(format!("{}-git.json", user_id(owner)))
    }

    pub(super) fn read_git_logins(&self, owner: &Email) -> io::Result<GitLogins> {
        let path = self.git_logins(owner);
        let Some(text) = text_of(&path)? else { return Ok(GitLogins::default()) };
        let whose: Whose = serde_json::from_str(&text).map_err(|_| io::Error::other(Unreadable))?;
        if !keeps_secrets_of(&whose.owner, owner) {
            return Err(io::Error::other(format!("{} is another user's", path.display())));
        }
        GitLogins::read(&text).map_err(io::Error::other)
    }

    fn write_git_logins(&self, owner: &Email, logins: &GitLogins) -> io::Result<()> {
        let mut written: serde_json::Value = serde_json::from_str(&logins.to_json())?;
        written["owner"] = owner.as_str().into();
        make_private(&self.folder)?;
        write_atomically(&self.git_logins(owner), written.to_string().as_bytes())
    }

    /// See [`crate::runtime::Vault::edit_git_logins`].
    pub(super) async fn edit_git_logins(self: &Arc<Self>, owner: &Email, edit: LoginsEdit<'_>) -> io::Result<()> {
        self.change(owner, Self::read_git_logins, edit, Self::write_git_logins).await
    }

    /// Revisions only grow.
    fn learn(&self, owner: &Email, revision: u64) {
        let mut revisions = self.revisions.lock();
        let known = revisions.entry(owner.clone()).or_default();
        *known = revision.max(*known);
    }

    /// The revision of a user's secrets, from the small file at the first time. `None`: it cannot be read now.
    pub(super) fn revision(&self, owner: &Email) -> Option<u64> {
        let known = self.revisions.lock().get(owner).copied();
        known.or_else(|| {
            let (_, revision) = self.read(owner).ok()?;
            self.learn(owner, revision);
            Some(revision)
        })
    }
}

/// The text of a file, if there is one. Sessions run as the same system user and could write there, so it is bounded.
fn text_of(path: &Path) -> io::Result<Option<String>> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    if !file.metadata()?.is_file() {
        return Err(io::Error::other(format!("{} is not a file", path.display())));
    }
    let mut text = String::new();
    file.by_ref().take(LARGEST_FILE).read_to_string(&mut text)?;
    Ok(Some(text))
}

/// Does file work on a thread for blocking work.
async fn on_disk<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn user(text: &str) -> Email {
        Email::parse(text).unwrap()
    }

    fn files(folder: PathBuf) -> Arc<UserFiles> {
        Arc::new(UserFiles::new(folder))
    }

    async fn put(files: &Arc<UserFiles>, owner: &str, name: &str, value: &str) {
        let name = SecretName::parse(name).unwrap();
        let put = &mut |secrets: &mut UserSecrets| {
            secrets.put(name.clone(), value.to_owned().into(), Timestamp::UNIX_EPOCH).unwrap();
        };
        files.edit(&user(owner), put).await.unwrap();
    }

    #[tokio::test]
    async fn each_user_has_a_private_file_whose_revision_grows() {
        let temp = tempfile::tempdir().unwrap();
        let files = files(temp.path().join("users"));
        assert_eq!(files.revision(&user("ann@x")), Some(0));
        put(&files, "ann@x", "A", "one").await;
        put(&files, "bob@x", "B", "two").await;
        assert_eq!((files.revision(&user("ann@x")), files.revision(&user("bob@x"))), (Some(1), Some(1)));
        let again = self::files(temp.path().join("users"));
        let (secrets, revision) = again.read(&user("ann@x")).unwrap();
        let values: Vec<_> =
            secrets.iter().map(|(name, secret)| (name.as_str(), secret.value.expose_secret())).collect();
        assert_eq!((values, revision), (vec![("A", "one")], 1));
        let mode = again.path(&user("ann@x")).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        again.edit(&user("ann@x"), &mut |_| {}).await.unwrap();
        assert_eq!(again.revision(&user("ann@x")), Some(1), "nothing changed");
    }

    #[tokio::test]
    async fn file_of_another_user_and_a_broken_one_are_refused_without_a_value() {
        let temp = tempfile::tempdir().unwrap();
        let files = files(temp.path().to_owned());
        put(&files, "ann@x", "A", "hush").await;
        std::fs::copy(files.path(&user("ann@x")), files.path(&user("bob@x"))).unwrap();
        let refused = async |owner: &str| files.edit(&user(owner), &mut |_| {}).await.unwrap_err().to_string();
        assert!(refused("bob@x").await.ends_with("is another user's"));
        let broken = std::fs::read_to_string(files.path(&user("ann@x"))).unwrap().replace("\"value\":", "\"hush\":");
        std::fs::write(files.path(&user("ann@x")), broken).unwrap();
        let large = "x".repeat(usize::try_from(LARGEST_FILE).unwrap() + 1);
        std::fs::write(files.path(&user("eve@x")), large).unwrap();
        assert!(refused("eve@x").await.ends_with("cannot be read"), "no more than the limit is read");
        let said = refused("ann@x").await;
        assert!(said.ends_with("cannot be read") && !said.contains("hush"), "{said}");
    }
}
