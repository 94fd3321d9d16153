//! The tools folder: the programs that a session brings into an image of its own. See `deploy/images/tools`.
//!
//! ```text
//! bin/                 opencode-session, git, rg, ssh
//! opencode/<variant>/  opencode, for a C library and processor
//! lib/ libexec/ etc/   what these need
//! ```

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use super::OWN_PROGRAM;
use crate::private_files::copy_tree;

/// The folder of programs.
const PROGRAMS: &str = "bin";
/// The folder of opencode's variants.
const OPENCODE: &str = "opencode";

/// A tools folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolsFolder {
    root: PathBuf,
}

/// Which programs a search path finds first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum First {
    /// The folder's own.
    Tools,
    /// Those of the path. Only opencode is always the folder's own.
    Path,
}

impl ToolsFolder {
    /// The tools folder that this program is a part of.
    pub fn own() -> Option<Self> {
        Self::with_program(&std::fs::read_link(OWN_PROGRAM).ok()?)
    }

    fn with_program(program: &Path) -> Option<Self> {
        let programs = program.parent().filter(|folder| folder.ends_with(PROGRAMS))?;
        let root = programs.parent()?.to_owned();
        root.join(OPENCODE).is_dir().then_some(Self { root })
    }

    /// Copies the folder to `target`: of opencode's variants, only the one that this processor runs.
    pub fn copy_to(&self, target: &Path) -> io::Result<()> {
        let variants = self.root.join(OPENCODE);
        let chosen = self.opencode().ok_or_else(|| io::Error::other("it has no opencode for this processor"))?;
        // With their times: a preparation asks a program of another time for its version, which takes a second.
        copy_tree(&self.root, target, &|path| path.parent() != Some(&variants) || path == chosen)
    }

    /// The file with the certificates of public authorities.
    pub fn certificates(&self) -> PathBuf {
        self.root.join("etc/ssl/certs/ca-certificates.crt")
    }

    /// The folder of programs.
    pub(super) fn programs(&self) -> PathBuf {
        self.root.join(PROGRAMS)
    }

    /// The tools folder at this path.
    #[cfg(test)]
    pub(super) fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// The folder of the variant of opencode that this processor runs. Those for glibc bring their libraries, so they
    /// run in each image.
    fn opencode(&self) -> Option<PathBuf> {
        let variants = if has_avx2() { ["glibc", "musl"] } else { ["glibc-baseline", "musl-baseline"] };
        let folders = variants.map(|name| self.root.join(OPENCODE).join(name));
        folders.into_iter().find(|folder| folder.join("opencode").is_file())
    }

    /// The search path `path` with this folder's programs. `None` if `path` has them already.
    pub fn search_path(&self, first: First, path: Option<&OsStr>) -> Option<OsString> {
        let opencode = self.opencode()?;
        let old: Vec<_> = path.map(|path| std::env::split_paths(path).collect()).unwrap_or_default();
        if old.first() == Some(&opencode) {
            return None;
        }
        let place = if first == First::Tools { 0 } else { old.len() };
        let (before, after) = old.split_at(place);
        let all = [std::slice::from_ref(&opencode), before, &[self.programs()], after].concat();
        std::env::join_paths(all).ok()
    }
}

/// Whether opencode's usual programs run. Those for amd64 need AVX2.
fn has_avx2() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::is_x86_feature_detected!("avx2");
    #[cfg(not(target_arch = "x86_64"))]
    return true;
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn folder(variants: &[&str]) -> (tempfile::TempDir, ToolsFolder) {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().join("image");
        for name in ["bin/opencode-session", "bin/git", "etc/gitconfig"] {
            write(&root.join(name));
        }
        for variant in variants {
            write(&root.join("opencode").join(variant).join("opencode"));
        }
        let found = ToolsFolder::with_program(&root.join("bin/opencode-session"));
        (temp, found.unwrap_or(ToolsFolder { root }))
    }

    fn write(path: &Path) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "x").unwrap();
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o555)).unwrap();
    }

    /// The variant for this processor, and one for another.
    fn variants() -> [&'static str; 2] {
        if has_avx2() { ["glibc", "glibc-baseline"] } else { ["glibc-baseline", "glibc"] }
    }

    #[test]
    fn a_copy_has_one_opencode_and_can_be_made_twice() {
        let (temp, tools) = folder(&variants());
        symlink("git", tools.root.join("bin/link")).unwrap();
        let target = temp.path().join("tools");
        for _ in 0..2 {
            tools.copy_to(&target).unwrap();
        }
        let [original, copied] = [&tools.root, &target].map(|root| root.join("bin/git").metadata().unwrap());
        assert_eq!(copied.permissions().mode() & 0o777, 0o555);
        assert_eq!(copied.modified().unwrap(), original.modified().unwrap());
        assert_eq!(std::fs::read_link(target.join("bin/link")).unwrap(), Path::new("git"));
        let copied = variants().map(|variant| target.join("opencode").join(variant).exists());
        assert_eq!(copied, [true, false]);
        let copy = ToolsFolder::with_program(&target.join("bin/opencode-session")).unwrap();
        assert_eq!(copy.opencode(), Some(target.join("opencode").join(variants()[0])));
    }

    #[test]
    fn an_image_without_an_opencode_for_this_processor_is_said() {
        let (temp, tools) = folder(&[variants()[1]]);
        let error = tools.copy_to(&temp.path().join("tools")).unwrap_err();
        assert_eq!(error.to_string(), "it has no opencode for this processor");
    }

    #[test]
    fn a_program_of_another_folder_has_no_tools() {
        let (temp, _) = folder(&[]);
        assert_eq!(ToolsFolder::with_program(&temp.path().join("image/bin/opencode-session")), None);
        let (temp, _) = folder(&variants());
        assert_eq!(ToolsFolder::with_program(&temp.path().join("image/etc/opencode-session")), None);
    }

    #[test]
    fn programs_of_the_image_are_found_first_except_opencode() {
        let (_temp, tools) = folder(&variants());
        let (own, opencode) = (tools.root.join("bin"), tools.opencode().unwrap());
        let path = |first| tools.search_path(first, Some(OsStr::new("/usr/bin:/bin"))).unwrap();
        let (own, opencode) = (own.display(), opencode.display());
        assert_eq!(path(First::Tools), *format!("{opencode}:{own}:/usr/bin:/bin"));
        assert_eq!(path(First::Path), *format!("{opencode}:/usr/bin:/bin:{own}"));
        assert_eq!(tools.search_path(First::Path, Some(&path(First::Path))), None);
        assert_eq!(tools.search_path(First::Path, None).unwrap(), *format!("{opencode}:{own}"));
    }
}
