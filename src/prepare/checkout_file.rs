//! The file in a project that says what the first preparation checked out. It appears together with the project.

use std::io::{self, Read};
use std::path::Path;

use crate::session::Checkout;

/// Its name, in a folder that belongs to Git but is no part of the history.
const FILE: &str = ".git/opencode-router-checkout.json";
/// Size limit, in bytes. The session can change the file.
const LARGEST: u64 = 2048;

/// Writes it into a repository.
pub(super) fn write(repository: &Path, checkout: &Checkout) -> io::Result<()> {
    std::fs::write(repository.join(FILE), serde_json::to_vec(checkout)?)
}

/// Reads it. `None` if there is none, as in a project of an earlier release, or if it is unreadable.
pub(super) fn read(project: &Path) -> Option<Checkout> {
    let path = project.join(FILE);
    // Opening a named pipe would wait for its writer.
    path.symlink_metadata().ok().filter(|metadata| metadata.is_file())?;
    let mut text = String::new();
    std::fs::File::open(path).ok()?.take(LARGEST).read_to_string(&mut text).ok()?;
    let checkout: Checkout = serde_json::from_str(&text).ok()?;
    Some(checkout.known_part())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::Branch;

    #[test]
    fn only_a_small_plain_file_is_read() {
        let project = tempfile::tempdir().unwrap();
        std::fs::create_dir(project.path().join(".git")).unwrap();
        assert_eq!(read(project.path()), None);
        let checkout = Checkout { submodules: true, ..Checkout::of(Branch::parse("main").unwrap()) };
        write(project.path(), &checkout).unwrap();
        assert_eq!(read(project.path()), Some(checkout));
        let file = project.path().join(FILE);
        for written in
            ["", "{}", r#"{"branch":"-x"}"#, &format!("{{\"branch\":\"a\",\"more\":\"{}\"}}", "x".repeat(2048))]
        {
            std::fs::write(&file, written).unwrap();
            assert_eq!(read(project.path()), None, "{written}");
        }
        std::fs::rename(&file, project.path().join("elsewhere")).unwrap();
        std::os::unix::fs::symlink(project.path().join("elsewhere"), &file).unwrap();
        assert_eq!(read(project.path()), None);
    }
}
