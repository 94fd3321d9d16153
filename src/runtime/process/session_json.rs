//! `session.json`: the record of a session.

use std::io;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::prompts_json;
use super::session_folder::{SessionDir, read_if_there, write_atomically};
use crate::git::{Branch, RepoUrl};
use crate::session::record_format::{RecordFormat, UnknownFields};
use crate::session::{Checkout, Email, Memo, Origin, Program, SessionKey, Spec};

/// Size limit of a record.
const LARGEST: u64 = 4 * 1024 * 1024;

/// A record as it is stored.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Saved {
    #[serde(flatten)]
    format: RecordFormat,
    owner: Email,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    repo_url: Option<RepoUrl>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    branch: Option<Branch>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source_branch: Option<Branch>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    profile: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    program: Option<Program>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    checkout: Option<Checkout>,
    created_at: Timestamp,
    memo: Memo,
    #[serde(flatten)]
    unknown: UnknownFields,
}

/// Writes the record. Keeps fields that a newer program added.
pub(super) fn write(dir: &SessionDir, spec: &Spec, memo: &Memo) -> io::Result<()> {
    write_atomically(&dir.record(), &written(spec, memo, load(dir)?)?)
}

/// The text of a record that replaces `before`.
pub(super) fn written(spec: &Spec, memo: &Memo, before: Option<Saved>) -> io::Result<Vec<u8>> {
    let (format, unknown) = match before {
        Some(saved) => (saved.format, saved.unknown),
        None => (spec.record_format(), UnknownFields::default()),
    };
    let (repo_url, branch, nonce) = match spec.key.origin.clone() {
        Origin::Repository { url, branch } => (Some(url), branch, None),
        Origin::NewProject { nonce } => (None, None, Some(nonce)),
    };
    let saved = Saved {
        format,
        owner: spec.key.owner.clone(),
        repo_url,
        branch,
        nonce,
        source_branch: spec.source_branch.clone(),
        profile: memo.profile.clone(),
        program: memo.program.clone(),
        checkout: memo.checkout.clone(),
        created_at: spec.created_at,
        memo: memo.clone(),
        unknown,
    };
    Ok(serde_json::to_vec_pretty(&saved)?)
}

/// Reads the record. `None` if the file does not exist.
pub(super) fn read(dir: &SessionDir) -> io::Result<Option<(Spec, Memo)>> {
    let Some(saved) = load(dir)? else { return Ok(None) };
    let (spec, memo) = parts(saved)?;
    if dir.path().file_name().and_then(|name| name.to_str()) != Some(&spec.id().to_string()) {
        return Err(io::Error::other("its key does not give the id that its folder is named after"));
    }
    // The marks come from `prompts.json`, because the last release would drop them from this file.
    let prompts = prompts_json::read(dir)?.marks();
    Ok(Some((spec, Memo { prompts, ..memo })))
}

/// The spec and the memo of a record, without the marks of its prompts.
pub(super) fn parts(saved: Saved) -> io::Result<(Spec, Memo)> {
    let origin = match (saved.repo_url, saved.branch, saved.nonce) {
        (Some(url), branch, None) => Origin::Repository { url, branch },
        (None, None, Some(nonce)) => Origin::NewProject { nonce },
        _ => return Err(io::Error::other("it needs either repoUrl or nonce")),
    };
    let spec = Spec {
        key: SessionKey { owner: saved.owner, origin },
        source_branch: saved.source_branch,
        created_at: saved.created_at,
    };
    let (profile, program, checkout) = (saved.profile, saved.program, saved.checkout);
    Ok((spec, Memo { profile, program, checkout, ..saved.memo }))
}

fn load(dir: &SessionDir) -> io::Result<Option<Saved>> {
    let path = dir.record();
    if std::fs::metadata(&path).is_ok_and(|meta| meta.len() > LARGEST) {
        return Err(io::Error::other(format!("it is larger than {LARGEST} bytes")));
    }
    read_if_there(&path)?.map(|text| parse(&text)).transpose()
}

