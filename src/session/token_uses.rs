//! The uses of attach tokens. When a token is revoked or expires, what it opened ends.

use std::collections::HashMap;

use tokio_util::sync::CancellationToken;

/// The tokens that opened anything, by id, and the end of their uses.
#[derive(Default)]
pub(crate) struct TokenUses(HashMap<String, CancellationToken>);

impl TokenUses {
    /// Cancelled when the uses of this token must end.
    pub(crate) fn end_of(&mut self, token: &str) -> CancellationToken {
        self.0.entry(token.to_owned()).or_default().clone()
    }

    /// Ends the uses of all other tokens. Keeps at most one entry for each valid token.
    pub(crate) fn keep(&mut self, is_valid: impl Fn(&str) -> bool) {
        self.0.retain(|token, end| {
            let valid = is_valid(token);
            if !valid {
                end.cancel();
            }
            valid
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_uses_of_an_invalid_token_end() {
        let mut uses = TokenUses::default();
        let (one, other) = (uses.end_of("one"), uses.end_of("other"));
        uses.keep(|token| token == "one");
        assert!(!one.is_cancelled() && other.is_cancelled());
        assert!(!uses.end_of("other").is_cancelled(), "a later use is another");
        assert!(!uses.end_of("one").is_cancelled() && uses.0.len() == 2);
    }
}
