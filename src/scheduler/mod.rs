//! What is to be done with the owner's files, in which order, and what is on its way to the disk.
//!
//! Duty: one machine, [`Scheduler`], from a place that changed to a document that is ready. In/out: [`Input`] in, [`Output`] out.
//! Invariants: a document is with at most one task or save at a time; one scan at a time; a promise, and what it rests on,
//! holds from its `Saved` on and not before; what panicked twice is set aside and nothing waits behind it.
//! Limits: `TODO_MAX` documents known by name, `DIRTY_MAX` places, `BACKGROUND_MAX` tasks, `SAVES_MAX` tasks and saves.
//! Not here: doing a task (`worker`), whether now is a good time (`energy`), files and disks (`io`), replies (`node`).
//!
//! # How it works
//!
//! A change of a folder marks a place dirty ([`scans`]). After a moment of quiet the place is scanned: a task compares its
//! files with the store, a few hundred at a time, and its result is saved. What the save says of each document
//! puts it into the queue ([`queue`]): first it is read and cut into chunks, then its chunks are embedded, a few in each task.
//! Documents whose file is gone keep their vectors for a while, in case the file turns up under another name, and are
//! purged when nothing else waits. The queue is a window onto the store's own list, which a refill task reads.
//!
//! The machine never starts work by itself. Its caller asks whether the device may work now and says so with an
//! [`Admission`]; [`Scheduler::admit`] then starts the next task, if there is one. The caller runs tasks of other kinds too
//! (questions, audits): all take their number from here, so that one id names one task (`running`).
//!
//! Every result leaves as a save ([`saves`]); what depends on it happens when `Saved` comes back. A save that fails means
//! that the store is broken: nothing begins any more and everybody is told. On a full disk nothing begins either, and the
//! disk is measured again every `DISK_RETRY_MS` (`disk`).
//!
//! Leases, by which a peer does a task of ours for a time or we do one of theirs, join here: a lent task is one more row of
//! `running` and comes back to [`queue`] by itself; where a task goes (`placement`) and whether its result is believed
//! (`verification`) are to be files of their own beside these.

mod disk;
mod ended;
pub mod machine;
pub mod path;
pub mod port;
pub mod queue;
mod running;
pub mod saves;
pub mod scans;
mod sources;
pub mod task;
mod view;

pub use machine::{Config, Scheduler};
pub use port::{Admission, Input, Notice, Output, Refusal};

#[cfg(test)]
mod test;
