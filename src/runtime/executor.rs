//! Threads that run tasks: several for background work, one that embeds questions, one that searches, and those that embed further texts of
//! programs.
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
use super::courtesy::Courtesy;
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
    /// What is under way for people in this agent, and for programs that have texts embedded.
    pub people: Courtesy,
    /// What is under way for people alone.
    pub askers: Courtesy,
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

    /// Embeds texts of programs until none can come any more, beside the thread that embeds questions. Before each of them it stands still while a
    /// question or a search is under way, for `GIVE_WAY_MS_MAX` at most, so that programs are served, slowly, however much is asked: a person whose
    /// question takes no longer has the cores as if that thread were alone.
    pub fn run_texts(mut self, texts: &Receiver<TextCall>) {
        loop {
            let Ok(text) = texts.recv_blocking() else { return };
            // Only now: it may have waited for long, and somebody has begun to ask meanwhile.
            self.askers.give_way();
            let _under_way = self.people.begin();
            text.answer(&mut self.embedder);
        }
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
                    let _under_way = self.people.begin();
                    text.answer(&mut self.embedder);
                    continue;
                }
            };
            let (people, askers) = (self.people.clone(), self.askers.clone());
            let is_asked = matches!(*task, Task::EmbedQuery { .. } | Task::Retrieve(_));
            let _under_way = is_asked.then(|| (people.begin(), askers.begin()));
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
        let (folders, people) = (&self.folders, &self.people);
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
            give_way: &|| people.give_way(),
        };
        run(&self.disk, &mut self.embedder, io, task)
    }
}

#[cfg(test)]
mod tests;
