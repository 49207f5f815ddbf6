//! Work on the whole store that a person asks for: a backup, and an index that is made anew; and when the store was read whole last.

use super::ending::join_by;
use super::public_blocks::PublicBlocks;
use crate::base::time::{Duration, Instant};
use crate::energy::rank::Rank;
use crate::limits::STOP_THREADS_MS;
use crate::platform::backup::{Made, Progress, Stage, back_up};
use crate::platform::clock;
use crate::platform::disk::Disk;
use crate::platform::home::Home;
use crate::platform::panics::guard;
use crate::platform::sched::stand;
use serde::{Deserialize, Serialize};
use smol::channel::{Receiver, Sender, bounded};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

/// How far a piece of work is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Whether it is under way, or asked for.
    pub running: bool,
    /// Whether it is a backup that is not begun yet, as the store is checked before: what is done then are records that were read.
    #[serde(default)]
    pub checking: bool,
    /// What of it is done: records of a backup, passages of an index.
    pub done: u64,
    /// Of how many.
    pub of: u64,
    /// About how many seconds it takes still; null as long as that cannot be told.
    pub left_s: Option<u64>,
    /// Why it failed; null if it did not.
    pub failed: Option<String>,
    /// Documents in the backup.
    pub documents: u64,
    /// Those of them whose files are gone: they are kept for a while in case they come back. Left out where there are none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub leaving: u64,
    /// Passages in the backup.
    pub chunks: u64,
    /// Bytes of the backup.
    pub bytes: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The backup that is under way, or the last one since the agent started.
    pub backup: Job,
    /// Likewise the making anew of the index.
    pub rebuild: Job,
}

/// A piece of work, and when it began.
#[derive(Debug, Default)]
struct Work {
    job: Job,
    began: Option<Instant>,
}

impl Work {
    fn begin(&mut self) {
        *self = Self { job: Job { running: true, ..Job::default() }, began: Some(clock::now()) };
    }

    /// It is at its check, or behind it: how long each takes says nothing of the other.
    fn checks(&mut self, is_checking: bool) {
        if self.job.checking != is_checking {
            (self.job.checking, self.began) = (is_checking, Some(clock::now()));
        }
    }

    fn goes_on(&mut self, done: u64, of: u64) {
        (self.job.done, self.job.of) = (done, of);
        let spent = self.began.map_or(0, |began| clock::now().since(began).as_secs());
        // The first moments tell nothing.
        self.job.left_s = (done > 0 && spent > 0).then(|| spent * of.saturating_sub(done) / done);
    }
}

