//! `prompts.json`: the prompts that wait for a session's agent, with mode 0600.

use std::io;

use super::session_folder::{SessionDir, read_if_there, write_atomically};
use crate::session::prompts::Prompts;

/// Reads the prompts. Empty if the file does not exist.
pub(super) fn read(dir: &SessionDir) -> io::Result<Prompts> {
    let Some(text) = read_if_there(&dir.prompts())? else { return Ok(Prompts::default()) };
    // The original error could quote a prompt.
    Prompts::read(&text).map_err(|_| io::Error::other("prompts.json cannot be read"))
}

/// Writes the prompts.
pub(super) fn write(dir: &SessionDir, prompts: &Prompts) -> io::Result<()> {
    write_atomically(&dir.prompts(), &prompts.to_json())
}
