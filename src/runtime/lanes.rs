//! The queues that lead to the threads: a lane for each kind of task.
//!
//! Each holds whatever the node may have under way (`limits`), so none is ever full. If one is all the same, a defect of the program
//! costs the task that it meets, and not the agent.

use crate::base::id::TaskId;
use crate::limits::{AUDITS_LANE, CHECKS_LANE, PEER_SEARCHES_LANE, QUESTIONS_LANE, SEARCHES_LANE};
use crate::node::input::NotSaved;
use crate::runtime::courtesy::Courtesy;
use crate::runtime::writer::Save;
use crate::scheduler::task::{Outcome, Task};
use crate::search::indexes::{IndexMemory, Indexes};
use log::error;
use smol::channel::{Receiver, Sender, TrySendError, bounded};
use std::sync::{Arc, PoisonError, RwLock};

/// A task on its way to a thread.
type Queued = (TaskId, Task);

/// The queues of the threads.
#[derive(Clone, Debug)]
pub struct Lanes {
    /// Background tasks; room for as many as the node has slots.
    pub background: Sender<Queued>,
    /// Questions that are embedded.
    pub questions: Sender<Queued>,
    /// Texts of other devices that are embedded, whenever no question waits.
    pub checks: Sender<Queued>,
    /// Searches for people here.
    pub searches: Sender<Queued>,
    /// Searches for peers, whenever none for people waits.
    pub peer_searches: Sender<Queued>,
    /// Audits of the whole store.
    pub audits: Sender<TaskId>,
    /// What searches look in.
    pub index: Arc<RwLock<Indexes>>,
    /// For whom background threads stand still.
    pub people: Courtesy,
}

/// Where the threads take their tasks from.
#[derive(Clone, Debug)]
pub struct LaneEnds {
    /// Questions to embed.
    pub questions: Receiver<Queued>,
    /// Texts of other devices to embed.
    pub checks: Receiver<Queued>,
    /// Searches for people here.
    pub searches: Receiver<Queued>,
    /// Searches for peers.
    pub peer_searches: Receiver<Queued>,
    /// Audits.
    pub audits: Receiver<TaskId>,
}

impl Lanes {
    /// The lanes beside that of background tasks, which begins with its threads, and their ends.
    #[must_use]
    pub fn new(background: Sender<Queued>, (index, people): (Arc<RwLock<Indexes>>, Courtesy)) -> (Self, LaneEnds) {
        let (questions, asked) = bounded(QUESTIONS_LANE);
        let (checks, to_check) = bounded(CHECKS_LANE);
        let (searches, to_search) = bounded(SEARCHES_LANE);
        let (peer_searches, to_search_for_peers) = bounded(PEER_SEARCHES_LANE);
        let (audits, to_audit) = bounded(AUDITS_LANE);
        let ends = LaneEnds {
            questions: asked,
            checks: to_check,
            searches: to_search,
            peer_searches: to_search_for_peers,
            audits: to_audit,
        };
        (Self { background, questions, checks, searches, peer_searches, audits, index, people }, ends)
    }

    /// What the indexes take.
    #[must_use]
    pub fn memory(&self) -> IndexMemory {
        self.index.read().unwrap_or_else(PoisonError::into_inner).memory()
    }

    /// Queues a task for the threads that run its kind.
    ///
    /// # Errors
    /// How the task ended instead: the queue is full, or its threads have ended.
    pub fn start(&self, id: TaskId, task: Task) -> Result<(), Outcome> {
        let sent = match task {
            Task::Audit => self.audits.try_send(id).map_err(NotStarted::from),
            Task::EmbedQuery { .. } => self.questions.try_send((id, task)).map_err(NotStarted::from),
            Task::EmbedHit { .. } => self.checks.try_send((id, task)).map_err(NotStarted::from),
            Task::Retrieve(ref query) if query.shared => {
                self.peer_searches.try_send((id, task)).map_err(NotStarted::from)
            }
            Task::Retrieve(_) => self.searches.try_send((id, task)).map_err(NotStarted::from),
            Task::Scan(_)
            | Task::Refill { .. }
            | Task::Purge { .. }
            | Task::Read { .. }
            | Task::Embed { .. }
            | Task::Park { .. }
            | Task::Sweep
            | Task::Lend { .. }
            | Task::Owed { .. }
            | Task::EmbedLent(_)
            | Task::EmbedBorrowed(_)
            | Task::ListKept { .. }
            | Task::Summarize => self.background.try_send((id, task)).map_err(NotStarted::from),
        };
        sent.map_err(|why| match why {
            NotStarted::Full => {
                error!(
                    "A task found the queue of its thread full, which is a defect of the program. Please report it."
                );
                Outcome::Busy
            }
            NotStarted::Ended => {
                Outcome::Failed("The threads that do this have ended; start the agent again.".to_owned())
            }
        })
    }
}

