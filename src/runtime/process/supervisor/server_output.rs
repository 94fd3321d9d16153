//! The output of opencode: it goes to the log, and shows when opencode listens.

use rustix::process::getpid;

use super::super::session_log::LogWriter;
use super::super::supervisor_protocol::State;
use super::listening_socket::listen_alone;
use super::supervisor_socket::Link;
use crate::init::process_tree::descendants_of;
use crate::opencode::Dialect;
use crate::prepare::{LastLines, LineSplitter};
use crate::session::clock::SystemClock;
use crate::session::{Checkout, Clock};

/// What to report when a server listens.
#[derive(Clone, Copy)]
pub(super) struct Listening {
    pub(super) port: u16,
    pub(super) ignores_project: bool,
}

/// The output of one start of opencode.
pub(super) struct ServerOutput<'a> {
    dialect: Dialect,
    listening: Listening,
    checkout: Option<&'a Checkout>,
    log: &'a mut LogWriter,
    link: &'a Link,
    open: LineSplitter,
    last: LastLines,
    listens: bool,
}

impl<'a> ServerOutput<'a> {
    /// The output of a server that will listen. `checkout` is what the first preparation checked out.
    pub(super) fn new(
        dialect: Dialect,
        listening: Listening,
        checkout: Option<&'a Checkout>,
        log: &'a mut LogWriter,
        link: &'a Link,
    ) -> Self {
        let (open, last) = (LineSplitter::default(), LastLines::default());
        Self { dialect, listening, checkout, log, link, open, last, listens: false }
    }

    /// Takes the next part of the output.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        let _ = self.log.write(bytes);
        let mut says_so = false;
        self.open.push(bytes, |line| {
            says_so |= self.dialect.says_that_it_listens(line);
            self.last.push(line);
        });
        if says_so && !self.look_for_socket() {
            let port = self.listening.port;
            self.log.note(&format!("another program listens on port {port}; waiting for opencode"));
        }
    }

    /// Reports that opencode runs, once the listening socket is its own. Only then does the router use the session's
    /// password: another program may have taken the port. Returns whether opencode runs.
    pub(super) fn look_for_socket(&mut self) -> bool {
        let Listening { port, ignores_project } = self.listening;
        if !self.listens && listen_alone(&descendants_of(getpid()), port) {
            self.listens = true;
            let checkout = self.checkout.cloned();
            self.link.report(State::Running { port, since: SystemClock.now(), checkout, ignores_project });
        }
        self.listens
    }

    /// The last lines, with an unfinished one.
    pub(super) fn last_lines(mut self) -> Vec<String> {
        self.open.finish(|line| self.last.push(line));
        self.last.lines()
    }
}
