//! How much of a file its reader is given: who gives less than all tells that, and the reader does not.

/// How much of a file its reader is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    Whole,
    /// Its beginning, as the rest is more than is read of one file. Who cut it tells that: no other copy of the file would have more.
    Beginning,
}

impl Extent {
    /// The extent of a part of the file. `is_last`: where the file ends, it ends too.
    pub(crate) const fn of_part(self, is_last: bool) -> Self {
        if is_last { self } else { Self::Whole }
    }

    /// Whether a reader that finds no end tells that it is missing.
    pub(crate) const fn has_end(self) -> bool {
        matches!(self, Self::Whole)
    }
}
