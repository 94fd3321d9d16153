//! opencode-router
#![allow(dead_code)]
pub mod git;
pub mod opencode;
pub mod runtime;
pub mod session;
