//! User journeys in Chromium, on the real program.

mod journey;
pub mod journeys;
