//! What the REST API promises.
