//! The scheduler's inputs and outputs.

use super::addition::Addition;
use super::attempt::Decided;
use super::regroup::Regroup;
use super::saves::{NotSaved, Saved};
use super::task::{Outcome, ReplacedDisk, Summary, Task};
use crate::base::id::{DocId, PeerKey, ReplyId, SaveId, TaskId};
use crate::base::vector::Quantized;
use crate::store::change::Change;
use crate::wire::work::Work;

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// Time has passed.
    Wake,
    /// Add this folder or file to the watched ones. One `Added` or `Refused` follows.
    Add(ReplyId, Addition),
    /// Change a collection's name or ring. One `Regrouped` or `Refused` follows.
    Regroup(ReplyId, Regroup),
    /// A collection is to have a model for the language of most of its documents.
    ModelChosen(Regroup),
    /// Forget what is at this path: the documents of a watched folder, which is watched no more; or those that are away, or
    /// about which a question is open. One `Decided` or `Refused` follows.
    Forget(ReplyId, Vec<u8>),
    /// Forget the documents at this path that are kept without their files. One `Decided` or `Refused` follows.
    ForgetKept(ReplyId, Vec<u8>),
    /// Keep the documents at this path, which are away or about which a question is open. One `Decided` or `Refused`
    /// follows.
    Keep(ReplyId, Vec<u8>),
    /// Try a parked document again, or drop it; `None`: all of them. One `Decided` or `Refused` follows.
    Decide(ReplyId, Option<DocId>, Decided),
    /// Have these texts of a program embedded by other devices. One `Embedded` follows.
    Spread(ReplyId, Vec<String>),
    /// Nobody waits for that any more: the texts leave no more, and no `Embedded` follows. Nothing happens if there are none of this reply.
    Unspread(ReplyId),
    /// Exactly these sources are not reported as changed by the system, and are looked at on a schedule.
    Unwatched(Vec<Vec<u8>>),
    /// Exactly these sources have all their watches: the system reports their changes.
    Followed(Vec<Vec<u8>>),
    /// Exactly these places cannot be read by this user.
    Locked(Vec<Vec<u8>>),
    /// A task that this machine started has ended.
    Done(TaskId, Outcome),
    /// A save is on the disk, synced; or it is not, and neither will be any later one until a `Mend` succeeds.
    Saved(SaveId, Result<Saved, NotSaved>),
    /// The store cannot be found on the disk, for this reason.
    StoreLost(String),
    /// The store is damaged, in these words: only the next start mends it.
    StoreDamaged(String),
    /// Something may have changed at this absolute path.
    Changed(Vec<u8>),
    /// Notifications of changes were lost: everything must be scanned.
    ChangesLost,
    /// Free bytes of the home's disk.
    DiskFree(u64),
}

/// One command. Commands are carried out in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Run a task; one `Done` follows.
    Start(TaskId, Task),
    /// Apply the changes in order and sync; one `Saved` follows.
    Save(SaveId, Vec<Change>),
    /// Make the store writable again after a save that failed, then do as for `Save`; one `Saved` follows.
    Mend(SaveId, Vec<Change>),
    /// Report every change at this path or below it from now on.
    Watch(Vec<u8>),
    /// Report no changes at this path any more.
    Unwatch(Vec<u8>),
    /// Measure the home's disk; one `DiskFree` follows.
    MeasureDisk,
    /// The source is watched, and that is on the disk.
    Added(ReplyId),
    /// The collection is changed, and that is on the disk: its name, in the spelling that it has now.
    Regrouped(ReplyId, String),
    /// The owner's decision is on the disk and holds; a sentence says what was done.
    Decided(ReplyId, String),
    /// The vectors of the texts of a program, in their order; `None`: nobody embedded them.
    Embedded(ReplyId, Option<Vec<Quantized>>),
    /// The request was refused, for this reason.
    Refused(ReplyId, Refusal, String),
    /// What is on this device; `None` if the count failed.
    Summarized(Option<Summary>),
    /// Notify people.
    Notice(Notice),
    /// Send a message of work to a device.
    Work(PeerKey, Work),
}

/// Why a request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It contradicts the watched sources.
    Conflict,
    /// Too many saves are under way; a retry in a moment may succeed.
    Busy,
    /// The disk is full.
    DiskFull,
    /// The store is broken.
    Broken,
}

/// A notice for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Something was left out of a scan, with the reason.
    LeftOut(String),
    /// A source would lose more than half of its documents at once; it asks first.
    Asks(String),
    /// Background work is held up, with the reason.
    Held(String),
    /// Background work goes on again.
    Resumed,
    /// This document cannot be used, with the reason.
    Unusable(DocId, String),
    /// The store cannot be read, so that nothing is saved any more.
    Broken(String),
    /// Another disk is in the place of one with documents.
    Replaced(ReplacedDisk),
}

/// The background work that the caller's governor allows to start now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkAllowance {
    /// Chunks of an embedding task, 1 to `EMBED_BATCH`; `None` if no embedding may start, only lighter tasks.
    pub chunks: Option<usize>,
}
