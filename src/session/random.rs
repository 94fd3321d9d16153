//! Unguessable random values.

/// `N` bytes from the operating system's random source, in hexadecimal.
///
/// Aborts the process without that source, because no secret would be safe.
#[allow(clippy::expect_used, reason = "no safe way to go on without randomness")]
pub fn random_hex<const N: usize>() -> String {
    use std::fmt::Write;
    let mut bytes = [0u8; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes.iter().fold(String::with_capacity(2 * N), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
