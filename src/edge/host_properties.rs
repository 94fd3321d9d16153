//! What holds for every host and every target of a request.

use http::{Request, Uri, Version};

use super::attach_front::session_in_path;
use super::authority::host_of;
use super::host::{Hosts, Route};

/// Each host has at most one meaning, and only its exact name has it.
pub(crate) fn host(text: &str) {
    let name = "oc.example".to_owned();
    let hosts = Hosts { router: vec![name.clone()], domain: name, suffix: "-oc".to_owned() };
    let route = hosts.route(text);
    match route {
        Some(Route::Router) => assert_eq!(text, "oc.example"),
        Some(Route::Session(id)) => assert_eq!(text, format!("{id}-oc.oc.example")),
        Some(Route::Port(port, id)) => {
            assert!(port >= 1024);
            assert_eq!(text, format!("{port}-{id}-oc.oc.example"));
        }
        None => {}
    }
    if let Some(id) = hosts.attach_session(text) {
        assert_eq!((text, route), (&*format!("attach-{id}-oc.oc.example"), None));
    }
}

/// An accepted request names one host, which reads back as itself. The first line is the target, the others are hosts.
pub(crate) fn authority(text: &str) {
    let mut lines = text.split('\n');
    let Ok(target) = lines.next().unwrap_or_default().parse::<Uri>() else { return };
    let named: Vec<_> = lines.collect();
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let mut request = Request::builder().version(version).uri(target.clone());
        for host in &named {
            request = request.header("host", *host);
        }
        let Ok(request) = request.body(()) else { return };
        let Ok(host) = host_of(&request) else { continue };
        assert!(named.len() == 1 || (named.is_empty() && version == Version::HTTP_2), "{named:?}");
        assert!(!host.is_empty() && !host.ends_with('.'), "{host:?}");
        assert!(
            !host
                .bytes()
                .any(|byte| byte.is_ascii_uppercase() || !byte.is_ascii_graphic() || b"/@?#%,".contains(&byte))
        );
        assert!(!host.contains(':') || host.starts_with('['), "a port is left: {host:?}");
        if let Some(authority) = target.authority().filter(|_| !named.is_empty()) {
            assert!(authority.as_str().eq_ignore_ascii_case(named[0]));
        }
        let again = Request::builder().uri("/").header("host", &host).body(());
        assert_eq!(again.ok().and_then(|again| host_of(&again).ok()), Some(host));
    }
}

/// The session and the rest of a path make up the path again.
pub(crate) fn attach_path(uri: &Uri) {
    let Some((id, rest)) = session_in_path(uri) else { return };
    let (whole, rest) = (uri.path_and_query().map_or("", |it| it.as_str()), rest.to_string());
    assert!(rest.starts_with('/') && rest.parse::<Uri>().is_ok(), "{rest}");
    let put_together = format!("/s/{id}{rest}");
    let without_slash = format!("/s/{id}{}", &rest[1..]);
    assert!(whole == put_together || whole == without_slash, "{whole} is not {put_together}");
}
