//! Calls that return, and calls that never do.
