//! Splits long lines of a log, for readers that keep whole lines. A session can print a line without an end.

use bytes::Bytes;
use futures_util::StreamExt;

use crate::lifecycle::runtime_port::LogStream;
use crate::prepare::LONGEST_LINE;

/// The log with a line end after every [`LONGEST_LINE`] bytes of a line.
pub(in crate::runtime) fn split_long_lines(log: LogStream) -> LogStream {
    let mut open = 0;
    log.map(move |chunk| chunk.map(|chunk| split(chunk, &mut open))).boxed()
}

/// Splits one chunk. `open` is the number of bytes since the last line end.
fn split(chunk: Bytes, open: &mut usize) -> Bytes {
    let mut split = Vec::new();
    let mut copied = 0;
    for (at, byte) in chunk.iter().enumerate() {
        let inside_a_character = byte & 0b1100_0000 == 0b1000_0000;
        if *byte == b'\n' {
            *open = 0;
            continue;
        }
        if *open >= LONGEST_LINE && !inside_a_character {
            split.extend_from_slice(&chunk[copied..at]);
            split.push(b'\n');
            (copied, *open) = (at, 0);
        }
        *open += 1;
    }
    if split.is_empty() {
        return chunk;
    }
    split.extend_from_slice(&chunk[copied..]);
    split.into()
}

#[cfg(test)]
mod tests {
    use futures_util::{TryStreamExt, stream};

    use super::*;

    async fn passed(text: &str, chunk: usize) -> String {
        let chunks: Vec<_> = text.as_bytes().chunks(chunk).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
        let chunks: Vec<Bytes> = split_long_lines(stream::iter(chunks).boxed()).try_collect().await.unwrap();
        String::from_utf8(chunks.concat()).unwrap()
    }

    #[tokio::test]
    async fn endless_line_is_split_and_complete() {
        let endless = format!("{}é{}", "x".repeat(LONGEST_LINE - 1), "ü".repeat(3 * LONGEST_LINE));
        for chunk in [7, 5000, 10 * LONGEST_LINE] {
            let text = passed(&endless, chunk).await;
            assert!(text.lines().all(|line| line.len() <= LONGEST_LINE + 3), "in chunks of {chunk}");
            assert_eq!(text.replace('\n', ""), endless);
        }
    }

    #[tokio::test]
    async fn other_lines_pass_unchanged() {
        let text = format!("{}\n\n", "x".repeat(LONGEST_LINE)).repeat(3);
        assert_eq!(passed(&text, 100).await, text);
    }
}
