//! The parts of the answer of `GET /v1/doctor`.

use super::{Checked, Files, text};
use crate::base::media::told_reason;
use crate::limits::SPOT_EXAMPLES_MAX;
use crate::store::audit::Audit;
use crate::store::counts::StoreCounts;
use serde::{Deserialize, Serialize};

/// A sample of the files on the disk, held against the index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSample {
    /// Different files that were looked at, those that are gone among them.
    pub looked: u64,
    /// Those that the index does not have as they are: new, changed or gone, and not noticed.
    pub different: u64,
    /// The paths of some of them.
    pub examples: Vec<String>,
    /// Files that are gone and about which the agent knows: its owner is asked, or their documents are being removed.
    #[serde(default)]
    pub undecided: u64,
}

/// A file that cannot be used. Of a picture, a sound or a film it is said that such files are not read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unusable {
    /// Its path.
    pub path: String,
    /// One plain sentence.
    pub reason: String,
}

impl Unusable {
    /// By its path and the reason that is stored.
    pub(super) fn of(path: &[u8], reason: &str) -> Self {
        Self { path: text(path), reason: told_reason(path, reason).to_owned() }
    }
}

/// A store's counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Files by state.
    pub files: Files,
    /// Chunks of all files.
    pub chunks: u64,
    /// Chunks that have their vector.
    pub vectors: u64,
    /// Chunks without one that nobody embeds: their files are parked or not usable.
    #[serde(default)]
    pub set_aside: u64,
}

impl From<&Audit> for Checked {
    fn from(audit: &Audit) -> Self {
        Self {
            clean: audit.clean(),
            counted: Counts::from(&audit.counted),
            believed: Counts::from(&audit.believed),
            faults: audit.faults.clone(),
            fault_count: audit.fault_count,
            refused: audit.refused.iter().map(|(path, why)| Unusable::of(path, why)).collect(),
            parked: audit
                .parked
                .iter()
                .map(|(_, path, parked)| Unusable { path: text(path), reason: parked.why().to_owned() })
                .collect(),
            sample: audit.spot.as_ref().map(|spot| FileSample {
                looked: spot.looked,
                different: spot.different.len() as u64,
                examples: spot.different.iter().take(SPOT_EXAMPLES_MAX).map(|(path, _)| text(path)).collect(),
                undecided: spot.undecided,
            }),
        }
    }
}

impl From<&StoreCounts> for Counts {
    fn from(counts: &StoreCounts) -> Self {
        Self {
            files: Files::from(counts),
            chunks: counts.live_chunks(),
            vectors: counts.live_vectors(),
            set_aside: counts.set_aside,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{SearchAnswer, SearchResults};
    use super::*;
    use crate::base::hit::UnusableFile;
    use crate::node::output::Narrowed;

    #[test]
    fn the_doctor_and_a_search_tell_of_a_picture_that_pictures_are_not_read() {
        let (path, reason) = (b"/a/1.jpg".to_vec(), "The file is not text.".to_owned());
        let audit = Audit { refused: vec![(path.clone(), reason.clone())], ..Audit::default() };
        let files = vec![UnusableFile { path, reason }];
        let found =
            SearchResults::new(Vec::new(), (true, Narrowed::default()), files, SearchAnswer::default()).unusable;
        for told in [Checked::from(&audit).refused, found] {
            assert_eq!(told, [Unusable { path: "/a/1.jpg".to_owned(), reason: "Pictures are not read.".to_owned() }]);
        }
    }
}
