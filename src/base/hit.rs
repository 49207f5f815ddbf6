//! What a device found for a query: the values that search makes, query merges and messages carry.
//!
//! In postcard a value is its fields in the order of declaration (docs/messages.md), so that order is frozen.
//! `wire::json` declares the field names in JSON.

use super::bounded;
use super::count::plural;
use super::id::{DocId, Row};
use crate::limits::{HITS_MAX, QUESTION_WORDS_MAX};
use core::iter::repeat_n;
use heapless::Vec as Bounded;
use serde::{Deserialize, Serialize};

/// The hits of one device. Only the asking agent scores them against the hits of others and merges them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// The statistics over all chunks that were scored, which BM25 needs to score one of them.
    pub statistics: CorpusStatistics,
    /// The best chunks by this device's own score, best first; at most `HITS_MAX`.
    #[serde(deserialize_with = "bounded::list::<_, _, HITS_MAX>")]
    pub hits: Vec<SearchHit>,
    /// Files that have the name which is asked for and cannot be used; at most `NAMED_FILES_MAX` a name. Not in messages: of
    /// its own device a person is told.
    #[serde(skip)]
    pub unusable: Vec<UnusableFile>,
    /// Whether some of the store could not be read, so that hits may be missing. Not in messages: `message::Unread` tells it.
    #[serde(skip)]
    pub unread: bool,
    /// Whether the search ended at its deadline, so that hits may be missing. Not in messages: `message::CutShort` tells it.
    #[serde(skip)]
    pub cut_short: bool,
    /// What was found by its meaning alone. Not in messages: `message::Coverage` counts it as not searched.
    #[serde(skip)]
    pub words_due: WordsDue,
    /// Files of the types that are asked for: counted where nothing was found of them and none can be used. Not in messages: of its own device a person is told.
    #[serde(skip)]
    pub of_types: Option<TypedFiles>,
}

/// Files of the types that a question asks for, whatever else it asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TypedFiles {
    /// All that are known.
    pub all: u64,
    /// Those of them that cannot be used, so that nothing of them can be found.
    pub unusable: u64,
}

/// Files whose words are not in the index yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WordsDue {
    /// Those that are embedded.
    pub searchable: u64,
    /// Those that wait to be embedded: nothing finds them.
    pub read: u64,
}

/// A file that has the name which is asked for, and cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusableFile {
    /// Its path.
    pub path: Vec<u8>,
    /// Why, in a sentence.
    pub reason: String,
}

/// One chunk that was found, with the figures of the device that holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchHit {
    /// The chunk's row on its device.
    pub row: Row,
    /// The document's path: all of it on its device, and in a message from the name of the watched folder on.
    pub path: Vec<u8>,
    /// The headings above the chunk.
    pub heading: String,
    /// The chunk's exact text.
    pub text: String,
    /// The cosine with the query, -1 to 1; comparable between devices with the same model.
    pub cosine: f32,
    /// How often it contains each term of the query.
    pub frequencies: TermFrequencies,
    /// That its file is not there; `None` if it is. Not in messages: another device's hit says it in its heading.
    #[serde(skip)]
    pub absence: Option<Absence>,
    /// The document, if it is one of this device. Not in messages.
    #[serde(skip)]
    pub doc: Option<DocId>,
}

#[cfg(test)]
impl SearchHit {
    /// A hit of a text alone, for tests of what is read from texts.
    pub(crate) fn of_text(path: &str, text: &str, frequencies: TermFrequencies) -> Self {
        Self {
            row: Row(0),
            path: path.as_bytes().to_vec(),
            heading: String::new(),
            text: text.to_owned(),
            cosine: 0.0,
            frequencies,
            absence: None,
            doc: None,
        }
    }
}

/// Why a document answers whose file is not there, or cannot be read, and since when, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// Its folder, disk or share is away.
    Away(i64),
    /// Its file is gone, and its owner keeps it.
    Kept(i64),
    /// Its file is there and cannot be read now, or could not since it changed: what answers is of an earlier reading. Its owner may have closed
    /// it to others, so that no other device is given a text of it.
    Unreadable,
}

/// How often each term of the query occurs in one chunk, and how many words the chunk has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TermFrequencies {
    /// One count a term, in the order of the query's terms.
    pub counts: Bounded<u16, QUESTION_WORDS_MAX>,
    /// Words of the chunk.
    pub length: u32,
}

impl TermFrequencies {
    /// The frequencies of an empty chunk, for a query of so many terms.
    #[must_use]
    pub fn zero(terms: usize) -> Self {
        Self { counts: repeat_n(0, terms.min(QUESTION_WORDS_MAX)).collect(), length: 0 }
    }
}

