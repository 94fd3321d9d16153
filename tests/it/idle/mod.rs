//! A session that nobody and nothing uses is stopped, and no other.
