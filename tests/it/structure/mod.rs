//! The walls between rooms, read from the parsed source.

mod source;

use source::{SOURCES, Source};

/// The rooms, from top to bottom: code names rooms below its own, never above.
const ROOMS: [&str; 23] = [
    "fuzz",
    "doctor",
    "app",
    "config",
    "edge",
    "api",
    "web",
    "auth",
    "answer",
    "proxy",
    "runtime",
    "prepare",
    "lifecycle",
    "profiles",
    "session",
    "opencode",
    "upstream",
    "git",
    "tempo",
    "init",
    "usage",
    "private_files",
    "telemetry",
];

fn places(wrong: impl Fn(&Source) -> bool) -> Vec<String> {
    SOURCES.iter().filter(|source| wrong(source)).map(|source| source.name.clone()).collect()
}

fn names(source: &Source, prefix: &str) -> bool {
    source.paths.iter().any(|path| path == prefix || path.starts_with(&format!("{prefix}::")))
}

fn assert_only_in(prefix: &str, rooms: &[&str]) {
    let outside = places(|source| names(source, prefix) && !rooms.contains(&source.room.as_str()));
    assert!(outside.is_empty(), "{prefix} outside {rooms:?}: {outside:?}");
}

#[test]
fn rooms_name_only_rooms_below_them() {
    let mut wrong = Vec::new();
    for source in SOURCES.iter() {
        let Some(own) = ROOMS.iter().position(|known| *known == source.room) else { continue };
        let above = ROOMS[..own].iter().filter(|above| names(source, &format!("crate::{above}")));
        wrong.extend(above.map(|above| format!("{} names {above}", source.name)));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_room_is_on_the_list() {
    let listed = |room: &str| ROOMS.contains(&room) || matches!(room, "main" | "lib" | "bin");
    let unlisted = places(|source| !listed(source.room.trim_end_matches(".rs")));
    assert!(unlisted.is_empty(), "{unlisted:?}");
}

#[test]
fn file_names_are_unique() {
    let mut files: Vec<_> = SOURCES.iter().filter_map(|s| Some(s.name.rsplit('/').next()?.to_owned())).collect();
    files.retain(|file| file != "mod.rs");
    files.sort();
    let twice: Vec<_> = files.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0].clone()).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

#[test]
fn session_room_has_no_async_code_and_no_tasks() {
    let wrong = places(|source| source.room == "session" && (source.waits || source.spawns));
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn session_and_lifecycle_name_neither_http_nor_kubernetes() {
    for word in ["axum", "hyper", "http", "kube", "k8s_openapi"] {
        let named = places(|source| matches!(source.room.as_str(), "session" | "lifecycle") && names(source, word));
        assert!(named.is_empty(), "{word} in {named:?}");
    }
}

#[test]
fn only_the_kubernetes_runtime_names_kube() {
    let named = places(|source| names(source, "kube") && !source.name.starts_with("runtime/kubernetes/"));
    assert!(named.is_empty(), "{named:?}");
    // Profiles have Kubernetes' own fields.
    let typed = |name: &str| name.starts_with("runtime/kubernetes/") || name.starts_with("profiles/");
    let named = places(|source| names(source, "k8s_openapi") && !typed(&source.name));
    assert!(named.is_empty(), "{named:?}");
}

#[test]
fn only_edge_api_and_answer_name_axum() {
    assert_only_in("axum", &["edge", "api", "answer", "web"]);
    assert_only_in("hyper::server", &["edge", "api", "answer"]);
}

#[test]
fn proxy_names_leases_but_no_users() {
    let foreign = |path: &str| {
        let inside = ["crate::proxy", "crate::upstream", "crate::telemetry", "crate::session::Lease"];
        path.starts_with("crate::") && !inside.iter().any(|known| path.starts_with(known))
    };
    for source in SOURCES.iter().filter(|source| source.room == "proxy") {
        let wrong: Vec<_> = source.paths.iter().filter(|path| foreign(path)).collect();
        assert!(wrong.is_empty(), "{}: {wrong:?}", source.name);
    }
}

#[test]
fn owners_are_compared_in_one_place() {
    let compares = |text: &String| text.contains("owner ==") || text.contains("owner !=") || text.contains("== owner");
    let places = places(|source| source.comparisons.iter().any(compares));
    assert_eq!(places, ["session/access.rs"]);
}

/// Variables of the router and of `opencode-session` with opencode's prefix.
const OWN_VARIABLES: [&str; 8] = [
    "OPENCODE_PROGRAM",
    "OPENCODE_IMAGE",
    "OPENCODE_NAMESPACE",
    "OPENCODE_ROUTER_SESSION_DIR",
    "OPENCODE_SESSION_GIT_LOGINS",
    "OPENCODE_SESSION_JOB",
    "OPENCODE_SESSION_PLUGINS",
    "OPENCODE_SESSION_USAGE_PORT",
];

/// The `OPENCODE_…` names in a text.
fn variables(text: &str) -> impl Iterator<Item = &str> {
    let names = text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
    names.filter(|name| name.starts_with("OPENCODE"))
}

#[test]
fn only_one_room_knows_opencodes_variables() {
    let foreign = |text: &String| variables(text).any(|name| !OWN_VARIABLES.contains(&name));
    let named = places(|source| source.room != "opencode" && source.strings.iter().any(foreign));
    assert!(named.is_empty(), "{named:?}");
}

#[test]
fn only_one_room_knows_opencodes_api() {
    // The router's own API has the same prefix.
    let own = ["api", "opencode"];
    let api = |text: &String| text.starts_with("/api/");
    let named = places(|source| !own.contains(&source.room.as_str()) && source.strings.iter().any(api));
    assert!(named.is_empty(), "{named:?}");
}

#[test]
fn one_file_writes_the_audit_log() {
    let named = places(|source| source.strings.iter().any(|text| text == "audit"));
    assert_eq!(named, ["lifecycle/audit.rs"]);
}

#[test]
fn only_one_room_knows_opencodes_paths() {
    for path in ["/global/", "/session", "/permission", "/question"] {
        let named =
            places(|source| source.room != "opencode" && source.strings.iter().any(|text| text.starts_with(path)));
        assert!(named.is_empty(), "{path} in {named:?}");
    }
}

#[test]
fn every_task_has_an_owner_and_every_channel_a_bound() {
    let bare = places(|source| source.bare_spawns > 0);
    assert!(bare.is_empty(), "{bare:?}");
    let unbounded = places(|source| source.paths.iter().any(|path| path.contains("unbounded_channel")));
    assert!(unbounded.is_empty(), "{unbounded:?}");
}
