//! The router's rights in a cluster: each is used, and none is missing.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::rbac::v1::Role;
use kube::api::ListParams;
use serde_json::Value;

use crate::support::condition::eventually;
use crate::support::installation::Installation;

type Rights = BTreeMap<String, BTreeSet<String>>;

/// The router's rights in the chart.
async fn granted(installed: &Installation) -> Rights {
    let of_router = installed.namespace.api::<Role>().list(&ListParams::default()).await.unwrap().items;
    assert!(of_router.is_empty(), "the router has no rights on its login's Secret: {of_router:#?}");
    let roles = installed.sessions.api::<Role>().list(&ListParams::default()).await.unwrap().items;
    let rules = roles.into_iter().flat_map(|role| role.rules.unwrap_or_default());
    let mut rights = Rights::new();
    for rule in rules {
        for resource in rule.resources.unwrap_or_default() {
            rights.entry(resource).or_default().extend(rule.verbs.iter().cloned());
        }
    }
    rights
}

/// `helm test` runs the doctor with the router's account. It also asks for what the router does not need.
fn is_of_doctor(event: &Value) -> bool {
    let pod = &event["user"]["extra"]["authentication.kubernetes.io/pod-name"][0];
    pod.as_str().is_some_and(|pod| pod.ends_with("-test-doctor"))
}

/// The router's requests since its installation, and the refused ones.
fn used(installed: &Installation) -> (Rights, Vec<Value>) {
    let log = std::path::PathBuf::from(std::env::var_os("TEST_CLUSTER").unwrap()).join("logs/audit");
    let user = format!("system:serviceaccount:{}:", installed.namespace.name);
    let text = std::fs::read_to_string(log).unwrap();
    let events = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let (mut rights, mut refused) = (Rights::new(), Vec::new());
    let events = events.filter(|event| event["user"]["username"].as_str().is_some_and(|name| name.starts_with(&user)));
    for event in events.filter(|event| !is_of_doctor(event)) {
        let (about, verb) = (&event["objectRef"], event["verb"].as_str().unwrap_or_default());
        let resource = match (about["resource"].as_str(), about["subresource"].as_str()) {
            (Some(resource), Some(sub)) => format!("{resource}/{sub}"),
            (resource, _) => resource.unwrap_or_default().to_owned(),
        };
        if event["responseStatus"]["code"] == 403 {
            refused.push(event.clone());
        }
        rights.entry(resource).or_default().insert(verb.to_owned());
    }
    (rights, refused)
}

/// Rights that the router uses only after conflicts, silent watches or delayed starts. Journeys may not use them.
const SELDOM: [(&str, &str); 3] = [("pods", "get"), ("persistentvolumeclaims", "get"), ("events", "list")];

/// Checks the rights after the journeys, which use all functions of the router. Needs a cluster with an audit log.
pub async fn are_all_used(installed: &Installation) {
    if std::env::var_os("TEST_CLUSTER").is_none() {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "TEST_CLUSTER says where the cluster's audit log is");
        eprintln!("not asked which rights are used: TEST_CLUSTER is not set");
        return;
    }
    // The API server writes the log a moment after the response.
    let granted = granted(installed).await;
    eventually("every right is used", async || {
        let (mut used, refused) = used(installed);
        for (resource, verb) in SELDOM {
            used.entry(resource.to_owned()).or_default().insert(verb.to_owned());
        }
        assert!(refused.is_empty(), "{refused:#?}");
        if used != granted {
            eprintln!("granted {granted:?}\nused {used:?}");
        }
        (used == granted).then_some(())
    })
    .await;
}
