//! Authentication settings.

use std::net::IpAddr;
use std::sync::Arc;

use clap::Args;
use http::HeaderName;
use http::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, HOST, TRANSFER_ENCODING, UPGRADE};
use ipnet::IpNet;

use super::network::network;
use crate::auth::{Authenticators, EMAIL_HEADER, GitTokenHeader, LoginProxy, LoopbackUser};
use crate::git::GitOrigin;
use crate::proxy::PrivateNames;
use crate::session::Email;

/// Authentication settings.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Users")]
pub struct UsersConfig {
    /// E-mail address of the one local user. Every client that reaches the router over loopback is this user.
    #[arg(long, env = "DEV_EMAIL", value_parser = email)]
    pub dev_email: Option<Email>,
    /// Networks of the login proxies, such as 10.0.0.0/8, separated by commas. The router believes their
    /// X-Auth-Request-Email.
    #[arg(long, env = "TRUSTED_PROXY_CIDRS", value_delimiter = ',', value_parser = network)]
    pub trusted_proxy_cidrs: Vec<IpNet>,
    /// Header in which the login proxy names the user's groups, separated by commas, such as X-Auth-Request-Groups or
    /// X-Forwarded-Groups. Profiles can be for groups. The proxy must remove or replace what clients send in this header.
    #[arg(long, env = "SSO_GROUPS_HEADER", value_parser = header)]
    pub sso_groups_header: Option<HeaderName>,
    /// Header in which the login proxy forwards the user's access token for SSO_GIT_SERVER, such as
    /// X-Forwarded-Access-Token or X-Auth-Request-Access-Token. Git in the user's sessions uses it. The proxy must remove or
    /// replace what clients send in this header.
    #[arg(long, env = "SSO_GIT_TOKEN_HEADER", value_parser = token_header)]
    pub sso_git_token_header: Option<HeaderName>,
    /// The Git server of these tokens, such as github.com. No other server gets them.
    #[arg(long, env = "SSO_GIT_SERVER", value_parser = git_server)]
    pub sso_git_server: Option<GitOrigin>,
    /// Prefixes of the login proxy's cookie names, separated by commas. The router keeps these cookies from sessions.
    #[arg(long, env = "SSO_COOKIE_NAMES", value_delimiter = ',', default_value = "_oauth2_proxy")]
    pub sso_cookie_names: Vec<String>,
    /// Headers in which your login proxy passes identities or tokens, such as X-Company-Token, separated by commas. The
    /// router keeps them from sessions, as it does with those of well-known proxies.
    #[arg(long, env = "SSO_HEADER_NAMES", value_delimiter = ',', value_parser = header)]
    pub sso_header_names: Vec<HeaderName>,
}

impl UsersConfig {
    /// Checks that exactly one kind of authentication is set, and that it fits the address.
    pub(super) fn check(&self, bind_address: IpAddr) -> Result<(), String> {
        match (&self.dev_email, self.trusted_proxy_cidrs.is_empty()) {
            (None, true) => Err("No user could log in: set DEV_EMAIL=you@localhost for one user on this machine, or \
                                 TRUSTED_PROXY_CIDRS for users behind a login proxy."
                .to_owned()),
            (Some(_), false) => Err("DEV_EMAIL and TRUSTED_PROXY_CIDRS cannot both be set: the first admits every \
                                     client that reaches the router."
                .to_owned()),
            (Some(_), true) if self.sso_groups_header.is_some() => {
                Err("SSO_GROUPS_HEADER has no effect with DEV_EMAIL: \
                                                                       groups come from a login proxy, which \
                                                                       TRUSTED_PROXY_CIDRS names."
                    .to_owned())
            }
            (Some(_), true) if self.sso_git_token_header.is_some() || self.sso_git_server.is_some() => Err(
                "SSO_GIT_TOKEN_HEADER and SSO_GIT_SERVER have no effect with DEV_EMAIL: such tokens come from a login \
                     proxy, which TRUSTED_PROXY_CIDRS names."
                    .to_owned(),
            ),
            (None, false) if self.sso_git_token_header.is_some() != self.sso_git_server.is_some() => {
                Err("SSO_GIT_TOKEN_HEADER and SSO_GIT_SERVER need each other: a token is for one Git server."
                    .to_owned())
            }
            (Some(_), true) if !bind_address.is_loopback() => Err(format!(
                "DEV_EMAIL needs a loopback address, but BIND_ADDRESS is {bind_address}: every client that reaches it \
                 would be that user."
            )),
            _ => Ok(()),
        }
    }

    /// How the main listener identifies users.
    pub fn authenticators(&self) -> Authenticators {
        match &self.dev_email {
            Some(email) => Authenticators::new(vec![Arc::new(LoopbackUser::new(email.clone()))]),
            None => Authenticators::new(vec![Arc::new(self.login_proxy())]),
        }
    }

    /// The login proxies in front.
    pub fn login_proxy(&self) -> LoginProxy {
        LoginProxy::new(self.trusted_proxy_cidrs.clone()).naming_groups(self.sso_groups_header.clone())
    }

    /// The header with tokens for a Git server.
    pub fn git_token_header(&self) -> Option<GitTokenHeader> {
        let (header, origin) = self.sso_git_token_header.clone().zip(self.sso_git_server.clone())?;
        Some(GitTokenHeader { header, origin })
    }

    /// The cookies and headers that sessions must not see.
    pub fn private_names(&self) -> PrivateNames {
        let own = self.sso_groups_header.iter().chain(&self.sso_git_token_header);
        let headers = self.sso_header_names.iter().chain(own).cloned();
        PrivateNames::new(self.sso_cookie_names.clone(), headers.collect())
    }

    /// How the router identifies users, in a word: `local` or `proxy`.
    pub fn identity(&self) -> &'static str {
        if self.dev_email.is_some() { "local" } else { "proxy" }
    }
}

fn email(text: &str) -> Result<Email, String> {
    Email::parse(text).map_err(|_| "expected an e-mail address such as you@localhost".to_owned())
}

fn git_server(text: &str) -> Result<GitOrigin, String> {
    GitOrigin::parse(text)
        .map_err(|_| "expected a Git server such as github.com or https://git.example.org:8443".to_owned())
}

fn token_header(text: &str) -> Result<HeaderName, String> {
    // They have other values, so no token is in them alone.
    let taken = [AUTHORIZATION, COOKIE, HeaderName::from_static(EMAIL_HEADER)];
    header(text).ok().filter(|name| !taken.contains(name)).ok_or_else(|| {
        "expected the name of a header that has only the token, such as X-Forwarded-Access-Token".to_owned()
    })
}

fn header(text: &str) -> Result<HeaderName, String> {
    // Without these, no server can read a request.
    let needed = [CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING, UPGRADE];
    let name = text.trim().parse::<HeaderName>().ok().filter(|name| !needed.contains(name));
    name.ok_or_else(|| "expected the name of a header with an identity or a token, such as X-Company-Token".to_owned())
}
