//! Addresses of a forge's pages: GitHub, GitLab, Gitea, Forgejo, Bitbucket. Which repository and branch a page is about.

use percent_encoding::percent_decode_str;

use super::Branch;

/// Default branches. Git cannot have the branches `main` and `main/x` at once, so the rest of an address is a file.
const KNOWN_BRANCHES: [&str; 4] = ["main", "master", "develop", "trunk"];

/// A page of a repository.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ForgePage<'a> {
    /// The path of the repository, in parts.
    pub(super) repository: &'a [&'a str],
    /// The branch that the page shows. The error says what the page is instead, as an object: “pull request 3”.
    pub(super) branch: Result<Option<Branch>, String>,
}

impl<'a> ForgePage<'a> {
    /// Reads the parts of a path. `None` if the path is not that of a known page.
    pub(super) fn read(host: &str, parts: &'a [&'a str]) -> Option<Self> {
        // GitLab has subgroups, and marks the end of the repository's path with "-".
        if let Some(end) = parts.iter().position(|part| *part == "-").filter(|end| *end >= 2) {
            let branch = shown(&parts[end + 1..]).unwrap_or(Ok(None));
            return Some(Self { repository: &parts[..end], branch });
        }
        let (repository, page) = parts.split_at_checked(2)?;
        // A repository of GitHub has two parts. On another host, a longer path can be a repository in a subgroup.
        let other = (host == "github.com" && !page.is_empty()).then_some(Ok(None));
        shown(page).or(other).map(|branch| Self { repository, branch })
    }
}

/// The branch of a page, from the parts after the repository. `None` if they are not those of a known page.
fn shown(page: &[&str]) -> Option<Result<Option<Branch>, String>> {
    Some(match page {
        ["src", "branch", rest @ ..] | ["tree" | "commits" | "branch", rest @ ..] if !rest.is_empty() => folder(rest),
        ["blob" | "raw" | "blame" | "edit", rest @ ..] if !rest.is_empty() => file(rest),
        ["pull" | "pulls" | "merge_requests" | "pull-requests", rest @ ..] => {
            Err(format!("pull request {}", number(rest)?))
        }
        ["src", "commit", id, ..] | ["commit", id, ..] if is_commit(id) => Err("a commit".to_owned()),
        ["src", "tag", _, ..] | ["releases", "tag", _, ..] => Err("a tag".to_owned()),
        ["issues", rest @ ..] => {
            number(rest)?;
            Ok(None)
        }
        _ => return None,
    })
}

fn number<'a>(rest: &[&'a str]) -> Option<&'a str> {
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    rest.first().copied().filter(is_number)
}

/// The branch of a folder's page. A branch can have slashes, so all that follows is its name.
fn folder(rest: &[&str]) -> Result<Option<Branch>, String> {
    let name = if is_known(rest) { &rest[..1] } else { rest };
    branch(name).map(Some)
}

/// The branch of a file's page. Between several parts, nobody can tell where the branch ends.
fn file(rest: &[&str]) -> Result<Option<Branch>, String> {
    if is_known(rest) || rest.len() <= 2 { branch(&rest[..1]).map(Some) } else { Err("a file".to_owned()) }
}

fn branch(parts: &[&str]) -> Result<Branch, String> {
    let name = parts.join("/");
    let name = percent_decode_str(&name).decode_utf8_lossy();
    Branch::parse(&name).map_err(|_| "something that is not a branch".to_owned())
}

fn is_known(rest: &[&str]) -> bool {
    rest.first().is_some_and(|first| KNOWN_BRANCHES.contains(first))
}

fn is_commit(id: &str) -> bool {
    id.len() >= 7 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(host: &str, path: &str) -> Option<(String, Result<String, String>)> {
        let parts: Vec<_> = path.split('/').collect();
        let page = ForgePage::read(host, &parts)?;
        let branch = page.branch.map(|branch| branch.map(String::from).unwrap_or_default());
        Some((page.repository.join("/"), branch))
    }

    #[test]
    fn pages_of_a_branch_name_it() {
        let cases = [
            ("o/r/tree/feat/x", "feat/x"),
            ("o/r/tree/main/src/lib", "main"),
            ("o/r/tree/refs/heads/dev", "dev"),
            ("o/r/commits/feat/x", "feat/x"),
            ("o/r/blob/main/src/a.rs", "main"),
            ("o/r/blob/dev/a.rs", "dev"),
            ("o/r/raw/dev/a.rs", "dev"),
            ("o/r/src/branch/feat/x", "feat/x"),
            ("o/r/src/branch/main/a.rs", "main"),
            ("o/r/branch/feat/x", "feat/x"),
            ("o/r/tree/fix%231", "fix#1"),
            ("o/r/issues/7", ""),
        ];
        for (path, branch) in cases {
            for host in ["github.com", "git.example.org"] {
                assert_eq!(read(host, path), Some(("o/r".to_owned(), Ok(branch.to_owned()))), "{host}/{path}");
            }
        }
        for (path, branch) in [("-/tree/main", "main"), ("-/blob/dev/a.rs", "dev"), ("-/issues", ""), ("-", "")] {
            let seen = read("gitlab.com", &format!("group/sub/r/{path}"));
            assert_eq!(seen, Some(("group/sub/r".to_owned(), Ok(branch.to_owned()))), "{path}");
        }
    }

    #[test]
    fn pages_of_something_else_say_what_it_is() {
        let cases = [
            ("o/r/pull/3", "pull request 3"),
            ("o/r/pull/3/files", "pull request 3"),
            ("o/r/pulls/3", "pull request 3"),
            ("o/r/-/merge_requests/4", "pull request 4"),
            ("o/r/pull-requests/5", "pull request 5"),
            ("o/r/commit/0123abc", "a commit"),
            ("o/r/src/commit/0123abcdef/a.rs", "a commit"),
            ("o/r/releases/tag/v1", "a tag"),
            ("o/r/blob/feat/x/a.rs", "a file"),
            ("o/r/tree/a..b", "something that is not a branch"),
        ];
        for (path, what) in cases {
            assert_eq!(read("git.example.org", path), Some(("o/r".to_owned(), Err(what.to_owned()))), "{path}");
        }
    }

    #[test]
    fn other_paths_are_repositories() {
        for path in ["o", "o/r", "group/sub/r", "group/sub/sub/r", "o/r/pull", "o/r/tree", "-/o/r", "o/-/r/x"] {
            assert_eq!(read("git.example.org", path), None, "{path}");
        }
        assert_eq!(read("github.com", "o/r/actions"), Some(("o/r".to_owned(), Ok(String::new()))));
        assert_eq!(read("github.com", "o/r"), None);
    }
}
