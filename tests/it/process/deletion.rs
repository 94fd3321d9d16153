//! A delete leaves no file, even read-only ones.

use std::os::unix::fs::PermissionsExt;

use http::StatusCode;

use crate::support::opencode;
use crate::support::program::Program;

/// Root may write everywhere, so the test drops that right.
fn with_the_rights_of_a_user() -> &'static [&'static str] {
    let rights = &["setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner"];
    if rustix::process::geteuid().is_root() { rights } else { &[] }
}

#[tokio::test(flavor = "multi_thread")]
async fn delete_ends_the_session_and_removes_read_only_folders() {
    let program = Program::start_by(with_the_rights_of_a_user(), &[], &opencode::stand_in()).await;
    let id = program.ready_project().await;
    let cache = program.session_dir(&id).join("home/go/pkg/mod/module");
    std::fs::create_dir_all(&cache).unwrap();
    std::fs::write(cache.join("file.go"), "package module\n").unwrap();
    for (path, mode) in
        [(cache.join("file.go"), 0o400), (cache.clone(), 0o500), (cache.parent().unwrap().into(), 0o500)]
    {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    let answer = program.api("DELETE", &format!("/api/sessions/{id}")).send().await.unwrap();
    assert!(answer.status.is_success(), "{}: {}", answer.status, answer.text());
    let gone = program.api("GET", &format!("/api/sessions/{id}")).send().await.unwrap();
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    assert!(!program.session_dir(&id).exists());
    let trash: Vec<_> = std::fs::read_dir(program.data().join("trash")).unwrap().collect();
    assert!(trash.is_empty(), "{trash:?}");
    assert!(program.processes_of(&id).is_empty());
}
