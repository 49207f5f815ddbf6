//! Threads that run tasks: a few for the background, one for people.

use super::clock;
use super::disk::Disk;
use super::driver::Event;
use super::folder::Folders;
use crate::base::id::TaskId;
use crate::base::vector::Signs;
use crate::embed::Embedder;
use crate::node::input::Input;
use crate::search::vector::Index;
use crate::work::task::{Look, Outcome, Task};
use crate::worker::run::{World, run};
use smol::channel::{Receiver, Sender};
use std::sync::{Arc, PoisonError, RwLock};

/// What a thread works with. Clones share all of it but the engine's scratch memory.
#[derive(Clone)]
pub struct Bench<E> {
    /// The store, for reading.
    pub disk: Disk,
    /// The engine.
    pub embedder: E,
    /// Folders and files.
    pub folders: Folders,
    /// The sign bits.
    pub index: Arc<RwLock<Index>>,
    /// To the driver.
    pub events: Sender<Event>,
}

impl<E: Embedder> Bench<E> {
    /// Runs tasks until the driver hangs up.
    pub fn run(mut self, tasks: &Receiver<(TaskId, Task)>) {
        while let Ok((id, task)) = tasks.recv_blocking() {
            let began = clock::thread_cpu();
            let outcome = self.outcome(task);
            let spent = clock::thread_cpu().saturating_sub(began);
            if self.events.send_blocking(Event::Input(Input::Done(id, outcome, spent))).is_err() {
                return;
            }
        }
    }

    fn outcome(&mut self, task: Task) -> Outcome {
        let (folders, index) = (&self.folders, &self.index);
        let world = World {
            list: |look: &Look| folders.list(look),
            read: |path: &[u8]| folders.read(path),
            scan: |signs: &Signs, max| index.read().unwrap_or_else(PoisonError::into_inner).nearest(signs, max),
        };
        run(&self.disk, &mut self.embedder, world, task)
    }
}
