//! The command line of opencode 1.

use super::super::dialect::{Launch, Serve};
use super::home_files::variables;

/// The password variable of opencode's server and clients.
pub(in crate::opencode) const PASSWORD: &str = "OPENCODE_SERVER_PASSWORD";

/// Parts of the errors of an unusable database.
const DATABASE_ERRORS: [&str; 6] = [
    "file is not a database",
    "database disk image is malformed",
    "Database is not empty and has no",
    "no such table: ",
    "no such column: ",
    "duplicate column name: ",
];

pub(in crate::opencode) fn launch(serve: &Serve<'_>) -> Launch {
    let port = serve.port.to_string();
    let mut args = vec!["serve", "--hostname", serve.host, "--port", port.as_str()];
    if serve.prints_log {
        args.extend(["--print-logs", "--log-level", "WARN"]);
    }
    let mut env = variables(serve.home);
    env.extend(serve.ignores_project.then(|| ("OPENCODE_DISABLE_PROJECT_CONFIG", "1".to_owned())));
    env.extend(serve.config_file.map(|file| ("OPENCODE_CONFIG", file.to_owned())));
    Launch { args: args.into_iter().map(str::to_owned).collect(), env }
}

/// The line of opencode 1.18 from which on it answers requests.
pub(in crate::opencode) fn says_that_it_listens(line: &str) -> bool {
    line.starts_with("opencode server listening on http")
}

/// The output of opencode 1.18 when it cannot listen.
pub(in crate::opencode) fn port_was_taken(printed: &[String]) -> bool {
    printed.iter().any(|line| line.contains("EADDRINUSE") || line.contains("Is port") || line.contains("ServeError"))
}

/// The last line of opencode 1.18 if it exits because of its database: damaged, or of a version that it cannot migrate.
/// Most are SQLite's own messages (<https://www.sqlite.org/rescode.html>).
pub(in crate::opencode) fn history_error(printed: &[String]) -> Option<&str> {
    let last = printed.last()?;
    let migrates_twice = last.starts_with("table ") && last.ends_with("already exists");
    (migrates_twice || DATABASE_ERRORS.iter().any(|error| last.contains(error))).then_some(last)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn everything_that_it_keeps_is_below_the_home() {
        let home = Path::new("/data/home");
        let serve =
            Serve { host: "127.0.0.1", port: 4097, home, config_file: None, prints_log: true, ignores_project: false };
        let launch = launch(&serve);
        assert_eq!(launch.args[..5], ["serve", "--hostname", "127.0.0.1", "--port", "4097"]);
        let of_home: Vec<_> = launch.env.iter().filter(|(name, _)| name.contains("HOME")).collect();
        assert_eq!(of_home.len(), 5);
        assert!(of_home.iter().all(|(_, value)| value.starts_with("/data/home")), "{of_home:?}");
        assert!(
            !launch.env.iter().any(|(name, _)| ["OPENCODE_CONFIG", "OPENCODE_DISABLE_PROJECT_CONFIG"].contains(name))
        );
    }

    #[test]
    fn an_unusable_database_is_recognised_by_the_last_line() {
        let printed = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
        for error in [
            "file is not a database",
            "database disk image is malformed",
            "table `project` already exists",
            "Database is not empty and has no session table",
        ] {
            assert_eq!(history_error(&printed(&["Error: Unexpected error", error])), Some(error));
        }
        let other = printed(&["level=ERROR error=\"SQLiteError: no such table: project\"", "Killed"]);
        assert_eq!(history_error(&other), None);
        assert_eq!(history_error(&printed(&["EEXIST: file already exists"])), None);
    }

    #[test]
    fn a_taken_port_is_recognised() {
        let printed = |line: &str| [line.to_owned()];
        assert!(port_was_taken(&printed("Failed to start server. Is port 4096 in use?")));
        assert!(!port_was_taken(&printed("Error: Cannot find module")));
    }
}
