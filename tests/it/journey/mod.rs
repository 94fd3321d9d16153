//! A user's way through the product, by REST and the session's host.

mod agent_state;
mod first_message_once;
mod idle_stop;
pub mod open_terminal;
mod prompt_while_waking;
pub mod repository_to_answer;
pub mod with_curl;
