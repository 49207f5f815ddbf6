//! The answer of a search.

use super::{Unusable, is_zero};
use crate::base::hit::{Absence, FileCoverage, UnusableFile};
use crate::base::time::utc;
use crate::http::query::sendable_bytes;
use crate::node::output;
use serde::{Deserialize, Serialize};

/// What is said where only English is matched by its meaning and that matters to the question; docs/guide.md says what helps.
const ENGLISH_ONLY: &str = "By its meaning only English is found here, other languages by their words.";

/// The answer of `POST /v1/search`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SearchResults {
    /// Chunks, best first.
    pub hits: Vec<SearchHit>,
    /// True if none of them fits the question: they are only the nearest. Left out if it is false.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub nothing_fits: bool,
    /// True if the question has words in quotation marks that no passage has as they stand: the hits are only the nearest. Left out if it is
    /// false.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub no_phrase: bool,
    /// The filters of the question, as they are typed in one. Left out where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<String>,
    /// Names of devices that answered and do not know filters, so that what they have may be missing. Left out where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unfiltered: Vec<String>,
    /// A sentence for each collection that is asked for and that no device is known to have, with the names of those that there are,
    /// one for each type that is no kind where nothing was found, one where this device has no file of the types that are asked for, one for each of the first numbers or codes of the question that no passage found has, or none together with another telling word of it, with how
    /// many more there are, one that names the words of a short question that no passage has, and one where the question, or a good part of the documents, is in another language
    /// than English, the model knows that alone and the best answer is no strong one. Left out where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
    /// Files of the asked device whose name the question is and that cannot be used, with the reason. Left out where there are
    /// none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unusable: Vec<Unusable>,
    /// How many of the devices answered.
    pub coverage: SearchAnswer,
}

/// One chunk that was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchHit {
    /// The name of the device that holds it; with the end of its PeerId, if another device has the same name.
    pub device: String,
    /// That device's PeerId.
    #[serde(default)]
    pub peer_id: String,
    /// The document's path: all of it for one of the asked device, as calls take it: as a `file` URI where it is not UTF-8; of another device's from the
    /// name of its watched folder on.
    pub path: String,
    /// The chunk's exact text.
    pub text: String,
    /// The sentences of it that have the most of the question's words, in parts: the second, the fourth … are words of the question, the others
    /// what stands between, which may be empty. An ellipsis stands where the text goes on.
    #[serde(default)]
    pub snippet: Vec<String>,
    /// 0 to 1: of the first hit, how likely it answers the question; of the others, their part of it.
    pub score: f32,
    /// Headings above the chunk, outermost first, joined by " > "; empty if there are none.
    pub heading: String,
    /// The number by which the asked device knows the chunk: `GET /v1/document` gives the part of the document around it. Left out for a document of
    /// another device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passage: Option<u64>,
    /// What keeps people from its file.
    #[serde(flatten)]
    pub file: HitFile,
    /// All files in which this text was found, this one first; at most 16. Left out where there is but one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<SearchPlace>,
}

/// Why the file of a hit cannot be opened just now; nothing if it can be. In JSON these stand beside the fields of the hit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HitFile {
    /// Since when the document's file is away; left out if it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub away_since: Option<String>,
    /// Since when the document's file is gone, where it is kept without it (`wattle keep`); left out if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_since: Option<String>,
    /// Whether the document's file is there and cannot be read now (`wattle doctor` says why), so that this is the text of an earlier
    /// reading; left out if it can be.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unreadable: bool,
    /// Since when the document's file is gone from its folder, while the folder's owner is asked what is to become of it
    /// (`wattle doctor`); left out if nobody is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone_since: Option<String>,
}

