//! What was found of packed files: whether a secret stands in them. Each is looked at once, however often it is moved or read again.

use crate::limits::PUBLIC_VERDICTS_MAX;
use crate::worker::extract::content_hash;
use crate::worker::retrieve::published::Published;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// What its reader goes by: the bytes of a file, and its name.
type Looked = [u8; 16];

fn looked(found: &Published) -> Looked {
    let name = found.path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    content_hash(&[&found.version.content()[..], name].concat())
}

#[derive(Debug, Default)]
struct Known {
    verdicts: BTreeMap<Looked, bool>,
    /// The oldest first.
    order: VecDeque<Looked>,
}

/// The verdicts of this agent's run, the newest `PUBLIC_VERDICTS_MAX` of them.
#[derive(Debug, Default)]
pub(super) struct Verdicts(Mutex<Known>);

impl Verdicts {
    /// Whether a secret stands in the file that this document had when it was read; `None`: nobody looked at it.
    pub(super) fn of(&self, found: &Published) -> Option<bool> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).verdicts.get(&looked(found)).copied()
    }

    pub(super) fn keep(&self, found: &Published, has_secret: bool) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let looked = looked(found);
        if known.verdicts.insert(looked, has_secret).is_none() {
            known.order.push_back(looked);
        }
        if known.order.len() > PUBLIC_VERDICTS_MAX
            && let Some(oldest) = known.order.pop_front()
        {
            known.verdicts.remove(&oldest);
        }
    }
}
