//! A user's way through the product, by REST and the session's host.

pub mod from_a_repository_to_an_answer;
mod holds_a_prompt_while_it_wakes;
pub mod keeps_a_terminal_open;
mod shows_what_the_agent_does;
mod stops_when_idle;
pub mod with_curl;
