//! The standard input of a child that gets secrets: neither an argument nor a file on disk.

use std::fs::File;
use std::io::{self, Seek, Write};

use rustix::fs::{MemfdFlags, memfd_create};

/// A file in memory with this content. The child can read it at any time, or never.
pub fn secret_input(content: &[u8]) -> io::Result<File> {
    let mut input = File::from(memfd_create("input", MemfdFlags::CLOEXEC)?);
    input.write_all(content)?;
    input.rewind()?;
    Ok(input)
}
