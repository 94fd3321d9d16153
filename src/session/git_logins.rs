//! A user's logins for Git servers.

use std::collections::BTreeMap;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::git::GitOrigin;
use crate::git::own_logins::WrittenLogin;

/// Limit for the number of a user's logins.
pub const MOST: usize = 16;
/// Limit for a token, in bytes.
pub const LARGEST_TOKEN: usize = 8 * 1024;
/// Limit for a user name, in bytes.
pub const LONGEST_NAME: usize = 256;
/// The user name for forges that look only at the token.
pub const ANY_NAME: &str = "git";

/// The user name for a forwarded token. GitLab needs this one
/// (<https://docs.gitlab.com/api/oauth2/#access-git-over-https-with-access-token>); GitHub, Gitea and Forgejo ignore it.
pub const FORWARDED_NAME: &str = "oauth2";

/// A login.
#[derive(Clone, Debug)]
pub struct GitLogin {
    /// The user name at the server.
    pub username: String,
    /// The token or password.
    pub token: SecretString,
    /// When it was stored.
    pub changed_at: Timestamp,
    /// Whether the login proxy forwarded it. Otherwise the user stored it.
    pub forwarded: bool,
}

impl PartialEq for GitLogin {
    fn eq(&self, other: &Self) -> bool {
        let parts = |login: &Self| (login.username.clone(), login.changed_at, login.forwarded);
        parts(self) == parts(other) && self.token.expose_secret() == other.token.expose_secret()
    }
}

/// Why a login cannot be stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginRefused {
    /// The token is none.
    #[error("A token has 1 to {LARGEST_TOKEN} bytes, without white space and control characters.")]
    BadToken,
    /// The user name is none.
    #[error("A user name has 1 to {LONGEST_NAME} bytes, without white space, control characters and “:”.")]
    BadName,
    /// It would come back.
    #[error("This login comes from your sign-in, and would come back. Store one of your own for this server instead.")]
    Forwarded,
    /// There are too many.
    #[error("You have {MOST} Git logins. Remove those that you do not need.")]
    TooMany,
}

/// All logins of a user, one for each server.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GitLogins(BTreeMap<GitOrigin, GitLogin>);

/// The logins as they are stored. Git's credential helper reads the same file, without the times.
#[derive(Default, Serialize, Deserialize)]
struct Written {
    #[serde(default)]
    logins: Vec<WrittenAt>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenAt {
    #[serde(flatten)]
    login: WrittenLogin,
    changed_at: Timestamp,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    forwarded: bool,
}

impl GitLogins {
    /// Reads what [`GitLogins::to_json`] wrote. The error quotes nothing.
    pub fn read(text: &str) -> Result<Self, Unreadable> {
        let written: Written = serde_json::from_str(text).map_err(|_| Unreadable)?;
        let logins = written.logins.into_iter().filter_map(|WrittenAt { login, changed_at, forwarded }| {
            let login_of = GitLogin { username: login.username, token: login.token.into(), changed_at, forwarded };
            Some((GitOrigin::parse(&login.origin).ok()?, login_of))
        });
        Ok(Self(logins.collect()))
    }

    /// The logins as a file.
    pub fn to_json(&self) -> String {
        let logins = self.0.iter().map(|(origin, login)| WrittenAt {
            login: WrittenLogin {
                origin: origin.to_string(),
                username: login.username.clone(),
                token: login.token.expose_secret().to_owned(),
            },
            changed_at: login.changed_at,
            forwarded: login.forwarded,
        });
        serde_json::to_string(&Written { logins: logins.collect() }).unwrap_or_default()
    }

    /// All of them, in the order of their servers.
    pub fn iter(&self) -> impl Iterator<Item = (&GitOrigin, &GitLogin)> {
        self.0.iter()
    }

    /// Adds or replaces one.
    pub fn put(&mut self, origin: GitOrigin, login: GitLogin) -> Result<(), LoginRefused> {
        let bad = |text: &str| text.contains(|c: char| c.is_control() || c.is_whitespace());
        let token = login.token.expose_secret();
        if token.is_empty() || token.len() > LARGEST_TOKEN || bad(token) {
            return Err(LoginRefused::BadToken);
        }
        let name = &login.username;
        if name.is_empty() || name.len() > LONGEST_NAME || bad(name) || name.contains(':') {
            return Err(LoginRefused::BadName);
        }
        if self.0.len() >= MOST && !self.0.contains_key(&origin) {
            return Err(LoginRefused::TooMany);
        }
        self.0.insert(origin, login);
        Ok(())
    }

