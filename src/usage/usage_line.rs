//! The line that carries a session's usage from its Pod to the router: JSON, at most 256 bytes.

use super::Usage;

/// The most that is read of a line, in bytes. Six numbers of 20 digits and one of 10 fit.
pub const LONGEST_LINE: usize = 256;

impl Usage {
    /// The line.
    pub fn to_line(&self) -> String {
        format!("{}\n", serde_json::to_string(self).unwrap_or_default())
    }

    /// Reads a line that a session sent. `None` if it is not one, or is cut. Ignores unknown fields.
    pub fn read(line: &[u8]) -> Option<Self> {
        let line = line.strip_suffix(b"\n")?;
        serde_json::from_slice(line).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Gauge;
    use super::*;

    #[test]
    fn longest_line_fits_and_is_read_as_it_was_written() {
        let gauge = Some(Gauge { used: u64::MAX, limit: Some(u64::MAX) });
        for usage in [Usage { disk: gauge, files: gauge, memory: gauge, work: Some(u32::MAX) }, Usage::default()] {
            let line = usage.to_line();
            assert!(line.len() <= LONGEST_LINE, "{}", line.len());
            assert_eq!(Usage::read(line.as_bytes()), Some(usage));
        }
    }

    #[test]
    fn anything_else_is_no_usage() {
        let later = br#"{"memory":{"used":5,"soft":4},"swap":{"used":1}}"#;
        assert_eq!(Usage::read(&[&later[..], b"\n"].concat()).unwrap().memory.unwrap().used, 5);
        let wrong: [&[u8]; 6] =
            [b"", b"\n", later, b"{\"memory\":7}\n", b"{\"disk\":{\"used\":-1}}\n", b"HTTP/1.1 400 Bad Request\r\n"];
        for line in wrong {
            assert_eq!(Usage::read(line), None, "{}", String::from_utf8_lossy(line));
        }
    }
}
