//! Private places that were moved into others, as far as scans have found them, and the finding that tells it.

use super::deep::Looked;
use crate::base::finding::{Area, Finding, quoted_bytes};
use crate::limits::DEEP_MAX;
use crate::scheduler::path::covers;
use std::collections::BTreeMap;

/// Those that came into one source: where each lies, and the path by which it is watched.
#[derive(Debug, Default)]
pub(super) struct MovedPlaces(BTreeMap<Vec<u8>, Vec<u8>>);

impl MovedPlaces {
    /// A step looked at this part, and found these.
    pub(super) fn replace(&mut self, (scope, after, upto): &Looked, found: Vec<(Vec<u8>, Vec<u8>)>) {
        let looked = |path: &[u8]| {
            (covers(scope, path) || covers(path, scope))
                && after.as_deref().is_none_or(|after| path > after)
                && upto.as_deref().is_none_or(|upto| path <= upto)
        };
        self.0.retain(|path, _| !looked(path));
        self.0.extend(found);
        while self.0.len() > DEEP_MAX {
            self.0.pop_last();
        }
    }

    /// The finding about them; `None` without any.
    pub(super) fn finding(&self) -> Option<Finding> {
        let (path, place) = self.0.first_key_value()?;
        let command = Some(format!("wattle forget {}", quoted_bytes(place)));
        let (path, place) = (String::from_utf8_lossy(path), String::from_utf8_lossy(place));
        let more = match self.0.len() - 1 {
            0 => String::new(),
            1 => " So it is with one more place.".to_owned(),
            more => format!(" So it is with {more} more places."),
        };
        let what = format!(
            "{path} is what was watched as the private place {place}. Nothing of it is shared or indexed there; what is known of it answers on this \
             device only. Move it back, or have {place} forgotten: then it is like everything else that is there.{more}"
        );
        Some(Finding { area: Area::Folders, what, command })
    }
}
