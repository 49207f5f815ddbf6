//! The record of a device that made vectors, see [`super::makers`].

use super::codec::{Record, decode_postcard, encode_postcard};
use super::rows::Rows;
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
    /// The rows of its vectors that answer, and that are owed a check: only texts whose vectors were known have vouched for them.
    pub owed: Rows,
    /// Until when it gets no work, because a vector of it was false, in seconds since 1970 by this device's clock; 0: it did not send any
    /// since one of its vectors was proven.
    pub banned_until: i64,
}

/// Version 1 has no `owed`, version 2 no `banned_until`; each is written where that is nothing.
impl Record for Maker {
    const NAME: &'static str = "maker";

    fn encode(&self) -> Vec<u8> {
        match (self.banned_until, self.owed.is_empty()) {
            (0, true) => encode_postcard(1, &(self.number, self.checks, &self.unproven)),
            (0, false) => encode_postcard(2, &(self.number, self.checks, &self.unproven, &self.owed)),
            _ => encode_postcard(3, self),
        }
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first()? {
            (1, body) => {
                let (number, checks, unproven) = decode_postcard(body)?;
                Some(Self { number, checks, unproven, ..Self::default() })
            }
            (2, body) => {
                let (number, checks, unproven, owed) = decode_postcard::<(_, _, _, Rows)>(body)?;
                owed.is_sound().then_some(Self { number, checks, unproven, owed, banned_until: 0 })
            }
            (3, body) => decode_postcard::<Self>(body).filter(|maker| maker.owed.is_sound()),
            _ => None,
        }
    }
}
