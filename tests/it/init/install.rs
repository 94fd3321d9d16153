//! The program copies itself, so that a container of any image can run it.

use tokio::process::Command;

use crate::support::condition::in_time;

#[tokio::test(flavor = "multi_thread")]
async fn the_copy_works_and_replaces_an_older_one() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("opencode-session");
    std::fs::write(&copy, "an older one").unwrap();
    let install = |program: std::path::PathBuf| {
        let mut command = Command::new(program);
        command.arg("install").arg(folder.path());
        async move { in_time("it is copied", command.status()).await.unwrap() }
    };
    assert!(install(env!("CARGO_BIN_EXE_opencode-session").into()).await.success());
    // The copy can also replace itself. A running program's file cannot be overwritten, only replaced.
    assert!(install(copy.clone()).await.success());
    let status = in_time("the copy runs", Command::new(&copy).args(["run", "--", "sh", "-c", "exit 5"]).status()).await;
    assert_eq!(status.unwrap().code(), Some(5));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");

    let status = in_time("it fails", Command::new(&copy).args(["install", "/no/such/folder"]).status()).await.unwrap();
    assert_eq!(status.code(), Some(1));
}
