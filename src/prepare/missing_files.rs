//! Fetches the files of a checkout that the filter of a partial clone left out.
//!
//! It fetches them in batches. Git keeps each complete batch, so the next attempt of a cut clone fetches only the rest.

use std::time::{Duration, Instant};

use super::git_command::{Git, GitFailed};
use super::git_progress::Batch;

/// Files of the first batch.
const FIRST_BATCH: usize = 8;
/// The time that the first batches should take. It is much longer than a round trip.
const BATCH_TIME: Duration = Duration::from_secs(8);
/// Later batches should take this share of the time so far. A cut clone loses about as much, and the packs stay few: with
/// more than 50, a command of the session would repack them all (git-gc(1), `gc.autoPackLimit`).
const BATCH_SHARE: u32 = 6;
/// Limit for known missing files. The checkout fetches further ones at once.
const MOST_FILES: usize = 1_000_000;

/// Fetches the missing files of a commit.
pub(super) async fn fetch_missing_files(commit: &str, git: &mut Git<'_, '_>) -> Result<(), GitFailed> {
    let missing = missing_files(commit, git).await?;
    let (mut before, mut size) = (0, FIRST_BATCH);
    let all_begun = Instant::now();
    while before < missing.len() {
        let batch = &missing[before..missing.len().min(before + size)];
        let begun = Instant::now();
        git.report.batch = Some(Batch { before, size: batch.len(), total: missing.len() });
        let fetched = fetch(batch, git).await;
        git.report.batch = None;
        fetched?;
        before += batch.len();
        size = next_size(size, begun.elapsed(), all_begun.elapsed());
    }
    Ok(())
}

/// The missing files of a commit, as object ids.
async fn missing_files(commit: &str, git: &mut Git<'_, '_>) -> Result<Vec<String>, GitFailed> {
    let mut missing = Vec::new();
    let walk = ["rev-list", "--objects", "--missing=print", "--no-object-names", "--no-walk", commit, "--"];
    let each = |line: &str| {
        // A missing object has a question mark before its id.
        let id = line.strip_prefix('?').filter(|id| id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
        if let Some(id) = id.filter(|_| missing.len() < MOST_FILES) {
            missing.push(id.to_owned());
        }
    };
    git.read(&walk, each).await?;
    Ok(missing)
}

/// Fetches these objects, as Git itself fetches what a command needs.
async fn fetch(objects: &[String], git: &mut Git<'_, '_>) -> Result<(), GitFailed> {
    let arguments = [
        "-c",
        "fetch.negotiationAlgorithm=noop",
        "fetch",
        "--progress",
        "--no-tags",
        "--no-write-fetch-head",
        "--no-recurse-submodules",
        "--filter=blob:none",
        "--stdin",
        "origin",
    ];
    git.run_with(&arguments, &(objects.join("\n") + "\n")).await
}

/// The size of the next batch, after one that `took` this time, and all so far this `elapsed` time.
fn next_size(size: usize, took: Duration, elapsed: Duration) -> usize {
    let wanted = BATCH_TIME.max(elapsed / BATCH_SHARE);
    if took < wanted / 2 {
        size * 2
    } else if took > wanted * 2 {
        (size / 2).max(1)
    } else {
        size
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_grow_until_they_take_their_time() {
        let after = |took, elapsed| next_size(8, Duration::from_secs(took), Duration::from_secs(elapsed));
        assert_eq!((after(0, 0), after(8, 8), after(30, 30)), (16, 8, 4));
        assert_eq!(after(30, 600), 16, "a long clone has larger ones");
        assert_eq!(next_size(1, Duration::from_secs(60), Duration::from_secs(60)), 1);
    }

    #[test]
    fn a_long_clone_has_few_batches_and_a_cut_loses_little() {
        // 3 GB in files of 1 MB, at 2 MB each second.
        let (mut size, mut elapsed, mut batches, mut left) = (FIRST_BATCH, Duration::ZERO, 0, 3000);
        while left > 0 {
            let took = Duration::from_millis(500) * u32::try_from(size.min(left)).unwrap();
            left = left.saturating_sub(size);
            (elapsed, batches) = (elapsed + took, batches + 1);
            assert!(took <= Duration::from_secs(16).max(elapsed / 3), "{took:?} of {elapsed:?}");
            size = next_size(size, took, elapsed);
        }
        assert!(batches < 50, "{batches}");
    }
}
