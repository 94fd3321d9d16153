//! The largest head of a request that a server takes.

/// A limit for the heads of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadLimit {
    /// Bytes, from the request line to the empty line.
    pub bytes: usize,
    /// Headers, counted by line.
    pub headers: usize,
}

impl HeadLimit {
    /// No limit.
    pub const NONE: Self = Self { bytes: usize::MAX, headers: usize::MAX };
}
