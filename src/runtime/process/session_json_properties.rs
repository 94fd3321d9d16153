//! What holds for every `session.json`.

use super::session_json::{Saved, parse, parts, written};
use crate::session::{Memo, Spec};

/// A readable record is written as it was read, with the fields that this program does not know.
pub(crate) fn session_json(data: &[u8]) {
    let Some((spec, memo)) = content(data) else { return };
    let rewritten = written(&spec, &memo, saved(data)).unwrap_or_default();
    assert_eq!(content(&rewritten).as_ref(), Some(&(spec.clone(), memo.clone())));
    assert_eq!(written(&spec, &memo, saved(&rewritten)).ok(), Some(rewritten));
}

fn saved(text: &[u8]) -> Option<Saved> {
    parse(std::str::from_utf8(text).ok()?).ok()
}

fn content(text: &[u8]) -> Option<(Spec, Memo)> {
    parts(saved(text)?).ok()
}
