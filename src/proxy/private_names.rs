//! The names of cookies and headers that belong to the front door: its login, its tokens, its routes. No session sees
//! them or sets them.
//!
//! Settings: `SSO_COOKIE_NAMES` (default: `_oauth2_proxy`), `SSO_HEADER_NAMES` (default: none).

use http::HeaderName;

/// Families of headers in which front doors name users, assert identities, or tell routes.
const HEADER_FAMILIES: [&str; 13] = [
    "x-forwarded-",
    "x-original-",
    "x-rewrite-",
    // oauth2-proxy.
    "x-auth-request-",
    // Load balancers of AWS.
    "x-amzn-oidc-",
    // Google's Identity-Aware Proxy.
    "x-goog-iap-",
    "x-goog-authenticated-user-",
    // Cloudflare Access.
    "cf-access-",
    // Azure App Service.
    "x-ms-client-principal",
    "x-ms-token-",
    "x-authentik-",
    "x-pomerium-",
    "x-vouch-",
];

/// Single headers of the same kind. The last four are Authelia's.
const HEADERS: [&str; 8] =
    ["forwarded", "x-real-ip", "x-id-token", "gap-auth", "remote-user", "remote-groups", "remote-name", "remote-email"];

/// Families of response headers that command the front door, or that act on more than the session's own host.
///
/// - `X-Accel-*`, `X-Sendfile` and similar headers make a web server send files or follow internal routes.
/// - `Clear-Site-Data` deletes the cookies of the whole site (W3C Clear Site Data, section 3.1).
/// - `Service-Worker-Allowed` lets a service worker control more than its own path.
/// - `Access-Control-Allow-Credentials` lets pages of other origins read with the user's login.
const RESPONSE_HEADERS: [&str; 7] = [
    "x-accel-",
    "x-sendfile",
    "x-lighttpd-",
    "x-reproxy-",
    "clear-site-data",
    "service-worker-allowed",
    "access-control-allow-credentials",
];

/// Families of the login cookies of hosted front doors: Cloudflare Access, AWS, Google, Azure.
const COOKIES: [&str; 8] = [
    "CF_Authorization",
    "CF_AppSession",
    "CF_Session",
    "CF_Binding",
    "AWSELBAuthSessionCookie",
    "GCP_IAP",
    "GCP_IAAP",
    "AppServiceAuthSession",
];

/// Prefixes of cookie names that browsers give a meaning (RFC 6265bis, section 4.1.3). The longer ones come first.
const COOKIE_PREFIXES: [&str; 4] = ["__Host-Http-", "__Host-", "__Http-", "__Secure-"];

/// The names that belong to the front door: well-known ones, and those from the settings.
#[derive(Clone, Debug, Default)]
pub struct PrivateNames {
    cookies: Vec<String>,
    headers: Vec<HeaderName>,
}

impl PrivateNames {
    /// The well-known names, cookies whose names begin with one of `cookies`, and `headers`.
    pub fn new(cookies: Vec<String>, headers: Vec<HeaderName>) -> Self {
        Self { cookies: cookies.into_iter().filter(|name| !name.is_empty()).collect(), headers }
    }

    /// Whether a cookie of this name is private, also with a prefix such as `__Host-`.
    pub(super) fn has_cookie(&self, name: &[u8]) -> bool {
        let plain = COOKIE_PREFIXES.iter().find_map(|prefix| name.get(prefix.len()..).filter(|_| begins(name, prefix)));
        let families = || self.cookies.iter().map(String::as_str).chain(COOKIES);
        families().any(|family| begins(name, family) || plain.is_some_and(|plain| begins(plain, family)))
    }

    /// Whether a request's header is private.
    pub(super) fn has_header(&self, name: &HeaderName) -> bool {
        let name = name.as_str();
        HEADER_FAMILIES.iter().any(|family| begins(name.as_bytes(), family))
            || HEADERS.iter().any(|header| same(name, header))
            || self.headers.iter().any(|header| same(name, header.as_str()))
    }

    /// Whether a session must not send this header to a client.
    pub(super) fn has_response_header(name: &HeaderName) -> bool {
        RESPONSE_HEADERS.iter().any(|family| begins(name.as_str().as_bytes(), family))
    }
}

/// Whether two header names are equal for a server that reads `_` as `-`, as CGI does.
fn same(name: &str, other: &str) -> bool {
    name.len() == other.len() && begins(name.as_bytes(), other)
}

/// Whether `name` begins with `family`, in any case, and with `_` for `-`.
fn begins(name: &[u8], family: &str) -> bool {
    let fold = |byte: &u8| if *byte == b'_' { b'-' } else { byte.to_ascii_lowercase() };
    name.len() >= family.len() && name.iter().map(fold).zip(family.as_bytes().iter().map(fold)).all(|(a, b)| a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> PrivateNames {
        PrivateNames::new(vec!["_oauth2_proxy".to_owned()], vec![HeaderName::from_static("x-company-token")])
    }

    #[test]
    fn assertions_of_other_front_doors_are_private() {
        for name in [
            "Cf-Access-Jwt-Assertion",
            "X-Goog-IAP-JWT-Assertion",
            "X-Amzn-Oidc-Data",
            "X_Amzn_Oidc_Accesstoken",
            "X-Id-Token",
            "GAP-Auth",
            "gap_auth",
            "X-Forwarded-Access-Token",
            "X-Auth-Request-Access-Token",
            "X-Company-Token",
            "x_company_token",
            "Remote-User",
        ] {
            assert!(names().has_header(&name.parse().unwrap()), "{name}");
        }
        for name in ["x-opencode-directory", "x-forwarded", "x-id-tokens", "accept", "x-company-token2", "remote-users"]
        {
            assert!(!names().has_header(&name.parse().unwrap()), "{name}");
        }
    }

    #[test]
    fn prefixed_cookies_are_private_too() {
        for name in [
            "_oauth2_proxy",
            "_oauth2_proxy_1",
            "__Host-_oauth2_proxy",
            "__Secure-_oauth2_proxy_csrf",
            "__HOST-HTTP-_OAuth2_proxy",
            "CF_Authorization",
            "__Host-GCP_IAP_AUTH_TOKEN_0",
            "AWSELBAuthSessionCookie-0",
        ] {
            assert!(names().has_cookie(name.as_bytes()), "{name}");
        }
        for name in ["theme", "oauth2_proxy", "__Host-", "__Host-theme", "x_oauth2_proxy", ""] {
            assert!(!names().has_cookie(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn commands_to_the_front_door_are_no_response_headers_of_a_session() {
        for name in ["X-Accel-Redirect", "X-Accel-Buffering", "X-Sendfile", "X-Sendfile-Type", "Clear-Site-Data"] {
            assert!(PrivateNames::has_response_header(&name.parse().unwrap()), "{name}");
        }
        for name in ["content-type", "access-control-allow-origin", "x-acceleration"] {
            assert!(!PrivateNames::has_response_header(&name.parse().unwrap()), "{name}");
        }
    }
}
