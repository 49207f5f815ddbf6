//! What can happen to the scheduler, and what it wants done.

use super::saves::Saved;
use super::task::{CollectionCount, Outcome, Task};
use crate::base::id::{DocId, ReplyId, SaveId, TaskId};
use crate::store::change::Change;
use crate::store::record::Source;

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// Time has passed.
    Wake,
    /// Watch this folder or file from now on. One `Added` or `Refused` follows.
    Add(ReplyId, Source),
    /// A task that this machine started has ended.
    Done(TaskId, Outcome),
    /// A save is on the disk, synced; or the store is broken.
    Saved(SaveId, Result<Saved, String>),
    /// Something may have changed at this absolute path.
    Changed(Vec<u8>),
    /// More changed than could be told: everything must be scanned.
    ChangesLost,
    /// Bytes free on the home's disk.
    DiskFree(u64),
}

/// One order, to be carried out in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Run a task; one `Done` follows.
    Start(TaskId, Task),
    /// Apply the changes in order and sync; one `Saved` follows.
    Save(SaveId, Vec<Change>),
    /// Tell of every change at this place or below it, from now on.
    Watch(Vec<u8>),
    /// Measure the home's disk; one `DiskFree` follows.
    MeasureDisk,
    /// It is watched, and that is on the disk.
    Added(ReplyId),
    /// It was not done, for the reason given.
    Refused(ReplyId, Refusal, String),
    /// What this device holds for the members, as a `Count` found it; `None`: the count came to nothing.
    Counted(Option<Vec<CollectionCount>>),
    /// Tell people.
    Notice(Notice),
}

/// Why something was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It contradicts what is watched.
    Conflict,
    /// Too much is under way; it may work in a moment.
    Busy,
    /// The disk is full.
    DiskFull,
    /// The store is broken.
    Broken,
}

/// A fact for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Something was left out of a scan, with the reason.
    LeftOut(String),
    /// Background work is held, with the reason.
    Held(String),
    /// Background work goes on.
    Resumed,
    /// A document cannot be used: which, and why.
    Unusable(DocId, String),
    /// The store is broken; nothing is saved any more.
    Broken(String),
}

/// What background work may begin now, as the caller's governor allows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admission {
    /// Chunks of an embedding task, 1 to `EMBED_BATCH`; `None`: none may start, light work only.
    pub chunks: Option<usize>,
}