/// The statistics over all chunks that BM25 needs to score one of them; they add up over devices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorpusStatistics {
    /// Chunks counted.
    pub chunks: u32,
    /// For each term of the query, how many of these chunks contain it.
    pub document_frequencies: Bounded<u32, QUESTION_WORDS_MAX>,
    /// Words of all these chunks.
    pub length: u64,
}

impl CorpusStatistics {
    /// The statistics of these chunks, for a query of so many terms.
    #[must_use]
    pub fn of<'a>(terms: usize, chunks: impl Iterator<Item = &'a TermFrequencies>) -> Self {
        let document_frequencies = repeat_n(0, terms.min(QUESTION_WORDS_MAX)).collect();
        let mut statistics = Self { document_frequencies, ..Self::default() };
        for chunk in chunks {
            statistics.chunks += 1;
            statistics.length += u64::from(chunk.length);
            for (chunks, count) in statistics.document_frequencies.iter_mut().zip(&chunk.counts) {
                *chunks += u32::from(*count > 0);
            }
        }
        statistics
    }

    /// Adds another device's for the same query. Those with another number of terms are invalid and left out.
    pub fn join(&mut self, other: &Self) {
        if self.document_frequencies.len() != other.document_frequencies.len() {
            return;
        }
        self.chunks = self.chunks.saturating_add(other.chunks);
        self.length = self.length.saturating_add(other.length);
        for (own, its) in self.document_frequencies.iter_mut().zip(&other.document_frequencies) {
            *own = own.saturating_add(*its);
        }
    }
}

/// How many of this device's files an answer covers. Files that cannot be used are not in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileCoverage {
    /// Files below the watched folders that were found so far.
    pub known: u64,
    /// Those of them whose every chunk can be found.
    pub searchable: u64,
    /// Those of the searchable ones whose disk or share is not there: they are searched as they were when it was.
    pub away: u64,
    /// Whether folders are being scanned just now, so that more files may be found.
    pub scanning: bool,
    /// Those of the files that are not searchable which are read, and wait until their passages are embedded. Left out where there are none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub read: u64,
    /// Whether some of the index could not be read, because the store is damaged or its disk fails, so that hits may be missing. Left out
    /// where all of it was.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unread: bool,
    /// Whether the search took too long and ended at its deadline, so that hits may be missing. Left out where it did not.
    #[serde(default, skip_serializing_if = "is_false")]
    pub cut_short: bool,
    /// Pictures, sounds and films, by their names, that wait to be looked at: nothing of such files is read, and they are in none of the counts.
    /// Left out where there are none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub media: u64,
}

/// Whether a count is left out of an answer.
#[must_use]
pub const fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Whether a mark is left out of an answer.
#[must_use]
pub const fn is_false(is: &bool) -> bool {
    !*is
}

impl FileCoverage {
    /// From counts of different moments, or of another device: no part is more than the whole.
    #[must_use]
    pub fn new(known: u64, searchable: u64, away: u64, scanning: bool) -> Self {
        Self {
            known,
            searchable: searchable.min(known),
            away: away.min(searchable).min(known),
            scanning,
            read: 0,
            unread: false,
            cut_short: false,
            media: 0,
        }
    }

    /// The same, where so many pictures, sounds and films wait beside these files.
    #[must_use]
    pub const fn with_media(self, media: u64) -> Self {
        Self { media, ..self }
    }

    /// The same, where so many of the files that are not searchable are read.
    #[must_use]
    pub fn with_read(self, read: u64) -> Self {
        Self { read: read.min(self.known.saturating_sub(self.searchable)), ..self }
    }

    /// The same, where so many files are not found by their words yet: they count as not searched.
    #[must_use]
    pub fn without(self, due: WordsDue) -> Self {
        let searchable = self.searchable.saturating_sub(due.searchable);
        Self { searchable, away: self.away.min(searchable), read: self.read.saturating_sub(due.read), ..self }
    }

    /// Whether nothing waits to be read, and what is not searched waits to be embedded.
    #[must_use]
    pub const fn only_embeds(&self) -> bool {
        self.read > 0 && !self.scanning && self.known - self.searchable == self.read
    }

    /// Whether no file is searched so far, although there are files, or some may be found.
    #[must_use]
    pub const fn nothing_yet(&self) -> bool {
        self.searchable == 0 && (self.known > 0 || self.scanning)
    }

