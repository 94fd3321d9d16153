//! A Git server and an npm registry whose certificates come from private authorities.

use std::sync::Arc;

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use opencode_router::session::{Groups, PhaseName, Reason};
use serde_json::json;

use super::own_images::TOOLS;
use super::profiles::{create, offer};
use super::situation::{PATIENT, Situation, failed, git_server, reaches, repository};
use crate::support::callers;
use crate::support::installation::reachable_address;
use crate::support::kubernetes::Namespace;
use crate::support::npm_registry::{NpmRegistry, PACKAGE, TOKEN};
use crate::support::tls_front::TlsFront;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn certificates_count_for_every_tool_and_the_registry_token_stays_in_its_step() {
    let (git, registry) = (git_server().await, NpmRegistry::start(reachable_address(), "https").await);
    let plain = git.repo("team/app").await;
    let (git_front, npm_front) = (TlsFront::before(git.address()).await, TlsFront::before(registry.address()).await);
    let (url, npm) = (git_front.url(&plain), npm_front.url("http://x/"));
    let authority = |front: &TlsFront| std::fs::read_to_string(front.authority()).unwrap();
    let both = authority(&git_front) + &authority(&npm_front);

    let namespace = Arc::new(Namespace::create().await);
    create::<ConfigMap>(&namespace, json!({"metadata": {"name": "corp-ca"}, "data": {"ca.crt": both, "no.crt": "x"}}))
        .await;
    create::<Secret>(&namespace, json!({"metadata": {"name": "npm"}, "stringData": {"token": TOKEN}})).await;
    let token = json!({"name": "NPM_TOKEN", "valueFrom": {"secretKeyRef": {"name": "npm", "key": "token"}}});
    let registry_variable = json!({"name": "NPM_CONFIG_REGISTRY", "value": npm});
    let plugins = |package: &str| json!({"packages": [package], "env": [token, registry_variable]});
    let base = json!({"image": "plain-root:test", "tools": {"image": TOOLS}});
    let profile = |more: serde_json::Value| {
        let mut profile = base.clone();
        profile.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        profile
    };
    let ca = json!({"configMap": "corp-ca", "key": "ca.crt"});
    let profiles = json!({"profiles": {
        "none": profile(json!({})),
        "broken": profile(json!({"ca": {"configMap": "corp-ca", "key": "no.crt"}})),
        "unknown": profile(json!({"ca": ca, "plugins": plugins("@corp/nothing@1.0.0")})),
        "all": profile(json!({"ca": ca, "plugins": plugins(PACKAGE)})),
    }});
    let situation =
        Situation::in_namespace(namespace, |settings| offer(settings, &profiles.to_string()), PATIENT).await;
    let session = situation.open_with_profile("none", repository(&url, "main")).await;
    let choose = async |profile: &str| {
        let cause = callers::test();
        situation.lifecycle.choose_profile(&session, Some(profile), &Groups::default(), &cause).await.unwrap();
        situation.lifecycle.request_start(&session, &cause).await;
    };
    failed(&session, Reason::RepositoryUnreachable, "not trusted").await;
    choose("broken").await;
    failed(&session, Reason::ContainerFailed, "it has no certificate in PEM").await;
    choose("unknown").await;
    let failure = failed(&session, Reason::PluginsFailed, "404").await;
    assert!(!format!("{failure:?}").contains(TOKEN));
    choose("all").await;
    let session = situation.works(&session).await;

    let of = async |script: &str| situation.namespace.output_as_agent(session.id(), script).await;
    assert!(of("cd /data/work/app && git fetch 2>&1 && echo fetched").await.contains("fetched"), "the agent's Git too");
    assert_eq!(of("cat $HOME/plugin-ran").await, "yes");
    let trusted = of("grep -c BEGIN $SSL_CERT_FILE; printenv NODE_EXTRA_CA_CERTS CURL_CA_BUNDLE").await;
    let lines: Vec<_> = trusted.lines().collect();
    assert!(lines[0].parse::<u32>().unwrap() > 100, "the public authorities are trusted too: {trusted}");
    assert_eq!(lines[1], lines[2]);
    // In no variable of any process, and in no file.
    let search = |word: &str| {
        format!(
            "cat /proc/[0-9]*/environ | tr '\\0' '\\n' | grep -c {word}; \
             grep -rl {word} /data /tmp /etc /run 2> /dev/null; echo end"
        )
    };
    assert_eq!(of(&search(TOKEN)).await, "0\nend\n", "the token is nowhere");
    let found = of(&format!("echo of-the-agent > /tmp/note; {}", search("of-the-agent"))).await;
    assert!(found.contains("/tmp/note"), "the search finds what is there: {found}");

    // The next start needs no registry.
    let asked = registry.asked().len();
    situation.lifecycle.request_stop(&session, &callers::test()).await;
    reaches(&session, PhaseName::Stopped).await;
    drop(npm_front);
    situation.works(&session).await;
    assert_eq!(registry.asked().len(), asked);
}
