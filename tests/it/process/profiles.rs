//! Profiles on one machine.

use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::condition::eventually;
use crate::support::git::GitServer;
use crate::support::npm_registry::{NpmRegistry, PACKAGE, TOKEN};
use crate::support::processes;
use crate::support::program::{Program, id_of};
use crate::support::talk::Talk;

const AGENT: &str = "---\ndescription: Reviews\nmode: subagent\n---\nYou review.\n";
const SKILL: &str = "---\nname: greet\ndescription: Greets people\n---\nSay hello.\n";

/// A profiles file, and the folder with the entries that it names.
struct Profiles(tempfile::TempDir);

impl Profiles {
    fn of(text: &str) -> Self {
        let profiles = Self(tempfile::tempdir().unwrap());
        profiles.write(text);
        profiles
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("profiles.yaml")
    }

    fn write(&self, text: &str) {
        let draft = self.0.path().join("draft");
        std::fs::write(&draft, text).unwrap();
        std::fs::rename(draft, self.file()).unwrap();
    }

    fn entry(&self, object: &str, key: &str, text: &str) -> PathBuf {
        let folder = self.0.path().join("entries").join(object);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(key), text).unwrap();
        std::fs::set_permissions(folder.join(key), std::fs::Permissions::from_mode(0o600)).unwrap();
        folder.join(key)
    }

    async fn program(&self) -> Program {
        let (file, entries) = (self.file().display().to_string(), self.0.path().join("entries").display().to_string());
        Program::start_with(&[("PROFILES_FILE", &file), ("PROFILE_ENTRIES_DIR", &entries)]).await
    }
}

async fn titles(program: &Program) -> Vec<String> {
    let me = program.api("GET", "/api/me").send().await.unwrap().json();
    me["profiles"].as_array().unwrap().iter().map(|profile| profile["title"].as_str().unwrap().to_owned()).collect()
}

/// Waits until the changed file is in force, by the title of its first profile.
async fn in_force(program: &Program, title: &str) {
    eventually("the changed file is in force", async || (titles(program).await[0] == title).then_some(())).await;
}

fn environment(program: &Program, id: &str) -> HashMap<String, String> {
    let [server] = program.servers_of(id)[..] else { panic!("one server") };
    let variables = processes::environment(server).into_iter();
    variables.filter_map(|variable| variable.split_once('=').map(|(n, v)| (n.to_owned(), v.to_owned()))).collect()
}

/// The priority of a process (proc(5)).
fn nice(pid: i32) -> i32 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit(')').next().unwrap().split_whitespace().nth(16).unwrap().parse().unwrap()
}

