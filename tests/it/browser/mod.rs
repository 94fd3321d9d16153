//! What people do in a browser, done by Chromium on the real program.

mod journey;
pub mod journeys;
