//! Tasks and their outcomes: the bounded unit of scheduling, energy accounting and simulation.

use super::attempt::FailedAttempt;
use super::key_files::KeyFiles;
use super::offload::borrower::Borrowed;
use super::offload::lendable::{HomeTexts, Lendable, LendableChunks, OwedPart};
use crate::base::filter::Filter;
use crate::base::fluency::Fluency;
use crate::base::hit::Found;
use crate::base::id::{DocId, PeerKey, ReplyId, Row};
use crate::base::vector::{Embedding, Quantized};
use crate::store::audit::Audit;
use crate::store::change::{Change, FoundDocument};
use crate::store::keys::Stage;
use crate::store::record::{Mark, Source};
use std::collections::BTreeSet;

/// One task of a worker.
#[derive(Clone, Debug, PartialEq)]
pub enum Task {
    /// Compare a part of a folder with the store.
    Scan(Scan),
    /// List documents that their owner wants forgotten, then those of no watched folder, then those with vectors of another model than
    /// their collection's.
    Sweep,
    /// List the documents at a place that their owner keeps without their files, to forget them.
    ListKept {
        /// Who waits for it.
        reply: ReplyId,
        /// The folder or file, absolute.
        place: Vec<u8>,
        /// Only those after this path.
        after: Option<Vec<u8>>,
    },
    /// List unfinished documents.
    Refill {
        /// Their next stage, `Read` or `Embed`.
        stage: Stage,
        /// Only those with a higher number than this one.
        after: Option<DocId>,
        /// How many at most.
        max: usize,
        /// For others to embed.
        to_lend: bool,
    },
    /// Read one document's file and split it into chunks.
    Read {
        /// The document.
        doc: DocId,
    },
    /// Embed the next few chunks of one document.
    Embed {
        /// The document.
        doc: DocId,
        /// How many at most, 1 to `EMBED_BATCH`.
        chunks: usize,
    },
    /// List tombstoned documents and retired rows whose time is over.
    Purge {
        /// Those since this commit or an earlier one.
        upto: u64,
        /// The key of the todo list at which this step begins; empty in the first.
        from: Vec<u8>,
    },
    /// Park a document whose tasks failed.
    Park {
        /// The document.
        doc: DocId,
        /// The failed attempts, the oldest first.
        attempts: Vec<FailedAttempt>,
    },
    /// Read the chunks without vectors of these documents, to have them embedded by other devices.
    Lend {
        /// The documents, and how many chunks of each are lent already.
        documents: Vec<(DocId, usize)>,
        /// How many chunks at most.
        chunks: usize,
        /// Some chunks with vectors are read too, by chance with this seed.
        known: Option<u64>,
        /// Those with vectors in these rows are read too, `UNCONFIRMED_MAX` at most.
        unconfirmed: Vec<Row>,
        /// What is embedded here only, and not read.
        home: HomeTexts,
    },
    /// Read results of another device that are owed a check.
    Owed {
        /// The device.
        by: PeerKey,
        /// Which are checked is by chance with this seed.
        seed: u64,
    },
    /// Embed chunks of this device that nobody else has, or has had for long.
    EmbedLent(Vec<Lendable>),
    /// Embed texts of another device.
    EmbedBorrowed(Borrowed),
    /// Embed a person's question.
    EmbedQuery {
        /// The question's text.
        question: String,
    },
    /// Embed a text of another device, to hold its vector against it.
    EmbedHit {
        /// The headings above it.
        heading: String,
        /// The text.
        text: String,
    },
    /// Search this device's chunks.
    Retrieve(Query),
    /// Check the consistency of the whole store.
    Audit,
    /// Count the documents and chunks of each collection that is shared with the members.
    Summarize,
}