/// Queues a save for the thread that writes.
///
/// # Errors
/// Why it is not saved: the queue is full, or its thread has ended.
pub fn send_save(saves: &Sender<Save>, save: Save) -> Result<(), NotSaved> {
    saves.try_send(save).map_err(|error| match NotStarted::from(error) {
        NotStarted::Full => {
            error!("A save found the queue of the writer full, which is a defect of the program. Please report it.");
            NotSaved::for_now("Too much is being saved.")
        }
        NotStarted::Ended => {
            let why = "Nothing can be saved any more, because the writing thread has ended. Start the agent again.";
            NotSaved { why: why.to_owned(), lasts: true }
        }
    })
}

/// Why something could not be queued.
enum NotStarted {
    Full,
    Ended,
}

impl<T> From<TrySendError<T>> for NotStarted {
    fn from(error: TrySendError<T>) -> Self {
        match error {
            TrySendError::Full(_) => Self::Full,
            TrySendError::Closed(_) => Self::Ended,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::task::Query;

    #[test]
    fn a_question_that_finds_its_lane_full_is_busy_and_one_whose_thread_has_ended_fails() {
        let (background, _) = bounded(1);
        let (lanes, ends) = Lanes::new(background, Default::default());
        let question = || Task::EmbedQuery { question: "where".to_owned() };
        for n in 0..QUESTIONS_LANE as u64 {
            assert_eq!(lanes.start(TaskId(n), question()), Ok(()));
        }
        assert_eq!(lanes.start(TaskId(99), question()), Err(Outcome::Busy));
        drop(ends);
        assert!(matches!(lanes.start(TaskId(99), question()), Err(Outcome::Failed(_))));
    }

    #[test]
    fn a_search_for_a_peer_waits_in_another_lane_than_one_for_a_person() {
        let (background, _) = bounded(1);
        let (lanes, ends) = Lanes::new(background, Default::default());
        let embedding =
            crate::base::vector::Embedding::new(crate::base::id::Fingerprint([7; 32]), &[0.5; 384]).unwrap();
        let search = |shared| {
            let (text, embedding, filter) =
                ("where".to_owned(), embedding.clone(), crate::base::filter::Filter::default());
            let fluency = crate::base::fluency::Fluency::default();
            Task::Retrieve(Query { text, embedding, fluency, count: 3, shared, filter, behind: None })
        };
        for n in 0..PEER_SEARCHES_LANE as u64 {
            assert_eq!(lanes.start(TaskId(n), search(true)), Ok(()));
        }
        assert_eq!(lanes.start(TaskId(98), search(true)), Err(Outcome::Busy));
        assert_eq!(lanes.start(TaskId(99), search(false)), Ok(()), "peers take no place of a person's");
        assert_eq!((ends.searches.len(), ends.peer_searches.len()), (1, PEER_SEARCHES_LANE));
    }

    #[test]
    fn a_save_that_finds_the_queue_full_is_tried_again_and_one_without_a_writer_is_not() {
        let save = || Save { id: crate::base::id::SaveId(1), changes: Vec::new(), mends: false };
        let (saves, saved) = bounded(1);
        assert_eq!(send_save(&saves, save()), Ok(()));
        assert_eq!(send_save(&saves, save()).map_err(|not| not.lasts), Err(false));
        drop(saved);
        assert_eq!(send_save(&saves, save()).map_err(|not| not.lasts), Err(true));
    }
}
