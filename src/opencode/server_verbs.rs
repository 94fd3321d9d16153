//! The operations on a server, for every dialect.

use std::time::Duration;

use super::readiness::{Loaded, Probe};
use super::{AgentReport, CallError, Dialect, FirstMessage, Server, event_follower, v1};

impl Server {
    /// Probes the server once, and identifies it.
    pub(super) async fn probe(&self) -> Probe {
        match self.dialect() {
            Dialect::V1 => v1::server_state::probe(self).await,
        }
    }

    /// Checks once whether it answers for its folder.
    pub(super) async fn loaded(&self) -> Loaded {
        match self.dialect() {
            Dialect::V1 => v1::server_state::loaded(self).await,
        }
    }

    /// Calls `report` with every change of its agents' activity, until its run is over. `None`: it does not answer.
    pub async fn follow_agent(&self, report: impl FnMut(Option<&AgentReport>)) {
        match self.dialect() {
            Dialect::V1 => event_follower::follow(self, v1::agent_fold::AgentFold::new(self.directory()), report).await,
        }
    }

    /// Ends all its work: aborts running turns and ends the tools' processes.
    pub async fn end_work(&self, within: Duration) -> Result<(), CallError> {
        match self.dialect() {
            Dialect::V1 => v1::commands::end_work(self, within).await,
        }
    }

    /// Starts a conversation with this message, unless the server already has it. Does not wait for the agent's answer.
    pub async fn send_first_message(&self, message: &FirstMessage) -> Result<(), CallError> {
        match self.dialect() {
            Dialect::V1 => v1::commands::send_first_message(self, message).await,
        }
    }

    /// The first page for a visitor of the session's URL.
    pub async fn start_page(&self) -> String {
        match self.dialect() {
            Dialect::V1 => v1::landing_page::start_page(self).await,
        }
    }
}
