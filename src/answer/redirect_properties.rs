//! What holds for every path that the router redirects to.

use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use url::Url;

use super::progress_page::redirect;

/// A browser stays on the host. `url` reads URLs as browsers do (WHATWG URL).
pub(crate) fn redirect_target(path: &str) {
    let response = redirect(StatusCode::SEE_OTHER, path);
    let location = response.headers().get(LOCATION).map_or(&b""[..], HeaderValue::as_bytes);
    for base in ["https://host.example/", "http://host.example:3000/a/b?c=d"] {
        let target = std::str::from_utf8(location).ok().and_then(|to| Url::parse(base).ok()?.join(to).ok());
        let origins = (target.map(|target| target.origin()), Url::parse(base).ok().map(|base| base.origin()));
        assert!(origins.0.is_some() && origins.0 == origins.1, "{path:?}");
    }
}
