//! Who gets in, and what it costs the others.
