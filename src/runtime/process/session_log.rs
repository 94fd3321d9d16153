//! The log of one session. Its supervisor writes it, with rotation. The router reads and follows it.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};

use crate::lifecycle::runtime_port::{LogRange, LogStream};

/// Size at which a log file is rotated. One old file is kept.
const LARGEST: u64 = 4 * 1024 * 1024;
/// Polling interval for a followed log.
const GLANCE: Duration = Duration::from_millis(200);
/// Limit for one read.
const CHUNK: u64 = 64 * 1024;

fn current(folder: &Path) -> PathBuf {
    folder.join("session.log")
}

fn previous(folder: &Path) -> PathBuf {
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
            std::fs::rename(current(&self.folder), previous(&self.folder))?;
            *self = Self::open(&self.folder)?;
        }
        self.length += bytes.len() as u64;
        self.file.write_all(bytes)
    }

    /// Writes a line from the supervisor.
    pub(super) fn note(&mut self, text: &str) {
        // A failed write must not stop the session.
        let _ = self.write(format!("[session] {text}\n").as_bytes());
    }
}

/// Returns the last `count` lines.
pub(super) fn tail(folder: &Path, count: usize) -> Vec<String> {
    let mut lines = VecDeque::with_capacity(count.min(1024));
    for path in [previous(folder), current(folder)] {
        let Ok(file) = File::open(path) else { continue };
        for line in BufReader::new(file).split(b'\n').map_while(Result::ok) {
            if lines.len() == count {
                lines.pop_front();
            }
            if count > 0 {
                lines.push_back(String::from_utf8_lossy(&line).into_owned());
            }
        }
    }
    lines.into()
}

/// Reads the last lines of a log, then, if requested, follows it.
pub(super) fn read(folder: &Path, range: LogRange) -> LogStream {
    let follower = Follower::at_end_of(folder.to_owned());
    let mut start = tail(folder, range.tail).join("\n");
    if !start.is_empty() {
        start.push('\n');
    }
    let start = stream::iter((!start.is_empty()).then(|| Ok(Bytes::from(start))));
    if range.follow { start.chain(follower.stream()).boxed() } else { start.boxed() }
}

/// Follows a log over its rotations.
struct Follower {
    folder: PathBuf,
    file: Option<File>,
}

impl Follower {
    fn at_end_of(folder: PathBuf) -> Self {
        let mut file = File::open(current(&folder)).ok();
        if let Some(file) = &mut file {
            let _ = file.seek(SeekFrom::End(0));
        }
        Self { folder, file }
    }

    fn stream(self) -> impl futures_util::Stream<Item = io::Result<Bytes>> + Send {
        stream::unfold(self, |mut follower| async move {
            loop {
                match follower.read_more() {
                    Ok(bytes) if bytes.is_empty() => tokio::time::sleep(GLANCE).await,
                    chunk => return Some((chunk.map(Bytes::from), follower)),
                }
            }
        })
    }

    /// Returns what was added since the last read, if anything.
    fn read_more(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        if let Some(file) = &mut self.file {
            file.take(CHUNK).read_to_end(&mut bytes)?;
        }
        if bytes.is_empty() && self.was_rotated() {
            self.file = File::open(current(&self.folder)).ok();
        }
        Ok(bytes)
    }

    fn was_rotated(&self) -> bool {
        let inode = |metadata: io::Result<std::fs::Metadata>| metadata.map(|metadata| metadata.ino()).ok();
        let ours = self.file.as_ref().and_then(|file| inode(file.metadata()));
        ours != inode(std::fs::metadata(current(&self.folder)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(tail: usize, follow: bool) -> LogRange {
        LogRange { tail, follow }
    }

    async fn next_text(log: &mut LogStream) -> String {
        let chunk = tokio::time::timeout(Duration::from_secs(10), log.next()).await.unwrap();
        String::from_utf8(chunk.unwrap().unwrap().to_vec()).unwrap()
    }

    #[test]
    fn rotated_log_has_a_tail_over_both_files() {
        let temp = tempfile::tempdir().unwrap();
        let mut log = LogWriter::open(temp.path()).unwrap();
        let line = vec![b'x'; 1023];
        for _ in 0..=(LARGEST / 1024) {
            log.write(&line).unwrap();
            log.write(b"\n").unwrap();
        }
        log.write(b"last\n").unwrap();
        let longest = std::fs::metadata(previous(temp.path())).unwrap().len();
        assert!(longest <= LARGEST && std::fs::metadata(current(temp.path())).unwrap().len() < LARGEST);
        let lines = tail(temp.path(), 4);
        assert_eq!((lines.len(), lines[3].as_str()), (4, "last"));
        assert_eq!(tail(temp.path(), 0), Vec::<String>::new());
    }

    #[tokio::test]
    async fn follow_starts_after_the_tail_and_survives_a_rotation() {
        let temp = tempfile::tempdir().unwrap();
        let mut writer = LogWriter::open(temp.path()).unwrap();
        writer.write(b"one\ntwo\n").unwrap();
        let mut log = read(temp.path(), range(1, true));
        assert_eq!(next_text(&mut log).await, "two\n");
        writer.write(b"three\n").unwrap();
        assert_eq!(next_text(&mut log).await, "three\n");
        writer.length = LARGEST;
        writer.write(b"four\n").unwrap();
        assert_eq!(next_text(&mut log).await, "four\n");
    }

    #[tokio::test]
    async fn missing_log_is_empty() {
        let temp = tempfile::tempdir().unwrap();
        assert!(read(temp.path(), range(9, false)).next().await.is_none());
        let mut log = read(temp.path(), range(9, true));
        LogWriter::open(temp.path()).unwrap().write(b"first\n").unwrap();
        assert_eq!(next_text(&mut log).await, "first\n");
    }
}
