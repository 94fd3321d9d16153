//! What profiles cost. `make scale` measures it; docs/scale.md has figures.

use std::time::{Duration, Instant};

use super::kubernetes_settings::KubernetesSettings;
use super::manifest;
use super::pod_manifest_rules::record;
use super::profile_check::profile_faults;
use crate::profiles::ProfileSet;

const PROFILES: usize = 200;
const ROUNDS: usize = 20;
/// A profile with few fields.
const FEW: &str = "
    extends: base
    title: Development box
    image: registry.example/devbox:2026.11
    resources: {limits: {memory: 8Gi}}
";
/// A profile with most fields.
const MANY: &str = "
    extends: base
    title: Development box
    image: registry.example/devbox:2026.11
    tools: {image: registry.example/opencode-tools:1.18.33}
    workspaceDir: /workspace
    allow: {domains: [example.org], groups: [developers]}
    nodeSelector: {disk: ssd}
    tolerations: [{key: dedicated, operator: Exists}]
    resources: {requests: {cpu: 500m, memory: 1Gi}, limits: {memory: 8Gi}}
    env: [{name: MODE, value: fast}, {name: TOKEN, valueFrom: {secretKeyRef: {name: npm, key: token}}}]
    credentials:
      - {secret: ai-keys, key: anthropic, env: ANTHROPIC_API_KEY}
      - {secret: kube, key: config, file: /data/home/.kube/config, mode: \"0440\"}
    plugins: {packages: [\"@corp/plugin@1.0.0\"]}
    ca: {configMap: corp-ca, key: ca.crt}
    opencode: {config: {username: dev}, files: [{path: agent/review.md, configMap: skills, key: review.md}]}
    storage: {className: fast, size: 10Gi}
";

fn median(what: &str, mut work: impl FnMut()) -> Duration {
    let mut times: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            work();
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    println!("  {what}: {:.2} ms", times[ROUNDS / 2].as_secs_f64() * 1e3);
    times[ROUNDS / 2]
}

#[test]
#[ignore = "a measurement: make scale"]
fn measures_200_profiles() {
    let settings = KubernetesSettings::sample();
    let (base, record) = (settings.profiles.get().all()[0].1.clone(), record());
    for (what, fields) in [("few", FEW), ("many", MANY)] {
        let mut text = "profiles:\n  base: {abstract: true, podSecurityContext: {fsGroup: 1000}}\n".to_owned();
        (0..PROFILES).for_each(|n| text.push_str(&format!("  box-{n}:{fields}")));
        println!("{PROFILES} profiles with {what} fields, {} kB", text.len() / 1000);
        let read = || ProfileSet::read(&text, &base, |_| Vec::new()).unwrap();
        median("reading them", || drop(read()));
        median("the same, with the trial Pod of each", || {
            drop(ProfileSet::read(&text, &base, |profile| profile_faults(&settings, profile)).unwrap());
        });
        let set = read();
        let (_, profile) = &set.all()[PROFILES / 2];
        median("a Pod of one of them", || drop(manifest::pod(&settings, profile, &record).unwrap()));
    }
}
