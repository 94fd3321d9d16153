//! Escapes text, because Kubernetes expands `$(NAME)` in variables and commands
//! (<https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/>).

/// Doubles every `$`: Kubernetes turns `$$` into `$`.
pub(super) fn literal(text: &str) -> String {
    text.replace('$', "$$")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The expansion of `third_party/forked/golang/expansion/expand.go`: replaces `$$` by `$` and a known `$(NAME)` by
    /// its value. Keeps everything else.
    fn expanded(text: &str, known: impl Fn(&str) -> Option<&'static str>) -> String {
        let (mut result, mut rest) = (String::new(), text);
        while let Some(at) = rest.find('$') {
            result.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            let name = rest.strip_prefix('(').and_then(|open| open.split_once(')'));
            match (rest.strip_prefix('$'), name) {
                (Some(after), _) => {
                    result.push('$');
                    rest = after;
                }
                (None, Some((name, after))) => {
                    result.push_str(&known(name).map_or_else(|| format!("$({name})"), str::to_owned));
                    rest = after;
                }
                (None, None) => result.push('$'),
            }
        }
        result + rest
    }

    fn known(name: &str) -> Option<&'static str> {
        matches!(name, "HOME" | "A").then_some("expanded")
    }

    #[test]
    fn the_expansion_is_that_of_kubernetes() {
        let cases = [
            ("a$(HOME)b", "aexpandedb"),
            ("a$$(HOME)", "a$(HOME)"),
            ("a$$$(HOME)", "a$expanded"),
            ("$(OTHER)", "$(OTHER)"),
            ("$(HOME", "$(HOME"),
            ("$", "$"),
            ("$x$()", "$x$()"),
        ];
        for (text, value) in cases {
            assert_eq!(expanded(text, known), value, "{text}");
        }
    }

    #[test]
    fn a_branch_that_looks_like_a_reference_is_passed_on() {
        for text in ["a$$(HOME)", "$(HOME)", "$$$(A)$", "https://h/$$(HOME)/b"] {
            assert_eq!(expanded(&literal(text), known), text);
        }
    }

    proptest! {
        #[test]
        fn every_text_is_passed_on(text in "([$()A]|HOME|\\PC){0,30}") {
            prop_assert_eq!(expanded(&literal(&text), known), text);
        }
    }
}
