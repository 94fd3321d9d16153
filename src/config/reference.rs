//! Generates docs/settings.md from the definitions of the settings.

use std::fmt::Write;

use clap::CommandFactory;

use super::Config;

/// Markdown: a table for each group of settings.
pub fn reference() -> String {
    let command = Config::command();
    let mut text = String::from(
        "# Settings\n\nEach setting is an environment variable and a flag. The flag wins. With a wrong value, the router \
         does not start and names the setting.\n`make docs` generates this page from the code; a test checks it.\n",
    );
    let mut heading = "";
    for setting in command.get_arguments().filter(|setting| !setting.is_hide_set()) {
        let Some(variable) = setting.get_env().and_then(|variable| variable.to_str()) else { continue };
        let group = setting.get_help_heading().unwrap_or("Other");
        if group != heading {
            let _ = write!(text, "\n## {group}\n\n| variable | flag | default | meaning |\n|---|---|---|---|\n");
            heading = group;
        }
        let defaults: Vec<_> = setting.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
        let default = if defaults.is_empty() { String::new() } else { format!("`{}`", defaults.join(",")) };
        let flag = setting.get_long().unwrap_or_default();
        let help =
            setting.get_help().map(ToString::to_string).unwrap_or_default().replace('|', "\\|").replace('<', "&lt;");
        let _ = writeln!(text, "| `{variable}` | `--{flag}` | {default} | {help} |");
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn settings_page_is_up_to_date() {
        let written = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/settings.md")).unwrap();
        assert!(written == super::reference(), "docs/settings.md is out of date: run `make docs`");
    }
}