impl HitFile {
    /// From the node's word; `gone_since` in seconds since 1970.
    fn new(absence: Option<Absence>, gone_since: Option<i64>) -> Self {
        let gone_since = gone_since.map(utc);
        match absence {
            None => Self { gone_since, ..Self::default() },
            Some(Absence::Away(since)) => Self { away_since: Some(utc(since)), gone_since, ..Self::default() },
            Some(Absence::Kept(since)) => Self { kept_since: Some(utc(since)), gone_since, ..Self::default() },
            Some(Absence::Unreadable) => Self { unreadable: true, gone_since, ..Self::default() },
        }
    }
}

/// A file that holds the text of a hit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchPlace {
    /// The name of the device that has it.
    pub device: String,
    /// That device's PeerId.
    pub peer_id: String,
    /// The document's path, as that of a hit.
    pub path: String,
}

/// Which devices were asked and answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchAnswer {
    /// Devices asked, this one among them.
    pub asked: usize,
    /// Devices that answered in time.
    pub answered: usize,
    /// The names of some of those that did not answer; left out where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub silent: Vec<String>,
    /// The same devices with their PeerIds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub silent_devices: Vec<output::SilentDevice>,
    /// Devices that are up and were not asked: a large mesh does not link all with all. Left out where there are none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub not_asked: usize,
    /// Devices that were not asked, because they share nothing that the asked one does not have, of the collections that were asked for. Left out where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nothing_else: Vec<output::DeviceName>,
    /// Devices that were not asked, because two devices use their key (`GET /v1/doctor` says what helps). Left out where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub frozen: Vec<output::DeviceName>,
    /// How many documents were not searched at all, as far as is known.
    #[serde(default)]
    pub uncovered: output::Uncovered,
    /// How many of the files of the device that was asked were searched.
    #[serde(default)]
    pub files: FileCoverage,
    /// The same of the other devices that told it with their answers: of the files that they share. Left out where there
    /// are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<output::DeviceCoverage>,
    /// Files of that device that cannot be used; `GET /v1/doctor` lists them with their reasons.
    #[serde(default)]
    pub unusable: u64,
    /// What background work may do on that device, and why not more; null where all its files are searched.
    #[serde(default)]
    pub background: Option<String>,
}

impl SearchResults {
    /// From the node's answer.
    #[must_use]
    pub fn new(
        hits: Vec<output::RankedHit>,
        (fits, narrowed): (bool, output::Narrowed),
        unusable: Vec<UnusableFile>,
        coverage: SearchAnswer,
    ) -> Self {
        let place = |place: output::RankedPlace| SearchPlace {
            device: place.device,
            peer_id: place.peer_id,
            path: sendable_bytes(&place.path),
        };
        let hit = |hit: output::RankedHit| SearchHit {
            device: hit.device,
            peer_id: hit.peer_id,
            path: sendable_bytes(&hit.path),
            text: hit.text,
            snippet: hit.snippet,
            score: hit.score,
            heading: hit.heading,
            passage: hit.passage.map(|row| row.0),
            file: HitFile::new(hit.absence, hit.gone_since),
            places: if hit.places.len() > 1 { hit.places.into_iter().map(place).collect() } else { Vec::new() },
        };
        let unusable = unusable.into_iter().map(|file| Unusable::of(&file.path, &file.reason)).collect();
        let hits = hits.into_iter().map(hit).collect();
        let output::Narrowed { no_phrase, english_only, filters, unfiltered, mut unknown } = narrowed;
        unknown.extend(english_only.then(|| ENGLISH_ONLY.to_owned()));
        Self { hits, nothing_fits: !fits, no_phrase, filters, unfiltered, unknown, unusable, coverage }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_only_english_is_found_by_its_meaning_is_said_once_in_one_short_sentence() {
        let of = |english_only| {
            let narrowed = output::Narrowed { english_only, ..output::Narrowed::default() };
            SearchResults::new(Vec::new(), (true, narrowed), Vec::new(), SearchAnswer::default()).unknown
        };
        assert!(of(false).is_empty());
        let told = of(true);
        assert!(told.len() == 1 && told[0].len() < 100 && told[0].matches('.').count() == 1, "{told:?}");
    }
}
