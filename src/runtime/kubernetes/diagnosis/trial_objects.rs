//! A dry run of a session's objects. The API server applies all its rules (policies, quotas, webhooks) and stores
//! nothing: <https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run>. It refuses fields that it does not
//! know: <https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation>.

use http::Request;
use kube::Client;
use serde_json::{Value, json};

use super::super::api_server::{ApiError, Cluster, asked};
use super::super::trial_session::trial_session;
use super::super::{KubernetesSettings, manifest};
use crate::runtime::Finding;
use crate::session::random::random_hex;

const CLAIM: &str = "trial-volume";
const SECRET: &str = "trial-secret";
const POD: &str = "trial-pod";

/// Tries to create the objects of a session.
pub(super) async fn check(cluster: &Cluster, settings: &KubernetesSettings) -> Vec<Finding> {
    let (set, client) = (settings.profiles.get(), cluster.client());
    let mut findings = Vec::new();
    for (name, profile) in set.all() {
        let (claim, record) = match trial_session(profile) {
            Ok(session) => session,
            Err(why) => return vec![Finding::not_checked(CLAIM, format!("No session for a trial: {why}."))],
        };
        let kind =
            |kind: &str| if set.all().len() > 1 { format!("{kind} (profile “{name}”)") } else { kind.to_owned() };
        findings
            .push(attempt(CLAIM, &kind("volume claim"), &client, cluster.claims.resource_url(), &json!(claim)).await);
        // Secrets are alike in all profiles.
        if findings.len() == 1 {
            let secret = json!(manifest::secret(&record, &random_hex::<16>().into()));
            findings.push(attempt(SECRET, "Secret", &client, cluster.secrets.resource_url(), &secret).await);
        }
        // The plain value: the type of a Pod would lose fields that only the API server can judge.
        findings.push(match manifest::pod_value(settings, profile, &record) {
            Ok(pod) => attempt(POD, &kind("Pod"), &client, cluster.pods.resource_url(), &pod).await,
            Err(error) => Finding::explained_problem(POD, format!("The profile “{name}” makes no Pod: {error}.")),
        });
    }
    findings
}

/// Posts the object to the URL of its kind. The object's kind and version may be missing: the URL has them.
async fn attempt(name: &'static str, kind: &str, client: &Client, url: &str, object: &Value) -> Finding {
    let request = Request::post(format!("{url}?dryRun=All&fieldValidation=Strict"));
    let request = request.header(http::header::CONTENT_TYPE, "application/json").body(object.to_string().into_bytes());
    let answer = match request {
        Ok(request) => asked(client.request::<Value>(request)).await,
        Err(error) => Err(ApiError::Passing(error.to_string())),
    };
    match answer {
        Ok(_) => Finding::ok(name, format!("The cluster accepts a session's {kind} (dry run).")),
        Err(error) => refused(name, kind, &error),
    }
}

fn refused(name: &'static str, kind: &str, error: &ApiError) -> Finding {
    // `failure` has the sentences that users of sessions get, with what to do.
    Finding::explained_problem(name, error.failure(&format!("a session's {kind}")).message)
}

#[cfg(test)]
mod tests {
    use super::super::super::trial_session::NO_UID;
    use super::*;

    #[test]
    fn the_trial_session_has_a_complete_record() {
        let settings = KubernetesSettings::sample();
        let profile = settings.profiles.get().all()[0].1.clone();
        let (claim, record) = trial_session(&profile).unwrap();
        assert_eq!(claim.metadata.uid, None, "the API server refuses a claim with a UID");
        let pod = manifest::pod(&settings, &profile, &record).unwrap();
        let owner = &pod.metadata.owner_references.unwrap()[0];
        assert_eq!((owner.uid.as_str(), Some(&owner.name)), (NO_UID, claim.metadata.name.as_ref()));
    }

    #[test]
    fn a_refusal_has_the_api_servers_sentence() {
        let error = ApiError::Final("pods \"x\" is forbidden: violates PodSecurity".to_owned());
        let found = refused(POD, "Pod", &error);
        assert!(found.message.contains("a session's Pod"), "{}", found.message);
        assert!(found.message.contains("violates PodSecurity"), "{}", found.message);
    }
}
