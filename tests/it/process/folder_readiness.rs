//! opencode answers before it has loaded the session's folder. The session is ready when the folder answers.

use serde_json::{Value, json};

use crate::support::condition::eventually;
use crate::support::git::GitServer;
use crate::support::opencode;
use crate::support::program::{Program, id_of};
use crate::support::silent_registry::SilentRegistry;

/// A repository with a plugin whose package comes from `registry`.
async fn with_a_plugin(git: &GitServer, registry: &SilentRegistry) -> Value {
    let url = git.repo("team/plugged").await;
    let plugin = "import pad from \"left-pad-of-nobody\"\nexport const Plugin = async () => ({})\n";
    let npmrc = format!("registry=http://{}/\n", registry.address);
    git.commit("team/plugged", "main", ".opencode/plugins/x.js", plugin).await;
    let package = json!({"dependencies": {"left-pad-of-nobody": "1.0.0"}}).to_string();
    git.commit("team/plugged", "main", ".opencode/package.json", &package).await;
    git.commit("team/plugged", "main", ".opencode/.npmrc", &npmrc).await;
    git.commit("team/plugged", "main", ".npmrc", &npmrc).await;
    json!({"repoUrl": url, "branch": "main", "initialMessage": "say the first words"})
}

fn prepares_the_folder(session: &Value) -> bool {
    let phase = &session["phase"];
    assert_ne!(phase["name"], "ready", "{session}");
    let message = phase["message"].as_str().unwrap_or_default();
    phase["name"] == "starting" && message.contains("folder")
}

#[tokio::test(flavor = "multi_thread")]
async fn hanging_plugins_keep_a_session_from_ready_and_its_message_waits() {
    let (git, registry) = (GitServer::start().await, SilentRegistry::start().await);
    let program = Program::start_with(&[("TRUST_REPOSITORIES", "true")]).await;
    let id = id_of(&program.create(with_a_plugin(&git, &registry).await).await);
    program.wait_until(&id, "the start says what it waits for", prepares_the_folder).await;
    eventually("opencode asks the registry", async || (registry.asked() > 0).then_some(())).await;
    assert!(prepares_the_folder(&program.get(&id).await), "and it still waits");
    assert_eq!(program.model.turns_with("say the first words"), 0);

    registry.release();
    program.wait_for_phase(&id, "ready").await;
    let delivered = async || (program.model.turns_with("say the first words") == 1).then_some(());
    eventually("the first message is delivered", delivered).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_folder_ends_the_start_with_a_reason() {
    let git = GitServer::start().await;
    let url = git.repo("team/silent").await;
    // The stand-in starts fast even on a busy machine, and never answers for this folder.
    git.commit("team/silent", "main", ".opencode/silent", "").await;
    let program = Program::start_by(&[], &[("START_TIMEOUT_SECONDS", "5")], &opencode::stand_in()).await;
    let id = id_of(&program.create(json!({"repoUrl": url, "branch": "main"})).await);
    let session = program.wait_for_phase(&id, "failed").await;
    assert_eq!(session["phase"]["reason"], "start-timeout", "{session}");
    let message = session["phase"]["message"].as_str().unwrap();
    assert!(message.contains("folder"), "{message}");
    assert!(program.servers_of(&id).is_empty(), "nothing of it runs");
}
