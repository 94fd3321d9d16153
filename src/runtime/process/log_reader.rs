//! Reads and follows the log of a session. All file work is done on threads for blocking work.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use tokio::task::spawn_blocking;

use super::session_log::{current, previous};
use crate::runtime::log_tail::LogTail;
use crate::runtime::long_lines::split_long_lines;
use crate::runtime::{LogRange, LogStream};

/// Polling interval for a followed log.
const GLANCE: Duration = Duration::from_millis(200);
/// Limit for one read, in bytes.
const CHUNK: u64 = 64 * 1024;
/// What is read for the last lines, in bytes. One byte more than their limit shows whether a line is cut.
const WINDOW: u64 = LogRange::LARGEST_TAIL as u64 + 1;

/// Reads the last lines of the log in this folder, then, if requested, follows it.
pub(super) async fn read(folder: PathBuf, range: LogRange) -> io::Result<LogStream> {
    let opened = spawn_blocking(move || {
        let mut follower = Follower::of(folder)?;
        let tail = follower.tail(range.tail)?;
        Ok::<_, io::Error>((tail, follower))
    });
    let (tail, follower) = opened.await.map_err(io::Error::other)??;
    let tail = stream::iter((!tail.is_empty()).then_some(Ok(tail)));
    Ok(split_long_lines(if range.follow { tail.chain(follower.stream()).boxed() } else { tail.boxed() }))
}

/// Follows a log over its rotations.
struct Follower {
    folder: PathBuf,
    file: Option<File>,
}

impl Follower {
    fn of(folder: PathBuf) -> io::Result<Self> {
        let file = open(&current(&folder))?;
        Ok(Self { folder, file })
    }

    /// The last lines. Continues after them.
    fn tail(&mut self, count: usize) -> io::Result<Bytes> {
        let mut tail = LogTail::new(LogRange::LARGEST_TAIL);
        let length = self.file.as_ref().map_or(Ok(0), |file| file.metadata().map(|metadata| metadata.len()))?;
        // After a rotation at this moment, both names are of the same file.
        if let Some(mut file) = open(&previous(&self.folder))?.filter(|file| inode(file) != self.inode()) {
            read_end(&mut file, WINDOW.saturating_sub(length), &mut tail)?;
        }
        if let Some(file) = &mut self.file {
            read_end(file, WINDOW, &mut tail)?;
        }
        Ok(tail.last_lines(count))
    }

    fn stream(self) -> LogStream {
        let read = stream::unfold(self, |mut follower| async move {
            loop {
                let read = spawn_blocking(move || {
                    let chunk = follower.read_more();
                    (chunk, follower)
                });
                let chunk;
                (chunk, follower) = read.await.ok()?;
                match chunk.transpose()? {
                    Ok(bytes) if bytes.is_empty() => tokio::time::sleep(GLANCE).await,
                    chunk => return Some((chunk, follower)),
                }
            }
        });
        read.boxed()
    }

    /// Returns the bytes since the last read. `None` when the session was deleted.
    fn read_more(&mut self) -> io::Result<Option<Bytes>> {
        let mut bytes = Vec::new();
        if let Some(file) = &mut self.file {
            file.take(CHUNK).read_to_end(&mut bytes)?;
        }
        if bytes.is_empty() && self.was_rotated() {
            self.file = open(&current(&self.folder))?;
            if self.file.is_none() && !self.folder.exists() {
                return Ok(None);
            }
        }
        Ok(Some(bytes.into()))
    }

    fn was_rotated(&self) -> bool {
        self.file.is_none()
            || self.inode() != std::fs::metadata(current(&self.folder)).map(|metadata| metadata.ino()).ok()
    }

    fn inode(&self) -> Option<u64> {
        self.file.as_ref().and_then(inode)
    }
}

/// Opens a file. `None` if it does not exist.
fn open(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn inode(file: &File) -> Option<u64> {
    file.metadata().map(|metadata| metadata.ino()).ok()
}

/// Adds the last `most` bytes of a file.
fn read_end(file: &mut File, most: u64, tail: &mut LogTail) -> io::Result<()> {
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(most)))?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    tail.push(&bytes);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::session_log::{LARGEST, LogWriter};
    use super::*;

    async fn opened(folder: &Path, tail: usize, follow: bool) -> LogStream {
        read(folder.to_owned(), LogRange { tail, follow }).await.unwrap()
    }

    async fn next_text(log: &mut LogStream) -> String {
        let chunk = tokio::time::timeout(Duration::from_secs(10), log.next()).await.unwrap();
        String::from_utf8(chunk.unwrap().unwrap().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn tail_spans_a_rotation_and_has_a_limit_in_bytes() {
        let temp = tempfile::tempdir().unwrap();
        let mut log = LogWriter::open(temp.path()).unwrap();
        let line = vec![b'x'; 1023];
        for _ in 0..=(LARGEST / 1024) {
            log.write(&line).unwrap();
            log.write(b"\n").unwrap();
        }
        log.write(b"last\n").unwrap();
        let short = next_text(&mut opened(temp.path(), 4, false).await).await;
        assert_eq!((short.lines().count(), short.lines().last()), (4, Some("last")));
        let long = next_text(&mut opened(temp.path(), 10_000, false).await).await;
        assert!(long.len() <= LogRange::LARGEST_TAIL && long.len() > LogRange::LARGEST_TAIL - 1024, "{}", long.len());
        assert!(long.lines().all(|line| line.len() == 1023 || line == "last"), "no line is cut");
        assert!(opened(temp.path(), 0, false).await.next().await.is_none());
    }

    #[tokio::test]
    async fn follow_starts_after_the_tail_and_survives_a_rotation() {
        let temp = tempfile::tempdir().unwrap();
        let mut writer = LogWriter::open(temp.path()).unwrap();
        writer.write(b"one\ntwo\n").unwrap();
        let mut log = opened(temp.path(), 1, true).await;
        assert_eq!(next_text(&mut log).await, "two\n");
        writer.write(b"three\n").unwrap();
        assert_eq!(next_text(&mut log).await, "three\n");
        writer.rotate().unwrap();
        writer.write(b"four\n").unwrap();
        assert_eq!(next_text(&mut log).await, "four\n");
    }

    #[tokio::test]
    async fn missing_log_is_empty_and_a_deleted_one_ends() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("log");
        std::fs::create_dir(&folder).unwrap();
        assert!(opened(&folder, 9, false).await.next().await.is_none());
        let mut log = opened(&folder, 9, true).await;
        LogWriter::open(&folder).unwrap().write(b"first\n").unwrap();
        assert_eq!(next_text(&mut log).await, "first\n");
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(tokio::time::timeout(Duration::from_secs(10), log.next()).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn huge_line_arrives_in_small_chunks() {
        let temp = tempfile::tempdir().unwrap();
        std::fs::write(current(temp.path()), vec![b'x'; 10 * 1024 * 1024]).unwrap();
        let mut log = opened(temp.path(), 200, true).await;
        let tail = next_text(&mut log).await;
        assert!(tail.len() < 2 * LogRange::LARGEST_TAIL && tail.lines().count() > 1, "{}", tail.len());
        let mut file = File::options().append(true).open(current(temp.path())).unwrap();
        std::io::Write::write_all(&mut file, &vec![b'y'; 10 * 1024 * 1024]).unwrap();
        let mut followed = 0;
        while followed < 10 * 1024 * 1024 {
            let chunk = next_text(&mut log).await;
            assert!(chunk.len() < 2 * CHUNK as usize, "{}", chunk.len());
            followed += chunk.matches('y').count();
        }
    }
}
