//! What the log says of files that are not used: the first ones by their paths, and then, as a folder may have thousands of photos,
//! now and then how many more there are.

use super::Writer;
use crate::base::count::{count, plural};
use crate::base::id::DocId;
use crate::base::media::told_reason;
use crate::base::time::{Duration, Instant};
use crate::limits::{UNUSED_NAMED_MAX, UNUSED_TOLD_MS};
use crate::platform::clock;
use crate::store::change::Change;
use crate::store::read;

/// What was said of them.
#[derive(Debug, Default)]
pub struct UnusedFiles {
    /// Files that were named since the last pause.
    named: usize,
    /// Files of which nothing was said yet.
    more: u64,
    /// When the last file came.
    last: Instant,
    /// When the last line was written.
    told: Instant,
}

impl UnusedFiles {
    /// One more file is not used. Whether it is named.
    fn names(&mut self, now: Instant) -> bool {
        if now.since(self.last) >= Duration::from_millis(UNUSED_TOLD_MS) {
            self.named = 0;
        }
        self.last = now;
        if self.named >= UNUSED_NAMED_MAX {
            self.more += 1;
            return false;
        }
        (self.named, self.told) = (self.named + 1, now);
        true
    }

    /// When the next line is due; `None`: all files were named or counted.
    pub(super) fn due(&self) -> Option<Instant> {
        (self.more > 0).then(|| self.told + Duration::from_millis(UNUSED_TOLD_MS))
    }

    /// The line about the files that were not named, if it is due, or the last one.
    fn line(&mut self, now: Instant, is_last: bool) -> Option<String> {
        let is_due = self.due().is_some_and(|due| is_last || now >= due);
        is_due.then(|| {
            let more = core::mem::take(&mut self.more);
            self.told = now;
            format!("{} {} not used. `wattle doctor` says why.", count(more, "more file"), plural(more, "is", "are"))
        })
    }
}

impl Writer {
    /// Says which file cannot be used. Only here is its path at hand: the node knows documents by number.
    pub(super) fn log_refusal(&mut self, change: &Change) {
        match change {
            Change::Refused { doc, reason, .. } if self.unused.names(clock::now()) => {
                self.log_file(*doc, |path| format!("is not used. {}", told_reason(path, reason)));
            }
            Change::Parked { doc, parked, .. } => self.log_file(*doc, |_| {
                let times = parked.attempts.len();
                format!("is parked after {times} failed attempts; `wattle tasks` lists them. {}", parked.why())
            }),
            _ => {}
        }
    }

    fn log_file(&self, doc: DocId, says: impl FnOnce(&[u8]) -> String) {
        if let Ok(Some(doc)) = read::document(self.library.kv(), doc) {
            log::info!("{} {}", String::from_utf8_lossy(&doc.path), says(&doc.path));
        }
    }

    /// Says how many files cannot be used that were not named, now and then and at the end. It is asked whenever the writer waits for its next save,
    /// which wakes up for it: after a burst of such files none may come for hours.
    pub(super) fn log_unused(&mut self, is_last: bool) {
        if let Some(line) = self.unused.line(clock::now(), is_last) {
            log::info!("{line}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::writer;
    use super::*;
    use smol::channel::bounded;

    #[test]
    fn the_first_files_are_named_and_of_many_more_their_number_is_told_now_and_then() {
        let at = |ms: u64| Instant::from_millis(1_000_000 + ms);
        let mut unused = UnusedFiles::default();
        assert!((0..UNUSED_NAMED_MAX).all(|_| unused.names(at(0))));
        assert_eq!(unused.line(at(UNUSED_TOLD_MS), false), None, "all were named");
        assert!((0..300).all(|_| !unused.names(at(10))));
        assert_eq!(unused.line(at(20), false), None);
        let line = unused.line(at(UNUSED_TOLD_MS), false);
        assert_eq!(line.as_deref(), Some("300 more files are not used. `wattle doctor` says why."));
        assert!(!unused.names(at(UNUSED_TOLD_MS)), "they come without a pause");
        assert_eq!(unused.line(at(UNUSED_TOLD_MS), false), None, "not so soon");
        let line = unused.line(at(UNUSED_TOLD_MS), true);
        assert_eq!(line.as_deref(), Some("1 more file is not used. `wattle doctor` says why."));
        assert!(unused.names(at(2 * UNUSED_TOLD_MS)), "a file of another day");
    }

    #[test]
    fn after_a_burst_of_them_a_writer_that_waits_for_its_next_save_wakes_up_to_tell_their_number() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = writer(&folder.path().join("store-1"), folder.path());
        // The line is due in half a second.
        let burst = clock::now() + Duration::from_millis(500) - Duration::from_millis(UNUSED_TOLD_MS);
        assert!((0..UNUSED_NAMED_MAX).all(|_| writer.unused.names(burst)));
        assert_eq!(writer.unused.due(), None, "all were named");
        assert!(!writer.unused.names(burst) && writer.unused.due().is_some());
        let (saves, waiting) = bounded(1);
        let ends = std::thread::scope(|scope| {
            let ends = scope.spawn(|| {
                let next = writer.next(&waiting);
                (next.is_none(), writer.unused.due())
            });
            smol::block_on(smol::Timer::after(Duration::from_millis(2_000)));
            drop(saves);
            ends.join().unwrap()
        });
        assert_eq!(ends, (true, None), "it is told before the next save");
    }
}
