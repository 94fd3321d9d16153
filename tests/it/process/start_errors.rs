//! If the router cannot start, one sentence names the cause and the fix.

use crate::support::program::{Program, Refusal};

fn says(refusal: &Refusal, words: &[&str]) {
    assert_eq!(refusal.code, Some(1), "{refusal:?}");
    assert_eq!(refusal.said.lines().count(), 1, "one sentence: {}", refusal.said);
    for word in words {
        assert!(refusal.said.contains(word), "{word:?} in {}", refusal.said);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_start_error_is_one_sentence_and_exit_code_1() {
    let program = Program::start().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let elsewhere = elsewhere.path().to_str().unwrap();

    says(&program.refusal(&[]).await, &["ROUTER_DATA_DIR", "another router uses it", program.data().to_str().unwrap()]);
    let port = program.address.port().to_string();
    let taken = program.refusal(&[("PORT", &port), ("ROUTER_DATA_DIR", elsewhere)]).await;
    says(&taken, &["another program listens there", &port, "PORT"]);
    let taken = program.refusal(&[("ATTACH_PORT", &port), ("ROUTER_DATA_DIR", elsewhere)]).await;
    says(&taken, &["another program listens there", &port, "ATTACH_PORT"]);
    says(&program.refusal(&[("PATH", elsewhere)]).await, &["git was not found"]);
    let missing = format!("{elsewhere}/opencode");
    says(&program.refusal(&[("OPENCODE_PROGRAM", &missing)]).await, &["OPENCODE_PROGRAM", &missing]);
    says(&program.refusal(&[("PORT", "many")]).await, &["PORT", "“many”"]);
    says(&program.refusal(&[("DEV_EMAIL", "nobody")]).await, &["DEV_EMAIL"]);
}
