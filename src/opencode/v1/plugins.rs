//! The plugins of opencode 1: npm packages, installed by the program that opencode is built with.

use std::path::Path;

use super::super::dialect::Launch;

/// Makes opencode's program work as Bun (<https://bun.com/docs/bundler/executables>).
const AS_BUN: (&str, &str) = ("BUN_BE_BUN", "1");

/// Scripts of packages do not run: they would see the registry's token.
pub(in crate::opencode) fn install(folder: &Path, packages: &[String]) -> Launch {
    let folder = folder.display().to_string();
    let mut args =
        ["add", "--exact", "--ignore-scripts", "--no-progress", "--cwd", &folder].map(str::to_owned).to_vec();
    args.extend(packages.iter().cloned());
    Launch { args, env: vec![(AS_BUN.0, AS_BUN.1.to_owned())] }
}

/// opencode loads a package from its folder, and then fetches nothing.
pub(in crate::opencode) fn installed(folder: &Path, packages: &[String]) -> Vec<String> {
    let modules = folder.join("node_modules");
    let names = packages.iter().map(|package| package.rsplit_once('@').map_or(package.as_str(), |(name, _)| name));
    names.map(|name| format!("file://{}", modules.join(name).display())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_loaded_from_its_folder() {
        let packages = ["@corp/opencode-plugin@1.0.0".to_owned(), "other@2.0.0-rc.1".to_owned()];
        let installed = installed(Path::new("/data/plugins/x"), &packages);
        let names = ["@corp/opencode-plugin", "other"];
        let expected = names.map(|name| format!("file:///data/plugins/x/node_modules/{name}"));
        assert_eq!(installed, expected);
    }
}
