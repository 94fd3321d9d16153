//! The router's rights: the one table of what it needs, and whether it has them.

use std::fmt;

use futures_util::future::join_all;
use k8s_openapi::api::authorization::v1::SelfSubjectAccessReview;
use kube::Client;
use kube::api::{Api, PostParams};
use serde::Serialize;
use serde_json::json;

use super::super::KubernetesSettings;
use super::super::api_server::{ApiError, asked};
use crate::runtime::Finding;

const NAME: &str = "rights";

/// Where the router needs a right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Place {
    /// In the namespace of the sessions.
    Sessions,
}

/// What the router does with one kind of objects.
#[derive(Clone, Copy, Debug, Serialize)]
struct Rights {
    namespace: Place,
    group: &'static str,
    resource: &'static str,
    subresource: &'static str,
    verbs: &'static [&'static str],
}

impl Rights {
    const fn in_sessions(group: &'static str, resource: &'static str, verbs: &'static [&'static str]) -> Self {
        Self { namespace: Place::Sessions, group, resource, subresource: "", verbs }
    }

    const fn subresource(self, subresource: &'static str) -> Self {
        Self { subresource, ..self }
    }
}

/// All that the router may need. A test compares it with the Helm chart: tests/chart/rights.test.mjs.
const NEEDED: [Rights; 6] = [
    Rights::in_sessions("", "pods", &["get", "list", "watch", "create", "delete"]),
    Rights::in_sessions("", "pods", &["get"]).subresource("log"),
    Rights::in_sessions("", "persistentvolumeclaims", &["get", "list", "watch", "create", "patch", "delete"]),
    Rights::in_sessions("", "secrets", &["get", "create", "patch", "delete"]),
    Rights::in_sessions("", "events", &["list"]),
    Rights::in_sessions("coordination.k8s.io", "leases", &["get", "list", "create", "update", "delete"]),
];

/// The table as JSON, for scripts.
pub fn needed_rights() -> String {
    serde_json::to_string_pretty(&NEEDED).unwrap_or_default()
}

/// One right: a verb on one kind of objects.
struct Right {
    of: Rights,
    verb: &'static str,
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slash = if self.of.subresource.is_empty() { "" } else { "/" };
        write!(f, "{} {}{slash}{}", self.verb, self.of.resource, self.of.subresource)
    }
}

/// Asks the API server for each right. That needs no right itself.
pub(super) async fn check(client: &Client, settings: &KubernetesSettings) -> Finding {
    let rights = NEEDED.iter().flat_map(|of| of.verbs.iter().map(|verb| Right { of: *of, verb }));
    let answers = join_all(rights.map(|right| ask(client, settings, right))).await;
    judge(answers, settings)
}

/// Returns the right and whether the router has it.
async fn ask(client: &Client, settings: &KubernetesSettings, right: Right) -> Result<(Right, bool), ApiError> {
    let namespace = match right.of.namespace {
        Place::Sessions => &settings.namespace,
    };
    let review = json!({"spec": {"resourceAttributes": {
        "namespace": namespace,
        "verb": right.verb,
        "group": right.of.group,
        "resource": right.of.resource,
        "subresource": right.of.subresource,
    }}});
    let review: SelfSubjectAccessReview =
        serde_json::from_value(review).map_err(|error| ApiError::Final(error.to_string()))?;
    let answer = asked(Api::all(client.clone()).create(&PostParams::default(), &review)).await?;
    Ok((right, answer.status.is_some_and(|status| status.allowed)))
}

fn judge(answers: Vec<Result<(Right, bool), ApiError>>, settings: &KubernetesSettings) -> Finding {
    let count = answers.len();
    let (mut missing, mut unknown) = (Vec::new(), None);
    for answer in answers {
        match answer {
            Ok((right, allowed)) => missing.extend((!allowed).then(|| right.to_string())),
            Err(error) => unknown = Some(error),
        }
    }
    let namespace = &settings.namespace;
    if !missing.is_empty() {
        let missing = missing.join(", ");
        return Finding::problem(
            NAME,
            format!("The router may not do this in the namespace {namespace}: {missing}."),
            "Install the chart with rbac.create: true, or grant its Role to the router's service account.",
        );
    }
    match unknown {
        Some(error) => {
            Finding::not_checked(NAME, format!("The API server did not say which rights there are: {error}."))
        }
        None => Finding::ok(NAME, format!("The router has all {count} rights in the namespace {namespace}.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::Status;

    fn answer(of: usize, verb: &'static str, allowed: bool) -> Result<(Right, bool), ApiError> {
        Ok((Right { of: NEEDED[of], verb }, allowed))
    }

    #[test]
    fn missing_rights_are_named() {
        let settings = KubernetesSettings::sample();
        let found = judge(vec![answer(0, "create", false), answer(1, "get", false), answer(0, "get", true)], &settings);
        assert_eq!(found.status, Status::Problem);
        assert_eq!(found.message, "The router may not do this in the namespace sessions: create pods, get pods/log.");
    }

    #[test]
    fn an_api_server_that_does_not_say_is_no_problem_of_rights() {
        let settings = KubernetesSettings::sample();
        let unknown = judge(vec![answer(0, "get", true), Err(ApiError::Passing("busy".to_owned()))], &settings);
        assert_eq!(unknown.status, Status::NotChecked);
        assert_eq!(judge(vec![answer(0, "get", true)], &settings).status, Status::Ok);
    }
}
