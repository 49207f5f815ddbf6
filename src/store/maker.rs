//! The record of a device that made vectors, see [`super::makers`].

use crate::base::id::Row;
use serde::{Deserialize, Serialize};

/// A device that made vectors.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Maker {
    /// Its number in the vectors, from 1; 0 is this device.
    pub number: u8,
    /// Good checks of it since the last false one, as far as they count.
    pub checks: u8,
    /// The rows of its vectors that are not proven, in the order in which they came.
    pub unproven: Vec<Row>,
}
