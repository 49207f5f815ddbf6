//! Threads that run tasks: several for background work, one for queries, one for audits.
//!
//! A person waits for an audit as well as for a question, but an audit reads the whole store, which takes minutes on an SD
//! card, and every question behind it would wait. So audits have a thread of their own, at the lowest priority and without
//! an engine. Each task runs under `platform::panics::guard`: a panic ends the task as `Outcome::Panicked`, and the
//! thread goes on.

use super::background::Standing;
use super::spot_check::spot_check;
use crate::base::id::TaskId;
use crate::base::vector::Signs;
use crate::embed::Embedder;
use crate::node::input::Input;
use crate::platform::clock;
use crate::platform::disk::Disk;
use crate::platform::folder::Folders;
use crate::platform::panics::guard;
use crate::platform::sched::clamp;
use crate::scheduler::task::{Outcome, Scan, Task};
use crate::search::vector::Index;
use crate::store::kv::{Kv, KvError, KvRead, Pair, Space};
use crate::worker::run::{TaskIo, check_store, run};
use log::warn;
use smol::channel::{Receiver, Sender, TrySendError};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// The utilization clamp (uclamp) of background threads in percent of a core's capacity, so that the kernel picks frugal
/// frequencies; 0 is no clamp. The interactive thread has one that stays 0.
#[derive(Clone, Debug, Default)]
pub struct Clamp(Arc<AtomicU8>);

impl Clamp {
    /// Sets the clamp for tasks that begin from now on.
    pub fn set(&self, percent: Option<u8>) {
        self.0.store(percent.unwrap_or(0), Ordering::Relaxed);
    }

    /// Clamps the calling thread, if the value has changed. A kernel without uclamp is asked once for each change; workers
    /// and duty cycle hold without it.
    fn follow(&self, clamped: &mut Option<u8>) {
        let wanted = self.0.load(Ordering::Relaxed);
        if clamped.unwrap_or(0) != wanted {
            *clamped = Some(wanted);
            let done = clamp((wanted > 0).then_some(wanted));
            log::debug!(
                "A background thread is clamped to {wanted} %: {}",
                if done { "done" } else { "not in this kernel" }
            );
        }
    }
}

/// Why a task could not be queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotStarted {
    /// The queue is full.
    Full,
    /// The threads behind the queue have ended.
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

/// The queues of the threads.
#[derive(Clone, Debug)]
pub struct Lanes {
    /// Background tasks; room for as many as the node has slots.
    pub background: Sender<(TaskId, Task)>,
    /// The steps of queries, of people here and of peers.
    pub interactive: Sender<(TaskId, Task)>,
    /// Audits of the whole store.
    pub audits: Sender<TaskId>,
}

impl Lanes {
    /// Queues a task for the threads that run its kind.
    ///
    /// # Errors
    /// The queue is full, or its threads have ended.
    pub fn start(&self, id: TaskId, task: Task) -> Result<(), NotStarted> {
        match task {
            Task::Audit => self.audits.try_send(id)?,
            Task::EmbedQuery { .. } | Task::EmbedHit { .. } | Task::Retrieve(_) => {
                self.interactive.try_send((id, task))?;
            }
            Task::Scan(_)
            | Task::Refill { .. }
            | Task::Purge { .. }
            | Task::Read { .. }
            | Task::Embed { .. }
            | Task::Park { .. }
            | Task::Sweep
            | Task::Summarize => self.background.try_send((id, task))?,
        }
        Ok(())
    }
}

/// The audit thread's state.
#[derive(Debug)]
pub struct Auditor {
    /// The store, for reading.
    pub disk: Disk,
    /// The watched files, which are held against the store.
    pub folders: Folders,
    /// To the driver.
    pub inputs: Sender<Input>,
}

impl Auditor {
    /// Runs audits until the driver drops the queue, which also ends an audit under way.
    pub fn run(self, tasks: &Receiver<TaskId>) {
        while let Ok(id) = tasks.recv_blocking() {
            let began = clock::thread_cpu();
            let view = UntilClosed { view: self.disk.snapshot(), tasks };
            let outcome = guard(|| check_store(&view)).unwrap_or_else(Outcome::Panicked);
            drop(view);
            let outcome = guard(|| self.with_files(outcome, id, tasks)).unwrap_or_else(Outcome::Panicked);
            let spent = clock::thread_cpu().saturating_sub(began);
            if self.inputs.send_blocking(Input::Done(id, outcome, spent)).is_err() {
                return;
            }
        }
    }
}

