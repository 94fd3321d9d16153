//! The fuzz targets: what holds for any input of the parsers that read from strangers. `make fuzz` runs them with
//! libFuzzer. A unit test runs the stored inputs of `fuzz/corpus`, and their neighbours.

use http::Uri;

use crate::answer::redirect_properties;
use crate::edge::host_properties;
use crate::git::repo_url_properties;
use crate::opencode::event_properties;
use crate::proxy::header_properties;
use crate::runtime::{kubernetes, process};

/// A target: panics if a property does not hold.
pub type Target = fn(&[u8]);

/// All targets by name. `fuzz/fuzz_targets` has a program for each.
pub const TARGETS: [(&str, Target); 9] = [
    ("host", host),
    ("authority", authority),
    ("request_target", request_target),
    ("cookies", cookies),
    ("connection", connection),
    ("forwarded", forwarded),
    ("repository", repository),
    ("events", events),
    ("records", records),
];

/// Hosts of requests.
pub fn host(data: &[u8]) {
    text(data, host_properties::host);
}

/// The authority of a request, from its target and its `Host` headers.
pub fn authority(data: &[u8]) {
    text(data, host_properties::authority);
}

/// The target of a request, and paths that the router redirects to.
pub fn request_target(data: &[u8]) {
    if let Ok(uri) = Uri::try_from(data) {
        host_properties::attach_path(&uri);
        header_properties::target(&uri);
        event_properties::path(uri.path());
    }
    text(data, redirect_properties::redirect_target);
}

/// Cookies in both directions.
pub fn cookies(data: &[u8]) {
    header_properties::cookie_headers(data);
}

/// Hop-by-hop headers, and those that `Connection` lists.
pub fn connection(data: &[u8]) {
    header_properties::connection(data);
}

/// The other headers in both directions.
pub fn forwarded(data: &[u8]) {
    header_properties::forwarded(data);
}

/// Pasted repositories.
pub fn repository(data: &[u8]) {
    text(data, repo_url_properties::pasted);
}

/// Event streams and answers of a session's server.
pub fn events(data: &[u8]) {
    event_properties::events(data);
}

/// Records of sessions, in both runtimes.
pub fn records(data: &[u8]) {
    kubernetes::claim_properties::claim(data);
    process::session_json_properties::session_json(data);
}

fn text(data: &[u8], check: fn(&str)) {
    if let Ok(text) = std::str::from_utf8(data) {
        check(text);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Bytes that parsers give a meaning.
    const SPECIAL: &[u8] = b"\0\t\n\r \"%,./:;=@[\\]_\x7f\xff";

    fn files(folder: &Path) -> Vec<std::path::PathBuf> {
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    #[test]
    fn stored_inputs_and_their_neighbours_have_the_properties() {
        let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
        for (name, target) in TARGETS {
            assert!(fuzz.join(format!("fuzz_targets/{name}.rs")).exists(), "{name} has no program");
            let corpus = files(&fuzz.join("corpus").join(name));
            assert!(!corpus.is_empty(), "{name} has no inputs");
            for input in corpus.iter().map(|file| std::fs::read(file).unwrap()) {
                target(&input);
                for at in (0..input.len()).step_by(1 + input.len() / 16) {
                    target(&input[..at]);
                    for byte in SPECIAL {
                        target(&[&input[..at], &[*byte], &input[at..]].concat());
                        target(&[&input[..at], &[*byte], &input[at + 1..]].concat());
                    }
                }
            }
        }
        assert_eq!(files(&fuzz.join("corpus")).len(), TARGETS.len(), "every folder has a target");
    }
}
