//! What users are told if opencode cannot read a session's history.

/// Limit for opencode's own error, in characters.
const LONGEST_CAUSE: usize = 200;

/// The sentences for an unreadable history. `cause` is opencode's own error.
pub fn unreadable_history(cause: &str) -> String {
    let cause: String = cause.trim().trim_end_matches('.').chars().take(LONGEST_CAUSE).collect();
    format!(
        "opencode cannot read the session's history: {cause}. The project's files are safe. Start the session without its \
         old history, which is kept in the folder “history”. If an older opencode replaced a newer one, go back to the newer \
         one instead."
    )
}
