//! Understands a repository's address as people paste it: from a browser, a terminal or a message.

use url::Url;

use super::forge_page::ForgePage;
use super::repo_url::InvalidRepoUrl;
use super::{Branch, RepoUrl};

/// Longest accepted text, in bytes.
const LONGEST: usize = 4096;
/// Characters around an address that are no part of it.
const AROUND: [char; 22] =
    ['<', '>', '(', ')', '[', ']', '{', '}', '"', '\'', '`', '“', '”', '‘', '’', '«', '»', ',', ';', '!', '…', '|'];
/// Characters after an address that are no part of it.
const AFTER: [char; 4] = ['.', ':', '?', '/'];
/// Options of `git clone` that have a value of their own, besides `--branch`.
const WITH_VALUE: [&str; 9] =
    ["--depth", "-o", "--origin", "-c", "--config", "-j", "--jobs", "--filter", "--reference"];
/// A text that names a page within a page is given up after this many.
const MOST_PAGES: usize = 4;

/// A repository and maybe a branch, as understood from a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pasted {
    /// The repository.
    pub url: RepoUrl,
    /// The branch, if the text names one.
    pub branch: Option<Branch>,
    /// Whether the text has a login, which was left out.
    pub had_login: bool,
}

/// Why no repository is understood: a sentence that says what to give instead. It repeats no login.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotUnderstood {
    /// It is not an address.
    #[error(transparent)]
    Invalid(#[from] InvalidRepoUrl),
    /// It is nearly one.
    #[error("This is not a repository URL: {0}")]
    Nearly(String),
}

impl Pasted {
    /// Understands a text.
    pub fn parse(text: &str) -> Result<Self, NotUnderstood> {
        if text.len() > LONGEST {
            return Err(nearly("it is longer than 4096 bytes."));
        }
        let (address, branch) = match clone_command(tidy(text)) {
            Some(command) => command?,
            None => (tidy(text), None),
        };
        let mut pasted = read(address)?;
        pasted.branch = merged(branch, pasted.branch)?;
        for _ in 0..MOST_PAGES {
            let again = read(tidy(pasted.url.as_str()))?;
            if again.url == pasted.url {
                return Ok(pasted);
            }
            pasted = Self { branch: merged(pasted.branch, again.branch)?, url: again.url, ..pasted };
        }
        Err(nearly("it names a page within a page. Give it as https://host/owner/name."))
    }

    /// What differs from the text, as sentences for its user.
    pub fn notes(&self, text: &str) -> Vec<String> {
        let mut notes = Vec::new();
        if text.trim() != self.url.as_str() {
            let branch = self.branch.as_ref().map(|branch| format!(", branch “{branch}”")).unwrap_or_default();
            notes.push(format!("The address was understood as {}{branch}.", self.url));
        }
        if self.had_login {
            notes.push(
                "The login in the address was left out, and is stored nowhere. Store it under Keys, Git logins."
                    .to_owned(),
            );
        }
        notes
    }
}

fn nearly(what: impl Into<String>) -> NotUnderstood {
    NotUnderstood::Nearly(what.into())
}

/// The branch that both name, or the only one.
fn merged(one: Option<Branch>, other: Option<Branch>) -> Result<Option<Branch>, NotUnderstood> {
    match (one, other) {
        (Some(one), Some(other)) if one != other => {
            Err(nearly(format!("it names two branches, “{one}” and “{other}”.")))
        }
        (one, other) => Ok(one.or(other)),
    }
}

/// The text without white space, quotes, brackets and punctuation around it.
fn tidy(text: &str) -> &str {
    let around = |letter: char| letter.is_whitespace() || AROUND.contains(&letter);
    text.trim_start_matches(around).trim_end_matches(|letter| around(letter) || AFTER.contains(&letter))
}

/// The address and branch of a `git clone` command. `None` for other texts.
fn clone_command(text: &str) -> Option<Result<(&str, Option<Branch>), NotUnderstood>> {
    let mut words = text.trim_start_matches(['$', ' ']).split_whitespace();
    if (words.next()?, words.next()?) != ("git", "clone") {
        return None;
    }
    let mut branch = None;
    while let Some(word) = words.next() {
        let (option, value) = word.split_once('=').map_or((word, None), |(option, value)| (option, Some(value)));
        if option == "-b" || option == "--branch" {
            branch = value.or_else(|| words.next()).map(tidy);
        } else if WITH_VALUE.contains(&word) {
            words.next();
        } else if !word.starts_with('-') {
            let branch =
                branch.map(Branch::parse).transpose().map_err(|_| nearly("the name after -b is no branch name."));
            return Some(branch.map(|branch| (tidy(word), branch)));
        }
    }
    Some(Err(nearly("the command names no repository.")))
}