impl Auditor {
    /// The outcome of an audit, with a sample of the files held against the store.
    fn with_files(&self, outcome: Outcome, id: TaskId, tasks: &Receiver<TaskId>) -> Outcome {
        let Outcome::Audited(mut audit) = outcome else { return outcome };
        // Another stretch at each audit: the golden ratio's bits spread the numbers of tasks.
        let chance = id.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16;
        match spot_check(&self.disk, &self.folders, chance, || tasks.is_closed()) {
            Ok(spot) => audit.spot = Some(spot),
            Err(error) => warn!("The files could not be held against the index: {error}."),
        }
        Outcome::Audited(audit)
    }
}

/// A view whose reads fail once the queue is closed, so that a stop does not wait for an audit.
struct UntilClosed<'a, K> {
    view: K,
    tasks: &'a Receiver<TaskId>,
}

impl<K: KvRead> KvRead for UntilClosed<'_, K> {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, KvError> {
        self.view.get(space, key)
    }

    fn page(&self, space: Space, from: &[u8], to: Option<&[u8]>, max: usize) -> Result<Vec<Pair>, KvError> {
        if self.tasks.is_closed() {
            return Err(KvError::Io("the agent is stopping".to_owned()));
        }
        self.view.page(space, from, to, max)
    }
}

/// The state of a thread that runs tasks. Clones share all of it but the engine's scratch memory.
#[derive(Clone)]
pub struct Executor<E> {
    /// The store, for reading.
    pub disk: Disk,
    /// The engine.
    pub embedder: E,
    /// Folders and files.
    pub folders: Folders,
    /// The vector index of sign bits.
    pub index: Arc<RwLock<Index>>,
    /// To the driver.
    pub inputs: Sender<Input>,
    /// The governor's clamp of background threads.
    pub clamp: Clamp,
    /// Where its thread stands among other programs.
    pub standing: Standing,
}

impl<E: Embedder> Executor<E> {
    /// Runs tasks until the driver drops the queue.
    pub fn run(mut self, tasks: &Receiver<(TaskId, Task)>) {
        let (mut clamped, mut rank) = (None, None);
        self.standing.follow(&mut rank);
        while let Ok((id, task)) = tasks.recv_blocking() {
            self.standing.follow(&mut rank);
            self.clamp.follow(&mut clamped);
            let began = clock::thread_cpu();
            // Safe after a panic: each text overwrites the engine's scratch memory, and the store is only read.
            let outcome = guard(|| self.outcome(task)).unwrap_or_else(Outcome::Panicked);
            let spent = clock::thread_cpu().saturating_sub(began);
            if self.inputs.send_blocking(Input::Done(id, outcome, spent)).is_err() {
                return;
            }
        }
    }

