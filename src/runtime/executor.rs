//! Threads that run tasks: several for background work, one that embeds questions, one that searches.
//!
//! A device that embeds is busy for seconds on the smallest boards, while a search takes milliseconds and the device that
//! asked waits `PEER_ANSWER_MS` for it: so searches have a thread of their own. Of the texts to embed for people, questions
//! come before the texts of other devices that are checked, and those before the texts of programs (`embeds`).
//!
//! A person waits for an audit as well as for a question, but an audit reads the whole store, which takes minutes on an SD
//! card, and every question behind it would wait. So audits have a thread of their own, at the lowest priority and without
//! an engine. Each task runs under `platform::panics::guard`: a panic ends the task as `Outcome::Panicked`, and the
//! thread goes on.

use super::background::Standing;
use super::embeds::TextCall;
use super::shared_indexes::SharedIndexes;
use crate::base::id::TaskId;
use crate::base::time::Duration;
use crate::embed::Embedder;
use crate::node::input::Input;
use crate::platform::child::Parsers;
use crate::platform::clock;
use crate::platform::disk::Disk;
use crate::platform::folder::Folders;
use crate::platform::panics::guard;
use crate::platform::sched::clamp;
use crate::scheduler::task::{Outcome, Scan, Task};
use crate::search::indexes::Indexes;
use crate::store::record::Source;
use crate::store::roots::Root;
use crate::worker::run::{TaskIo, run};
use smol::channel::{Receiver, Sender};
use smol::future::{FutureExt, pending};
use std::cell::Cell;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, RwLock};

/// The utilization clamp (uclamp) of background threads in percent of a core's capacity, so that the kernel picks frugal
/// frequencies; 0 is no clamp. The threads that serve people have one that stays 0.
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

/// The state of a thread that runs tasks. Clones share all of it but the engine's scratch memory.
#[derive(Clone)]
pub struct Executor<E> {
    /// The store, for reading.
    pub disk: Disk,
    /// The engine.
    pub embedder: E,
    /// Folders and files.
    pub folders: Folders,
    /// The processes that parse what is more than plain text.
    pub parsers: Parsers,
    /// Both indexes.
    pub index: Arc<RwLock<Indexes>>,
    /// To the driver.
    pub inputs: Sender<Input>,
    /// The governor's clamp of background threads.
    pub clamp: Clamp,
    /// Where its thread stands among other programs.
    pub standing: Standing,
}

/// What a thread does next.
enum Next {
    /// A task of the node.
    Task(TaskId, Box<Task>),
    /// A text of a program.
    Text(TextCall),
}

/// The next task of a queue; `None` once the driver has dropped it.
async fn task(tasks: &Receiver<(TaskId, Task)>) -> Option<Next> {
    tasks.recv().await.ok().map(|(id, task)| Next::Task(id, Box::new(task)))
}

/// The next text of a program. Where none can come any more, it waits for ever: the tasks go on.
async fn text(texts: &Receiver<TextCall>) -> Option<Next> {
    match texts.recv().await {
        Ok(text) => Some(Next::Text(text)),
        Err(_) => pending().await,
    }
}

impl<E: Embedder> Executor<E> {
    /// Runs tasks until the driver drops the queue.
    pub fn run(self, tasks: &Receiver<(TaskId, Task)>) {
        self.run_each(|| tasks.recv_blocking().ok().map(|(id, task)| Next::Task(id, Box::new(task))));
    }

    /// Runs tasks until the driver drops the queues; those of `later` only while the queue `first` is empty, and `texts` of programs
    /// while both are.
    pub fn run_in_order(
        self,
        first: &Receiver<(TaskId, Task)>,
        later: &Receiver<(TaskId, Task)>,
        texts: &Receiver<TextCall>,
    ) {
        self.run_each(|| smol::block_on(task(first).or(task(later)).or(text(texts))));
    }

    fn run_each(mut self, mut next: impl FnMut() -> Option<Next>) {
        let (mut clamped, mut rank) = (None, None);
        self.standing.follow(&mut rank);
        while let Some(next) = next() {
            self.standing.follow(&mut rank);
            self.clamp.follow(&mut clamped);
            let (id, task) = match next {
                Next::Task(id, task) => (id, task),
                Next::Text(text) => {
                    text.answer(&mut self.embedder);
                    continue;
                }
            };
            let began = clock::thread_cpu();
            // Safe after a panic: each text overwrites the engine's scratch memory, and the store is only read.
            let parsing = Cell::new(Duration::ZERO);
            let outcome = guard(|| self.outcome(*task, &parsing)).unwrap_or_else(Outcome::Panicked);
            let spent = clock::thread_cpu().saturating_sub(began).saturating_add(parsing.get());
            if self.inputs.send_blocking(Input::Done(id, outcome, spent)).is_err() {
                return;
            }
        }
    }

