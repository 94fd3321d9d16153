//! A session's server answers the router's own requests as badly as it can. It costs the router little memory, and
//! other sessions nothing.

mod bad_answers;