async fn asks(program: &Program, id: &str, path: &str) -> Value {
    program.session(id, "GET", path).send().await.unwrap().json()
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().filter_map(|item| item["name"].as_str()).collect()
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

async fn stop(program: &Program, id: &str) {
    program.act(id, "stop").await;
    program.wait_for_phase(id, "stopped").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn session_has_what_its_profile_says_and_a_change_counts_from_the_next_start() {
    let git = GitServer::start().await;
    let url = git.repo("team/skills").await;
    git.commit("team/skills", "main", "all/greet/SKILL.md", SKILL).await;
    let registry = NpmRegistry::start([127, 0, 0, 1].into(), "http").await;
    let npm = format!("http://{}/", registry.address());
    let profiles = Profiles::of(&format!(
        "
profiles:
  pod: {{nodeSelector: {{disk: ssd}}}}
  box:
    title: Box
    env: [{{name: PLAIN, value: p}}, {{name: ENTRY, valueFrom: {{secretKeyRef: {{name: keys, key: token}}}}}}]
    envFrom: [{{configMapRef: {{name: all}}, prefix: ALL_}}]
    credentials:
      - {{secret: keys, key: token, env: CREDENTIAL}}
      - {{secret: keys, key: token, file: /data/home/.corp/login, mode: \"0600\"}}
    opencode:
      config: {{username: of-the-profile}}
      files: [{{path: agent/reviewer.md, configMap: all, key: reviewer.md}}]
      skills: [{{git: \"{url}\", path: all}}]
    permission: allow
    plugins:
      packages: [\"{PACKAGE}\"]
      env:
        - {{name: NPM_CONFIG_REGISTRY, value: \"{npm}\"}}
        - {{name: NPM_TOKEN, valueFrom: {{secretKeyRef: {{name: keys, key: npm}}}}}}
    process: {{env: [{{name: HERE, value: h}}], command: [nice, -n, \"3\"]}}
"
    ));
    profiles.entry("keys", "token", "secret-token\n");
    profiles.entry("keys", "npm", TOKEN);
    profiles.entry("all", "NAME", "value");
    profiles.entry("all", "reviewer.md", AGENT);
    let program = profiles.program().await;
    assert_eq!(titles(&program).await, ["Box"], "a profile that needs a Pod is not offered");
    let refused = program.api("POST", "/api/sessions").json(&json!({"profile": "pod"})).send().await.unwrap();
    let why = "The profile “pod” cannot be used here: it needs Kubernetes: it has the field nodeSelector.";
    assert!(refused.json()["detail"].as_str().unwrap().starts_with(why), "{}", refused.text());

    let id = program.ready_project().await;
    let env = environment(&program, &id);
    let expected = [
        ("PLAIN", "p"),
        ("ENTRY", "secret-token"),
        ("ALL_NAME", "value"),
        ("CREDENTIAL", "secret-token"),
        ("HERE", "h"),
    ];
    for (name, value) in expected {
        assert_eq!(env.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert!(program.session_dir(&id).join("home/plugin-ran").exists(), "opencode has the plugin");
    assert!(!env.contains_key("NPM_TOKEN"), "only the installation has the registry's token");
    let login = program.session_dir(&id).join("home/.corp/login");
    assert_eq!((std::fs::read_to_string(&login).unwrap().as_str(), mode(&login)), ("secret-token\n", 0o600));
    assert_eq!(nice(program.servers_of(&id)[0]), nice(program.pid()) + 3, "the command runs opencode");
    let config = asks(&program, &id, "/config").await;
    assert_eq!((&config["username"], &config["model"]), (&json!("of-the-profile"), &json!("mock/mock")));
    assert!(names(&asks(&program, &id, "/agent").await).contains(&"reviewer"));
    assert!(names(&asks(&program, &id, "/skill").await).contains(&"greet"));
    let talk = Talk::begin(&program, &id).await;
    talk.tell("ask touch allowed.txt").await;
    let project = program.session_dir(&id).join("work/project");
    eventually("it never asks", async || project.join("allowed.txt").exists().then_some(())).await;

    profiles.write("profiles:\n  box: {title: Careful box, permission: ask}\n");
    in_force(&program, "Careful box").await;
    assert!(login.exists(), "a running session stays as it is");
    program.wait_until(&id, "a restart would change it", |session| session["outdated"] == json!(["profile"])).await;
    stop(&program, &id).await;
    program.act(&id, "start").await;
    program.wait_for_phase(&id, "ready").await;
    program.wait_until(&id, "it is as its profile says", |session| session.get("outdated").is_none()).await;
    let env = environment(&program, &id);
    assert!(!login.exists() && !env.contains_key("CREDENTIAL") && !env.contains_key("PLAIN"), "{env:?}");
    assert_ne!(asks(&program, &id, "/config").await["username"], "of-the-profile");
    for (path, name) in [("/agent", "reviewer"), ("/skill", "greet")] {
        assert!(!names(&asks(&program, &id, path).await).contains(&name), "{name}");
    }
    let talk = Talk::begin(&program, &id).await;
    talk.tell("ask touch asked.txt").await;
    program.wait_until(&id, "it asks", |session| session["needsInput"] == true).await;
    assert!(!project.join("asked.txt").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn start_that_cannot_have_what_the_profile_says_fails_with_a_sentence() {
    let profiles = Profiles::of("profiles:\n  box: {title: zero, process: {command: [no-such-program]}}\n");
    let program = profiles.program().await;
    let open = profiles.entry("keys", "open", "x");
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o644)).unwrap();
    let created = program.api("POST", "/api/sessions").json(&json!({})).send().await.unwrap().json();
    let id = id_of(&created);
    let message = async || {
        let session = program.wait_for_phase(&id, "failed").await;
        session["phase"]["message"].as_str().unwrap().to_owned()
    };
    assert!(message().await.contains("begins with “no-such-program”, which is not installed"), "{}", message().await);
    let file = "credentials: [{secret: keys, key: open, file: /data/home/login}]";
    let cases = [
        ("one", "env: [{name: A, valueFrom: {secretKeyRef: {name: keys, key: none}}}]", "keys/none cannot be read"),
        ("two", file, "keys/open is open to other users (mode 644)"),
        ("three", "extends: null", ""),
    ];
    for (title, fields, said) in cases {
        profiles.write(&format!("profiles:\n  box: {{title: {title}, {fields}}}\n"));
        in_force(&program, title).await;
        program.act(&id, "start").await;
        if said.is_empty() {
            program.wait_for_phase(&id, "ready").await;
        } else {
            eventually(said, async || message().await.contains(said).then_some(())).await;
        }
    }
    stop(&program, &id).await;
    std::fs::write(program.session_dir(&id).join("home/login"), "the user's").unwrap();
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o600)).unwrap();
    profiles.write(&format!("profiles:\n  box: {{title: four, {file}}}\n"));
    in_force(&program, "four").await;
    program.act(&id, "start").await;
    assert!(message().await.contains("the session has a file of its own there"), "{}", message().await);
    assert_eq!(std::fs::read_to_string(program.session_dir(&id).join("home/login")).unwrap(), "the user's");
}

#[tokio::test(flavor = "multi_thread")]
async fn file_without_a_usable_profile_is_refused() {
    let program = Program::start_with_stand_in().await;
    let profiles = Profiles::of("profiles:\n  a: {image: box}\n  b: {credentials: [{secret: s, directory: /x}]}\n");
    let refusal = program.refusal(&[("PROFILES_FILE", &profiles.file().display().to_string())]).await;
    let said = "profile “a”: it needs Kubernetes: it has the field image.\n\
                profile “b”: it needs Kubernetes: it has the field credentials[0].directory.";
    assert!(refusal.code == Some(1) && refusal.said.contains(said), "{refusal:?}");
}
