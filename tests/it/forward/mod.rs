//! Bytes pass both ways unchanged, at once, and what one request suffers is its own.
