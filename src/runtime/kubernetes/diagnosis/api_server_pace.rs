//! The API server: whether it answers, how fast, its version, and its clock.

use std::time::{Duration, Instant};

use http::Request;
use http::header::DATE;
use jiff::{SignedDuration, Timestamp};
use kube::Client;
use kube::client::Body;

use super::super::api_server::{ApiError, Cluster, asked};
use crate::runtime::Finding;

/// The number of reads. Their median does not depend on one slow read.
const READS: usize = 5;
/// A median above this is slow.
const SLOW: Duration = Duration::from_millis(500);
/// Clocks that differ by more need to be set.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_secs(30);
/// The oldest supported minor version of Kubernetes 1.
const OLDEST_MINOR: u32 = 29;

const VERSION: &str = "api-server";
const LATENCY: &str = "api-latency";
const CLOCK: &str = "clock";

/// The finding about an API server that does not answer.
pub(super) fn unreachable(why: &str) -> Finding {
    Finding::problem(
        VERSION,
        format!("The API server cannot be reached: {why}. Nothing else of the cluster was checked."),
        "In a Pod, the router needs a service account and a network policy that lets it reach the API server. Elsewhere \
         it needs KUBECONFIG.",
    )
}

/// The version. The error is the finding about an API server that does not answer.
pub(super) async fn version(client: &Client) -> Result<Finding, Finding> {
    match asked(client.apiserver_version()).await {
        Ok(info) => Ok(judge_version(&info.git_version, &info.minor)),
        Err(ApiError::Final(why)) => Ok(Finding::not_checked(VERSION, format!("It does not say its version: {why}."))),
        Err(error) => Err(unreachable(&error.to_string())),
    }
}

fn judge_version(version: &str, minor: &str) -> Finding {
    // Some providers append “+”.
    let digits = minor.trim_end_matches(|last: char| !last.is_ascii_digit());
    match digits.parse::<u32>() {
        Ok(minor) if minor < OLDEST_MINOR => Finding::problem(
            VERSION,
            format!("Kubernetes {version} is older than 1.{OLDEST_MINOR}."),
            format!("Upgrade the cluster to Kubernetes 1.{OLDEST_MINOR} or later."),
        ),
        _ => Finding::ok(VERSION, format!("Kubernetes {version} answers.")),
    }
}

/// The median time of small reads. An answer that refuses a read counts too.
pub(super) async fn latency(cluster: &Cluster) -> Finding {
    let mut times = Vec::new();
    for _ in 0..READS {
        let begun = Instant::now();
        if let Err(error @ ApiError::Passing(_)) = asked(cluster.leases.get_opt("opencode-router-doctor")).await {
            return Finding::not_checked(LATENCY, format!("A small read failed: {error}."));
        }
        times.push(begun.elapsed());
    }
    times.sort();
    judge_latency(times[READS / 2])
}

fn judge_latency(median: Duration) -> Finding {
    let found = format!("The median of {READS} small reads is {} ms.", median.as_millis());
    match median > SLOW {
        true => Finding::warning(
            LATENCY,
            found,
            format!(
                "Above {} ms, sessions start and stop slowly: look at the load of the API server and of etcd.",
                SLOW.as_millis()
            ),
        ),
        false => Finding::ok(LATENCY, found),
    }
}

/// The difference between this machine's clock and that of the API server, from the header `Date` of a response.
pub(super) async fn clock(client: &Client) -> Finding {
    let before = Timestamp::now();
    let date = match asked(date(client)).await {
        Ok(date) => date,
        Err(error) => return Finding::not_checked(CLOCK, format!("The API server did not answer: {error}.")),
    };
    match date {
        Some(date) => judge_clock(ahead(date, before, Timestamp::now())),
        None => Finding::not_checked(CLOCK, "The API server's response has no time."),
    }
}

async fn date(client: &Client) -> kube::Result<Option<Timestamp>> {
    let request = Request::get("/version").body(Body::empty()).map_err(kube::Error::HttpError)?;
    let response = client.send(request).await?;
    let date = response.headers().get(DATE).and_then(|date| date.to_str().ok());
    Ok(date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()).map(|date| date.timestamp()))
}

/// How much the server's clock is at least ahead of this machine's; negative if it is behind. `date` has no fraction of
/// its second.
fn ahead(date: Timestamp, before: Timestamp, after: Timestamp) -> SignedDuration {
    let end_of_second = date.saturating_add(SignedDuration::from_secs(1)).unwrap_or(date);
    if date > after {
        date.duration_since(after)
    } else if end_of_second < before {
        end_of_second.duration_since(before)
    } else {
        SignedDuration::ZERO
    }
}

fn judge_clock(ahead: SignedDuration) -> Finding {
    let seconds = ahead.unsigned_abs().as_secs();
    if ahead.abs() > CLOCKS_DIFFER {
        let direction = if ahead.is_negative() { "behind" } else { "ahead of" };
        return Finding::warning(
            CLOCK,
            format!("The API server's clock is {seconds} s {direction} this machine's."),
            "Set both clocks with NTP: ages of sessions and expiry of tokens depend on them.",
        );
    }
    Finding::ok(CLOCK, format!("This machine's clock and the API server's differ by {seconds} s."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::Status;

    #[test]
    fn thresholds_are_those_of_the_sentences() {
        assert_eq!(judge_latency(Duration::from_millis(500)).status, Status::Ok);
        assert_eq!(judge_latency(Duration::from_millis(501)).status, Status::Warning);
        assert_eq!(judge_clock(SignedDuration::from_secs(-30)).status, Status::Ok);
        let behind = judge_clock(SignedDuration::from_secs(-31));
        assert_eq!(behind.status, Status::Warning);
        assert!(behind.message.contains("31 s behind"), "{}", behind.message);
        assert_eq!(judge_version("v1.28.9", "28").status, Status::Problem);
        assert_eq!(judge_version("v1.29.0-gke.1", "29+").status, Status::Ok);
    }

    #[test]
    fn the_fraction_of_a_second_that_the_header_lacks_is_no_difference() {
        let at = |millis| Timestamp::from_millisecond(millis).unwrap();
        assert_eq!(ahead(at(5000), at(5400), at(5600)), SignedDuration::ZERO);
        assert_eq!(ahead(at(5000), at(5900), at(6100)), SignedDuration::ZERO);
        assert_eq!(ahead(at(5000), at(7000), at(7100)), SignedDuration::from_secs(-1));
        assert_eq!(ahead(at(9000), at(6900), at(7000)), SignedDuration::from_secs(2));
    }
}
