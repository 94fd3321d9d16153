//! Which files a partial clone leaves out until they are needed (git-clone(1), `--filter`).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A filter of a partial clone: `blob:none`, or `blob:limit=` with a size in bytes, KiB, MiB or GiB.
///
/// Filters that leave out folders are not accepted: a checkout fetches them one by one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CloneFilter(String);

/// The text is not an accepted filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected blob:none, or blob:limit=SIZE with a size such as 1m")]
pub struct InvalidCloneFilter;

impl CloneFilter {
    /// The filter, as Git reads it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CloneFilter {
    type Err = InvalidCloneFilter;

    fn from_str(text: &str) -> Result<Self, InvalidCloneFilter> {
        let is_size = |size: &str| {
            let number = size.strip_suffix(['k', 'm', 'g']).unwrap_or(size);
            number.len() <= 9 && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        };
        let known = text == "blob:none" || text.strip_prefix("blob:limit=").is_some_and(is_size);
        if known { Ok(Self(text.to_owned())) } else { Err(InvalidCloneFilter) }
    }
}

impl fmt::Display for CloneFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for CloneFilter {
    type Error = InvalidCloneFilter;
    fn try_from(text: String) -> Result<Self, InvalidCloneFilter> {
        text.parse()
    }
}

impl From<CloneFilter> for String {
    fn from(filter: CloneFilter) -> Self {
        filter.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_filters_of_files_are_accepted() {
        for good in ["blob:none", "blob:limit=0", "blob:limit=1m", "blob:limit=512k", "blob:limit=999999999g"] {
            assert_eq!(good.parse::<CloneFilter>().unwrap().as_str(), good);
        }
        for bad in
            ["", "none", "blob:limit=", "blob:limit=m", "blob:limit=-1", "blob:limit=1t", "tree:0", "sparse:oid=x"]
        {
            assert!(bad.parse::<CloneFilter>().is_err(), "{bad}");
        }
    }
}
