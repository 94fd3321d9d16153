//! A credential helper (gitcredentials(7)) that asks the Git of another environment.

use super::own_logins::{COUNT, quoted};

/// The variables that make Git use a helper, in addition to those of its files (git-config(1), since Git 2.31).
const KEY: &str = "GIT_CONFIG_KEY_0";
const VALUE: &str = "GIT_CONFIG_VALUE_0";

/// Variables with which `git` gets credentials from the Git that has this environment. It cannot change them there.
pub fn credentials_from(environment: &[(String, String)]) -> [(&'static str, String); 3] {
    [(COUNT, "1".to_owned()), (KEY, "credential.helper".to_owned()), (VALUE, helper(environment))]
}

/// The helper as a shell function. Git calls it with `get`, `store` or `erase`.
fn helper(environment: &[(String, String)]) -> String {
    let variables: Vec<_> = environment.iter().map(|(name, value)| quoted(&format!("{name}={value}"))).collect();
    let variables = variables.join(" ");
    format!("!f() {{ [ \"$1\" != get ] || {{ cd / && exec env -i {variables} git credential fill; }}; }}; f")
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::path::Path;
    use std::process::{Command, Stdio};

    use super::*;

    /// What `git credential fill` answers for a host with this lent login. `None` if it has no login.
    fn filled(home: &Path, own: &Path) -> Option<String> {
        let path = std::env::var("PATH").unwrap();
        let lent = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let lender = [lent("PATH", &path), lent("HOME", home.to_str().unwrap()), lent("GIT_TERMINAL_PROMPT", "0")];
        let mut git = Command::new("git");
        git.env_clear().env("PATH", &path).env("HOME", own).env("GIT_TERMINAL_PROMPT", "0").env("SECRET", "s");
        git.envs(credentials_from(&lender)).args(["credential", "fill"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = git.stderr(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(b"protocol=https\nhost=h\n\n").unwrap();
        let output = child.wait_with_output().unwrap();
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
    }

    #[test]
    fn login_is_lent_with_nothing_of_the_borrowers_environment() {
        let temp = tempfile::tempdir().unwrap();
        let (home, own) = (temp.path().join("it's \"$HOME\""), temp.path().join("own"));
        std::fs::create_dir(&home).unwrap();
        std::fs::create_dir(&own).unwrap();
        assert_eq!(filled(&home, &own), None);
        let helper = "!f() { env > env-of-helper; echo username=ann; echo password=pw; }; f";
        let helper = helper.replace("env-of-helper", &format!("'{}'", temp.path().join("seen").display()));
        let settings = format!("[credential]\n\thelper = \"{}\"\n", helper.replace('"', "\\\""));
        std::fs::write(home.join(".gitconfig"), settings).unwrap();
        let filled = filled(&home, &own).unwrap();
        assert!(filled.contains("username=ann\npassword=pw\n"), "{filled}");
        let seen = std::fs::read_to_string(temp.path().join("seen")).unwrap();
        assert!(!seen.contains("SECRET") && seen.contains("it's"), "{seen}");
    }
}
