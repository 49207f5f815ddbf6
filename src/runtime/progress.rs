//! Progress of indexing, for the person who started the agent: a bar on a terminal, log lines elsewhere.

use crate::base::time::{Duration, Instant};
use crate::node::status::Status;
use crate::store::counts::Kind;
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
}

impl Progress {
    /// Shows nothing before there is work.
    #[must_use]
    pub fn new(terminal: bool) -> Self {
        Self { bar: ProgressBar::hidden(), terminal, shown: None, working: false }
    }

    /// Shows how far indexing is, at most once in `REDRAW` or `LINE`; logs its end.
    pub fn update(&mut self, now: Instant, status: &Status) {
        let counts = &status.counts;
        if status.work.scanning || counts.unfinished() > 0 {
            if !std::mem::replace(&mut self.working, true) && self.terminal {
                self.bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
                let style = "{bar:30} {pos} of {len} files, {msg}";
                self.bar
                    .set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
            }
            let pause = if self.terminal { REDRAW } else { LINE };
            if self.shown.is_none_or(|shown| now.since(shown) >= pause) {
                self.shown = Some(now);
                self.show(status);
            }
        } else if std::mem::take(&mut self.working) {
            self.bar.finish_and_clear();
            let refused = counts.count(Kind::Refused);
            let note = if refused == 0 {
                String::new()
            } else {
                format!(" {refused} could not be used; `wattle doctor` says why.")
            };
            info!("All is indexed: {} files, {} passages.{note}", counts.count(Kind::Ready), counts.live_vectors());
        }
    }

    fn show(&self, status: &Status) {
        let counts = &status.counts;
        let done = counts.count(Kind::Ready) + counts.count(Kind::Refused);
        let total = counts.total() - counts.count(Kind::Tombstoned);
        let embedded = format!("{} of {} passages", counts.live_vectors(), counts.live_chunks());
        if self.terminal {
            self.bar.set_length(total);
            self.bar.set_position(done);
            self.bar.set_message(embedded);
        } else {
            info!("Indexing: {done} of {total} files, {embedded}.");
        }
    }
}
