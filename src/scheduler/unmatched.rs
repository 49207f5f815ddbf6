//! A number of documents that the looks do not bear out: what `matching` finds, and the node tells.

/// What does not match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unmatched {
    /// The documents that there should be, by the looks.
    pub expected: u64,
    /// Those that there are.
    pub documents: u64,
}