    /// Runs the task, and sets the CPU time that a parser process took for it.
    fn outcome(&mut self, task: Task, parsing: &Cell<Duration>) -> Outcome {
        let folders = &self.folders;
        let lookup = SharedIndexes { index: Arc::clone(&self.index), disk: self.disk.clone(), began: clock::now() };
        let io = TaskIo {
            list: |scan: &Scan, watched: &[Source], private: &[Root]| folders.list_without(scan, watched, private),
            read: |path: &[u8], watched: &[Source]| {
                let (content, spent) = self.parsers.content(path, folders.read(path, watched));
                parsing.set(spent);
                content
            },
            lookup: &lookup,
            look: |sought, watched: &[Source]| folders.look(sought, watched),
            now: clock::wall_ns() / 1_000_000_000,
        };
        run(&self.disk, &mut self.embedder, io, task)
    }
}

#[cfg(test)]
mod tests {
    use super::super::auditor::Auditor;
    use super::super::embeds::{Embeds, Reading};
    use super::super::lanes::{LaneEnds, Lanes};
    use super::*;
    use crate::base::filter::Filter;
    use crate::embed::stand_in::StandIn;
    use crate::platform::disk::Sync;
    use crate::scheduler::task::Query;
    use futures_lite::future::poll_once;
    use smol::channel::bounded;
    use std::path::Path;
    use std::thread::{Builder, JoinHandle};

    fn spawn(work: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
        Builder::new().spawn(work).unwrap()
    }

    fn executor<E: Embedder>(folder: &Path, embedder: E, inputs: Sender<Input>) -> Executor<E> {
        Executor {
            disk: Disk::open(folder, Sync::Buffer).unwrap(),
            embedder,
            folders: Folders::new(folder.to_owned()),
            parsers: Parsers::default(),
            index: Arc::default(),
            inputs,
            clamp: Clamp::default(),
            standing: Standing::default(),
        }
    }

    struct Threads {
        folder: tempfile::TempDir,
        disk: Disk,
        lanes: Lanes,
        audits: Receiver<TaskId>,
        inputs: Sender<Input>,
        inbox: Receiver<Input>,
        questions: JoinHandle<()>,
        checks: Receiver<(TaskId, Task)>,
        searches: JoinHandle<()>,
    }

    /// The threads for questions and searches over an empty store; no thread serves the checks and the audits yet.
    fn threads() -> Threads {
        let folder = tempfile::tempdir().unwrap();
        let (inputs, inbox) = bounded(8);
        let (background, _) = bounded(1);
        let executor = executor(folder.path(), StandIn::new(crate::base::id::Fingerprint([7; 32])), inputs.clone());
        let disk = executor.disk.clone();
        let searcher = executor.clone();
        let (lanes, LaneEnds { questions: asked, checks, searches: searched, peer_searches, audits }) =
            Lanes::new(background, Arc::default());
        Threads {
            folder,
            disk,
            lanes,
            audits,
            inputs,
            inbox,
            questions: spawn(move || executor.run(&asked)),
            checks,
            searches: spawn(move || searcher.run_in_order(&searched, &peer_searches, &bounded(1).1)),
        }
    }

