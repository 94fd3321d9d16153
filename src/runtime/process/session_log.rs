//! The log of one session. Its supervisor writes it, with rotation. The router reads it (`log_reader.rs`).

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Size at which a log file is rotated, in bytes. One old file is kept.
pub(super) const LARGEST: u64 = 4 * 1024 * 1024;

/// The file that is written.
pub(super) fn current(folder: &Path) -> PathBuf {
    folder.join("session.log")
}

/// The file before the last rotation.
pub(super) fn previous(folder: &Path) -> PathBuf {
    folder.join("session.log.1")
}

/// Appends to a session's log.
pub(super) struct LogWriter {
    folder: PathBuf,
    file: File,
    length: u64,
}

impl LogWriter {
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(current(folder))?;
        let length = file.metadata()?.len();
        Ok(Self { folder: folder.to_owned(), file, length })
    }

    /// Writes output of a program.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.length + bytes.len() as u64 > LARGEST {
            self.rotate()?;
        }
        self.length += bytes.len() as u64;
        self.file.write_all(bytes)
    }

    /// Begins a new file, and keeps this one in place of the one before.
    pub(super) fn rotate(&mut self) -> io::Result<()> {
        std::fs::rename(current(&self.folder), previous(&self.folder))?;
        *self = Self::open(&self.folder)?;
        Ok(())
    }

    /// Writes a line from the supervisor.
    pub(super) fn note(&mut self, text: &str) {
        // A failed write must not stop the session.
        let _ = self.write(format!("[session] {text}\n").as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_files_have_a_size_limit() {
        let temp = tempfile::tempdir().unwrap();
        let mut log = LogWriter::open(temp.path()).unwrap();
        for _ in 0..2 * LARGEST / 1024 {
            log.write(&[b'x'; 1024]).unwrap();
        }
        for file in [previous(temp.path()), current(temp.path())] {
            assert!(std::fs::metadata(file).unwrap().len() <= LARGEST);
        }
    }
}