/// Reads one address.
fn read(address: &str) -> Result<Pasted, NotUnderstood> {
    if address.contains(char::is_whitespace) {
        return Err(with_space(address));
    }
    let address = address.strip_prefix("git+").unwrap_or(address);
    if let Some((scheme, _)) = address.split_once("://") {
        let is_page = ["https", "http"].iter().any(|web| scheme.eq_ignore_ascii_case(web));
        return if is_page { read_web(address) } else { read_plain(address) };
    }
    if address.split_once('/').is_some_and(|(host, path)| is_host(host) && !path.is_empty()) {
        return read_web(&format!("https://{address}"));
    }
    if is_short(address) {
        return Err(nearly(format!("give the whole address, for example https://github.com/{address}.")));
    }
    match address.split_once(':') {
        Some((host, path)) if is_host(host) && !host.contains('@') => {
            Err(nearly(format!("give it as git@{host}:{path} or https://{host}/{path}.")))
        }
        // It may be git@host:path.
        _ => read_plain(address),
    }
}

/// Whether the first part of an address is a host: a name with a dot, or any name with a port. A login may precede it.
fn is_host(part: &str) -> bool {
    let (login, host) = part.rsplit_once('@').unwrap_or(("", part));
    let (name, port) = host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
    let plain = |letter: char| letter.is_alphanumeric() || "-._".contains(letter);
    let is_name = !name.is_empty() && !name.starts_with(['.', '-']) && name.chars().all(plain);
    // git@host:22/name is SSH, and 22 is a part of the path.
    let is_web = login.is_empty() || login.contains(':');
    let is_port = |port: &str| is_web && !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    is_name && port.map_or_else(|| name.contains('.'), is_port)
}

/// Whether this is the short form `owner/name`.
fn is_short(address: &str) -> bool {
    let plain = |part: &str| {
        let letter = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
        !part.is_empty() && !part.starts_with(['-', '.']) && part.chars().all(letter)
    };
    address.split_once('/').is_some_and(|(owner, name)| plain(owner) && plain(name))
}

fn read_plain(address: &str) -> Result<Pasted, NotUnderstood> {
    let had_login = Url::parse(address).is_ok_and(|url| url.password().is_some());
    Ok(Pasted { url: repository(address)?, branch: None, had_login })
}

/// The repository at an address. An address inside its path could have a login of its own.
fn repository(address: &str) -> Result<RepoUrl, NotUnderstood> {
    let url = RepoUrl::parse(address)?;
    let one = url.as_str().matches("://").count() <= 1;
    if one { Ok(url) } else { Err(nearly("it has two addresses. Give one of them.")) }
}

/// Reads the address of a page or of a repository on the web. Drops its query, its fragment and its login.
fn read_web(address: &str) -> Result<Pasted, NotUnderstood> {
    let Ok(mut url) = Url::parse(address) else { return read_plain(address) };
    if url.path().ends_with(".git") && url.fragment().is_some_and(|named| !named.is_empty()) {
        return Err(nearly("give what follows the “#” apart from it, as the branch."));
    }
    let had_login = !url.username().is_empty() || url.password().is_some();
    url.set_query(None);
    url.set_fragment(None);
    // Cannot fail: the URL has a host.
    let _ = url.set_password(None).and_then(|()| url.set_username(""));
    let path = url.path().trim_matches('/').to_owned();
    let parts: Vec<_> = path.split('/').collect();
    let page = ForgePage::read(url.host_str().unwrap_or_default(), &parts);
    let path = page.as_ref().map_or(&parts[..], |page| page.repository).join("/");
    url.set_path(path.trim_end_matches(|letter| AROUND.contains(&letter) || AFTER.contains(&letter)));
    let repository = repository(url.as_str())?;
    match page.map_or(Ok(None), |page| page.branch) {
        Ok(branch) => Ok(Pasted { url: repository, branch, had_login }),
        Err(what) => Err(nearly(format!("it is the address of {what}. Use {repository}, and name the branch."))),
    }
}

/// The refusal of an address with a space inside.
fn with_space(address: &str) -> NotUnderstood {
    let mended = address.split_whitespace().collect::<Vec<_>>().join("%20");
    match read(&mended) {
        Ok(meant) => nearly(format!("it has a space. If the space belongs to it, use {}.", meant.url)),
        Err(_) => nearly("it has a space. Give it as https://host/owner/name or git@host:owner/name."),
    }
}
