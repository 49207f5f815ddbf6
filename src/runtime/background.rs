//! The background threads, which stand among the threads of other programs where the governor wants them.
//!
//! A thread may step back by itself, and without privileges it cannot step forward again (sched(7)). So each thread follows
//! the wanted rank down between two tasks, and for a higher rank new threads take the place of the old ones: these end with
//! the tasks that they have begun, and what was queued for them goes to the new ones.

use super::ending::join_by;
use crate::base::id::TaskId;
use crate::base::time::Instant;
use crate::energy::rank::Rank;
use crate::limits::BACKGROUND_LANE;
use crate::platform::sched;
use crate::scheduler::task::Task;
use log::warn;
use smol::channel::{Receiver, Sender, bounded};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// A task on its way to a thread.
type Queued = (TaskId, Task);
/// Starts one thread that runs tasks until their queue is closed.
type Spawn = dyn Fn(usize, Receiver<Queued>, Standing) -> Result<JoinHandle<()>, String> + Send;

/// The rank that is wanted of the threads that have this. By default they stay as they are.
#[derive(Clone, Debug, Default)]
pub struct Standing(Option<Arc<AtomicU8>>);

impl Standing {
    /// Steps back, if that is wanted by now; `own` is the rank of the calling thread, `None` before the first call.
    pub(super) fn follow(&self, own: &mut Option<Rank>) {
        let Some(wanted) = &self.0 else { return };
        let wanted = rank(wanted.load(Ordering::Relaxed));
        if own.is_none_or(|own| wanted < own) {
            sched::stand(wanted);
            *own = Some(wanted);
        }
    }
}

/// Handles of threads, to wait for their end.
#[derive(Clone, Debug, Default)]
pub struct Joins(Arc<Mutex<Vec<JoinHandle<()>>>>);

impl Joins {
    /// Waits for the end of all of them until `by`. Returns the names of those that have not ended.
    #[must_use]
    pub fn join(&self, by: Instant) -> Vec<String> {
        let threads = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        join_by(threads, by)
    }

    fn add(&self, thread: JoinHandle<()>) {
        let mut threads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        threads.retain(|thread| !thread.is_finished());
        threads.push(thread);
    }
}

/// The threads.
pub struct BackgroundThreads {
    count: usize,
    spawn: Box<Spawn>,
    tasks: Receiver<Queued>,
    standing: Arc<AtomicU8>,
    /// The lowest rank that was wanted since these threads began.
    rank: Rank,
    joins: Joins,
}

impl BackgroundThreads {
    /// Starts `count` threads, behind all others. Gives the queue of their tasks as well.
    ///
    /// # Errors
    /// One sentence: the system gives no more threads.
    pub fn start(count: usize, spawn: Box<Spawn>) -> Result<(Self, Sender<Queued>), String> {
        let (queue, tasks) = bounded(BACKGROUND_LANE);
        let standing = Arc::new(AtomicU8::new(Rank::Last as u8));
        let threads = Self { count, spawn, tasks, standing, rank: Rank::Last, joins: Joins::default() };
        let first = threads.tasks.clone();
        threads.begin(&first)?;
        Ok((threads, queue))
    }

    /// Handles to wait for the end of all threads, of those to come as well.
    #[must_use]
    pub fn joins(&self) -> Joins {
        self.joins.clone()
    }

    /// This rank is wanted from now on. Gives a new queue where new threads take the place of the old ones.
    #[must_use]
    pub fn stand(&mut self, wanted: Rank) -> Option<Sender<Queued>> {
        self.standing.store(wanted as u8, Ordering::Relaxed);
        if wanted <= self.rank {
            self.rank = wanted;
            return None;
        }
        let (queue, tasks) = bounded(BACKGROUND_LANE);
        // The old threads go on with their queue if there are no new ones.
        let begun = self.begin(&tasks);
        if let Err(why) = begun {
            warn!("Background work stays behind other programs: {why}");
            return None;
        }
        self.rank = wanted;
        let old = std::mem::replace(&mut self.tasks, tasks);
        while let Ok(task) = old.try_recv() {
            // It is as long as the old one.
            let _ = queue.try_send(task);
        }
        Some(queue)
    }

    fn begin(&self, tasks: &Receiver<Queued>) -> Result<(), String> {
        for n in 0..self.count {
            let thread = (self.spawn)(n, tasks.clone(), Standing(Some(Arc::clone(&self.standing))))?;
            self.joins.add(thread);
        }
        Ok(())
    }
}

const fn rank(byte: u8) -> Rank {
    match byte {
        0 => Rank::Last,
        1 => Rank::BesideNiced,
        _ => Rank::Hurried,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::Duration;
    use crate::platform::clock;
    use std::sync::mpsc;
    use std::thread::Builder;

    /// Threads that only tell their ids and where they stand, once for each task.
    fn threads(told: mpsc::Sender<(std::thread::ThreadId, Rank)>) -> (BackgroundThreads, Sender<Queued>) {
        let spawn = move |_, tasks: Receiver<Queued>, standing: Standing| {
            let told = told.clone();
            let run = move || {
                let mut own = None;
                standing.follow(&mut own);
                while tasks.recv_blocking().is_ok() {
                    standing.follow(&mut own);
                    told.send((std::thread::current().id(), own.unwrap_or_default())).unwrap();
                }
            };
            Builder::new().spawn(run).map_err(|error| error.to_string())
        };
        BackgroundThreads::start(1, Box::new(spawn)).unwrap()
    }

    #[test]
    fn threads_step_back_by_themselves_and_others_take_their_place_for_a_higher_rank() {
        let (send, told) = mpsc::channel();
        let (mut threads, mut queue) = threads(send);
        let task = || (TaskId(1), Task::Audit);
        queue.send_blocking(task()).unwrap();
        let (first, rank) = told.recv().unwrap();
        assert_eq!(rank, Rank::Last);
        let new = threads.stand(Rank::Hurried).expect("new threads");
        drop(std::mem::replace(&mut queue, new));
        queue.send_blocking(task()).unwrap();
        let (second, rank) = told.recv().unwrap();
        assert!(second != first && rank == Rank::Hurried);
        for wanted in [Rank::BesideNiced, Rank::Last] {
            assert!(threads.stand(wanted).is_none());
            queue.send_blocking(task()).unwrap();
            assert_eq!(told.recv().unwrap(), (second, wanted), "the same thread");
        }
        let again = threads.stand(Rank::BesideNiced).expect("it cannot come forward by itself");
        drop(queue);
        again.send_blocking(task()).unwrap();
        assert_eq!(told.recv().unwrap().1, Rank::BesideNiced);
        let joins = threads.joins();
        drop((threads, again));
        assert_eq!(joins.join(clock::now() + Duration::from_secs(60)), [""; 0]);
    }
}