    fn outcome(&mut self, task: Task) -> Outcome {
        let (folders, index) = (&self.folders, &self.index);
        let io = TaskIo {
            list: |scan: &Scan, named: &[Vec<u8>]| folders.list(scan, named),
            read: |path: &[u8]| folders.read(path),
            scan: |signs: &Signs, max| index.read().unwrap_or_else(PoisonError::into_inner).nearest(signs, max),
        };
        run(&self.disk, &mut self.embedder, io, task)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embed::stand_in::StandIn;
    use crate::platform::disk::Sync;
    use smol::channel::bounded;
    use std::thread::{Builder, JoinHandle};

    fn spawn(work: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
        Builder::new().spawn(work).unwrap()
    }

    struct Threads {
        folder: tempfile::TempDir,
        disk: Disk,
        lanes: Lanes,
        audits: Receiver<TaskId>,
        inputs: Sender<Input>,
        inbox: Receiver<Input>,
        interactive: JoinHandle<()>,
    }

    /// The interactive thread over an empty store; no thread serves the audits yet.
    fn threads() -> Threads {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::open(folder.path(), Sync::Buffer).unwrap();
        let (inputs, inbox) = bounded(8);
        let (background, _) = bounded(1);
        let ((interactive, tasks), (audits, queued_audits)) = (bounded(4), bounded(4));
        let executor = Executor {
            disk: disk.clone(),
            embedder: StandIn::new(crate::base::id::Fingerprint([7; 32])),
            folders: Folders::new(folder.path().to_owned()),
            index: Arc::default(),
            inputs: inputs.clone(),
            clamp: Clamp::default(),
            standing: Standing::default(),
        };
        let interactive_thread = spawn(move || executor.run(&tasks));
        let lanes = Lanes { background, interactive, audits };
        Threads { folder, disk, lanes, audits: queued_audits, inputs, inbox, interactive: interactive_thread }
    }

    fn next(inbox: &Receiver<Input>) -> (TaskId, Outcome) {
        match inbox.recv_blocking() {
            Ok(Input::Done(id, outcome, _)) => (id, outcome),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_question_is_answered_while_an_audit_is_under_way() {
        let Threads { folder, disk, lanes, audits, inputs, inbox, interactive } = threads();
        assert_eq!(lanes.start(TaskId(1), Task::Audit), Ok(()));
        for n in 2..5 {
            assert_eq!(lanes.start(TaskId(n), Task::EmbedQuery { question: "where".to_owned() }), Ok(()));
            let (id, outcome) = next(&inbox);
            assert!(
                id == TaskId(n) && matches!(outcome, Outcome::QueryEmbedding(_)),
                "{id:?} ended first: {outcome:?}"
            );
        }
        // The audit is served only now, so the questions cannot have waited for its end.
        let folders = Folders::new(folder.path().to_owned());
        let auditor = spawn(move || Auditor { disk, folders, inputs }.run(&audits));
        let (id, outcome) = next(&inbox);
        assert!(id == TaskId(1) && matches!(&outcome, Outcome::Audited(audit) if audit.clean()), "{outcome:?}");
        drop(lanes);
        assert!(interactive.join().is_ok() && auditor.join().is_ok());
        drop(folder);
    }

    #[derive(Clone)]
    struct Panics(StandIn);

    impl Embedder for Panics {
        fn model(&self) -> crate::base::id::Fingerprint {
            self.0.model()
        }

        fn tokens(&self, text: &str) -> usize {
            self.0.tokens(text)
        }

        fn embed(&mut self, text: &str) -> Result<crate::base::vector::Embedding, crate::embed::EmbedError> {
            assert!(text != "bad", "this text is bad");
            self.0.embed(text)
        }
    }

    #[test]
    fn a_panic_fails_its_task_and_the_thread_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let ((inputs, inbox), (interactive, tasks)) = (bounded(8), bounded(4));
        let executor = Executor {
            disk: Disk::open(folder.path(), Sync::Buffer).unwrap(),
            embedder: Panics(StandIn::new(crate::base::id::Fingerprint([7; 32]))),
            folders: Folders::new(folder.path().to_owned()),
            index: Arc::default(),
            inputs,
            clamp: Clamp::default(),
            standing: Standing::default(),
        };
        let thread = spawn(move || executor.run(&tasks));
        for (n, question) in ["bad", "good", "bad", "good"].into_iter().enumerate() {
            interactive.send_blocking((TaskId(n as u64), Task::EmbedQuery { question: question.to_owned() })).unwrap();
            let (id, outcome) = next(&inbox);
            assert_eq!(id, TaskId(n as u64));
            match outcome {
                Outcome::Panicked(why) => assert!(question == "bad" && why.contains("this text is bad"), "{why}"),
                outcome => assert!(question == "good" && matches!(outcome, Outcome::QueryEmbedding(_)), "{outcome:?}"),
            }
        }
        drop(interactive);
        assert!(thread.join().is_ok(), "the thread ends at a stop");
    }

    #[test]
    fn a_stop_ends_an_audit_under_way() {
        let Threads { folder, disk, lanes, audits, interactive, .. } = threads();
        let view = UntilClosed { view: disk.snapshot(), tasks: &audits };
        assert!(view.page(Space::Chunk, &[], None, 1).is_ok());
        drop(lanes);
        assert!(matches!(check_store(&view), Outcome::StoreFailed(why) if why.contains("stopping")));
        assert!(interactive.join().is_ok());
        drop(folder);
    }
}