/// A question and its embedding.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// The question's text.
    pub text: String,
    /// The embedding of the text.
    pub embedding: Embedding,
    /// Which languages its model knows.
    pub fluency: Fluency,
    /// How many hits are wanted.
    pub count: usize,
    /// Whether another device asks: then only chunks that are shared with the members answer.
    pub shared: bool,
    /// Which documents may answer; of which devices decides who asks.
    pub filter: Filter,
    /// If changes of files cannot be saved, so that the store has what is gone: only what its file still has may answer, and what is of
    /// these documents, whose files are known to be gone.
    pub behind: Option<BTreeSet<DocId>>,
}

/// One step of a scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scan {
    /// The source that the scope belongs to.
    pub source: Source,
    /// The folder or file to scan, absolute.
    pub scope: Vec<u8>,
    /// The last path of the step before.
    pub after: Option<Vec<u8>>,
}

/// What one step of a scan counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Documents that were known in the step's range, without tombstoned ones.
    pub known: u64,
    /// Documents that remain in the range: their file is there, or was not seen to be gone.
    pub remaining: u64,
    /// Documents that were known in the range besides, and that go without a question to their owner: they have no chunks and their
    /// files are gone, or patterns leave their files out.
    pub empty: u64,
    /// Those that remain and of which nothing can be found: they are not usable, and have no text of before.
    pub unusable: u64,
    /// Files that were listed.
    pub listed: u64,
    /// Documents that their owner keeps without their files.
    pub kept: u64,
    /// Places whose documents are kept because their files could not be looked at.
    pub away: Vec<Away>,
    /// Why that is all of the source, as the end of a sentence; `None` if it is not, or nothing is there.
    pub why: Option<String>,
    /// Whether a file that is new or different has other names (hard links).
    pub has_other_names: bool,
    /// What was left out.
    pub omitted: Omitted,
    /// Files of other disks in the place of documents.
    pub replaced: Vec<Replaced>,
    /// When the files were listed, in seconds since 1970 by the system's clock.
    pub at: i64,
}

/// What one step of a scan left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Omitted {
    /// Files whose names are those of keys or passwords.
    pub key_files: KeyFiles,
    /// Files and folders that patterns name.
    pub ignored: Vec<Vec<u8>>,
}

/// Files of a disk that have the paths of documents of another one, which was there before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// The tag of the file system of the disk that was there.
    pub was: u16,
    /// That of the disk that is there now.
    pub now: u16,
    /// How many.
    pub files: u64,
    /// The path of one of them.
    pub path: Vec<u8>,
}

/// Two disks at one place, as people are told of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplacedDisk {
    /// The source in which the place is; empty for all that are more than are counted one by one.
    pub source: String,
    /// The tags of the file systems, of the first disk and of the one that is there now.
    pub volumes: (u16, u16),
    /// How many files of it have the path of a document.
    pub files: u64,
    /// The path of one of them.
    pub path: String,
}

/// Documents whose files could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Away {
    /// The folder or file that they lie in.
    pub path: Vec<u8>,
    /// The tag of the file system that they were on; 0: all documents there.
    pub volume: u16,
    /// How many.
    pub documents: u64,
    /// Those of them of which all that was read can be found: they answer.
    pub ready: u64,
    /// Those of them of which a part can be found.
    pub partly: u64,
    /// Those of them that are read, and of which nothing can be found yet.
    pub read: u64,
    /// Those of them that were not read.
    pub unread: u64,
}

/// What is on this device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The collections that it shares with the members.
    pub collections: Vec<CollectionSummary>,
    /// The language of the most documents, if most are not in English, by a sample.
    pub foreign: Option<&'static str>,
    /// The languages of all collections of which enough documents were read, where there is a choice of models.
    pub languages: Vec<CollectionLanguage>,
    /// The languages of the collections, for people.
    pub spoken: Vec<SpokenLanguages>,
    /// Files of the shared collections that cannot be used.
    pub unusable: u64,
}

/// The languages that the documents of a collection are in, by a sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpokenLanguages {
    /// The collection's name.
    pub collection: String,
    /// The languages, in English, and of how many documents of the sample each is, the most first; at most `LANGUAGES_SPOKEN_MAX`.
    pub languages: Vec<(&'static str, usize)>,
    /// Documents of the sample of which the language is sure.
    pub known: usize,
}

