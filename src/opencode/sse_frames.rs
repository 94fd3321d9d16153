//! Splits an event stream into the JSON of its `data:` lines. Reads each byte once.

use bytes::{Bytes, BytesMut};

/// Size limit of a frame, in bytes. The router skips longer ones: they contain tool outputs, which it does not need.
pub(super) const LONGEST_FRAME: usize = 256 * 1024;

#[derive(Default)]
pub(super) struct SseFrames {
    buffer: BytesMut,
    /// Length of the buffer without a line end.
    scanned: usize,
    /// Whether the rest of an overlong frame follows.
    skipping: bool,
}

impl SseFrames {
    pub(super) fn push(&mut self, chunk: &[u8]) {
        self.buffer.extend_from_slice(chunk);
    }

    pub(super) fn next(&mut self) -> Option<Bytes> {
        loop {
            let Some(end) = self.buffer[self.scanned..].iter().position(|byte| *byte == b'\n') else {
                self.scanned = self.buffer.len();
                if self.scanned > LONGEST_FRAME {
                    self.buffer = BytesMut::new();
                    self.scanned = 0;
                    self.skipping = true;
                }
                return None;
            };
            let line = self.buffer.split_to(self.scanned + end + 1).freeze();
            self.scanned = 0;
            let skipped = std::mem::take(&mut self.skipping) || line.len() > LONGEST_FRAME;
            if !skipped && line.starts_with(b"data:") {
                return Some(line.slice(b"data:".len()..));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_parsed_across_chunks() {
        let text = b"data: {\"a\":1}\n\n: comment\nevent: x\ndata: {\"a\":2}\n\n";
        for size in 1..text.len() {
            let mut frames = SseFrames::default();
            let mut seen = Vec::new();
            for chunk in text.chunks(size) {
                frames.push(chunk);
                while let Some(frame) = frames.next() {
                    seen.push(String::from_utf8(frame.to_vec()).unwrap());
                }
            }
            assert_eq!(seen, [" {\"a\":1}\n", " {\"a\":2}\n"], "in chunks of {size}");
        }
    }

    #[test]
    fn too_long_frame_is_skipped() {
        for size in [1000, LONGEST_FRAME * 3] {
            let mut frames = SseFrames::default();
            let mut seen = Vec::new();
            let long = [b"data: ".as_slice(), &vec![b'x'; LONGEST_FRAME * 2], b"\ndata: {}\n"].concat();
            for chunk in long.chunks(size) {
                frames.push(chunk);
                while let Some(frame) = frames.next() {
                    seen.push(frame);
                }
                assert!(frames.buffer.len() <= LONGEST_FRAME + size, "kept {}", frames.buffer.len());
            }
            assert_eq!(seen, [" {}\n"], "in chunks of {size}");
        }
    }

    #[test]
    fn frame_in_single_bytes_takes_linear_time() {
        let mut frames = SseFrames::default();
        let begun = std::time::Instant::now();
        for _ in 0..LONGEST_FRAME {
            frames.push(b"x");
            assert!(frames.next().is_none());
        }
        // Scanning everything again for each byte would take minutes.
        assert!(begun.elapsed() < std::time::Duration::from_secs(10), "{:?}", begun.elapsed());
    }
}
