use opencode_router::profiles::{Profile, ProfileSet};
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::audit_log;
use crate::support::http::Call;
use crate::support::upstream::Upstream;

const PROFILES: &str = "
profiles:
  small: {title: Small box, description: For reviews, image: box:1, storage: {size: 2Gi}}
  gpu: {allow: {emails: [ann@x]}}
";

/// A router behind a login proxy, with these profiles.
async fn app(upstream: &Upstream) -> TestApp {
    let app = TestApp::start_with(upstream.address, &["--trusted-proxy-cidrs", "127.0.0.0/8"]).await;
    app.fake.profiles.replace(ProfileSet::read(PROFILES, &Profile::default(), |_| Vec::new()).unwrap());
    app
}

fn as_user(call: Call, user: &str) -> Call {
    call.header("x-auth-request-email", user)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_see_the_profiles_that_they_may_choose() {
    let upstream = Upstream::start().await;
    let app = app(&upstream).await;
    let me = async |user| as_user(app.api("GET", "/api/me"), user).send().await.unwrap().json()["profiles"].clone();
    let small = json!({
        "name": "small", "title": "Small box", "description": "For reviews", "image": "box:1", "storage": "2Gi",
        "idleTimeoutMinutes": 30.0,
    });
    assert_eq!(me("bob@x").await, json!([small]));
    assert_eq!(me("ann@x").await, json!([small, {"name": "gpu", "title": "gpu", "idleTimeoutMinutes": 30.0}]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn profile_is_chosen_at_creation_and_changed_later() {
    let upstream = Upstream::start().await;
    let app = app(&upstream).await;
    audit_log::listen();
    let create = |body| as_user(app.api("POST", "/api/sessions").json(&body), "ann@x");
    let made = create(json!({"profile": "gpu"})).send().await.unwrap();
    assert_eq!((made.status.as_u16(), &made.json()["profile"]), (201, &json!("gpu")));
    let path = format!("/api/sessions/{}", made.json()["id"].as_str().unwrap());
    let change = |body| as_user(app.api("PATCH", &path).json(&body), "ann@x");

    let changed = change(json!({"profile": "small"})).send().await.unwrap();
    assert_eq!((changed.status.as_u16(), &changed.json()["profile"]), (200, &json!("small")));
    assert_eq!(as_user(app.api("GET", &path), "ann@x").send().await.unwrap().json()["profile"], "small");
    assert_eq!(change(json!({})).send().await.unwrap().json()["profile"], "small", "an absent field changes nothing");
    assert!(change(json!({"profile": null})).send().await.unwrap().json().get("profile").is_none());
    let lines = audit_log::about(made.json()["id"].as_str().unwrap());
    let choices = lines.iter().filter(|(_, fields)| fields["action"] == "choose-profile");
    assert_eq!(choices.count(), 2, "{lines:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_and_forbidden_profiles_are_refused_alike() {
    let upstream = Upstream::start().await;
    let app = app(&upstream).await;
    let made = as_user(app.api("POST", "/api/sessions").json(&json!({})), "bob@x").send().await.unwrap();
    let path = format!("/api/sessions/{}", made.json()["id"].as_str().unwrap());
    for name in ["huge", "gpu"] {
        for call in [app.api("POST", "/api/sessions"), app.api("PATCH", &path)] {
            let refused = as_user(call.json(&json!({"profile": name})), "bob@x").send().await.unwrap();
            assert_eq!((refused.status.as_u16(), refused.problem()), (400, "unknown-profile".to_owned()));
            let expected = format!("There is no profile “{name}”. There are: small.");
            assert_eq!(refused.json()["detail"], expected.as_str());
        }
    }
    let foreign = as_user(app.api("PATCH", &path).json(&json!({"profile": "small"})), "ann@x").send().await.unwrap();
    assert_eq!((foreign.status.as_u16(), foreign.problem()), (404, "session-not-found".to_owned()));
    let unknown = as_user(app.api("PATCH", &path).json(&json!({"color": "red"})), "bob@x").send().await.unwrap();
    assert_eq!((unknown.status.as_u16(), unknown.problem()), (400, "bad-body".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn group_of_the_login_proxy_allows_a_profile_and_no_session_sees_it() {
    let upstream = Upstream::start().await;
    let own = ["--trusted-proxy-cidrs", "127.0.0.0/8", "--sso-groups-header", "X-Company-Groups"];
    let app = TestApp::start_with(upstream.address, &own).await;
    let text = "profiles:\n  gpu: {allow: {groups: [gpu-users]}}\n  small: {}\n";
    app.fake.profiles.replace(ProfileSet::read(text, &Profile::default(), |_| Vec::new()).unwrap());
    let bob = |call: Call| as_user(call, "bob@x");
    let member = |call: Call| bob(call).header("x-company-groups", "staff,gpu-users");
    let names = async |call: Call| {
        let me = call.send().await.unwrap().json();
        me["profiles"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(bob(app.api("GET", "/api/me"))).await, ["small"]);
    assert_eq!(names(member(app.api("GET", "/api/me"))).await, ["gpu", "small"]);

    let wanted = json!({"profile": "gpu"});
    let create = || app.api("POST", "/api/sessions").json(&wanted);
    assert_eq!(bob(create()).send().await.unwrap().problem(), "unknown-profile");
    let made = member(create()).send().await.unwrap();
    assert_eq!((made.status.as_u16(), &made.json()["profile"]), (201, &json!("gpu")));
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let stored = app.session_of(&id).memo().profile_groups;
    assert!(stored.has("gpu-users") && !stored.has("staff"), "{stored:?}");

    let default = member(app.api("POST", "/api/sessions").json(&json!({}))).send().await.unwrap();
    assert_eq!(default.json()["profile"], "gpu", "a later start does not know the member's default");
    let path = format!("/api/sessions/{id}");
    let change = |name| app.api("PATCH", &path).json(&json!({"profile": name}));
    assert_eq!(bob(change("small")).send().await.unwrap().json()["profile"], "small");
    assert_eq!(bob(change("gpu")).send().await.unwrap().problem(), "unknown-profile");
    assert_eq!(member(change("gpu")).send().await.unwrap().json()["profile"], "gpu");

    member(app.session(&id, "GET", "/echo")).send().await.unwrap();
    assert!(!upstream.sighting("/echo").await.head.to_lowercase().contains("gpu-users"));
    let twice = member(app.api("GET", "/api/me")).header("x-company-groups", "admins").send().await.unwrap();
    assert_eq!((twice.status.as_u16(), twice.problem()), (400, "bad-identity".to_owned()));
}
