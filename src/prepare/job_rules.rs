//! Rules for the job of a preparation.

use std::path::Path;

use super::job::{Clone, Job};
use crate::git::{CloneExtent, Lfs};

const MINIMAL: &str = r#"{"version":1,"folder":"/data","project":"app","owner":{"name":"ann","email":"ann@h"},
    "clone":{"url":"https://h/a/app","branch":"main"},"fromTheNextVersion":true}"#;

#[test]
fn fields_of_a_later_program_are_ignored_and_missing_ones_have_defaults() {
    let job = Job::parse(MINIMAL).unwrap();
    assert_eq!((job.git_env.as_ref(), job.end_file.as_ref()), (None, None));
    assert_eq!(job.project_folder(), Path::new("/data/work/app"));
    assert_eq!(Job::parse(&serde_json::to_string(&job).unwrap()).unwrap(), job);
}

#[test]
fn a_job_of_a_later_version_is_refused() {
    let later = MINIMAL.replace("\"version\":1", "\"version\":5");
    assert!(Job::parse(&later).unwrap_err().to_string().contains("version 5"));
}

#[test]
fn a_program_that_knows_no_default_branch_refuses_a_job_without_a_branch() {
    let job = Job::parse(MINIMAL).unwrap();
    assert_eq!(job.version, 1, "an older program reads a job with a branch");
    let clone = job.clone.clone().map(|clone| Clone { branch: None, ..clone });
    let job = job.cloning(clone);
    assert_eq!(job.version, 2);
    assert_eq!(Job::parse(&serde_json::to_string(&job).unwrap()).unwrap(), job);
}

#[test]
fn a_program_that_knows_no_adoption_refuses_an_adopted_folder() {
    let job = Job::parse(MINIMAL).unwrap().adopting();
    assert_eq!(job.version, 3, "the version of a program that knows a default branch is 2");
    assert_eq!(Job::parse(&serde_json::to_string(&job).unwrap()).unwrap(), job);
}

#[test]
fn other_places_are_told_only_to_a_program_that_knows_them() {
    let job = Job::parse(MINIMAL).unwrap();
    assert_eq!(job.clone().with_places(None, None, None).version, 1);
    let job = job.with_places(Some("/workspace".into()), None, None);
    assert_eq!(job.version, 4);
    assert_eq!(job.project_place(), Path::new("/workspace/app"));
    assert_eq!(Job::parse(&serde_json::to_string(&job).unwrap()).unwrap(), job);
}

#[test]
fn folders_of_later_mounts_do_not_trouble_an_older_program() {
    let mut job = Job::parse(MINIMAL).unwrap();
    assert!(!serde_json::to_string(&job).unwrap().contains("homeFolders"));
    job.home_folders = vec!["/data/home/.kube".into()];
    assert_eq!(job.version, 1);
    assert_eq!(Job::parse(&serde_json::to_string(&job).unwrap()).unwrap(), job);
}

#[test]
fn a_program_that_would_leave_a_part_out_refuses_the_job() {
    let version = |extent| {
        let job = Job::parse(MINIMAL).unwrap();
        let clone = job.clone.clone().map(|clone| Clone { extent, ..clone });
        let job = job.cloning(clone);
        assert_eq!(Job::parse(&serde_json::to_string(&job).unwrap()).unwrap(), job);
        job.version
    };
    let plain = CloneExtent::default();
    assert_eq!(version(plain), 1);
    assert_eq!(version(CloneExtent { depth: Some(1), lfs: Lfs::Never, ..plain }), 1);
    assert_eq!(version(CloneExtent { submodules: true, ..plain }), 4);
    assert_eq!(version(CloneExtent { lfs: Lfs::Always, ..plain }), 4);
}

#[test]
fn a_project_is_one_folder_below_work() {
    for name in ["", ".", "..", "../x", "a/b", "/etc", ".hidden", "a/"] {
        let job = MINIMAL.replace("\"project\":\"app\"", &format!("\"project\":\"{name}\""));
        // A trailing slash is no second component.
        assert!(Job::parse(&job).is_err() || name == "a/", "{name:?}");
    }
}
