//! The programs that sessions on this machine need, and the processor.

use crate::app::{git_version, process_settings};
use crate::config::Config;
use crate::runtime::Finding;

/// The oldest supported Git.
const OLDEST_GIT: (u32, u32) = (2, 30);

const GIT: &str = "git";
const OPENCODE: &str = "opencode";
const PROCESSOR: &str = "processor";

pub(super) async fn check(config: &Config) -> Vec<Finding> {
    vec![git().await, opencode(config).await, processor(has_avx2())]
}

async fn git() -> Finding {
    match git_version().await {
        Ok(printed) => judge_git(&printed),
        Err(error) => Finding::explained_problem(GIT, error.to_string()),
    }
}

fn judge_git(printed: &str) -> Finding {
    let (major, minor) = OLDEST_GIT;
    let version = printed.strip_prefix("git version ").unwrap_or(printed);
    let mut numbers = version.split('.').map_while(|number| number.parse::<u32>().ok());
    match (numbers.next(), numbers.next()) {
        (Some(first), Some(second)) if (first, second) < OLDEST_GIT => Finding::problem(
            GIT,
            format!("Git {version} is too old."),
            format!("Install Git {major}.{minor} or later, or put it first into PATH."),
        ),
        (Some(_), Some(_)) => Finding::ok(GIT, format!("Git {version}.")),
        _ => Finding::warning(
            GIT,
            format!("Git does not say its version: “{version}”."),
            format!("Check that it is {major}.{minor} or later."),
        ),
    }
}

async fn opencode(config: &Config) -> Finding {
    let program = config.process.opencode.display();
    match process_settings(config).await {
        Ok(settings) => Finding::ok(OPENCODE, format!("opencode {} ({program}).", settings.opencode_version)),
        Err(error) => Finding::explained_problem(OPENCODE, error.to_string()),
    }
}

/// Whether the processor has AVX2. `None` if opencode does not need it on this kind of processor.
fn has_avx2() -> Option<bool> {
    #[cfg(target_arch = "x86_64")]
    return Some(std::arch::is_x86_feature_detected!("avx2"));
    #[cfg(not(target_arch = "x86_64"))]
    None
}

fn processor(avx2: Option<bool>) -> Finding {
    match avx2 {
        Some(true) => Finding::ok(PROCESSOR, "The processor has AVX2, which opencode's usual build needs."),
        None => Finding::ok(PROCESSOR, "opencode needs no special instructions of this processor."),
        Some(false) => Finding::warning(
            PROCESSOR,
            "The processor has no AVX2, which opencode's usual build needs.",
            "Install opencode's build for older processors (opencode-linux-x64-baseline) and set OPENCODE_PROGRAM to it.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::Status;

    #[test]
    fn git_before_2_30_is_too_old() {
        let status = |printed: &str| judge_git(printed).status;
        for good in ["git version 2.30.0", "git version 2.39.5 (Apple Git-154)", "git version 3.0.rc1"] {
            assert_eq!(status(good), Status::Ok, "{good}");
        }
        assert_eq!(status("git version 2.29.3"), Status::Problem);
        assert_eq!(status("git version 1.8.3.1"), Status::Problem);
        assert_eq!(status("unknown"), Status::Warning);
    }

    #[test]
    fn only_a_processor_without_avx2_is_reported() {
        assert_eq!(processor(Some(false)).status, Status::Warning);
        assert_eq!(processor(Some(true)).status, Status::Ok);
        assert_eq!(processor(None).status, Status::Ok);
    }
}
