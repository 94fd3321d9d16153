//! The content of repositories, in the language of `git fast-import`.
#![allow(clippy::unwrap_used, reason = "a test's support fails loudly")]

use std::io::Read;

/// A file of a commit.
pub(super) struct File {
    path: String,
    content: Vec<u8>,
}

pub(super) fn file(path: &str, content: impl Into<Vec<u8>>) -> File {
    File { path: path.to_owned(), content: content.into() }
}

/// One commit in the language of `git fast-import`.
pub(super) fn commit(branch: &str, from: Option<&str>, files: &[File]) -> Vec<u8> {
    let mut script = format!("commit refs/heads/{branch}\ncommitter Test <test@example.com> now\n").into_bytes();
    data(&mut script, format!("Change {branch}\n").as_bytes());
    if let Some(from) = from {
        script.extend(format!("from {from}\n").bytes());
    }
    for file in files {
        script.extend(format!("M 100644 inline {}\n", file.path).bytes());
        data(&mut script, &file.content);
    }
    script
}

fn data(script: &mut Vec<u8>, content: &[u8]) {
    script.extend(format!("data {}\n", content.len()).bytes());
    script.extend(content);
    script.push(b'\n');
}

pub(super) fn random(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    std::fs::File::open("/dev/urandom").unwrap().read_exact(&mut bytes).unwrap();
    bytes
}
