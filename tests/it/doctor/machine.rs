//! One machine: each missing part is named, with what to do.

use std::net::TcpListener;

use serde_json::json;

use super::examination::{Examination, path_with};
use crate::support::condition::in_time;

/// The checks that must be good on any machine that runs these tests. Others depend on the machine.
const GOOD: [&str; 7] = ["settings", "git", "opencode", "data-folder", "port", "attach-port", "session-names"];

#[tokio::test(flavor = "multi_thread")]
async fn nothing_has_to_be_done_on_a_good_machine() {
    let examination = Examination::new();
    let report = examination.report(&[]).await;
    assert_eq!((report.code, &report.json["status"]), (Some(0), &json!("ok")), "{report:?}");
    assert_eq!(report.json["version"], env!("CARGO_PKG_VERSION"));
    for name in GOOD {
        report.says(name, "ok", &[]);
        assert_eq!(report.check(name).get("advice"), None, "{name}");
    }
    report.says("forged-identity", "not-checked", &["No router answers"]);
    assert!(!examination.path("data").exists(), "the examination creates no data folder");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_check_is_one_line() {
    let examination = Examination::new().with("OPENCODE_PROGRAM", "/no/such/opencode");
    let output = in_time("it ends", examination.command(&[]).output()).await.unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    let problems: Vec<_> = said.lines().filter(|line| line.starts_with("PROBLEM      opencode   ")).collect();
    assert_eq!(problems.len(), 1, "{said}");
    assert!(problems[0].contains("OPENCODE_PROGRAM"), "{said}");
    assert!(said.contains("\nok           data-folder        "), "{said}");
    assert!(said.trim_end().lines().last().unwrap().starts_with("1 problem"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_setting_is_the_only_finding() {
    let report = Examination::new().with("PORT", "many").report(&[]).await;
    report.has_one_problem("settings", &["PORT", "“many”"]);
    assert_eq!(report.json["checks"].as_array().unwrap().len(), 1, "{report:?}");
    let nobody = Examination::new().without("DEV_EMAIL").report(&[]).await;
    nobody.has_one_problem("settings", &["DEV_EMAIL", "TRUSTED_PROXY_CIDRS"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_or_old_git_is_named() {
    let examination = Examination::new();
    let path = path_with(&examination.path("programs"), &["sh"]);
    let examination = examination.with("PATH", &path);
    examination.report(&[]).await.has_one_problem("git", &["git was not found", "install Git 2.30"]);
    examination.script("programs/git", "echo git version 2.20.1");
    examination.report(&[]).await.has_one_problem("git", &["Git 2.20.1 is too old", "Install Git 2.30"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_or_unsupported_opencode_is_named() {
    let missing = Examination::new().with("OPENCODE_PROGRAM", "/no/such/opencode").report(&[]).await;
    missing.has_one_problem("opencode", &["“/no/such/opencode”", "OPENCODE_PROGRAM"]);
    let examination = Examination::new();
    let newer = examination.script("newer", "echo 2.0.1");
    let newer = examination.with("OPENCODE_PROGRAM", newer.to_str().unwrap()).report(&[]).await;
    newer.has_one_problem("opencode", &["2.0.1", "use an opencode 1 program"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn ports_of_other_programs_are_named() {
    // They accept connections and never answer.
    let others = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let checks = ["port", "attach-port", "metrics-port"];
    let settings = ["PORT", "ATTACH_PORT", "METRICS_PORT"];
    let ports = others.each_ref().map(|other| other.local_addr().unwrap().port().to_string());
    let examination = settings.iter().zip(&ports).fold(Examination::new(), |all, (name, port)| all.with(name, port));
    let report = examination.report(&[]).await;
    assert_eq!((report.code, report.with_status("problem")), (Some(1), checks.to_vec()), "{report:?}");
    for ((check, setting), port) in checks.iter().zip(settings).zip(&ports) {
        let advice = format!("another port with {setting}.");
        report.says(check, "problem", &["Another program listens", &format!(":{port}"), &advice]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unusable_data_folder_is_named() {
    let examination = Examination::new();
    let file = examination.path("file");
    std::fs::write(&file, "").unwrap();
    let below = file.join("data").to_str().unwrap().to_owned();
    let report = examination.with("ROUTER_DATA_DIR", &below).report(&[]).await;
    report.has_one_problem("data-folder", &[&below, "is not a folder", "ROUTER_DATA_DIR"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn public_names_without_dns_are_named() {
    let report = Examination::new().with("ROUTER_DOMAIN", "doctor.invalid").with("ROUTER_PROTO", "https");
    let report = report.report(&[]).await;
    assert_eq!(report.with_status("problem"), ["router-name", "session-names"], "{report:?}");
    report.says("router-name", "problem", &["doctor.invalid", "DNS record"]);
    report.says("session-names", "problem", &["-oc.doctor.invalid", "DNS record *.doctor.invalid"]);
    report.says("session-certificate", "not-checked", &[":443"]);
    report.says("forged-at-proxy", "not-checked", &["https://doctor.invalid:443"]);
}
