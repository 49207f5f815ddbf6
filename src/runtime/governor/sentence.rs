//! What background work may do, and why not more, in a sentence for people.

use crate::base::hit::FileCoverage;
use crate::base::span::at_most;
use crate::energy::coordinator::HoldEnds;
use crate::energy::decision::Decision;
use crate::energy::reason::Reason;

/// The beginning of the sentence where nothing is allowed.
const HELD: &str = "Background work is held:";

/// What is so while nothing but questions holds the work.
const BESIDE_QUESTIONS: &str = "Work goes on slowly, one short task at a time, beside questions.";

/// What is so while the device is in use.
const IN_USE: &str = "Where more than a few passages wait, nothing is embedded, because the device is in use by people or other \
                      programs; `wattle work now` embeds all the same.";

/// What waits at an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitingWork {
    /// Nothing.
    None,
    /// Nothing of this device's; passages of others, which this device may embed.
    OfOthers,
    /// Everything is read, and passages wait to be embedded.
    Embedding,
    /// Files wait to be read, or may be found.
    Any,
}

impl WaitingWork {
    /// What keeps files out of an answer; `None` if it covers all of them.
    #[must_use]
    pub fn of(files: &FileCoverage) -> Option<Self> {
        let waits = files.known > files.searchable || (files.scanning && files.known == 0);
        waits.then(|| if files.only_embeds() { Self::Embedding } else { Self::Any })
    }
}

/// Until when a reason holds at most, behind its name; empty where that is not known.
fn until(reason: Reason, ends: HoldEnds) -> String {
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    match (reason, ends.quiet, ends.surplus) {
        (Reason::QuietHours, Some(minute), _) => format!(" until {}", clock(minute)),
        (Reason::WaitingForSurplus, _, Some((left, Some(minute)))) if left.as_secs() < DAY_S => {
            format!(" until {} at the latest", clock(minute))
        }
        (Reason::WaitingForSurplus, _, Some((left, _))) => format!(" for {} at most", at_most(left.as_secs())),
        _ => String::new(),
    }
}

/// Seconds of a day.
const DAY_S: u64 = 24 * 3600;

/// One sentence: what background work may do, and why not more; of quiet hours, and of work that waits for surplus, also until when.
#[must_use]
pub(super) fn sentence(decision: &Decision, ends: HoldEnds) -> String {
    let percent = (decision.headroom.value() * 100.0).round();
    // What lasts is told, not the question that was asked just now besides.
    let reason = decision.reason.map(|reason| if decision.besides.in_use { Reason::InUse } else { reason });
    let Some(reason) = reason else { return "Background work may use the whole device.".to_owned() };
    let until = until(reason, ends);
    if decision.workers == 0 {
        format!("{HELD} {reason}{until}.")
    } else {
        format!("Background work may use {percent} % of the device: {reason}{until}.")
    }
}

/// The same beside what the agent does: where no work waits, none is held.
#[must_use]
pub(super) fn beside_work(decision: &Decision, ends: HoldEnds, work: WaitingWork) -> String {
    let is_own = !matches!(work, WaitingWork::None | WaitingWork::OfOthers);
    if is_own && decision.workers == 0 {
        let is_read = work == WaitingWork::Embedding;
        match decision.reason {
            Some(Reason::Answering) if decision.besides.only_questions => return BESIDE_QUESTIONS.to_owned(),
            Some(Reason::Answering) if is_read && !decision.besides.in_use => {
                return "All files are read. Nothing is embedded while questions are answered.".to_owned();
            }
            Some(Reason::Answering | Reason::InUse) if is_read => return format!("All files are read. {IN_USE}"),
            Some(Reason::Answering) if decision.besides.in_use => {
                return format!("Files are read one by one beside questions. {IN_USE}");
            }
            Some(Reason::Answering) => {
                return "Files are read one by one beside questions, and nothing is embedded meanwhile.".to_owned();
            }
            Some(Reason::InUse) => return format!("Files are read slowly. {IN_USE}"),
            _ => {}
        }
    }
    let allowed = sentence(decision, ends);
    match allowed.strip_prefix(HELD) {
        Some(why) if work == WaitingWork::None => {
            format!("No background work waits. If some came now, it would be held:{why}")
        }
        Some(why) if work == WaitingWork::OfOthers => {
            format!(
                "No background work of this device waits. Passages of another device wait, and are not embedded here:{why}"
            )
        }
        _ => allowed,
    }
}
