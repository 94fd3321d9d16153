//! What users are told if opencode cannot read a session's history.

/// The sentences for an unreadable history. `cause` is opencode's own error.
pub fn unreadable_history(cause: &str) -> String {
    let cause = cause.trim().trim_end_matches('.');
    format!(
        "opencode cannot read the session's history: {cause}. The project's files are safe. Start the session without its \
         old history, which is kept in the folder “history”. If an older opencode replaced a newer one, go back to the newer \
         one instead."
    )
}
