//! Changes to the repositories of a git host.

use super::git::GitServer;
use super::git_import::{commit, file};
use super::git_run::{git, output, run};

impl GitServer {
    /// Adds a commit that writes one file on top of an existing branch.
    pub(crate) async fn commit(&self, name: &str, branch: &str, path: &str, content: &str) {
        let from = format!("refs/heads/{branch}^0");
        self.host.import(name, &commit(branch, Some(&from), &[file(path, content)])).await;
    }

    /// Begins a branch on top of `main`, with one file more.
    pub(crate) async fn branch(&self, name: &str, branch: &str, path: &str) {
        self.host.import(name, &commit(branch, Some("refs/heads/main^0"), &[file(path, "New.\n")])).await;
    }

    /// Adds submodules to a repository's `main`: folder, address, and the repository whose `main` it is.
    pub(crate) async fn submodules(&self, name: &str, submodules: &[(&str, &str, &str)]) {
        let mut files = String::new();
        let mut links = String::new();
        for (path, url, of) in submodules {
            files.push_str(&format!("[submodule \"{path}\"]\n\tpath = {path}\n\turl = {url}\n"));
            let head = output(git(["-C"]).arg(self.host.path(of)).args(["rev-parse", "refs/heads/main"]), &[]).await;
            let head = String::from_utf8(head.unwrap()).unwrap();
            links.push_str(&format!("M 160000 {} {path}\n", head.trim()));
        }
        let mut script = commit("main", Some("refs/heads/main^0"), &[file(".gitmodules", files)]);
        script.extend(links.bytes());
        self.host.import(name, &script).await;
    }

    /// From now on knows no filter of partial clones for this repository.
    pub(crate) async fn forget_filters(&self, name: &str) {
        let setting = ["config", "uploadpack.allowFilter", "false"];
        run(git(["-C"]).arg(self.host.path(name)).args(setting), &[]).await;
    }

    /// Makes this branch the default branch of a repository. Without a name, its HEAD is the commit before the last of `main`.
    pub(crate) async fn default_branch(&self, name: &str, branch: Option<&str>) {
        let path = self.host.path(name);
        let head = branch.map(|branch| format!("refs/heads/{branch}"));
        let set = match &head {
            Some(head) => vec!["symbolic-ref", "HEAD", head],
            None => vec!["update-ref", "--no-deref", "HEAD", "refs/heads/main^"],
        };
        run(git(["-C"]).arg(path).args(set), &[]).await;
    }
}
