//! Disk and memory of a real Pod are shown, and memory that runs out costs a tool, or one restart.

use opencode_router::runtime::kubernetes::KubernetesSettings;
use opencode_router::session::{PhaseName, Reason, Session};

use serde_json::json;

use super::situation::{Situation, failed};
use crate::support::condition::eventually;
use crate::support::kubernetes::{SESSION_IMAGE, set_profile};

/// Processes that are each smaller than opencode, and together larger than the limit.
const HOG: &str = "for each in $(seq 60); do
    sh -c 'held=$(head -c 15000000 /dev/zero | tr \"\\\\0\" x); sleep 100' || echo killed >> /data/work/project/killed & done; wait";

async fn limited() -> Situation {
    let memory = |settings: &mut KubernetesSettings| {
        set_profile(settings, &json!({"resources": {"limits": {"memory": "600Mi"}}}));
        set_profile(settings, &json!({"image": SESSION_IMAGE}));
    };
    Situation::begin_with(memory).await
}

async fn uid(situation: &Situation, session: &Session) -> Option<String> {
    situation.pod(session).await?.metadata.uid
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn disk_and_memory_of_a_pod_are_shown() {
    let situation = limited().await;
    let session = situation.ready().await;
    let view = || session.view(&situation.lifecycle.limits().idle).usage;
    let usage = eventually("it is measured", async || view()).await;
    let (disk, memory) = (usage.disk.unwrap(), usage.memory.unwrap());
    assert!(disk.limit.unwrap() > disk.used, "{usage:?}");
    assert_eq!(memory.limit, Some(600 << 20));
    assert!(memory.used > 50 << 20 && memory.used < 600 << 20, "what opencode has: {usage:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn session_that_ran_out_of_memory_comes_back_by_itself() {
    let situation = limited().await;
    let session = situation.ready().await;
    let noted = async || session.memo().agent?.ready_since;
    eventually("the record says that it is ready", noted).await;
    situation.namespace.output_of(session.id(), "echo done > /data/work/project/work.txt").await;
    let before = uid(&situation, &session).await;
    // Processes of `kubectl exec` do not descend from opencode, so the kernel does not prefer them to it.
    situation.namespace.run_in(session.id(), HOG).await;
    failed(&session, Reason::OutOfMemory, "more memory than it may have while it worked").await;
    eventually("it is ready again", async || (session.phase_name() == PhaseName::Ready).then_some(())).await;
    assert_ne!(uid(&situation, &session).await, before);
    let said = session.view(&situation.lifecycle.limits().idle).phase.message.unwrap();
    assert!(said.starts_with("The session ran out of memory and was started again at"), "{said}");
    assert!(session.memo().restarted_at.is_some());
    let seen = situation.namespace.output_of(session.id(), "cat /data/work/project/work.txt").await;
    assert_eq!(seen.trim(), "done", "files are kept");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn tool_ends_and_opencode_goes_on_where_the_kernel_kills_single_processes() {
    let situation = limited().await;
    let session = situation.ready().await;
    let id = session.id();
    let group = "cat /sys/fs/cgroup/memory.oom.group 2> /dev/null || echo 0";
    if situation.namespace.output_of(id, group).await.trim() == "1" {
        return;
    }
    let before = uid(&situation, &session).await;
    // The shell outlives its parent, so it descends from the first process, and has its tools' preference after a second.
    let tool = format!("cat > /tmp/hog << 'END'\nsleep 3\n{HOG}\nEND\nsetsid sh /tmp/hog > /dev/null 2>&1 &");
    situation.namespace.run_in(id, &tool).await;
    let killed = "cat /data/work/project/killed 2> /dev/null || true";
    let some = async || (!situation.namespace.output_of(id, killed).await.is_empty()).then_some(());
    eventually("tools are killed", some).await;
    assert_eq!((session.phase_name(), uid(&situation, &session).await), (PhaseName::Ready, before));
}
