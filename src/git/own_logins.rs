//! The session owner's logins for Git servers, and the credential helper (gitcredentials(7)) that gives them to Git.
//!
//! The file of logins may change while the session runs. Git asks the helper each time.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use serde::{Deserialize, Serialize};

use super::GitOrigin;

/// The environment variable with the path of the file of logins.
pub const LOGINS_VARIABLE: &str = "OPENCODE_SESSION_GIT_LOGINS";
/// The argument that makes this program a credential helper.
pub const ARGUMENT: &str = "credential";
/// Size limit of the file, in bytes. A Kubernetes Secret has at most 1 MiB.
const LARGEST_FILE: u64 = 1024 * 1024;
/// Size limit of Git's question, in bytes.
const LONGEST_QUESTION: u64 = 64 * 1024;
/// The variable with the number of entries of Git's configuration in the environment (git-config(1), since Git 2.31).
pub(super) const COUNT: &str = "GIT_CONFIG_COUNT";
/// Limit for these entries.
const MOST_ENTRIES: usize = 1000;

/// The file of logins.
#[derive(Default, Deserialize)]
pub struct LoginsFile {
    /// The logins, one for each server.
    pub logins: Vec<WrittenLogin>,
}

/// A login for a Git server.
#[derive(Serialize, Deserialize)]
pub struct WrittenLogin {
    /// The server; see [`GitOrigin`].
    pub origin: String,
    /// The user name.
    pub username: String,
    /// The token or password.
    pub token: String,
}

