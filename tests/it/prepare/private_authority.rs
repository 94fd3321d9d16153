//! A Git server whose certificate comes from a private authority.

use opencode_router::session::Reason;

use super::session_folder::SessionFolder;
use crate::support::git::GitServer;
use crate::support::tls_front::TlsFront;

#[tokio::test(flavor = "multi_thread")]
async fn private_authority_is_trusted_if_git_has_its_file() {
    let git = GitServer::start().await;
    let url = git.repo("team/app").await;
    let front = TlsFront::before(git.address()).await;
    let url = front.url(&url);
    for named in [false, true] {
        let folder = SessionFolder::new();
        let job = if named { folder.clone_job(&url, "feature") } else { folder.default_branch_job(&url) };

        let failure = folder.failed(&job).await;
        assert_eq!(failure.reason, Reason::RepositoryUnreachable, "{failure:?}");
        assert!(failure.message.contains("not trusted") && failure.message.contains("GIT_SSL_CAINFO"), "{failure:?}");

        let mut command = folder.command(&job);
        command.env("GIT_SSL_CAINFO", front.authority());
        let prepared = folder.prepare_by(command).await;
        let branch = prepared.checkout().unwrap_or_else(|| panic!("{}", prepared.printed)).branch.clone();
        assert_eq!(branch.as_str(), if named { "feature" } else { "main" });
    }
}
