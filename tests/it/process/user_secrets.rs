//! A user's secrets on one machine.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::opencode;
use crate::support::processes;
use crate::support::program::Program;

const FIRST: &str = "first-value-of-the-key";
const SECOND: &str = "second-value-of-the-key";

fn variable(program: &Program, id: &str, name: &str) -> Option<String> {
    let [server] = program.servers_of(id)[..] else { panic!("one server") };
    let variables = processes::environment(server);
    variables.iter().find_map(|variable| Some(variable.strip_prefix(name)?.strip_prefix('=')?.to_owned()))
}

/// The files below a folder that contain a text.
fn files_with(folder: &Path, text: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let found = entries.flat_map(|entry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => files_with(&entry.path(), text),
        Ok(kind) if kind.is_file() => {
            let content = std::fs::read(entry.path()).unwrap_or_default();
            let has = content.windows(text.len()).any(|part| part == text.as_bytes());
            Vec::from_iter(has.then(|| entry.path()))
        }
        _ => Vec::new(),
    });
    found.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn secret_counts_from_the_next_start_and_is_in_no_other_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "profiles: {box: {env: [{name: MY_KEY, value: of-the-profile}]}}").unwrap();
    let settings = [("PROFILES_FILE", file.path().to_str().unwrap()), ("LOG_LEVEL", "debug")];
    let program = Program::start_by(&[], &settings, &opencode::stand_in()).await;
    let put = async |value: &str| {
        let put = program.api("PUT", "/api/user/secrets/MY_KEY").json(&json!({ "value": value }));
        assert_eq!(put.send().await.unwrap().status, 204);
    };
    put(FIRST).await;
    let id = program.ready_project().await;
    assert_eq!(variable(&program, &id, "MY_KEY").as_deref(), Some(FIRST), "it wins over the profile's");

    put(SECOND).await;
    assert_eq!(variable(&program, &id, "MY_KEY").as_deref(), Some(FIRST), "a running session stays as it is");
    let outdated = |session: &Value| session["outdated"] == json!(["keys"]);
    program.wait_until(&id, "the page says that a restart gives the new value", outdated).await;
    let restart = async || {
        program.act(&id, "stop").await;
        program.wait_for_phase(&id, "stopped").await;
        program.act(&id, "start").await;
        program.wait_for_phase(&id, "ready").await;
        let current = |session: &Value| session.get("outdated").is_none();
        program.wait_until(&id, "nothing is outdated", current).await;
    };
    restart().await;
    assert_eq!(variable(&program, &id, "MY_KEY").as_deref(), Some(SECOND));

    let found = files_with(program.data(), SECOND);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].parent().unwrap().ends_with("users"), "{found:?}");
    assert_eq!(found[0].metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!program.log().contains(SECOND), "no log has it");
    let arguments = processes::all().into_iter().flat_map(processes::arguments);
    assert!(!arguments.into_iter().any(|word| word.contains(SECOND)), "no argument has it");

    assert_eq!(program.api("DELETE", "/api/user/secrets/MY_KEY").send().await.unwrap().status, 204);
    program.wait_until(&id, "a restart takes it away", outdated).await;
    restart().await;
    assert_eq!(variable(&program, &id, "MY_KEY").as_deref(), Some("of-the-profile"));
}

#[tokio::test(flavor = "multi_thread")]
async fn suggested_names_are_those_of_opencodes_providers() {
    // Without the tests' own provider, so that opencode lists all of its own.
    let settings = [("OPENCODE_CONFIG_CONTENT", "{}"), ("OPENCODE_DISABLE_MODELS_FETCH", "true")];
    let program = Program::start_with(&settings).await;
    let id = program.ready_project().await;
    let providers = program.session(&id, "GET", "/provider").send().await.unwrap().json();
    let known: Vec<_> = providers["all"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|provider| provider["env"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()))
        .collect();
    let list = program.api("GET", "/api/user/secrets").send().await.unwrap().json();
    for suggestion in list["suggestions"].as_array().unwrap() {
        let name = suggestion["name"].as_str().unwrap();
        assert!(known.iter().any(|known| known == name), "{name} is not in {known:?}");
    }
}
