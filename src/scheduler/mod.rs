//! The scheduler of one agent's background work: from a changed file to a document that can be found.
//!
//! A change of a file marks its place dirty. After a moment of quiet the place is scanned (`scans`): a task compares
//! its files with the store, a few hundred at a time, and the differences are saved. Each save says in which state a
//! document now is, and that puts it into the queue ([`queue`]): first it is read and split into chunks, then its
//! chunks are embedded, a few in each task. A document whose file is gone keeps its vectors for `TOMBSTONE_MS`, in case
//! the file turns up under another name, and so does a text that an edit removed; then they are purged (`purges`). The queue
//! holds only the next documents of each stage; a refill task reads more from the store's todo list.
//!
//! A file that is read for long, mostly as its parser is at it, gives its slot to another task; documents that wait for that parser are set aside
//! and come again behind it, so that those which need none do not wait.
//!
//! The machine never starts work by itself. Its caller asks the governor whether the device may work now and passes the
//! result as a [`WorkAllowance`]; [`Scheduler::start_next`] then starts the next task, if there is one. The caller also
//! runs tasks of other kinds (questions, audits): all task ids are issued here, so that an id names one task
//! (`running`).
//!
//! Every result leaves as a save ([`saves`]). What depends on it, an acknowledgement for example, happens when `Saved`
//! comes back and not before. If a save fails (`outage`), people are notified, what was under way is taken back, and no task
//! starts until the store, which is tried again by itself, takes a save (`mending`); only a damaged store waits for the next start.
//! On a full disk no task starts either, and the disk is measured again every `DISK_RETRY_MS` (`disk`).
//!
//! A document is removed when a scan finds its file gone (`losses`). A source that would lose more than half of its
//! documents at once asks its owner first, and places that are away (an unplugged disk) are marked (`marks`), so that their
//! documents can answer and say so; the owner's word on both (`forget`) is carried out by `decisions`. Whoever forgets waits until
//! it is deleted (`removal`, `waiting`); an addition that only lacks its turn or room waits too (`turn`). What is `kept` without its file stays until its owner takes it out. docs/architecture.md has the way of a forgotten folder, and the words for deleting.
//!
//! Chunks of folders that are shared with the members may be embedded by other devices, and this one embeds theirs when it has time
//! (`offload`, `lend`).
//!
//! Additions (`addition`) and changes of collections (`regroup`, `collections`) change the list of sources (`sources`). A look leaves
//! out files of keys and passwords (`base::secret_file`) and counts them (`key_files`), and finds disks in the place of others (`replaced`).
//!
//! Invariants: a document has at most one task or save at a time; one scan runs at a time; a scan, refill or purge
//! that panicked is tried once more; a document whose tasks fail is tried again after pauses that grow (`queue`) and then parked (`parking`), so that
//! nothing waits for it. At most `TODO_MAX`
//! documents of a stage, `DIRTY_MAX` dirty places, `BACKGROUND_MAX` tasks, `LENDING_SLOTS` more that read what others may embed and `LONG_READS` more while a file is read for long, and `SAVES_MAX` tasks and saves together are
//! held.
//!
//! Tasks are done by `worker`, how much work may start is decided by `energy`, files and disks belong to `platform`,
//! and replies to people are worded by `node`.

pub mod addition;
pub mod attempt;
mod collections;
mod decisions;
mod disk;
mod ended;
mod forget;
mod ignored;
mod kept;
pub mod key_files;
pub mod lend;
pub mod losses;
pub mod machine;
mod marks;
mod matching;
mod mending;
pub mod offload;
pub mod only_here;
mod outage;
mod pace;
mod parked;
mod parking;
pub mod path;
pub mod port;
mod purges;
pub mod queue;
pub mod regroup;
mod removal;
mod replaced;
mod running;
pub mod saves;
mod scan_step;
pub mod scans;
mod sources;
pub mod stored;
pub mod task;
mod turn;
pub mod unmatched;
mod view;
mod waiting;

pub use machine::{Config, Scheduler};
pub use port::{Input, Notice, Output, Refusal, WorkAllowance};

#[cfg(test)]
mod test;
