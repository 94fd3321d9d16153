//! Beside a router that runs: its ports and its folder are no problem, and it must not believe strangers.

use super::examination::{Examination, Report};
use crate::support::app::TestApp;
use crate::support::program::Program;
use crate::support::upstream::Upstream;

#[tokio::test(flavor = "multi_thread")]
async fn ports_and_folder_of_a_running_router_are_good() {
    let program = Program::start_on_fixed_port().await;
    let report = Examination::new()
        .with("PORT", &program.address.port().to_string())
        .with("ATTACH_PORT", &program.attach.port().to_string())
        .with("ROUTER_DATA_DIR", program.data().to_str().unwrap())
        .report(&[])
        .await;
    assert_eq!(report.code, Some(0), "{report:?}");
    report.says("port", "ok", &["A router that runs listens"]);
    report.says("attach-port", "ok", &["A router that runs listens"]);
    report.says("data-folder", "ok", &["A router that runs uses"]);
    report.says("forged-identity", "ok", &["does not believe"]);
}

/// The examination of a router with one setting for trusted proxies, by someone whose setting is another one.
async fn examined(router_trusts: &str, setting: &str) -> Report {
    let upstream = Upstream::start().await;
    let arguments = ["--trusted-proxy-cidrs", router_trusts, "--metrics-port", "0"];
    let app = TestApp::start_with(upstream.address, &arguments).await;
    Examination::new()
        .without("DEV_EMAIL")
        .with("TRUSTED_PROXY_CIDRS", setting)
        .with("PORT", &app.address.port().to_string())
        .with("METRICS_PORT", &app.metrics.unwrap().port().to_string())
        .report(&[])
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn router_that_believes_only_its_login_proxy_is_good() {
    let report = examined("10.0.0.0/8", "10.0.0.0/8").await;
    report.says("forged-identity", "ok", &["does not believe", "401"]);
    report.says("metrics-port", "ok", &["A router that runs listens"]);
    assert_eq!(report.code, Some(0), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn believed_address_of_this_machine_is_named() {
    let report = examined("127.0.0.1/32", "127.0.0.1/32").await;
    report.says("forged-identity", "not-checked", &["every program that connects from 127.0.0.1", "port-forward"]);
    assert_eq!(report.code, Some(0), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn router_that_believes_strangers_is_a_problem() {
    let report = examined("127.0.0.0/8", "127.0.0.1/32").await;
    report.has_one_problem("forged-identity", &["can act as any user", "TRUSTED_PROXY_CIDRS"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_stranger_address_nothing_is_claimed() {
    let report = examined("127.0.0.0/8", "127.0.0.0/8,::1").await;
    report.says("forged-identity", "not-checked", &["trusted login proxies"]);
}
