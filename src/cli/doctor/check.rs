//! One check of `wattle doctor` and its outcome.

/// What was checked, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Check {
    /// What was checked, in a word or two.
    pub(super) name: &'static str,
    /// One sentence: `Ok` if all is well, `Err` if something is wrong.
    pub(super) outcome: Result<String, String>,
}

impl Check {
    /// A check and its outcome.
    pub(super) const fn new(name: &'static str, outcome: Result<String, String>) -> Self {
        Self { name, outcome }
    }
}
