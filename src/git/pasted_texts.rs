//! Tests of texts that people paste.

use proptest::prelude::*;

use super::{Pasted, RepoUrl};

fn understood(text: &str) -> (String, Option<String>) {
    let pasted = Pasted::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    (pasted.url.to_string(), pasted.branch.map(String::from))
}

fn refused(text: &str) -> String {
    Pasted::parse(text).expect_err(text).to_string()
}

#[test]
fn addresses_are_understood_however_they_are_pasted() {
    let texts = [
        "https://github.com/o/r",
        "  https://github.com/o/r/ ",
        "https://github.com/o/r?tab=readme",
        "https://github.com/o/r#readme",
        "https://github.com/o/r?tab=readme-ov-file#readme",
        "https://github.com/o/r/issues/5",
        "https://github.com/o/r/actions?query=is%3Afailure",
        "github.com/o/r",
        "github.com/o/r/",
        "<https://github.com/o/r>",
        "\"https://github.com/o/r\"",
        "'https://github.com/o/r',",
        "`github.com/o/r`",
        "(https://github.com/o/r).",
        "“https://github.com/o/r”!",
        "git clone https://github.com/o/r",
        "git clone https://github.com/o/r here",
        "$ git clone --depth 1 -o up --recurse-submodules 'https://github.com/o/r'",
        "git+https://github.com/o/r",
    ];
    for text in texts {
        assert_eq!(understood(text), ("https://github.com/o/r".to_owned(), None), "{text}");
    }
    for text in
        ["git@github.com:o/r.git", "ssh://git@git.example.org:2222/o/r", "git://h/o/r", "http://127.0.0.1:1/o/r"]
    {
        assert_eq!(understood(text), (text.to_owned(), None));
    }
    assert_eq!(understood("localhost:3000/o/r").0, "https://localhost:3000/o/r");
    assert_eq!(understood("git+ssh://git@h/o/r").0, "ssh://git@h/o/r");
    assert_eq!(understood("git@h.example:22/r").0, "git@h.example:22/r");
    assert_eq!(understood("git@github.com/o/r").0, "https://github.com/o/r");
}

#[test]
fn branches_are_understood() {
    let cases = [
        ("https://github.com/o/r/tree/feat/x", "https://github.com/o/r", "feat/x"),
        ("github.com/o/r/tree/feat/x?tab=readme", "https://github.com/o/r", "feat/x"),
        ("https://github.com/o/r/blob/main/a.rs#L3-L5", "https://github.com/o/r", "main"),
        ("https://gitlab.com/g/s/r/-/tree/main", "https://gitlab.com/g/s/r", "main"),
        ("https://gitlab.com/g/s/r/-/tree/feat/x?ref_type=heads", "https://gitlab.com/g/s/r", "feat/x"),
        ("https://codeberg.org/o/r/src/branch/main", "https://codeberg.org/o/r", "main"),
        ("git clone -b dev git@h:o/r.git", "git@h:o/r.git", "dev"),
        ("git clone --branch=dev --single-branch https://h/o/r", "https://h/o/r", "dev"),
    ];
    for (text, url, branch) in cases {
        assert_eq!(understood(text), (url.to_owned(), Some(branch.to_owned())), "{text}");
    }
}

