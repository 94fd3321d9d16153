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
//! ```

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

pub(super) use crate::private_files::{make_private, read_if_there, remove_if_there, write_atomically};
use crate::session::SessionId;

/// Longest path of a Unix socket on Linux, without the closing NUL (unix(7)).
const LONGEST_SOCKET_PATH: usize = 107;

/// The process runtime's data folder, locked by this router.
#[derive(Debug)]
pub(super) struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Creates the folders, readable only by this user, and takes the lock.
    pub(super) fn prepare(path: &Path) -> io::Result<Self> {
        let path = std::path::absolute(path)?;
        let longest = path.join("sessions").join("x".repeat(SessionId::LENGTH)).join("supervisor.sock");
        if longest.as_os_str().len() > LONGEST_SOCKET_PATH {
            return Err(io::Error::other("its path is too long for Unix sockets; choose one of at most 60 bytes"));
        }
        make_private(&path)?;
        let lock = File::create(path.join("lock"))?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| io::Error::other("another router uses it"))?;
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

    pub(super) fn session(&self, id: SessionId) -> SessionDir {
        SessionDir(self.sessions().join(id.to_string()))
    }
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

    pub(super) fn socket(&self) -> PathBuf {
        self.0.join("supervisor.sock")
    }

    /// Whether a live supervisor holds the lock.
    pub(super) fn is_supervised(&self) -> bool {
        let lock = File::open(self.lock());
        lock.is_ok_and(|lock| flock(&lock, FlockOperation::NonBlockingLockShared).is_err())
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
