//! The real command-line clients, through the attach listener.

pub mod attached_terminal;
mod run_command;
mod wrong_token;

use crate::support::router::Router;

/// A client's parameters: the address in its path form, and a new token.
async fn address_and_token(router: &Router, id: &str) -> (String, String) {
    (format!("http://{}/s/{id}", router.attach), router.token(id).await)
}
