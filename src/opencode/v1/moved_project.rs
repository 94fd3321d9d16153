//! Tells opencode 1 that a project's folder has moved.

use std::path::Path;

use super::super::dialect::Launch;
use super::home_files::variables;

/// The commands that change the folder in opencode's database. `opencode db` runs one statement, and first brings the
/// database to its own version. Without plugins and without the project's configuration: only the database is needed.
pub(in crate::opencode) fn commands(home: &Path, old: &Path, new: &Path) -> Vec<Launch> {
    let (old, new) = (literal(old), literal(new));
    let project = format!("UPDATE project SET worktree = {new} WHERE worktree = {old}");
    // A conversation can be in a folder below the project's.
    let conversations = format!(
        "UPDATE session SET directory = {new} || substr(directory, length({old}) + 1) \
         WHERE directory = {old} OR substr(directory, 1, length({old}) + 1) = {old} || '/'"
    );
    let mut env = variables(home);
    env.push(("OPENCODE_DISABLE_PROJECT_CONFIG", "1".to_owned()));
    let launch = |statement| Launch { args: ["db", "--pure", statement].map(str::to_owned).into(), env: env.clone() };
    [project.as_str(), conversations.as_str()].map(launch).into()
}

/// A string literal of SQL.
fn literal(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_cannot_break_out_of_its_literal() {
        assert_eq!(literal(Path::new("/a'; DROP TABLE session; --")), "'/a''; DROP TABLE session; --'");
    }
}