    /// Stores a token that the login proxy forwarded, unless the user has stored a login for this server, or the token is
    /// the same or an earlier one. Returns whether it is new.
    pub fn put_forwarded(
        &mut self,
        origin: GitOrigin,
        token: SecretString,
        now: Timestamp,
    ) -> Result<bool, LoginRefused> {
        let same = |login: &GitLogin| login.token.expose_secret() == token.expose_secret();
        if self.0.get(&origin).is_some_and(|login| !login.forwarded || same(login) || login.changed_at > now) {
            return Ok(false);
        }
        let username = FORWARDED_NAME.to_owned();
        self.put(origin, GitLogin { username, token, changed_at: now, forwarded: true }).map(|()| true)
    }

    /// Removes one that the user stored. Returns whether it was there.
    pub fn remove(&mut self, origin: &GitOrigin) -> Result<bool, LoginRefused> {
        if self.0.get(origin).is_some_and(|login| login.forwarded) {
            return Err(LoginRefused::Forwarded);
        }
        Ok(self.0.remove(origin).is_some())
    }
}

/// What is stored cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored Git logins cannot be read")]
pub struct Unreadable;

#[cfg(test)]
mod tests {
    use super::*;

    fn login(username: &str, token: &str) -> GitLogin {
        let (username, token) = (username.to_owned(), token.to_owned().into());
        GitLogin { username, token, changed_at: Timestamp::UNIX_EPOCH, forwarded: false }
    }

    fn origin(text: &str) -> GitOrigin {
        GitOrigin::parse(text).unwrap()
    }

    #[test]
    fn logins_are_kept_and_limits_hold() {
        let mut logins = GitLogins::default();
        for n in 0..MOST {
            logins.put(origin(&format!("git{n}.example.org")), login("ann", "t")).unwrap();
        }
        assert_eq!(logins.put(origin("one-more.org"), login("ann", "t")), Err(LoginRefused::TooMany));
        logins.put(origin("git0.example.org"), login("ann", "new")).unwrap();
        assert_eq!(GitLogins::read(&logins.to_json()).unwrap(), logins);
        assert_eq!(logins.remove(&origin("git1.example.org")), Ok(true));
        assert_eq!(logins.remove(&origin("git1.example.org")), Ok(false));
        for (bad, why) in [
            (login("ann", ""), LoginRefused::BadToken),
            (login("ann", "a b"), LoginRefused::BadToken),
            (login("ann", "a\nquit=1"), LoginRefused::BadToken),
            (login("ann", &"x".repeat(LARGEST_TOKEN + 1)), LoginRefused::BadToken),
            (login("", "t"), LoginRefused::BadName),
            (login("a:b", "t"), LoginRefused::BadName),
            (login("a\nb", "t"), LoginRefused::BadName),
        ] {
            assert_eq!(logins.put(origin("git2.example.org"), bad), Err(why));
        }
    }

    #[test]
    fn forwarded_token_replaces_only_a_forwarded_one() {
        let mut logins = GitLogins::default();
        let at = |second| Timestamp::from_second(second).unwrap();
        let forward = |logins: &mut GitLogins, token: &str, second| {
            logins.put_forwarded(origin("a.org"), token.to_owned().into(), at(second)).unwrap();
            let (_, login) = logins.iter().next().unwrap();
            (login.token.expose_secret().to_owned(), login.username.clone(), login.changed_at.as_second())
        };
        let login_of = |token: &str, second| (token.to_owned(), "oauth2".to_owned(), second);
        assert_eq!(forward(&mut logins, "one", 1), login_of("one", 1));
        assert_eq!(forward(&mut logins, "one", 2), login_of("one", 1), "nothing changed");
        assert_eq!(forward(&mut logins, "two", 3), login_of("two", 3));
        assert_eq!(forward(&mut logins, "late", 2), login_of("two", 3), "an earlier one");
        assert_eq!(logins.remove(&origin("a.org")), Err(LoginRefused::Forwarded));
        assert_eq!(GitLogins::read(&logins.to_json()).unwrap(), logins);
        logins.put(origin("a.org"), login("ann", "own")).unwrap();
        assert_eq!(forward(&mut logins, "three", 4), ("own".to_owned(), "ann".to_owned(), 0));
        assert!(logins.put_forwarded(origin("b.org"), "a b".to_owned().into(), at(5)).is_err());
    }

    #[test]
    fn the_helper_reads_what_is_stored() {
        let mut logins = GitLogins::default();
        logins.put(origin("a.org"), login("ann", "hush")).unwrap();
        let file: crate::git::own_logins::LoginsFile = serde_json::from_str(&logins.to_json()).unwrap();
        assert_eq!((file.logins[0].origin.as_str(), file.logins[0].token.as_str()), ("https://a.org", "hush"));
        assert!(!format!("{logins:?}").contains("hush"));
        assert_eq!(GitLogins::read("hush").unwrap_err().to_string(), "the stored Git logins cannot be read");
    }
}