    /// What was not searched, for people; `None` if everything was.
    #[must_use]
    pub fn sentence(&self) -> Option<String> {
        let Self { known, searchable, away, scanning, unread, read, cut_short, media } = *self;
        let mut sentences = Vec::new();
        if unread {
            let why = "Some of the index cannot be read, because its store is damaged or the disk fails: hits may be missing.";
            sentences.push(format!("{why} `wattle doctor` says what helps."));
        }
        if cut_short {
            sentences.push(
                "The search took too long and was cut short: hits may be missing. Ask again in a moment.".to_owned(),
            );
        }
        match known.saturating_sub(searchable) {
            0 if scanning && known == 0 => {
                sentences.push("The folders are being looked at: no file is searched yet.".to_owned());
            }
            0 => {}
            1 if known == 1 && self.only_embeds() => {
                sentences
                    .push("The only file is searched by its words alone: its passages wait to be embedded.".to_owned());
            }
            rest if self.only_embeds() => {
                let whose = if rest == 1 {
                    "is searched by its words alone: its"
                } else {
                    "are searched by their words alone: their"
                };
                sentences.push(format!("{rest} of {known} files {whose} passages wait to be embedded."));
            }
            1 if known == 1 && read == 0 => sentences.push("The only file is not searched yet.".to_owned()),
            rest => {
                let is = |files: u64| if files == 1 { "is" } else { "are" };
                let more = if scanning { ", and more may be found" } else { "" };
                let of_words =
                    format!("{} searched by {} words alone", is(read), if read == 1 { "its" } else { "their" });
                sentences.push(match rest.saturating_sub(read) {
                    none if read == 0 => format!("{none} of {known} files {} not searched yet{more}.", is(none)),
                    0 => format!("{read} of {known} files {of_words}{more}."),
                    none => format!("{read} of {known} files {of_words}, {none} {} not searched yet{more}.", is(none)),
                });
            }
        }
        if away > 0 {
            let verb = if away == 1 { "is" } else { "are" };
            let whole = if known == 1 { "The only file".to_owned() } else { format!("{away} of {known} files") };
            sentences.push(format!("{whole} {verb} away with the disk or share, and searched as before."));
        }
        if media > 0 {
            let are = plural(media, "file is a picture, a sound or a film", "files are pictures, sounds or films");
            sentences.push(format!("{media} {are}: nothing of {} is read.", plural(media, "it", "them")));
        }
        (!sentences.is_empty()).then(|| sentences.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_searched_is_one_sentence_and_nothing_is_said_where_everything_was() {
        let of = |known, searchable, away, scanning| FileCoverage::new(known, searchable, away, scanning).sentence();
        assert_eq!(of(203, 203, 0, true), None);
        assert_eq!(of(0, 0, 0, false), None);
        assert_eq!(of(203, 34, 0, false).unwrap(), "169 of 203 files are not searched yet.");
        assert_eq!(of(2, 1, 0, true).unwrap(), "1 of 2 files is not searched yet, and more may be found.");
        assert_eq!(of(1, 0, 0, false).unwrap(), "The only file is not searched yet.");
        assert_eq!(of(0, 0, 0, true).unwrap(), "The folders are being looked at: no file is searched yet.");
        let read = |known, read| FileCoverage::new(known, 0, 0, false).with_read(read).sentence().unwrap();
        assert_eq!(read(7, 7), "7 of 7 files are searched by their words alone: their passages wait to be embedded.");
        assert_eq!(read(1, 1), "The only file is searched by its words alone: its passages wait to be embedded.");
        assert_eq!(read(7, 6), "6 of 7 files are searched by their words alone, 1 is not searched yet.");
        let looking = FileCoverage::new(7, 5, 0, true).with_read(1).sentence().unwrap();
        assert_eq!(
            looking,
            "1 of 7 files is searched by its words alone, 1 is not searched yet, and more may be found."
        );
        let looking = FileCoverage::new(7, 5, 0, true).with_read(2).sentence().unwrap();
        assert_eq!(looking, "2 of 7 files are searched by their words alone, and more may be found.");
        assert_eq!(FileCoverage::new(99, 96, 99, false).away, 96, "what is not searched does not answer, away or not");
        let media = |known, media| FileCoverage::new(known, 1, 0, false).with_media(media).sentence();
        assert_eq!(media(1, 1).unwrap(), "1 file is a picture, a sound or a film: nothing of it is read.");
        let told = "1 of 2 files is not searched yet. 9 files are pictures, sounds or films: nothing of them is read.";
        assert_eq!(media(2, 9).unwrap(), told);
        let unread = FileCoverage { unread: true, ..FileCoverage::new(9, 9, 0, false) };
        assert!(unread.sentence().unwrap().contains("hits may be missing. `wattle doctor` says"));
        let cut = FileCoverage { cut_short: true, ..FileCoverage::new(9, 9, 0, false) };
        assert!(cut.sentence().unwrap().contains("was cut short"));
        let json = |files| serde_json::to_string(&files).unwrap();
        assert!(json(cut).ends_with("\"cut_short\":true}") && !json(FileCoverage::default()).contains("cut_short"));
        assert!(json(unread).ends_with("\"unread\":true}") && !json(FileCoverage::default()).contains("unread"));
        assert_eq!(of(9, 9, 1, false).unwrap(), "1 of 9 files is away with the disk or share, and searched as before.");
    }
}
