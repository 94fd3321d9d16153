use opencode_router::usage::Usage;

use super::situation::Situation;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_at_work_keep_the_session_up_to_max_busy() {
    let at = Situation::new("5").await;
    let work = |processes| Some(Usage { work: Some(processes), ..Usage::default() });
    at.app.fake.measures_of(at.id.parse().unwrap(), work(2));
    at.kept_by(&["activity", "processes"]).await;
    at.pass(110).await;
    at.kept_by(&["processes"]).await;
    assert_eq!(at.minutes_left().await, 8 * 60 - 110, "no longer than the limit");

    // The idle time begins when the work is done.
    at.app.fake.measures_of(at.id.parse().unwrap(), work(0));
    at.kept_by(&["activity"]).await;
    assert_eq!(at.minutes_left().await, 5);
    at.app.pass(5);
    at.stopped().await;
}
