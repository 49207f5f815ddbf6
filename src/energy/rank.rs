//! How background threads stand among the threads of other programs.

use serde::{Deserialize, Serialize};

/// The rank, from the lowest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Rank {
    /// Behind everything: they run only where nothing else wants the core.
    #[default]
    Last,
    /// Beside niced programs, of which they take three quarters of a core: behind those they would get a sixth of it.
    BesideNiced,
    /// Nearly as everybody: a person asked for the work, and waits for it.
    Hurried,
}
