//! Which tasks wait for which, and what a panic ends.

use super::*;
use crate::base::filter::Filter;
use crate::embed::stand_in::StandIn;
use crate::platform::disk::Sync;
use crate::runtime::auditor::Auditor;
use crate::runtime::embeds::{Embeds, Reading};
use crate::runtime::lanes::{LaneEnds, Lanes};
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
        people: Courtesy::default(),
        askers: Courtesy::default(),
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
        Lanes::new(background, (Arc::default(), executor.people.clone()));
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
        assert!(id == TaskId(n) && matches!(outcome, Outcome::QueryEmbedding(_)), "{id:?} ended first: {outcome:?}");
    }
    // The audit is served only now, so the questions cannot have waited for its end.
    let folders = Folders::new(folder.path().to_owned());
    let home = folder.path().to_owned();
    let auditor = spawn(move || Auditor { disk, folders, home, inputs }.run(&audits));
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

#[test]
fn a_further_thread_embeds_texts_of_programs_and_stands_still_while_a_person_asks() {
    let folder = tempfile::tempdir().unwrap();
    let (inputs, _inbox) = bounded(8);
    let model = crate::base::id::Fingerprint([7; 32]);
    let (embeds, texts) = Embeds::new("stand-in", model);
    let executor = executor(folder.path(), StandIn::new(model), inputs);
    let (askers, people) = (executor.askers.clone(), executor.people.clone());
    let (asked, of_program) = (askers.begin(), people.begin());
    let thread = spawn(move || executor.run_texts(&texts));
    smol::block_on(async {
        let mut text = Box::pin(embeds.embed("a text".to_owned(), Reading::default()));
        assert!(poll_once(&mut text).await.is_none());
        // Far less than it stands still at most, and far more than a text takes.
        smol::Timer::after(std::time::Duration::from_millis(crate::limits::GIVE_WAY_MS_MAX / 4)).await;
        assert!(poll_once(&mut text).await.is_none(), "a person asks");
        drop(asked);
        assert!(text.await.is_ok(), "what is under way for other programs does not hold it up");
    });
    drop(of_program);
    embeds.close();
    assert!(thread.join().is_ok(), "the thread ends at a stop, while programs may still hold the way to it");
}

#[test]
fn a_further_thread_that_waited_for_a_text_stands_still_for_who_began_to_ask_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let (inputs, _inbox) = bounded(8);
    let model = crate::base::id::Fingerprint([7; 32]);
    let (embeds, texts) = Embeds::new("stand-in", model);
    let executor = executor(folder.path(), StandIn::new(model), inputs);
    let askers = executor.askers.clone();
    let thread = spawn(move || executor.run_texts(&texts));
    let pause = || smol::Timer::after(std::time::Duration::from_millis(crate::limits::GIVE_WAY_MS_MAX / 4));
    smol::block_on(async {
        // The thread has nothing to do, and waits.
        assert!(embeds.embed("a text".to_owned(), Reading::default()).await.is_ok());
        pause().await;
        let asked = askers.begin();
        let mut text = Box::pin(embeds.embed("a text".to_owned(), Reading::default()));
        assert!(poll_once(&mut text).await.is_none());
        pause().await;
        assert!(poll_once(&mut text).await.is_none(), "a person asks");
        drop(asked);
        assert!(text.await.is_ok());
    });
    embeds.close();
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