/// Answers Git's question on standard input from the file in [`LOGINS_VARIABLE`]. Answers only `get`, and only for a
/// server of the file. Without an answer, Git asks its other helpers.
pub fn answer_git(operation: &str) -> ExitCode {
    let answer = || {
        let path = std::env::var_os(LOGINS_VARIABLE)?;
        let mut question = String::new();
        io::stdin().take(LONGEST_QUESTION).read_to_string(&mut question).ok()?;
        answer(&question, &read(Path::new(&path)))
    };
    if operation == "get"
        && let Some(answer) = answer()
        && io::stdout().write_all(answer.as_bytes()).is_err()
    {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// The logins in a file; empty if it cannot be read: Git then says that it has no login.
fn read(path: &Path) -> LoginsFile {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(LARGEST_FILE).read_to_string(&mut text));
    read.ok().and_then(|_| serde_json::from_str(&text).ok()).unwrap_or_default()
}

fn answer(question: &str, file: &LoginsFile) -> Option<String> {
    let asked = |name: &str| question.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    let origin = GitOrigin::parse(&format!("{}://{}", asked("protocol")?, asked("host")?)).ok()?;
    let login = file.logins.iter().find(|login| login.origin == origin.as_str())?;
    let fits = asked("username").is_none_or(|wanted| wanted == login.username);
    let plain = |text: &str| !text.contains(['\n', '\0']);
    (fits && plain(&login.username) && plain(&login.token))
        .then(|| format!("username={}\npassword={}\n", login.username, login.token))
}

/// The variables with which Git asks this program for logins, if [`LOGINS_VARIABLE`] names a file. Other entries of Git's
/// configuration in the environment stay.
pub fn environment() -> Vec<(String, String)> {
    let Some(path) = std::env::var_os(LOGINS_VARIABLE) else { return Vec::new() };
    with_helper(&read(Path::new(&path)), |name| std::env::var(name).ok())
}

/// Lets Git in this environment use the logins in `file`.
pub fn lend(env: &mut Vec<(String, String)>, file: &Path) {
    let now = |name: &str| env.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let mut added = with_helper(&read(file), now);
    added.push((LOGINS_VARIABLE.to_owned(), file.display().to_string()));
    env.retain(|(name, _)| added.iter().all(|(other, _)| other != name));
    env.extend(added);
}

/// Adds the helper to the entries that `now` has (git-config(1), `GIT_CONFIG_COUNT`). For a server of the file, it is the
/// only helper: Git tells each helper the logins that worked, and others would keep them. For all other servers, it comes
/// first, because the file may get more servers.
fn with_helper(file: &LoginsFile, now: impl Fn(&str) -> Option<String>) -> Vec<(String, String)> {
    let Ok(program) = std::env::current_exe() else { return Vec::new() };
    // The system says so if an upgrade replaced the file (proc(5)). The new program answers too.
    let program = program.display().to_string();
    let helper = format!("!{} {ARGUMENT}", quoted(program.trim_end_matches(" (deleted)")));
    let count = now(COUNT).and_then(|count| count.parse().ok()).unwrap_or_default();
    let mut entries = vec![("credential.helper".to_owned(), helper.clone())];
    entries.extend(
        (0..usize::min(count, MOST_ENTRIES))
            .filter_map(|n| Some((now(&format!("GIT_CONFIG_KEY_{n}"))?, now(&format!("GIT_CONFIG_VALUE_{n}"))?))),
    );
    for login in &file.logins {
        let Ok(origin) = GitOrigin::parse(&login.origin) else { continue };
        // An empty value empties the list.
        entries.extend([String::new(), helper.clone()].map(|value| (format!("credential.{origin}.helper"), value)));
    }
    let mut variables = vec![(COUNT.to_owned(), entries.len().to_string())];
    for (n, (key, value)) in entries.into_iter().enumerate() {
        variables.extend([(format!("GIT_CONFIG_KEY_{n}"), key), (format!("GIT_CONFIG_VALUE_{n}"), value)]);
    }
    variables
}

/// The text as one word of a shell command.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(logins: &[(&str, &str, &str)]) -> LoginsFile {
        let logins = logins.iter().map(|(origin, username, token)| WrittenLogin {
            origin: (*origin).to_owned(),
            username: (*username).to_owned(),
            token: (*token).to_owned(),
        });
        LoginsFile { logins: logins.collect() }
    }

    #[test]
    fn only_the_server_of_a_login_gets_it() {
        let file = file(&[("https://a.org", "ann", "t1"), ("http://b.org:3000", "git", "t2")]);
        let ask = |question: &str| answer(question, &file);
        assert_eq!(ask("protocol=https\nhost=a.org\n").as_deref(), Some("username=ann\npassword=t1\n"));
        assert_eq!(ask("protocol=https\nhost=A.org:443\npath=x\n").as_deref(), Some("username=ann\npassword=t1\n"));
        assert_eq!(ask("protocol=http\nhost=b.org:3000\n").as_deref(), Some("username=git\npassword=t2\n"));
        for other in [
            "protocol=http\nhost=a.org\n",
            "protocol=https\nhost=a.org.evil\n",
            "protocol=https\nhost=a.org:8443\n",
            "protocol=https\nhost=b.org:3000\n",
            "protocol=https\nhost=a.org\nusername=bob\n",
            "host=a.org\n",
            "protocol=https\nhost=x@a.org\n",
            "",
        ] {
            assert_eq!(ask(other), None, "{other}");
        }
    }

    #[test]
    fn token_with_a_line_end_adds_no_line() {
        let file = file(&[("https://a.org", "ann", "t\nquit=1")]);
        assert_eq!(answer("protocol=https\nhost=a.org\n", &file), None);
    }

    #[test]
    fn helper_comes_first_and_other_entries_stay() {
        let mut env: Vec<_> = [
            ("A", "1"),
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_CONFIG_KEY_0", "url.x.insteadOf"),
            ("GIT_CONFIG_VALUE_0", "y"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        lend(&mut env, Path::new("/logins"));
        let value = |name: &str| {
            let mut all = env.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
            (all.next(), all.next())
        };
        assert_eq!(value("A"), (Some("1"), None));
        assert_eq!(value("GIT_CONFIG_COUNT"), (Some("2"), None));
        assert_eq!(value("GIT_CONFIG_KEY_0"), (Some("credential.helper"), None));
        assert!(value("GIT_CONFIG_VALUE_0").0.unwrap().ends_with(" credential"));
        assert_eq!((value("GIT_CONFIG_KEY_1").0, value("GIT_CONFIG_VALUE_1").0), (Some("url.x.insteadOf"), Some("y")));
        assert_eq!(value(LOGINS_VARIABLE), (Some("/logins"), None));
    }

    /// What a real Git asks for these helpers: those that it tells a login that worked.
    #[test]
    fn no_other_helper_is_told_a_login_of_the_file() {
        let temp = tempfile::tempdir().unwrap();
        let told = temp.path().join("told");
        let other = format!("!f() {{ cat >> '{}'; }}; f", told.display());
        let entries = [(COUNT, "1"), ("GIT_CONFIG_KEY_0", "credential.helper"), ("GIT_CONFIG_VALUE_0", &other)];
        let logins = file(&[("https://a.org", "ann", "t1")]);
        let now = |name: &str| entries.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let variables = with_helper(&logins, now);
        let approve = |host: &str| {
            let mut git = std::process::Command::new("git");
            git.args(["credential", "approve"]).stdin(std::process::Stdio::piped()).stderr(std::process::Stdio::null());
            let mut git = git.env("GIT_CONFIG_GLOBAL", "/dev/null").envs(variables.clone()).spawn().unwrap();
            let text = format!("protocol=https\nhost={host}\nusername=ann\npassword=t1\n\n");
            git.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
            git.wait().unwrap();
            std::fs::read_to_string(&told).unwrap_or_default()
        };
        assert_eq!(approve("a.org"), "");
        assert!(approve("b.org").contains("host=b.org"));
    }
}
