//! The Secrets and ConfigMaps that profiles name, on one machine: files in the folder PROFILE_ENTRIES_DIR.
//!
//! ```text
//! <folder>/<name>/<key>   the entry <key> of the Secret or ConfigMap <name>
//! ```

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use crate::profiles::{CurrentProfiles, Variable};

/// Size limit of an entry, in bytes. A ConfigMap has at most 1 MiB.
const LARGEST: u64 = 1024 * 1024;
/// The rights of users who are neither the owner nor in the file's group.
const OTHERS: u32 = 0o007;

/// The profiles of sessions on one machine.
#[derive(Clone, Debug, Default)]
pub struct MachineProfiles {
    /// The profiles. None if there is no choice.
    pub current: CurrentProfiles,
    /// The folder with the entries that profiles name.
    pub entries: Option<PathBuf>,
}

impl MachineProfiles {
    /// The content of an entry. `None` if it may be missing, and is.
    pub(super) fn entry(&self, object: &str, key: &str, optional: bool) -> io::Result<Option<Vec<u8>>> {
        let path = self.object(object)?.join(one_component(key)?);
        let mut file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && optional => return Ok(None),
            Err(error) => {
                return Err(wrong(&path, &format!("cannot be read ({error}). The profile needs it: create it")));
            }
            Ok(file) => file,
        };
        let metadata = file.metadata()?;
        let mode = metadata.permissions().mode();
        if mode & OTHERS != 0 {
            let why = format!("is open to other users (mode {:03o}). Run chmod o-rwx on it", mode & 0o777);
            return Err(wrong(&path, &why));
        }
        if !metadata.is_file() || metadata.len() > LARGEST {
            return Err(wrong(&path, &format!("is not a file of at most {LARGEST} bytes")));
        }
        let mut content = Vec::new();
        file.by_ref().take(LARGEST).read_to_end(&mut content)?;
        Ok(Some(content))
    }

    /// The values of these variables.
    pub(super) fn values(&self, variables: &[Variable]) -> io::Result<Vec<(String, String)>> {
        let mut values = Vec::new();
        for variable in variables {
            match variable {
                Variable::Value { name, value } => values.push((name.clone(), value.clone())),
                Variable::Entry { name, object, key, optional } => {
                    values.extend(self.text(object, key, *optional)?.map(|value| (name.clone(), value)));
                }
                Variable::All { prefix, object, optional } => {
                    for key in self.keys(object, *optional)? {
                        values
                            .extend(self.text(object, &key, *optional)?.map(|value| (format!("{prefix}{key}"), value)));
                    }
                }
            }
        }
        Ok(values)
    }

    /// An entry as the value of a variable: without the line end that editors add.
    fn text(&self, object: &str, key: &str, optional: bool) -> io::Result<Option<String>> {
        let Some(content) = self.entry(object, key, optional)? else { return Ok(None) };
        let text = String::from_utf8(content).ok().filter(|text| !text.contains('\0'));
        let mut text = text.ok_or_else(|| io::Error::other(format!("the entry {key} of {object} is not a text")))?;
        if text.ends_with('\n') {
            text.pop();
        }
        Ok(Some(text))
    }

    /// The entries that can be variables, as in a Pod.
    fn keys(&self, object: &str, optional: bool) -> io::Result<Vec<String>> {
        let folder = self.object(object)?;
        let entries = match std::fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && optional => return Ok(Vec::new()),
            Err(error) => {
                return Err(wrong(&folder, &format!("cannot be read ({error}). The profile needs it: create it")));
            }
            Ok(entries) => entries,
        };
        let is_variable = |name: &String| {
            let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            name.bytes().all(good) && !name.starts_with(|first: char| first.is_ascii_digit())
        };
        let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let mut keys: Vec<_> = names.filter(is_variable).collect();
        keys.sort();
        Ok(keys)
    }

    fn object(&self, object: &str) -> io::Result<PathBuf> {
        let folder = self.entries.as_ref().ok_or_else(|| {
            let what = "set it to a folder with the files <name>/<key>";
            io::Error::other(format!("the profile names “{object}”, and PROFILE_ENTRIES_DIR is not set: {what}"))
        })?;
        Ok(folder.join(one_component(object)?))
    }
}

fn wrong(path: &Path, why: &str) -> io::Error {
    io::Error::other(format!("{} {why}", path.display()))
}

fn one_component(name: &str) -> io::Result<&str> {
    let mut components = Path::new(name).components();
    match (components.next(), components.next()) {
        (Some(Component::Normal(_)), None) => Ok(name),
        _ => Err(io::Error::other(format!("“{name}” is not the name of a Secret, a ConfigMap or an entry"))),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn write(path: &Path, text: &str, mode: u32) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn entries_are_files_that_others_cannot_read() {
        let temp = tempfile::tempdir().unwrap();
        let profiles = MachineProfiles { entries: Some(temp.path().to_owned()), ..MachineProfiles::default() };
        write(&temp.path().join("keys/TOKEN"), "secret\n", 0o600);
        write(&temp.path().join("keys/not-a-variable"), "x", 0o600);
        write(&temp.path().join("open/TOKEN"), "secret", 0o644);
        let all = |object: &str| Variable::All { prefix: "A_".to_owned(), object: object.to_owned(), optional: false };
        assert_eq!(profiles.values(&[all("keys")]).unwrap(), [("A_TOKEN".to_owned(), "secret".to_owned())]);
        let refused = |object: &str, key: &str| profiles.entry(object, key, false).unwrap_err().to_string();
        assert!(refused("open", "TOKEN").contains("is open to other users (mode 644)"));
        assert!(refused("keys", "OTHER").contains("The profile needs it: create it"));
        for name in ["..", "a/b", "", "/etc"] {
            assert!(refused(name, "x").contains("is not the name of"), "{name}");
            assert!(refused("keys", name).contains("is not the name of"), "{name}");
        }
        assert_eq!(profiles.entry("keys", "OTHER", true).unwrap(), None);
        let said = MachineProfiles::default().entry("keys", "TOKEN", false).unwrap_err().to_string();
        assert!(said.contains("PROFILE_ENTRIES_DIR is not set"), "{said}");
    }
}
