//! Fetches the files of a checkout that the filter of a partial clone left out.
//!
//! It fetches them in batches. Git keeps each complete batch, so the next attempt of a cut clone fetches only the rest.

use std::time::{Duration, Instant};

use super::git_command::{Git, GitFailed};
use super::git_progress::Batch;

/// Files of the first batch.
const FIRST_BATCH: usize = 8;
/// The time that a batch should take: the most that a cut clone loses, and much longer than a round trip.
const BATCH_TIME: Duration = Duration::from_secs(10);
/// Limit for known missing files. The checkout fetches further ones at once.
const MOST_FILES: usize = 1_000_000;

/// Fetches the missing files of a commit.
pub(super) async fn fetch_missing_files(commit: &str, git: &mut Git<'_, '_>) -> Result<(), GitFailed> {
    let missing = missing_files(commit, git).await?;
    let (mut before, mut size) = (0, FIRST_BATCH);
    while before < missing.len() {
        let batch = &missing[before..missing.len().min(before + size)];
        let begun = Instant::now();
        git.report.batch = Some(Batch { before, size: batch.len(), total: missing.len() });
        let fetched = fetch(batch, git).await;
        git.report.batch = None;
        fetched?;
        before += batch.len();
        size = next_size(size, begun.elapsed());
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

/// The size of the next batch: a slow line gets smaller ones.
fn next_size(size: usize, took: Duration) -> usize {
    if took < BATCH_TIME / 2 {
        size * 2
    } else if took > BATCH_TIME * 2 {
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
        let after = |seconds| next_size(8, Duration::from_secs(seconds));
        assert_eq!((after(0), after(10), after(30)), (16, 8, 4));
        assert_eq!(next_size(1, Duration::from_secs(60)), 1);
    }
}
