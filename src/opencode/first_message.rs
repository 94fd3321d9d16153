//! A session's first message. The router chooses the message's id, so it can check later whether opencode accepted it.

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstMessage {
    /// Its id, from [`FirstMessage::id_at`].
    pub id: String,
    /// Its text.
    pub text: String,
}

impl FirstMessage {
    /// A new id for this moment, in milliseconds since 1970.
    ///
    /// It has the form of opencode 1.18's ids, which sort by time. opencode counts a turn as answered when the answer's
    /// id sorts after the message's id.
    pub fn id_at(millisecond: i64) -> String {
        // 48 bits of a clock that counts 4096 times a millisecond, as opencode makes them.
        let clock = (millisecond.unsigned_abs() << 12) & 0xffff_ffff_ffff;
        let random: String = std::iter::repeat_with(fastrand::alphanumeric).take(14).collect();
        format!("msg_{clock:012x}{random}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_as_those_of_opencode() {
        // opencode 1.18.33 created `id` five seconds after `before`.
        let (before, id) = (1_795_654_645_121, "msg_2155b87c8001LKDLwoW6W4Qei8".to_owned());
        assert!(FirstMessage::id_at(before) < id);
        assert!(FirstMessage::id_at(before + 10_000) > id);
        assert_eq!(FirstMessage::id_at(before).len(), id.len());
    }
}