/// Handles of this work. Clones are handles of the same.
#[derive(Clone, Debug)]
pub struct Upkeep {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    disk: Disk,
    home: PathBuf,
    backup: Mutex<Work>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Closed when the agent stops.
    stop: (Sender<()>, Receiver<()>),
    /// Set before that, when the stop is asked for.
    stopping: Arc<AtomicBool>,
    rebuild: Rebuild,
    /// Seconds since 1970; 0 if the store was never read whole.
    read_s: AtomicI64,
    public: PublicBlocks,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Upkeep {
    /// Handles of the work on this store.
    #[must_use]
    pub fn new(disk: Disk, home: PathBuf) -> Self {
        let (backup, threads, stop) = (Mutex::default(), Mutex::default(), bounded(1));
        let (rebuild, read_s) = (Rebuild::default(), AtomicI64::new(0));
        let (public, stopping) = (PublicBlocks::new(disk.clone()), Arc::default());
        Self { shared: Arc::new(Shared { disk, home, backup, threads, stop, stopping, rebuild, read_s, public }) }
    }

    /// How far all of it is.
    #[must_use]
    pub fn report(&self) -> Report {
        Report {
            backup: locked(&self.shared.backup).job.clone(),
            rebuild: locked(&self.shared.rebuild.work).job.clone(),
        }
    }

    /// What says that the agent is being stopped, from the moment in which that was asked for: nothing that changes anything is begun any more.
    #[must_use]
    pub fn stopping(&self) -> &Arc<AtomicBool> {
        &self.shared.stopping
    }

    /// Begins a backup.
    ///
    /// # Errors
    /// One sentence: another one is under way.
    pub fn back_up(&self, path: PathBuf, with_keys: bool) -> Result<(), String> {
        let mut work = locked(&self.shared.backup);
        if work.job.running {
            return Err("A backup is being written already. Try again when it is done.".to_owned());
        }
        work.begin();
        drop(work);
        let of_thread = self.clone();
        let begun = Builder::new().name("backup".to_owned()).spawn(move || {
            stand(Rank::Last);
            of_thread.run_backup(&path, with_keys);
        });
        match begun {
            Ok(thread) => {
                self.joins(thread);
                Ok(())
            }
            Err(error) => {
                let why = format!("The system gives no more threads: {error}.");
                self.backed_up(Err(why.clone()));
                Err(why)
            }
        }
    }

    fn run_backup(&self, path: &std::path::Path, with_keys: bool) {
        let tell = |Progress { stage, done, of }: Progress| {
            let mut work = locked(&self.shared.backup);
            work.checks(stage == Stage::Checking);
            work.goes_on(done, of);
            drop(work);
            !self.shared.stop.1.is_closed()
        };
        let home = Home::at(&self.shared.home);
        let made = guard(|| back_up(&home, &self.shared.disk, path, with_keys, tell));
        self.backed_up(made.unwrap_or_else(|why| Err(format!("A defect of the program ended the backup ({why})."))));
    }

    fn backed_up(&self, made: Result<Made, String>) {
        let job = match made {
            Ok(Made { documents, leaving, chunks, bytes, .. }) => {
                Job { documents, leaving, chunks, bytes, ..Job::default() }
            }
            Err(why) => Job { failed: Some(why), ..Job::default() },
        };
        *locked(&self.shared.backup) = Work { job, began: None };
    }

    /// What is closed when the agent stops.
    #[must_use]
    pub fn stop(&self) -> &Receiver<()> {
        &self.shared.stop.1
    }

    /// A stop waits for this thread, which ends with [`Self::stop`].
    pub fn joins(&self, thread: JoinHandle<()>) {
        let mut threads = locked(&self.shared.threads);
        threads.retain(|thread| !thread.is_finished());
        threads.push(thread);
    }

    /// The agent stops: a backup under way is ended, and its file removed. Returns the names of threads that did not end within `STOP_THREADS_MS`.
    #[must_use]
    pub fn end(&self) -> Vec<String> {
        if locked(&self.shared.backup).job.running {
            log::warn!(
                "The backup that is under way is ended by the stop, and its file removed: begin it again once the agent runs again."
            );
        }
        self.shared.stop.1.close();
        let threads = std::mem::take(&mut *locked(&self.shared.threads));
        join_by(threads, clock::now() + Duration::from_millis(STOP_THREADS_MS))
    }

    /// The order to make the index anew, for the writer.
    #[must_use]
    pub fn rebuild(&self) -> &Rebuild {
        &self.shared.rebuild
    }

    /// Blocks of its public documents.
    #[must_use]
    pub fn public_blocks(&self) -> &PublicBlocks {
        &self.shared.public
    }

    /// The store, for reading.
    #[must_use]
    pub fn disk(&self) -> &Disk {
        &self.shared.disk
    }

    /// The store was read whole at this time, in seconds since 1970.
    pub fn read_whole(&self, at_s: i64) {
        self.shared.read_s.store(at_s, Ordering::Relaxed);
    }

    /// When the store was read whole last, in seconds since 1970, if it ever was.
    #[must_use]
    pub fn last_read(&self) -> Option<i64> {
        Some(self.shared.read_s.load(Ordering::Relaxed)).filter(|at| *at > 0)
    }
}

/// The order to make the index anew from what the store has, and how far that is. Clones are handles of the same.
#[derive(Clone, Debug)]
pub struct Rebuild {
    work: Arc<Mutex<Work>>,
    orders: (Sender<()>, Receiver<()>),
}

impl Default for Rebuild {
    fn default() -> Self {
        Self { work: Arc::default(), orders: bounded(1) }
    }
}

impl Rebuild {
    /// Has the index made anew; nothing if that is under way.
    pub fn ask(&self) {
        let mut work = locked(&self.work);
        if !work.job.running {
            work.begin();
            let _ = self.orders.0.try_send(());
        }
    }

