//! The meaning of host names: the router, a session, or a port of a session.

use std::net::IpAddr;

use crate::session::SessionId;

/// Lowest port of a session's servers.
const LOWEST_PORT: u16 = 1024;

/// The host names of the router and its sessions.
#[derive(Clone, Debug)]
pub struct Hosts {
    /// The names of the router itself.
    pub router: Vec<String>,
    /// The parent domain of the sessions' hosts.
    pub domain: String,
    /// The text after a session's id.
    pub suffix: String,
}

/// The meaning of a host on the main listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// The router's page and API.
    Router,
    /// A session's opencode server.
    Session(SessionId),
    /// A server that a session runs, by port.
    Port(u16, SessionId),
}

impl Hosts {
    /// The meaning of `host`, as [`super::authority::host_of`] returns it. `None` if it is not one of the router's
    /// names.
    pub(super) fn route(&self, host: &str) -> Option<Route> {
        if self.router.iter().any(|name| name == host) {
            return Some(Route::Router);
        }
        let label = self.session_label(host)?;
        if let Ok(id) = label.parse() {
            return Some(Route::Session(id));
        }
        let (port, id) = label.split_once('-')?;
        let number: u16 = port.parse().ok().filter(|number| *number >= LOWEST_PORT)?;
        // One name per port: "+3000" and "03000" are not port 3000.
        (number.to_string() == port).then_some(())?;
        Some(Route::Port(number, id.parse().ok()?))
    }

    /// Whether `host` names the router, or is an address.
    pub(super) fn is_router_or_address(&self, host: &str) -> bool {
        let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        self.router.iter().any(|name| name == host) || address.parse::<IpAddr>().is_ok()
    }

    /// The session of a host on the attach listener.
    pub(super) fn attach_session(&self, host: &str) -> Option<SessionId> {
        self.session_label(host)?.strip_prefix("attach-")?.parse().ok()
    }

    fn session_label<'a>(&self, host: &'a str) -> Option<&'a str> {
        host.strip_suffix(&self.domain)?.strip_suffix('.')?.strip_suffix(&self.suffix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123";

    fn hosts() -> Hosts {
        Hosts { router: vec!["oc.example".into()], domain: "oc.example".into(), suffix: "-oc".into() }
    }

    fn route(host: &str) -> Option<Route> {
        hosts().route(host)
    }

    #[test]
    fn each_host_form_has_one_meaning() {
        let id = ID.parse().unwrap();
        assert_eq!(route("oc.example"), Some(Route::Router));
        assert_eq!(route(&format!("{ID}-oc.oc.example")), Some(Route::Session(id)));
        assert_eq!(route(&format!("3000-{ID}-oc.oc.example")), Some(Route::Port(3000, id)));
        assert_eq!(hosts().attach_session(&format!("attach-{ID}-oc.oc.example")), Some(id));
    }

    #[test]
    fn other_hosts_have_no_meaning() {
        let bad = [
            "",
            "example",
            "oc.example.evil",
            "xoc.example",
            "www.oc.example",
            "-oc.oc.example",
            "localhost",
            "127.0.0.1",
            &format!("{ID}.oc.example"),
            &format!("{ID}-oc-oc.oc.example"),
            &format!("x.{ID}-oc.oc.example"),
            &format!("{}-oc.oc.example", ID.to_uppercase()),
            &format!("{}-oc.oc.example", &ID[1..]),
            &format!("{ID}0-oc.oc.example"),
            &format!("80-{ID}-oc.oc.example"),
            &format!("03000-{ID}-oc.oc.example"),
            &format!("+3000-{ID}-oc.oc.example"),
            &format!("65536-{ID}-oc.oc.example"),
            &format!("3000-3000-{ID}-oc.oc.example"),
            &format!("attach-{ID}-oc.oc.example"),
            &format!("{ID}-oc.oc.example.oc.example"),
        ];
        for host in bad {
            assert_eq!(route(host), None, "{host}");
        }
        assert_eq!(hosts().attach_session(&format!("{ID}-oc.oc.example")), None);
    }

    proptest::proptest! {
        #[test]
        fn only_the_exact_name_reaches_a_session(host in "[a-z0-9.-]{0,60}") {
            if let Some(Route::Session(id)) = route(&host) {
                proptest::prop_assert_eq!(host, format!("{id}-oc.oc.example"));
            }
        }
        #[test]
        fn one_change_and_it_is_another_or_none(at in 0usize..34, new in proptest::char::range('!', '~')) {
            let name = format!("{ID}-oc.oc.example");
            let changed: String =
                name.chars().enumerate().map(|(i, old)| if i == at { new } else { old }).collect();
            let same = changed == name;
            proptest::prop_assert_eq!(route(&changed) == Some(Route::Session(ID.parse().unwrap())), same);
        }
    }
}
