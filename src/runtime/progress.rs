//! Progress of indexing, for the person who started the agent: a bar on a terminal, log lines elsewhere.

use crate::base::count::count;
use crate::base::time::{Duration, Instant};
use crate::store::counts::{Kind, StoreCounts};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use log::info;

/// Between two redraws of the bar.
const REDRAW: Duration = Duration::from_millis(200);
/// Between two lines where there is no terminal.
const LINE: Duration = Duration::from_secs(30);

/// Updated after each save and each task, so that an idle agent costs nothing.
pub struct Progress {
    bar: ProgressBar,
    terminal: bool,
    shown: Option<Instant>,
    working: bool,
    /// What was told of the index when all of it was done, so that a look that found nothing new tells nothing.
    told: String,
    /// Why embedding waits.
    waits: Option<String>,
    /// What the bar says without that.
    text: String,
}

/// What is shown of a status.
#[derive(Debug, PartialEq, Eq)]
struct Shown {
    done: u64,
    /// At least 1: a bar of nothing would be full.
    of: u64,
    text: String,
}

impl Shown {
    fn of(counts: &StoreCounts) -> Self {
        let done = counts.count(Kind::Ready) + counts.unusable();
        let total = counts.total() - counts.count(Kind::Tombstoned);
        let text = if total == 0 {
            "the folders are looked at".to_owned()
        } else {
            let (vectors, chunks) = (counts.live_vectors(), counts.live_chunks());
            format!("{done} of {}, {vectors} of {}", count(total, "file"), count(chunks, "passage"))
        };
        Self { done, of: total.max(1), text }
    }
}

impl Progress {
    /// Shows nothing before there is work.
    #[must_use]
    pub fn new(terminal: bool) -> Self {
        Self {
            bar: ProgressBar::hidden(),
            terminal,
            shown: None,
            working: false,
            told: String::new(),
            waits: None,
            text: String::new(),
        }
    }

    /// Shows how far indexing is, at most once in `REDRAW` or `LINE`; logs its end.
    pub fn update(&mut self, now: Instant, counts: &StoreCounts, has_work: bool) {
        if has_work {
            if !std::mem::replace(&mut self.working, true) && self.terminal {
                self.bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
                let style = "{bar:30} {msg}";
                self.bar
                    .set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
            }
            let pause = if self.terminal { REDRAW } else { LINE };
            if self.shown.is_none_or(|shown| now.since(shown) >= pause) {
                self.shown = Some(now);
                self.show(counts);
            }
        } else if std::mem::take(&mut self.working) {
            self.waits = None;
            self.bar.finish_and_clear();
            let refused = counts.count(Kind::Refused);
            let mut note = String::new();
            if refused > 0 {
                note.push_str(&format!(" {refused} could not be used; `wattle doctor` says why."));
            }
            let parked = counts.count(Kind::Parked);
            if parked > 0 {
                note.push_str(&format!(" {parked} failed again and again; `wattle tasks` says why."));
            }
            let (files, passages) = (count(counts.count(Kind::Ready), "file"), count(counts.live_vectors(), "passage"));
            let done = format!("All is indexed: {files}, {passages}.{note}");
            if self.told != done {
                info!("{done}");
                self.told = done;
            }
        }
    }

    /// Embedding waits, and why; `None`: it goes on. True if that stands beside the bar now, once, until it changes.
    #[must_use]
    pub fn wait(&mut self, why: Option<&str>) -> bool {
        self.waits = why.map(str::to_owned);
        let beside = self.terminal && self.working;
        if beside {
            self.write();
        }
        beside
    }

    fn show(&mut self, counts: &StoreCounts) {
        let Shown { done, of, text } = Shown::of(counts);
        if self.terminal {
            self.bar.set_length(of);
            self.bar.set_position(done);
            self.text = text;
            self.write();
        } else {
            info!("Indexing: {text}.");
        }
    }

    fn write(&self) {
        let waits = self.waits.as_ref().map_or_else(String::new, |why| format!(". {why}"));
        self.bar.set_message(format!("{}{waits}", self.text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_bar_is_full_before_there_is_a_file_and_a_full_one_is_when_all_are_done() {
        let mut counts = StoreCounts::default();
        let nothing = Shown::of(&counts);
        assert!(nothing.done == 0 && nothing.of > 0 && !nothing.text.contains('0'), "{nothing:?}");
        counts.enter(Kind::Tombstoned);
        assert_eq!(Shown::of(&counts), nothing, "one that is gone is no file");
        counts.enter(Kind::Waiting);
        counts.enter(Kind::Ready);
        let half = Shown::of(&counts);
        assert_eq!((half.done, half.of, &*half.text), (1, 2, "1 of 2 files, 0 of 0 passages"));
    }

    #[test]
    fn why_work_waits_stands_beside_the_bar_once_and_goes_with_the_wait() {
        let mut progress =
            Progress { terminal: true, working: true, text: "1 of 2 files".to_owned(), ..Progress::new(true) };
        assert!(progress.wait(Some("Embedding waits: the device is in use.")));
        assert_eq!(progress.bar.message(), "1 of 2 files. Embedding waits: the device is in use.");
        assert!(progress.wait(None));
        assert_eq!(progress.bar.message(), "1 of 2 files");
        assert!(!Progress::new(true).wait(Some("x")), "without a bar it is a line of the log");
        assert!(!Progress { working: true, ..Progress::new(false) }.wait(Some("x")));
    }
}