    /// Whether that was asked for, once.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.orders.1.try_recv().is_ok()
    }

    /// Waits for an order.
    pub async fn asked(&self) {
        let _ = self.orders.1.recv().await;
    }

    /// How far it is, if it is under way.
    pub fn goes_on(&self, done: u64, of: u64) {
        let mut work = locked(&self.work);
        if work.job.running {
            work.goes_on(done, of);
        }
    }

    /// It is done, or failed for this reason; nothing if none was under way.
    pub fn ended(&self, failed: Option<String>) {
        let mut work = locked(&self.work);
        if work.job.running {
            (work.job.running, work.job.left_s, work.job.failed) = (false, None, failed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::disk::Sync;

    fn waited(upkeep: &Upkeep) -> Job {
        loop {
            let job = upkeep.report().backup;
            if !job.running {
                return job;
            }
            smol::block_on(smol::Timer::after(Duration::from_millis(5)));
        }
    }

    #[test]
    fn a_backup_is_made_beside_and_told_of() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::open(&folder.path().join("store-1"), Sync::Buffer).unwrap();
        let upkeep = Upkeep::new(disk, folder.path().to_owned());
        assert_eq!(upkeep.report(), Report::default());
        let path = folder.path().join("backup");
        upkeep.back_up(path.clone(), false).unwrap();
        let job = waited(&upkeep);
        assert!(job.failed.is_none() && job.bytes > 0 && path.exists(), "{job:?}");
        upkeep.back_up(path, false).unwrap();
        assert!(waited(&upkeep).failed.unwrap().contains("not overwritten"));
        assert_eq!(upkeep.end(), [""; 0]);
        let other = folder.path().join("other");
        upkeep.back_up(other.clone(), false).unwrap();
        let job = waited(&upkeep);
        assert!(job.failed.is_none() || !other.exists(), "an end of the agent leaves no half of one: {job:?}");
    }

    #[test]
    fn the_check_before_a_backup_is_told_apart_and_the_time_left_is_of_the_stage_alone() {
        let mut work = Work::default();
        work.begin();
        work.checks(true);
        work.began = Some(clock::now() - Duration::from_secs(10));
        work.checks(true);
        work.goes_on(10, 20);
        assert!(work.job.checking && work.job.left_s.is_some_and(|left| left >= 10), "{work:?}");
        work.checks(false);
        work.goes_on(10, 20);
        assert!(!work.job.checking && work.job.left_s.is_none_or(|left| left < 10), "{work:?}");
        let before =
            r#"{"running":true,"done":1,"of":2,"left_s":null,"failed":null,"documents":0,"chunks":0,"bytes":0}"#;
        assert!(!serde_json::from_str::<Job>(before).unwrap().checking, "of an agent of before");
    }

    #[test]
    fn an_index_is_made_anew_once_for_all_who_ask_and_its_end_is_told() {
        let rebuild = Rebuild::default();
        rebuild.goes_on(1, 2);
        assert_eq!(locked(&rebuild.work).job, Job::default(), "nobody asked");
        rebuild.ask();
        rebuild.ask();
        assert!(rebuild.is_asked() && !rebuild.is_asked());
        rebuild.goes_on(1, 2);
        let job = locked(&rebuild.work).job.clone();
        assert_eq!((job.done, job.running), (1, true));
        rebuild.ended(None);
        assert!(!locked(&rebuild.work).job.running);
        rebuild.ask();
        assert!(rebuild.is_asked());
    }
}