/// In which languages the documents of a collection are, by a sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectionLanguage {
    /// The collection's name.
    pub collection: String,
    /// The language of the most that are not in English; empty if all are.
    pub language: String,
    /// How many are not in English.
    pub foreign: usize,
    /// Of how many.
    pub read: usize,
}

/// The size of one collection on this device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CollectionSummary {
    /// Its name.
    pub name: String,
    /// Files that were found and can be used, as far as is known.
    pub files: u32,
    /// Those of them whose every chunk can be found.
    pub searchable: u32,
    /// Documents that were read.
    pub documents: u32,
    /// Their chunks.
    pub chunks: u32,
    /// The same for the same files (`wire::holdings`).
    pub content: [u8; 16],
}

/// The outcome of a task.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// A step of a scan.
    Scanned {
        /// Files that are new or different.
        changes: Vec<Change>,
        /// Documents whose files are gone.
        gone: Vec<FoundDocument>,
        /// The last path of this step; `None` if the scan is over.
        next: Option<Vec<u8>>,
        /// What was left out and why, for people; at most `SCAN_NOTES_MAX`.
        remarks: Vec<String>,
        /// The counts of this step.
        tally: Box<Tally>,
    },
    /// A step of a sweep: documents that are to be forgotten, and whether there are more.
    Swept {
        /// The mark of the place that they lie in; `None` if no place is being forgotten: they are of no watched folder.
        place: Option<Mark>,
        /// The documents, at most `SCAN_BATCH`.
        docs: Vec<FoundDocument>,
        /// Whether no more were found.
        last: bool,
    },
    /// A step of a sweep where nothing is to be forgotten: what makes vectors of another model ones to be made anew, and how far it is.
    Outdated(Vec<Change>),
    /// Documents that are kept without their files, at most `SCAN_BATCH`, and the path after which the next step begins; `None` at
    /// the end.
    Kept(Vec<FoundDocument>, Option<Vec<u8>>),
    /// Unfinished documents, oldest first.
    Refilled(Vec<DocId>),
    /// Tombstoned documents and retired rows to delete, and where the next step begins; `None` at the end.
    Purgeable(Vec<Change>, Option<Vec<u8>>),
    /// Changes to save.
    Changes(Vec<Change>),
    /// A document was not read, as the parser of another one takes long.
    NoTurn,
    /// The file at this path could not be read, since another file system is there than the one on which it was learnt: changes to save.
    Away(Vec<u8>, Vec<Change>),
    /// A document is to be parked: its path, and the change.
    Parking(Vec<u8>, Box<Change>),
    /// Chunks that other devices may embed.
    Lendable(LendableChunks),
    /// Results of another device that are owed a check.
    Owed(OwedPart),
    /// Vectors of the texts of another device, in their order.
    Embedded(Vec<Quantized>),
    /// The embedding of a question, or of a text of another device.
    QueryEmbedding(Embedding),
    /// Hits of this device, and the vector of each.
    Found(Box<Found>, Vec<Quantized>),
    /// The result of an audit.
    Audited(Box<Audit>),
    /// The collections that are shared with the members, at most `GOSSIP_COLLECTIONS_MAX`.
    Summarized(Summary),
    /// The store could not be read; nothing was changed.
    StoreFailed(String),
    /// The task could not be done for a reason that is not the store's, such as the engine's; nothing was changed.
    Failed(String),
    /// The task was not begun, because its thread has too many to do.
    Busy,
    /// The task panicked: where, and the beginning of the message. Nothing was changed, and the thread goes on.
    Panicked(String),
}

impl Outcome {
    /// Why the task was not done, as what follows its name; `None` if it was.
    pub(super) fn why_not_done(&self) -> Option<String> {
        match self {
            Self::Panicked(why) => Some(format!("was stopped by a defect of the program ({why}). Please report it.")),
            Self::Failed(why) => Some(format!("could not be done: {why}")),
            _ => None,
        }
    }
}
