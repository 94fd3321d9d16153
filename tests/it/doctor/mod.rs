//! `opencode-router doctor` says what has to be done before the router can work.

mod cluster;
mod examination;
mod machine;
mod running_router;
mod throwaway;
