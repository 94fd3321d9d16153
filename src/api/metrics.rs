//! Prometheus metrics, computed from existing state at each scrape, so that no request pays for them.
//!
//! Setting: `METRICS_PORT` (default: none).

use std::collections::HashMap;
use std::fmt;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Response, StatusCode};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::answer::Body;
use crate::lifecycle::Lifecycle;
use crate::session::Leases;

/// The text format of all scrapers: <https://prometheus.io/docs/specs/om/open_metrics_spec/>.
const FORMAT: HeaderValue = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

type Labels = Vec<(&'static str, String)>;

/// Answers a scraper.
pub fn serve(lifecycle: &Lifecycle, method: &Method, path: &str) -> Response<Body> {
    let text = match (method, path) {
        (&Method::GET, "/metrics") => measure(lifecycle).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR),
        (_, "/metrics") => Err(StatusCode::METHOD_NOT_ALLOWED),
        _ => Err(StatusCode::NOT_FOUND),
    };
    let (status, text) = text.map_or_else(|status| (status, String::new()), |text| (StatusCode::OK, text));
    let mut response = Response::new(Body::text(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, FORMAT);
    response
}

fn measure(lifecycle: &Lifecycle) -> Result<String, fmt::Error> {
    let (mut phases, mut leases, mut busy) = (HashMap::new(), Leases::default(), 0);
    for session in lifecycle.registry().all() {
        let view = session.view(&lifecycle.limits().idle);
        *phases.entry(format!("{:?}", view.phase.name).to_lowercase()).or_insert(0) += 1;
        busy += i64::from(view.busy);
        leases.reads += view.leases.reads;
        leases.writes += view.leases.writes;
        leases.tunnels += view.leases.tunnels;
    }
    let role = lifecycle.role();
    let mut sheet = Sheet(Registry::with_prefix("opencode_router"));
    sheet.family("sessions", "Sessions that exist, by phase", "phase", phases);
    sheet.gauge("busy_sessions", "Sessions whose agent works", busy);
    let open = [("read", leases.reads), ("write", leases.writes), ("tunnel", leases.tunnels)];
    let open = open.map(|(kind, count)| (kind.to_owned(), i64::try_from(count).unwrap_or(i64::MAX)));
    sheet.family("open_requests", "Requests and tunnels open through this replica", "kind", open);
    sheet.gauge("leads", "1 for the replica that decides for all", i64::from(role.leads));
    sheet.gauge("replicas", "Replicas of the router that this one knows", i64::try_from(role.replicas()).unwrap_or(0));
    let trouble = lifecycle.trouble().into_iter().map(|slug| (slug.to_owned(), 1));
    sheet.family(
        "trouble",
        "1 for what is not as it should be: cluster-unreachable, profiles-not-reloaded",
        "kind",
        trouble,
    );
    let mut text = String::new();
    encode(&mut text, &sheet.0)?;
    Ok(text)
}

struct Sheet(Registry);

impl Sheet {
    fn gauge(&mut self, name: &str, help: &str, value: i64) {
        let gauge = Gauge::<i64>::default();
        gauge.set(value);
        self.0.register(name, help, gauge);
    }

    fn family(&mut self, name: &str, help: &str, label: &'static str, values: impl IntoIterator<Item = (String, i64)>) {
        let family = Family::<Labels, Gauge>::default();
        for (value, count) in values {
            family.get_or_create(&vec![(label, value)]).set(count);
        }
        self.0.register(name, help, family);
    }
}