#[test]
fn what_is_not_understood_is_refused_with_what_was_meant() {
    let cases = [
        ("o/r", "give the whole address, for example https://github.com/o/r."),
        ("github.com:o/r", "give it as git@github.com:o/r or https://github.com/o/r."),
        (
            "https://github.com/o/r/pull/3",
            "address of pull request 3. Use https://github.com/o/r, and name the branch.",
        ),
        (
            "https://h/g/r/-/merge_requests/4/diffs",
            "address of pull request 4. Use https://h/g/r, and name the branch.",
        ),
        ("https://h/o/r/blob/feat/x/a.rs", "address of a file. Use https://h/o/r, and name the branch."),
        ("https://h/o/r/commit/0123abcd", "address of a commit. Use https://h/o/r, and name the branch."),
        ("https://h/o/r.git#dev", "give what follows the “#” apart from it, as the branch."),
        ("https://h/o/a b", "it has a space. If the space belongs to it, use https://h/o/a%20b."),
        ("https://h/o/r/https://me:s3cret@h/o/s", "it has two addresses."),
        ("two words", "it has a space. Give it as https://host/owner/name"),
        ("git clone --depth 1", "the command names no repository."),
        ("git clone -b a..b https://h/o/r", "the name after -b is no branch name."),
        ("git clone -b x https://h/o/r/tree/y", "it names two branches, “x” and “y”."),
        ("word", "give it as https://host/owner/name"),
        ("/etc/passwd", "give it as https://host/owner/name"),
        ("C:/windows/system32", "only https, http, ssh and git URLs"),
        ("file:///etc", "only https, http, ssh and git URLs"),
        ("ext::sh -c id", "it has a space."),
        ("-oProxyCommand=id", "give it as https://host/owner/name"),
        ("", "it is empty"),
        (" <> ", "it is empty"),
    ];
    for (text, words) in cases {
        let why = refused(text);
        assert!(why.starts_with("This is not a repository URL: ") && why.contains(words), "{text}: {why}");
        assert!(why.ends_with('.'), "{why}");
    }
    assert!(refused(&"x".repeat(5000)).contains("4096"));
}

#[test]
fn login_is_left_out_and_said_but_never_repeated() {
    let texts = [
        "https://s3cret@github.com/o/r",
        "https://me:s3cret@github.com/o/r.git",
        "git clone https://oauth2:s3cret@gitlab.com/g/r dir",
        "me:s3cret@github.com/o/r",
        "ssh://git:s3cret@h/o/r",
    ];
    for text in texts {
        let pasted = Pasted::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert!(pasted.had_login, "{text}");
        let notes = pasted.notes(text).join(" ");
        assert!(notes.contains("The login in the address was left out"), "{notes}");
        assert!(!format!("{pasted:?} {notes}").contains("s3cret"), "{pasted:?} {notes}");
    }
    for text in [
        "https://me:s3cret@github.com/o/r/pull/3",
        "https://me:s3cret@github.com/o/r r",
        "https://me:s3cret@github.com/",
        "https://me:s3cret@",
        "me:s3cret@github.com",
        "s3cret@github.com/",
        "https://me:s3cret@h/o/r.git#x",
        "git clone -b x https://me:s3cret@h/o/r/tree/y",
        "git clone -b https://me:s3cret@h/o/r https://h/o/r",
    ] {
        assert!(!refused(text).contains("s3cret"), "{}", refused(text));
    }
}

#[test]
fn notes_say_only_what_differs() {
    let notes = |text: &str| Pasted::parse(text).unwrap().notes(text);
    assert_eq!(notes(" https://h/o/r.git "), Vec::<String>::new());
    assert_eq!(notes("h.example/o/r/tree/a"), ["The address was understood as https://h.example/o/r, branch “a”."]);
}

/// What is understood is understood again, as the same.
fn is_stable(text: &str) {
    let Ok(pasted) = Pasted::parse(text) else { return };
    let again = Pasted::parse(pasted.url.as_str()).unwrap_or_else(|error| panic!("{text:?} → {pasted:?}: {error}"));
    assert_eq!(again, Pasted { branch: None, had_login: false, ..pasted.clone() }, "{text:?}");
    assert_eq!(RepoUrl::parse(pasted.url.as_str()), Ok(pasted.url), "{text:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn every_text_is_stable(text in "\\PC{0,60}") {
        is_stable(&text);
    }

    #[test]
    fn every_address_is_stable(
        text in "(git clone |\\$ git clone -b x |<|\"|git\\+)?(https?://|ssh://|git@|)(me:t@|t@)?(h|a\\.b|github\\.com)(:1|:|)\
                 (/|o|r|-|\\.|\\.git|tree|blob|pull|src|branch|issues|main|feat|%2e|%20|3|0123abc|#x|\\?y|@|~| ){0,14}[).,:>\"]{0,3}"
    ) {
        is_stable(&text);
    }
}
