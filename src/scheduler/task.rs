//! The unit of scheduling, accounting and simulation: one bounded piece of work, and what came of it.

use crate::base::hit::Found;
use crate::base::id::DocId;
use crate::base::vector::Embedding;
use crate::store::audit::Audit;
use crate::store::change::Change;
use crate::store::keys::Stage;
use crate::store::record::Source;

/// What a worker is asked to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Task {
    /// Compare a part of a folder with what is known of it.
    Scan(Scan),
    /// Name documents that stage.
    Refill {
        /// For what they stage.
        stage: Stage,
        /// How many at most.
        max: usize,
    },
    /// Read and cut one document.
    Read {
        /// Which.
        doc: DocId,
    },
    /// Embed the next few chunks of one document.
    Embed {
        /// Which.
        doc: DocId,
        /// How many at most, 1 to `EMBED_BATCH`.
        chunks: usize,
    },
    /// Set a document aside whose tasks panicked.
    Park {
        /// Which.
        doc: DocId,
        /// One plain sentence for people.
        reason: String,
    },
    /// Embed a person's question.
    EmbedQuery {
        /// As asked.
        question: String,
    },
    /// Answer a question from this device.
    Retrieve(Asked),
    /// Walk the whole store and see whether it adds up.
    Audit,
    /// Count what the members may ask for, collection by collection.
    Count,
}

/// A question whose meaning is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// As asked.
    pub text: String,
    /// What it means.
    pub meaning: Embedding,
    /// Passages wanted.
    pub count: usize,
    /// Another device asks: only what is shared with it answers.
    pub shared: bool,
}

/// One step of a scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scan {
    /// The source that the place belongs to.
    pub source: Source,
    /// A folder or file, absolute.
    pub scope: Vec<u8>,
    /// Where the last step ended; paths up to here are done.
    pub after: Option<Vec<u8>>,
}

/// What a device holds of one collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectionCount {
    /// Its name.
    pub name: String,
    /// Documents that were read.
    pub documents: u32,
    /// Their passages.
    pub passages: u32,
}

/// What came of a task.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// A step of a scan is done.
    Scanned {
        /// What is new, different or gone.
        changes: Vec<Change>,
        /// Where the next step begins; `None` when the scan is over.
        next: Option<Vec<u8>>,
        /// What was left out and why, for people; bounded.
        remarks: Vec<String>,
    },
    /// Documents that stage, oldest first.
    Refilled(Vec<DocId>),
    /// What is to be saved.
    Changes(Vec<Change>),
    /// The embedding of a question.
    QueryEmbedding(Embedding),
    /// Passages of this device.
    Found(Box<Found>),
    /// The store was walked.
    Audited(Audit),
    /// The collections that the members may ask, at most `GOSSIP_COLLECTIONS_MAX`.
    Counted(Vec<CollectionCount>),
    /// The store or the engine failed; nothing was changed.
    Failed(String),
    /// A defect of the program stopped it: where, and how the message begins. Nothing was changed, and the thread goes on.
    Panicked(String),
}
