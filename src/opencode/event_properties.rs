//! What holds for every path of a request, and for every event stream and answer of a server.

use http::Method;

use super::RequestKind;
use super::agent_report::Fold;
use super::sse_frames::{LONGEST_FRAME, SseFrames};
use super::v1::agent_fold::{AgentFold, MOST_FOLDERS};
use super::v1::request_kinds;

/// A path that opencode reads like another one has its meaning.
pub(crate) fn path(path: &str) {
    let kind = |path: &str| request_kinds::of(&Method::POST, path);
    if !path.contains([';', '?']) {
        for same in [path.to_ascii_uppercase(), path.replace('/', "//"), format!("{path}/"), format!("{path};x")] {
            assert_eq!(kind(&same), kind(path), "{path:?} {same:?}");
        }
    }
    if kind(path) == RequestKind::Refused {
        assert_eq!(request_kinds::of(&Method::GET, path), RequestKind::Read);
    }
}

/// The frames of a stream do not depend on its chunks, and keep little of it. Each frame counts once.
pub(crate) fn events(data: &[u8]) {
    let frames = frames(data.chunks(data.len().max(1)));
    assert_eq!(frames, self::frames(data.chunks(1 + data.len() % 7)));
    let mut fold = AgentFold::new("/home");
    fold.begin();
    for frame in &frames {
        fold.apply(frame);
        let report = fold.report();
        // opencode repeats its events.
        fold.apply(frame);
        assert_eq!(fold.report(), report);
        assert!(report.title.is_none_or(|title| !title.is_empty() && title.chars().count() <= 200));
    }
    answers(&mut fold, data);
}

/// Each question ends, with any answers.
fn answers(fold: &mut AgentFold, body: &[u8]) {
    fold.begin();
    let mut asked = 0;
    while let Some(want) = fold.wants() {
        assert!(want.path.is_ascii() && want.path.starts_with('/'), "{}", want.path);
        if fold.answer(&want, body).is_err() && fold.answer(&want, b"[]").is_err() {
            assert!(fold.answer(&want, b"{}").is_ok(), "one of the empty answers is valid");
        }
        asked += 1;
        assert!(asked <= 1 + 4 * MOST_FOLDERS);
    }
}

fn frames<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> Vec<Vec<u8>> {
    let (mut stream, mut frames) = (SseFrames::default(), Vec::new());
    for chunk in chunks {
        stream.push(chunk);
        while let Some(frame) = stream.next() {
            assert!(frame.len() <= LONGEST_FRAME && frame.ends_with(b"\n"));
            frames.push(frame.to_vec());
        }
    }
    frames
}
