//! `docs/parity.md` names every field of a profile, and tests that exist.

use std::path::Path;

use opencode_router::profiles::profile_schema;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The texts in backquotes.
fn quoted(page: &str) -> Vec<&str> {
    page.lines().flat_map(|line| line.split('`').skip(1).step_by(2)).collect()
}

#[test]
fn every_field_of_a_profile_has_its_line() {
    let page = read("docs/parity.md");
    let quoted = quoted(&page);
    let schema = profile_schema();
    for field in schema["$defs"]["Profile"]["properties"].as_object().unwrap().keys().filter(|name| *name != "$patch") {
        let below = format!("{field}.");
        assert!(quoted.iter().any(|text| text == field || text.starts_with(&below)), "docs/parity.md has no {field}");
    }
}

#[test]
fn every_named_test_exists() {
    let page = read("docs/parity.md");
    let (mut file, mut count) = (String::new(), 0);
    let is_path = |text: &str| ["it:", "src:", "tests/"].iter().any(|start| text.starts_with(start));
    let is_test = |text: &str| text.contains('_') && text.chars().all(|it| it.is_ascii_lowercase() || it == '_');
    for text in quoted(&page) {
        let (path, test) = text.split_once("::").unwrap_or(if is_path(text) { (text, "") } else { ("", text) });
        if is_path(path) {
            file = path.replacen("it:", "tests/it/", 1).replacen("src:", "src/", 1);
            read(&file);
        }
        if is_test(test) {
            // Without a file, it is in the one before.
            assert!(read(&file).contains(&format!("fn {test}(")), "{file} has no test {test}");
            count += 1;
        }
    }
    assert!(count > 20, "{count}");
}
