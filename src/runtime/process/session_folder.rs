//! Layout of the data folder.
//!
//! ```text
//! <data>/lock                           held by the router
//! <data>/sessions/<id>/session.json     record
//!                      prompts.json     waiting prompts
//!                      password         of opencode
//!                      outcome.json     of the last run
//!                      lock             held by a live supervisor
//!                      supervisor.sock
//!                      log/             output of Git and opencode
//!                      home/ tmp/       HOME and TMPDIR
//!                      work/<project>/  repository
//! <data>/trash/                         deleted sessions
//! <data>/users/<id>.json                a user's secrets
//!              <id>-git.json            a user's Git logins
//! ```

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

pub(super) use crate::private_files::{make_private, read_if_there, remove_if_there, write_atomically};
use crate::session::SessionId;

/// Longest path of a Unix socket on Linux, without the closing NUL (unix(7)).
const LONGEST_SOCKET_PATH: usize = 107;
/// The file that a router locks.
pub(super) const LOCK: &str = "lock";

/// The process runtime's data folder, locked by this router.
#[derive(Debug)]
pub(super) struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Creates the folders, readable only by this user, and takes the lock.
    pub(super) fn prepare(path: &Path) -> io::Result<Self> {
        let path = checked_path(path)?;
        make_private(&path)?;
        let lock = File::create(path.join(LOCK))?;
        lock.try_lock().map_err(|error| not_locked(error, "another router uses it"))?;
        let data = Self { path, _lock: lock };
        make_private(&data.sessions())?;
        make_private(&data.trash())?;
        Ok(data)
    }

    pub(super) fn sessions(&self) -> PathBuf {
        self.path.join("sessions")
    }

    pub(super) fn trash(&self) -> PathBuf {
        self.path.join("trash")
    }

    pub(super) fn users(&self) -> PathBuf {
        self.path.join("users")
    }

    pub(super) fn session(&self, id: SessionId) -> SessionDir {
        SessionDir(self.sessions().join(id.to_string()))
    }
}

/// The absolute path of a data folder. Fails if the sockets of sessions would have too long paths.
pub(super) fn checked_path(path: &Path) -> io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    let longest = path.join("sessions").join("x".repeat(SessionId::LENGTH)).join("supervisor.sock");
    if longest.as_os_str().len() > LONGEST_SOCKET_PATH {
        return Err(io::Error::other("its path is too long for Unix sockets; choose one of at most 60 bytes"));
    }
    Ok(path)
}

/// The folder of one session.
#[derive(Clone, Debug)]
pub(super) struct SessionDir(PathBuf);

impl SessionDir {
    pub(super) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Creates the folders that a run needs.
    pub(super) fn prepare(&self) -> io::Result<()> {
        for folder in [self.0.clone(), self.home(), self.tmp(), self.work(), self.logs()] {
            make_private(&folder)?;
        }
        Ok(())
    }

    pub(super) fn record(&self) -> PathBuf {
        self.0.join("session.json")
    }

    pub(super) fn prompts(&self) -> PathBuf {
        self.0.join("prompts.json")
    }

    pub(super) fn password(&self) -> PathBuf {
        self.0.join("password")
    }

    pub(super) fn outcome(&self) -> PathBuf {
        self.0.join("outcome.json")
    }

    pub(super) fn profile_of_run(&self) -> PathBuf {
        self.0.join("profile-of-run")
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.0.join("supervisor.sock")
    }

    /// Whether a live supervisor holds the lock.
    pub(super) fn is_supervised(&self) -> io::Result<bool> {
        let lock = match File::open(self.lock()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            lock => lock?,
        };
        match lock.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(cannot_lock(&error)),
        }
    }

    pub(super) fn lock(&self) -> PathBuf {
        self.0.join("lock")
    }

    pub(super) fn logs(&self) -> PathBuf {
        self.0.join("log")
    }

    pub(super) fn home(&self) -> PathBuf {
        self.0.join("home")
    }

    pub(super) fn tmp(&self) -> PathBuf {
        self.0.join("tmp")
    }

    pub(super) fn work(&self) -> PathBuf {
        self.0.join("work")
    }

    pub(super) fn project(&self, name: &str) -> PathBuf {
        self.work().join(name)
    }
}

/// Why a lock was not taken: `held`, or the system's own error. A network file system may not support locks.
pub(super) fn not_locked(error: TryLockError, held: &str) -> io::Error {
    match error {
        TryLockError::WouldBlock => io::Error::other(held),
        TryLockError::Error(error) => cannot_lock(&error),
    }
}

fn cannot_lock(error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("files in it cannot be locked ({error})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_held_lock_is_said_to_be_held() {
        let temp = tempfile::tempdir().unwrap();
        let first = DataDir::prepare(temp.path()).unwrap();
        assert_eq!(DataDir::prepare(temp.path()).unwrap_err().to_string(), "another router uses it");
        drop(first);
        DataDir::prepare(temp.path()).unwrap();
        let no_locks = io::Error::from(rustix::io::Errno::NOLCK);
        let said = not_locked(TryLockError::Error(no_locks), "another router uses it").to_string();
        assert!(said.contains("No locks available") && !said.contains("another"), "{said}");
    }

    #[test]
    fn session_is_supervised_while_its_lock_is_held() {
        let temp = tempfile::tempdir().unwrap();
        let dir = SessionDir::at(temp.path().to_owned());
        assert!(!dir.is_supervised().unwrap());
        let lock = File::create(dir.lock()).unwrap();
        assert!(!dir.is_supervised().unwrap());
        lock.lock().unwrap();
        assert!(dir.is_supervised().unwrap());
        drop(lock);
        std::fs::remove_file(dir.lock()).unwrap();
        std::os::unix::fs::symlink(dir.lock(), dir.lock()).unwrap();
        assert!(dir.is_supervised().is_err(), "an error is not an answer");
    }
}