    fn next(inbox: &Receiver<Input>) -> (TaskId, Outcome) {
        match inbox.recv_blocking() {
            Ok(Input::Done(id, outcome, _)) => (id, outcome),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_question_is_answered_while_an_audit_is_under_way() {
        let Threads { folder, disk, lanes, audits, inputs, inbox, questions, searches, .. } = threads();
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
        assert!(questions.join().is_ok() && searches.join().is_ok() && auditor.join().is_ok());
        drop(folder);
    }

    fn search() -> Task {
        let embedding = StandIn::new(crate::base::id::Fingerprint([7; 32])).embed("where").unwrap();
        Task::Retrieve(Query {
            text: "where".to_owned(),
            embedding,
            fluency: crate::base::fluency::Fluency::default(),
            count: 10,
            shared: true,
            filter: Filter::default(),
            behind: None,
        })
    }

    fn check() -> Task {
        Task::EmbedHit { heading: String::new(), text: "a text of another device".to_owned() }
    }

    #[test]
    fn a_search_for_a_peer_and_a_question_are_answered_while_texts_of_other_devices_are_checked() {
        let Threads { lanes, inbox, questions, checks, searches, .. } = threads();
        for n in 0..3 {
            assert_eq!(lanes.start(TaskId(n), check()), Ok(()));
        }
        // Nobody embeds the texts yet, so neither can have waited for them.
        assert_eq!(lanes.start(TaskId(10), search()), Ok(()));
        assert!(matches!(next(&inbox), (TaskId(10), Outcome::Found(..))));
        assert_eq!(lanes.start(TaskId(11), Task::EmbedQuery { question: "where".to_owned() }), Ok(()));
        assert!(matches!(next(&inbox), (TaskId(11), Outcome::QueryEmbedding(_))));
        assert_eq!(checks.len(), 3);
        drop(lanes);
        assert!(questions.join().is_ok() && searches.join().is_ok());
    }

    #[test]
    fn of_texts_that_wait_for_the_engine_questions_are_first() {
        let folder = tempfile::tempdir().unwrap();
        let (inputs, inbox) = bounded(8);
        let ((questions, asked), (checks, queued_checks)) = (bounded(4), bounded(4));
        checks.send_blocking((TaskId(1), check())).unwrap();
        checks.send_blocking((TaskId(2), check())).unwrap();
        questions.send_blocking((TaskId(3), Task::EmbedQuery { question: "where".to_owned() })).unwrap();
        let model = crate::base::id::Fingerprint([7; 32]);
        let executor = executor(folder.path(), StandIn::new(model), inputs);
        let (embeds, texts) = Embeds::new("stand-in", model);
        let thread = spawn(move || executor.run_in_order(&asked, &queued_checks, &texts));
        let order: Vec<_> = (0..3).map(|_| next(&inbox).0).collect();
        assert_eq!(order, [TaskId(3), TaskId(1), TaskId(2)]);
        let embedded = smol::block_on(embeds.embed("where".to_owned(), Reading::default())).unwrap();
        assert_eq!(embedded.embedding, StandIn::new(model).embed("where").unwrap());
        // Without programs the thread goes on, and without tasks it ends.
        drop(embeds);
        checks.send_blocking((TaskId(4), check())).unwrap();
        assert_eq!(next(&inbox).0, TaskId(4));
        drop((questions, checks));
        assert!(thread.join().is_ok(), "the thread ends at a stop");
    }

    #[test]
    fn a_question_comes_before_the_texts_of_programs_that_wait() {
        let folder = tempfile::tempdir().unwrap();
        let (inputs, inbox) = bounded(8);
        let ((questions, asked), (_checks, queued_checks)) = (bounded(4), bounded(4));
        let model = crate::base::id::Fingerprint([7; 32]);
        let (embeds, texts) = Embeds::new("stand-in", model);
        let program = || embeds.embed("a text".to_owned(), Reading::default());
        let mut waiting = [Box::pin(program()), Box::pin(program())];
        waiting.iter_mut().for_each(|text| assert!(smol::block_on(poll_once(text)).is_none()));
        questions.send_blocking((TaskId(1), Task::EmbedQuery { question: "where".to_owned() })).unwrap();
        let executor = executor(folder.path(), Watched(StandIn::new(model), texts.clone()), inputs);
        let thread = spawn(move || executor.run_in_order(&asked, &queued_checks, &texts));
        assert!(matches!(next(&inbox), (TaskId(1), Outcome::QueryEmbedding(_))));
        waiting.into_iter().for_each(|text| assert!(smol::block_on(text).is_ok()));
        drop(questions);
        assert!(thread.join().is_ok());
    }

    /// Of a question it asserts that the two texts of programs still wait.
    #[derive(Clone)]
    struct Watched(StandIn, Receiver<TextCall>);

    impl Embedder for Watched {
        fn model(&self) -> crate::base::id::Fingerprint {
            self.0.model()
        }

        fn tokens(&self, text: &str) -> usize {
            self.0.tokens(text)
        }

        fn embed(&mut self, text: &str) -> Result<crate::base::vector::Embedding, crate::embed::EmbedError> {
            self.0.embed(text)
        }

        fn embed_query(&mut self, question: &str) -> Result<crate::base::vector::Embedding, crate::embed::EmbedError> {
            assert_eq!(self.1.len(), 2, "a program was served before a person");
            self.0.embed(question)
        }
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
        let embedder = Panics(StandIn::new(crate::base::id::Fingerprint([7; 32])));
        let executor = executor(folder.path(), embedder, inputs);
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
}
