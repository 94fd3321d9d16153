//! A session that nobody and nothing uses is stopped, and no other is.

mod a_question_keeps_its_session;
mod a_working_agent_keeps_its_session;
mod files_go_after_their_time;
mod open_requests_and_tunnels;
mod situation;
mod unused_sessions_stop;
