//! `opencode-router check-config` and `profile-schema`.

use std::path::Path;
use std::process::Command;

/// The program's status and all that it printed. It gets no settings from the environment.
fn program(arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_opencode-router"));
    let output = command.args(arguments).env_clear().output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

fn check(text: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("profiles.yaml");
    std::fs::write(&file, text).unwrap();
    let (status, said) = program(&["check-config", file.to_str().unwrap()]);
    (status, said.replace(file.to_str().unwrap(), "FILE"))
}

#[test]
fn valid_file_is_told_with_its_profiles() {
    let text = "profiles:\n  base: {abstract: true, image: box:1}\n  devbox: {extends: base}\n  gpu: {extends: base, allow: {domains: [x.org]}}\n";
    assert_eq!(check(text), (Some(0), "Profiles: devbox, gpu (for some users).\n".to_owned()));
}

/// The lines of a block in a list, without the list's indentation.
fn without_indent(block: &str) -> String {
    let indent = block.len() - block.trim_start().len();
    block.lines().map(|line| format!("{}\n", line.get(indent..).unwrap_or_default())).collect()
}

#[test]
fn examples_of_the_documentation_are_valid() {
    for page in ["docs/profiles.md", "docs/images.md"] {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(page)).unwrap();
        let blocks = text.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
        let examples: Vec<_> = blocks.map(without_indent).filter(|block| block.starts_with("profiles:")).collect();
        assert!(!examples.is_empty(), "{page} has no example");
        for example in examples {
            let (status, said) = check(&example);
            assert_eq!(status, Some(0), "{page}: {said}{example}");
        }
    }
}

#[test]
fn mistakes_are_told_with_their_lines() {
    let (status, said) = check("profiles:\n  a:\n    imgae: x\n  b:\n    tolerations: [{kee: x}]\n");
    assert_eq!(status, Some(1));
    let expected = "opencode-router: FILE is wrong:\n\
                    line 3: profile “a”: imgae: there is no field “imgae”. Did you mean “image”?\n\
                    line 5: profile “b”: tolerations[0].kee: there is no field “kee”. Did you mean “key”?\n";
    assert_eq!(said, expected);
    let (status, said) = check("profiles:\n  a: {}\n");
    assert_eq!((status, said.contains("line 2: profile “a”: image: there is no image.")), (Some(1), true), "{said}");
}

#[test]
fn settings_are_checked_without_a_file() {
    let (status, said) = program(&["check-config", "--dev-email", "me@localhost"]);
    let expected = "The settings are valid. No profiles were checked. For a file with profiles: \
                    opencode-router check-config profiles.yaml\n";
    assert_eq!((status, said.as_str()), (Some(0), expected));
    let (status, said) = program(&["check-config"]);
    assert!(status == Some(1) && said.contains("DEV_EMAIL") && said.contains("check-config profiles.yaml"), "{said}");
    let (status, said) = program(&["check-config", "--dev-email", "me@localhost", "--port", "x"]);
    assert!(status == Some(1) && said.contains("PORT (--port) cannot be “x”"), "{said}");
    let missing = program(&["check-config", "/no/such/file"]);
    assert_eq!(missing.0, Some(1));
    assert!(missing.1.starts_with("opencode-router: /no/such/file cannot be read: No such file"), "{}", missing.1);
}

#[test]
fn help_is_about_files_and_options_may_be_on_both_sides() {
    let (status, said) = program(&["check-config", "--help"]);
    assert!(status == Some(0) && said.contains("check-config [FILE]") && !said.contains("--idle"), "{said}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("profiles.yaml");
    std::fs::write(&file, "profiles:\n  local: {}\n").unwrap();
    let file = file.to_str().unwrap();
    for arguments in [[file, "--runtime", "process"], ["--runtime", "process", file]] {
        let said = program(&[&["check-config"], &arguments[..]].concat());
        assert_eq!(said, (Some(0), "Profiles: local.\n".to_owned()), "{arguments:?}");
    }
}

#[test]
fn published_schema_is_that_of_the_program() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/profiles.schema.json");
    let published = std::fs::read_to_string(file).unwrap();
    assert!(program(&["profile-schema"]).1 == published, "docs/profiles.schema.json is out of date: run `make docs`");
}
