//! The walls between rooms, read from the source.

use std::path::{Path, PathBuf};

/// The rooms, from top to bottom: code names rooms below its own, never above.
const ROOMS: [&str; 12] =
    ["app", "config", "telemetry", "edge", "api", "web", "auth", "proxy", "runtime", "session", "opencode", "git"];

fn source_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    entries
        .flat_map(|entry| match entry.file_type().unwrap().is_dir() {
            true => source_files(&entry.path()),
            false => vec![entry.path()],
        })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

/// Every file of `src` with its room and its lines of code, tests and comments left out.
fn code() -> Vec<(String, String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = source_files(&root).into_iter().map(|path| {
        let name = path.strip_prefix(&root).unwrap().display().to_string();
        let room = name.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        let code: String =
            code.lines().filter(|line| !line.trim_start().starts_with("//")).map(|l| format!("{l}\n")).collect();
        (name, room, code)
    });
    files.collect()
}

#[test]
fn rooms_know_only_rooms_below_them() {
    let mut wrong = Vec::new();
    for (name, room, code) in code() {
        let Some(own) = ROOMS.iter().position(|known| *known == room) else { continue };
        for above in &ROOMS[..own] {
            if code.contains(&format!("crate::{above}")) {
                wrong.push(format!("{name} names {above}"));
            }
        }
    }
    // telemetry is told its settings by the configuration.
    wrong.retain(|line| line != "telemetry/mod.rs names config");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_room_is_on_the_list() {
    let unlisted: Vec<_> = code()
        .into_iter()
        .map(|(_, room, _)| room)
        .filter(|room| !ROOMS.contains(&&**room) && room != "main" && room != "lib")
        .collect();
    assert!(unlisted.is_empty(), "{unlisted:?}");
}

fn assert_only_in(word: &str, rooms: &[&str]) {
    let outside: Vec<_> =
        code().into_iter().filter(|(_, room, code)| code.contains(word) && !rooms.contains(&&**room)).collect();
    let names: Vec<_> = outside.iter().map(|(name, ..)| name).collect();
    assert!(names.is_empty(), "{word} outside {rooms:?}: {names:?}");
}

#[test]
fn the_domain_knows_neither_http_nor_kubernetes() {
    for word in ["axum::", "hyper::", "http::", "kube::", "k8s_openapi::"] {
        let named: Vec<_> =
            code().into_iter().filter(|(_, room, code)| room == "session" && code.contains(word)).collect();
        assert!(named.is_empty(), "{word} in {:?}", named.iter().map(|(name, ..)| name).collect::<Vec<_>>());
    }
}

#[test]
fn one_folder_knows_kubernetes() {
    for word in ["kube::", "k8s_openapi::"] {
        let named = code().into_iter().filter(|(name, _, code)| {
            code.contains(word) && !name.starts_with("runtime/kubernetes/") && !code.contains("runtime::kube")
        });
        let named: Vec<_> = named.map(|(name, ..)| name).collect();
        assert!(named.is_empty(), "{word} in {named:?}");
    }
}

#[test]
fn only_the_edge_and_the_api_know_axum() {
    assert_only_in("axum::", &["edge", "api", "web"]);
}

#[test]
fn the_proxy_knows_a_lease_and_nothing_of_users() {
    for (name, room, code) in code() {
        if room != "proxy" {
            continue;
        }
        for line in code.lines().filter(|line| line.contains("crate::")) {
            assert!(line.contains("crate::session::Lease"), "{name}: {line}");
        }
        for word in ["Email", "Principal", "token"] {
            assert!(!code.contains(word) || word == "token" && name.ends_with("headers.rs"), "{name} names {word}");
        }
    }
}

#[test]
fn owners_are_compared_in_one_place() {
    let compares = |code: &str| code.contains("owner ==") || code.contains("owner !=") || code.contains(".owner.eq");
    let places: Vec<_> = code().into_iter().filter(|(.., code)| compares(code)).map(|(name, ..)| name).collect();
    assert_eq!(places, ["session/access.rs"]);
}

#[test]
fn only_one_room_knows_opencodes_paths() {
    for path in ["/global/", "\"/session", "/permission", "/question"] {
        assert_only_in(path, &["opencode"]);
    }
}

#[test]
fn no_task_without_an_owner() {
    let bare: Vec<_> = code()
        .into_iter()
        .filter(|(.., code)| {
            code.lines().any(|line| line.contains("tokio::spawn(") && !line.contains("AbortOnDropHandle"))
        })
        .map(|(name, ..)| name)
        .collect();
    assert!(bare.is_empty(), "{bare:?}");
    assert_only_in("unbounded_channel", &[]);
}
