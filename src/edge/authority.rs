//! The host of a request (RFC 9112, section 3.2; RFC 9113, section 8.3.1).

use std::net::Ipv6Addr;

use http::header::HOST;
use http::{Request, Version};

/// Why a request names no valid host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The request must name exactly one host.")]
pub(super) struct BadAuthority;

/// The host in lower case, without port and final dot.
pub(super) fn host_of<B>(request: &Request<B>) -> Result<String, BadAuthority> {
    let mut named = request.headers().get_all(HOST).iter();
    let header = named.next().map(|value| value.to_str().map_err(|_| BadAuthority)).transpose()?;
    if named.next().is_some() {
        return Err(BadAuthority);
    }
    let target = request.uri().authority().map(|authority| authority.as_str());
    let authority = match (header, target) {
        (Some(header), Some(target)) if !header.eq_ignore_ascii_case(target) => return Err(BadAuthority),
        (Some(header), _) => header,
        // HTTP/2 has the authority in its target. HTTP/1.1 also needs the header.
        (None, Some(target)) if request.version() >= Version::HTTP_2 => target,
        (None, _) => return Err(BadAuthority),
    };
    without_port(authority).map(str::to_ascii_lowercase)
}

fn without_port(authority: &str) -> Result<&str, BadAuthority> {
    let (host, port) = match authority.rfind(':') {
        Some(colon) if !authority[colon..].contains(']') => (&authority[..colon], Some(&authority[colon + 1..])),
        _ => (authority, None),
    };
    let good_port =
        port.is_none_or(|port| port.parse::<u16>().is_ok() && port.bytes().all(|byte| byte.is_ascii_digit()));
    let host = host.strip_suffix('.').unwrap_or(host);
    if good_port && (host.split('.').all(is_label) || is_ipv6(host)) { Ok(host) } else { Err(BadAuthority) }
}

fn is_label(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

fn is_ipv6(host: &str) -> bool {
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    address.is_some_and(|address| address.parse::<Ipv6Addr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(version: Version, target: &str, hosts: &[&str]) -> Result<String, BadAuthority> {
        let mut request = Request::builder().version(version).uri(target);
        for host in hosts {
            request = request.header("host", *host);
        }
        host_of(&request.body(()).unwrap())
    }

    fn host_1(hosts: &[&str]) -> Result<String, BadAuthority> {
        host(Version::HTTP_11, "/", hosts)
    }

    #[test]
    fn single_plain_host_is_accepted() {
        for name in ["a.example", "A.Example", "a.example.", "a.example:3000", "a.example.:80"] {
            assert_eq!(host_1(&[name]).as_deref(), Ok("a.example"), "{name}");
        }
        assert_eq!(host_1(&["[::1]:3000"]).as_deref(), Ok("[::1]"));
        assert_eq!(host(Version::HTTP_2, "http://a.example/x", &[]).as_deref(), Ok("a.example"));
        assert_eq!(host(Version::HTTP_11, "http://a.example/x", &["a.example"]).as_deref(), Ok("a.example"));
    }

    #[test]
    fn missing_multiple_or_invalid_hosts_are_refused() {
        for hosts in [&[][..], &["a", "a"]] {
            assert!(host_1(hosts).is_err(), "{hosts:?}");
        }
        let bad = [
            "",
            ".",
            "a..",
            ".a",
            "a..b",
            "a:b",
            "a:99999",
            "a:+80",
            "a b",
            "a%2eexample",
            "[]",
            "[a b]",
            "[::1",
            "::1",
        ];
        for host in bad {
            assert!(host_1(&[host]).is_err(), "{host:?}");
        }
        assert!(host(Version::HTTP_11, "http://a.example/", &[]).is_err());
        assert!(host(Version::HTTP_11, "http://a.example/", &["b.example"]).is_err());
    }
}
