//! The cost of a start on a cluster, compared with a bare Pod. `make starts` measures it; docs/scale.md has figures.
//!
//! Each round creates one session and one bare Pod with the same content, and starts both a second time. "Bare" is the
//! time from the first object's request to opencode's first answer. The test polls opencode every 5 ms.

mod bare;

use std::time::{Duration, Instant};

use serde_json::json;

use self::bare::{Bare, Sight, Stages};
use crate::support::git::GitServer;
use crate::support::installation::reachable_address;
use crate::support::kubernetes::{Namespace, SESSION_IMAGE, kubeconfig};
use crate::support::program::Program;
use crate::support::replica::replica_with;
use crate::support::router::id_of;

const ROUNDS: usize = 20;
/// The tools image.
const TOOLS: &str = "opencode-tools:test";

/// A start by the router.
struct Start {
    stages: Stages,
    /// From opencode's first answer until the API shows the session as ready.
    told: Duration,
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement: make starts"]
async fn measures_starts_beside_a_bare_pod() {
    let namespace = Namespace::create().await;
    let git = GitServer::start_at((reachable_address(), 0).into()).await;
    let router =
        replica_with(&namespace, "one", &kubeconfig(), &[("OPENCODE_IMAGE", SESSION_IMAGE), ("TEMPO", "1")]).await;
    let wanted = json!({"repoUrl": git.repo("web-shop").await, "branch": "main"});
    let (mut cold, mut wakes, mut bare_cold, mut bare_wakes) = (vec![], vec![], vec![], vec![]);
    for round in 0..ROUNDS {
        let (id, start) = cold_start(&router, &namespace, &wanted).await;
        cold.push(start);
        let bare = Bare::like(&namespace, &id, &format!("bare-{round}")).await;
        router.act(&id, "stop").await;
        router.wait_for_phase(&id, "stopped").await;
        wakes.push(wake(&router, &namespace, &id).await);
        router.api("DELETE", &format!("/api/sessions/{id}")).send().await.unwrap();
        namespace.is_empty().await;

        bare_cold.push(bare.cold().await);
        bare.stop().await;
        bare_wakes.push(bare.wake().await);
        bare.delete().await;
        namespace.is_empty().await;
        eprintln!("round {} of {ROUNDS}", round + 1);
    }
    say("cold start", &cold, &bare_cold);
    say("wake", &wakes, &bare_wakes);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement: make starts"]
async fn measures_starts_with_the_tools_image() {
    let git = GitServer::start_at((reachable_address(), 0).into()).await;
    let url = git.repo("web-shop").await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let tools = format!("image: plain-root:test, tools: {{image: {TOOLS}}}");
    std::fs::write(file.path(), format!("profiles:\n  whole: {{image: {SESSION_IMAGE}}}\n  tools: {{{tools}}}\n"))
        .unwrap();
    let file = file.path().to_str().unwrap();
    // Two namespaces, because the routers of one have the same settings.
    let (one, other) = (Namespace::create().await, Namespace::create().await);
    let settings = [("PROFILES_FILE", file), ("TEMPO", "1"), ("IMAGE_VOLUMES", "false")];
    let copying = replica_with(&one, "one", &kubeconfig(), &settings).await;
    let settings = [("PROFILES_FILE", file), ("TEMPO", "1"), ("IMAGE_VOLUMES", "true")];
    let mounting = replica_with(&other, "other", &kubeconfig(), &settings).await;
    let kinds = [
        ("all in one", "whole", &one, &copying),
        ("tools copied", "tools", &one, &copying),
        ("tools as an image volume", "tools", &other, &mounting),
    ];
    let mut times = kinds.map(|(kind, ..)| (kind, vec![], vec![]));
    for round in 0..ROUNDS {
        for ((_, cold, wakes), (_, profile, namespace, router)) in times.iter_mut().zip(&kinds) {
            let wanted = json!({"repoUrl": url, "branch": "main", "profile": profile});
            let (id, start) = cold_start(router, namespace, &wanted).await;
            cold.push(start);
            router.act(&id, "stop").await;
            router.wait_for_phase(&id, "stopped").await;
            wakes.push(wake(router, namespace, &id).await);
            router.api("DELETE", &format!("/api/sessions/{id}")).send().await.unwrap();
            namespace.is_empty().await;
        }
        eprintln!("round {} of {ROUNDS}", round + 1);
    }
    println!("{ROUNDS} runs each, ms (median, lowest to highest)");
    for (kind, cold, wakes) in times {
        let spread = |starts: Vec<Start>| spread(starts.iter().map(|start| start.stages.whole() + start.told));
        println!("  {kind}: cold start {}, wake {}", spread(cold), spread(wakes));
    }
}

async fn cold_start(router: &Program, namespace: &Namespace, wanted: &serde_json::Value) -> (String, Start) {
    let sight = Sight::of_the_next(namespace).await;
    let asked = Instant::now();
    let id = id_of(&router.create(wanted.clone()).await);
    let ready = ready(router, &id).await;
    (id, start(asked, ready, sight).await)
}

async fn wake(router: &Program, namespace: &Namespace, id: &str) -> Start {
    let sight = Sight::of_the_next(namespace).await;
    let asked = Instant::now();
    router.act(id, "start").await;
    start(asked, ready(router, id).await, sight).await
}

/// The time at which the API shows the session as ready.
async fn ready(router: &Program, id: &str) -> Instant {
    let mut phases = router.api("GET", &format!("/api/sessions/{id}/events")).open().await.unwrap();
    phases.read_until("\"name\":\"ready\"").await;
    Instant::now()
}

async fn start(asked: Instant, ready: Instant, sight: Sight) -> Start {
    let times = sight.times().await;
    Start { stages: times.since(asked), told: ready.saturating_duration_since(times.answered) }
}

fn say(what: &str, starts: &[Start], bare: &[Stages]) {
    let of = |part: fn(&Start) -> Duration| spread(starts.iter().map(part));
    let of_bare = |part: fn(Stages) -> Duration| spread(bare.iter().copied().map(part));
    println!("{what}, {} runs each, ms (median, lowest to highest)", starts.len());
    println!("  bare Pod: {}", of_bare(Stages::whole));
    println!("  session: {}", of(|start| start.stages.whole() + start.told));
    println!("    the router's own: {}", of(|start| start.stages.made + start.told));
    println!("      until the Pod is made: {}", of(|start| start.stages.made));
    println!("      from when opencode answers: {}", of(|start| start.told));
    let (address, answer) = (of(|start| start.stages.addressed), of(|start| start.stages.answered));
    println!("    until the Pod has an address: {address}; bare {}", of_bare(|stages| stages.addressed));
    println!("    from then until opencode answers: {answer}; bare {}", of_bare(|stages| stages.answered));
}

fn spread(times: impl Iterator<Item = Duration>) -> String {
    let mut ms: Vec<_> = times.map(|time| time.as_millis()).collect();
    ms.sort_unstable();
    format!("{} ({} to {})", ms[ms.len() / 2], ms[0], ms[ms.len() - 1])
}
