//! Threads that run tasks: a few for the background, one for people.

use crate::base::id::TaskId;
use crate::base::vector::Signs;
use crate::embed::Embedder;
use crate::node::input::Input;
use crate::platform::clock;
use crate::platform::disk::Disk;
use crate::platform::folder::Folders;
use crate::platform::sched::clamp;
use crate::search::vector::Index;
use crate::work::task::{Look, Outcome, Task};
use crate::worker::run::{TaskIo, run};
use smol::channel::{Receiver, Sender};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// Percent of a core's capacity that background threads are clamped to, so that the kernel picks frugal frequencies; 0:
/// no clamp. People's threads hold one that stays 0.
#[derive(Clone, Debug, Default)]
pub struct Clamp(Arc<AtomicU8>);

impl Clamp {
    /// What holds for tasks that begin from now on.
    pub fn set(&self, percent: Option<u8>) {
        self.0.store(percent.unwrap_or(0), Ordering::Relaxed);
    }

    /// Clamps the calling thread as is wanted, if it is not so already. A kernel that cannot is asked once for each
    /// change, and the mode's workers and duty hold all the same.
    fn follow(&self, clamped: &mut Option<u8>) {
        let wanted = self.0.load(Ordering::Relaxed);
        if clamped.unwrap_or(0) != wanted {
            *clamped = Some(wanted);
            let real = clamp((wanted > 0).then_some(wanted));
            log::debug!(
                "A background thread is clamped to {wanted} %: {}",
                if real { "done" } else { "not in this kernel" }
            );
        }
    }
}

/// What a thread works with. Clones share all of it but the engine's scratch memory.
#[derive(Clone)]
pub struct Executor<E> {
    /// The store, for reading.
    pub disk: Disk,
    /// The engine.
    pub embedder: E,
    /// Folders and files.
    pub folders: Folders,
    /// The sign bits.
    pub index: Arc<RwLock<Index>>,
    /// To the driver.
    pub inputs: Sender<Input>,
    /// What the governor clamps background threads to.
    pub clamp: Clamp,
}

impl<E: Embedder> Executor<E> {
    /// Runs tasks until the driver hangs up.
    pub fn run(mut self, tasks: &Receiver<(TaskId, Task)>) {
        let mut clamped = None;
        while let Ok((id, task)) = tasks.recv_blocking() {
            self.clamp.follow(&mut clamped);
            let began = clock::thread_cpu();
            let outcome = self.outcome(task);
            let spent = clock::thread_cpu().saturating_sub(began);
            if self.inputs.send_blocking(Input::Done(id, outcome, spent)).is_err() {
                return;
            }
        }
    }

    fn outcome(&mut self, task: Task) -> Outcome {
        let (folders, index) = (&self.folders, &self.index);
        let world = TaskIo {
            list: |look: &Look| folders.list(look),
            read: |path: &[u8]| folders.read(path),
            scan: |signs: &Signs, max| index.read().unwrap_or_else(PoisonError::into_inner).nearest(signs, max),
        };
        run(&self.disk, &mut self.embedder, world, task)
    }
}