/// Reads the text of a record.
pub(super) fn parse(text: &str) -> io::Result<Saved> {
    let format: RecordFormat = serde_json::from_str(text)?;
    if let Some(refusal) = format.refusal() {
        return Err(io::Error::other(refusal));
    }
    Ok(serde_json::from_str(text)?)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::session_folder::DataDir;
    use super::*;
    use crate::session::{Reason, last_release};

    /// A complete record from the last release.
    const RECORDED: &str = include_str!("last_release/session.json");

    fn spec(origin: Origin) -> Spec {
        let key = SessionKey { owner: Email::parse("a@b").unwrap(), origin };
        Spec { key, source_branch: None, created_at: Timestamp::from_second(7).unwrap() }
    }

    /// A folder with this record.
    fn folder(data: &DataDir, id: &str, text: &str) -> SessionDir {
        let dir = data.session(id.parse().unwrap());
        dir.prepare().unwrap();
        std::fs::write(dir.record(), text).unwrap();
        dir
    }

    /// The record after this program reads it and writes a change.
    fn rewritten(dir: &SessionDir) -> Value {
        let (spec, memo) = read(dir).unwrap().unwrap();
        let memo = memo.edited(|memo| memo.title = Some("Changed".to_owned())).unwrap();
        write(dir, &spec, &memo).unwrap();
        serde_json::from_str(&std::fs::read_to_string(dir.record()).unwrap()).unwrap()
    }

    #[test]
    fn written_record_reads_back() {
        let temp = tempfile::tempdir().unwrap();
        let data = DataDir::prepare(temp.path()).unwrap();
        let url = RepoUrl::parse("git@h:a/b.git").unwrap();
        let repository = |branch| Origin::Repository { url: url.clone(), branch };
        for origin in [repository(Branch::parse("main").ok()), repository(None), Origin::new_project()] {
            let spec = spec(origin);
            let dir = data.session(spec.id());
            dir.prepare().unwrap();
            let mut memo = Memo::new(Timestamp::from_second(9).unwrap());
            memo.profile = Some("large".to_owned());
            memo.ran_by("1.18.33");
            memo.learn_checkout(Some(&Checkout::of(Branch::parse("trunk").unwrap())));
            assert!(read(&dir).unwrap().is_none());
            write(&dir, &spec, &memo).unwrap();
            assert_eq!(read(&dir).unwrap(), Some((spec, memo)));
        }
    }

    #[test]
    fn last_release_reads_what_this_one_rewrites() {
        let temp = tempfile::tempdir().unwrap();
        let data = DataDir::prepare(temp.path()).unwrap();
        let dir = folder(&data, "b2bda214b7b483701d1a", RECORDED);
        let mut expected: Value = serde_json::from_str(RECORDED).unwrap();
        let written = rewritten(&dir);
        let first = last_release::read_session_json(&expected).unwrap();
        let changed = last_release::OldMemo { revision: 42, title: Some("Changed".to_owned()), ..first };
        assert_eq!(last_release::read_session_json(&written).unwrap(), changed);
        expected["memo"]["title"] = json!("Changed");
        expected["memo"]["revision"] = json!(42);
        assert_eq!(written, expected, "nothing else is different");
    }

    #[test]
    fn last_release_leaves_a_record_without_a_branch_alone() {
        let temp = tempfile::tempdir().unwrap();
        let data = DataDir::prepare(temp.path()).unwrap();
        let spec = spec(Origin::Repository { url: RepoUrl::parse("https://h/a/b").unwrap(), branch: None });
        let dir = data.session(spec.id());
        dir.prepare().unwrap();
        write(&dir, &spec, &Memo::new(Timestamp::UNIX_EPOCH)).unwrap();
        let written: Value = serde_json::from_str(&std::fs::read_to_string(dir.record()).unwrap()).unwrap();
        assert_eq!((&written["version"], &written["minReader"]), (&json!(2), &json!(2)));
        assert!(last_release::read_session_json(&written).unwrap_err().contains("format version"));
    }

    #[test]
    fn fields_of_the_next_release_survive_a_rewrite() {
        let temp = tempfile::tempdir().unwrap();
        let data = DataDir::prepare(temp.path()).unwrap();
        let mut next: Value = serde_json::from_str(RECORDED).unwrap();
        next["version"] = json!(2);
        next["minReader"] = json!(1);
        next["runs"] = json!({"count": 12});
        next["memo"]["ports"] = json!([{"port": 3000, "share": true}]);
        next["memo"]["tokens"][0]["rights"] = json!(["read"]);
        next["memo"]["agent"]["tasks"] = json!(3);
        next["memo"]["failure"] = json!({"reason": "too-hot", "message": "Let it cool.", "logTail": [], "degrees": 90});
        let dir = folder(&data, "b2bda214b7b483701d1a", &next.to_string());
        let failure = read(&dir).unwrap().unwrap().1.failure.unwrap();
        assert_eq!((failure.reason, failure.message.as_str()), (Reason::Other, "Let it cool."));
        let written = rewritten(&dir);
        next["memo"]["title"] = json!("Changed");
        next["memo"]["revision"] = json!(42);
        assert_eq!(written, next);
    }

    #[test]
    fn record_for_newer_readers_and_foreign_folder_are_left_alone() {
        let temp = tempfile::tempdir().unwrap();
        let data = DataDir::prepare(temp.path()).unwrap();
        let (one, other) = (spec(Origin::new_project()), spec(Origin::new_project()));
        let memo = Memo::new(Timestamp::UNIX_EPOCH);
        let dir = data.session(one.id());
        dir.prepare().unwrap();
        write(&dir, &other, &memo).unwrap();
        assert!(read(&dir).is_err());
        let newer = r#"{"version": 4, "minReader": 4}"#;
        let dir = folder(&data, &one.id().to_string(), newer);
        assert!(read(&dir).unwrap_err().to_string().contains("needs format version 4"));
        assert!(write(&dir, &one, &memo).is_err());
        assert_eq!(std::fs::read_to_string(dir.record()).unwrap(), newer);
    }
}
