//! The journeys of the one-machine default, on a cluster.

use serde_json::json;

use crate::attach::attached_terminal::a_terminal_wakes_a_session_and_lets_it_sleep;
use crate::browser::journeys::{opencodes_page, the_routers_page};
use crate::journey::open_terminal::a_terminal_of_the_page;
use crate::journey::repository_to_answer::a_first_message_and_its_work;
use crate::journey::with_curl::a_script;
use crate::support::installation::Installation;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn journeys_by_rest_and_browser_work() {
    let installed = Installation::install().await;
    the_routers_page(&installed, &installed.git, "opencode server listening").await;
    a_script(&installed, &installed.git).await;
    a_first_message_and_its_work(&installed, &installed.model, &installed.git).await;
    opencodes_page(&installed, &installed.git).await;
    installed.test().await;
    let refusal = installed.second_release().await;
    assert!(refusal.contains("serves the sessions in namespace"), "{refusal}");
    // New replicas replace the old ones.
    installed.upgrade(json!({"podLabels": {"roll-out": "second"}})).await;
    super::rights::are_all_used(&installed).await;
    super::rights::are_all_used(&installed).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make test brings one up"]
async fn terminal_journeys_and_idle_stop_work() {
    let installed = Installation::install_with(json!({"sessions": {"idleTimeoutMinutes": 0.4}})).await;
    a_terminal_of_the_page(&installed).await;
    a_terminal_wakes_a_session_and_lets_it_sleep(&installed, &installed.model).await;
}
