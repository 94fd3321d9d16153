//! `session.json`: what outlives everything else.

use std::io;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::session_folder::{SessionDir, read_if_there, write_atomically};
use crate::git::{Branch, RepoUrl};
use crate::session::{Email, Memo, Origin, SessionKey, Spec};

/// The version of the format that this program writes. A higher one is from a newer program and left alone.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Format {
    version: u32,
    owner: Email,
    #[serde(flatten)]
    origin: OriginFormat,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source_branch: Option<Branch>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    profile: Option<String>,
    created_at: Timestamp,
    memo: Memo,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum OriginFormat {
    #[serde(rename_all = "camelCase")]
    Repository {
        repo_url: RepoUrl,
        branch: Branch,
    },
    NewProject {
        nonce: String,
    },
}

/// Writes the record.
pub(super) fn write(dir: &SessionDir, spec: &Spec, memo: &Memo) -> io::Result<()> {
    let origin = match spec.key.origin.clone() {
        Origin::Repository { url, branch } => OriginFormat::Repository { repo_url: url, branch },
        Origin::NewProject { nonce } => OriginFormat::NewProject { nonce },
    };
    let format = Format {
        version: VERSION,
        owner: spec.key.owner.clone(),
        origin,
        source_branch: spec.source_branch.clone(),
        profile: spec.profile.clone(),
        created_at: spec.created_at,
        memo: memo.clone(),
    };
    write_atomically(&dir.record(), &serde_json::to_vec_pretty(&format)?)
}

/// Reads the record; `None` if there is none.
pub(super) fn read(dir: &SessionDir) -> io::Result<Option<(Spec, Memo)>> {
    let Some(text) = read_if_there(&dir.record())? else { return Ok(None) };
    let value: serde_json::Value = serde_json::from_str(&text)?;
    match value["version"].as_u64() {
        Some(version) if version == u64::from(VERSION) => {}
        version => {
            return Err(io::Error::other(format!("it has format version {version:?}, this program knows {VERSION}")));
        }
    }
    let format: Format = serde_json::from_value(value)?;
    let origin = match format.origin {
        OriginFormat::Repository { repo_url, branch } => Origin::Repository { url: repo_url, branch },
        OriginFormat::NewProject { nonce } => Origin::NewProject { nonce },
    };
    let spec = Spec {
        key: SessionKey { owner: format.owner, origin },
        source_branch: format.source_branch,
        profile: format.profile,
        created_at: format.created_at,
    };
    if dir.path().file_name().and_then(|name| name.to_str()) != Some(&spec.id().to_string()) {
        return Err(io::Error::other("its key does not give the id that its folder is named after"));
    }
    Ok(Some((spec, format.memo)))
}

#[cfg(test)]
mod tests {
    use super::super::session_folder::DataDir;
    use super::*;

    fn spec(origin: Origin) -> Spec {
        let key = SessionKey { owner: Email::parse("a@b").unwrap(), origin };
        Spec { key, source_branch: None, profile: None, created_at: Timestamp::from_second(7).unwrap() }
    }

    #[test]
    fn written_record_reads_back() {
        let temp = tempfile::tempdir().unwrap();
        let data = DataDir::prepare(temp.path()).unwrap();
        let url = RepoUrl::parse("git@h:a/b.git").unwrap();
        let repository = Origin::Repository { url, branch: Branch::parse("main").unwrap() };
        for origin in [repository, Origin::new_project()] {
            let spec = spec(origin);
            let dir = data.session(spec.id());
            dir.prepare().unwrap();
            let memo = Memo::new(Timestamp::from_second(9).unwrap());
            assert!(read(&dir).unwrap().is_none());
            write(&dir, &spec, &memo).unwrap();
            assert_eq!(read(&dir).unwrap(), Some((spec, memo)));
        }
    }

    #[test]
    fn newer_format_and_foreign_folder_are_left_alone() {
        let temp = tempfile::tempdir().unwrap();
        let data = DataDir::prepare(temp.path()).unwrap();
        let (one, other) = (spec(Origin::new_project()), spec(Origin::new_project()));
        let dir = data.session(one.id());
        dir.prepare().unwrap();
        write(&dir, &other, &Memo::new(Timestamp::UNIX_EPOCH)).unwrap();
        assert!(read(&dir).is_err());
        std::fs::write(dir.record(), r#"{"version": 2}"#).unwrap();
        assert!(read(&dir).unwrap_err().to_string().contains("version"));
    }
}
