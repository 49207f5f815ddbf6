//! What background work may do, and why not more, in a sentence for people.

use crate::base::hit::FileCoverage;
use crate::base::span::at_most;
use crate::energy::coordinator::HoldEnds;
use crate::energy::decision::Decision;
use crate::energy::reason::Reason;
use crate::limits::FEW_CHUNKS;

/// The beginning of the sentence where nothing is allowed.
const HELD: &str = "Background work is held:";

/// The beginning of the sentence where some is: work goes on then.
pub const ALLOWED: &str = "Background work may use";

/// What is so while the device is in use.
fn in_use() -> String {
    format!(
        "While no more than {FEW_CHUNKS} passages wait, they are embedded slowly; of more none is begun, because the device is in use by people or \
         other programs; `wattle work now` embeds all the same."
    )
}

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
    /// The same, and so many are read in a minute, by the last seconds.
    Reading(u64),
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
    if reason == Reason::Paused {
        return match ends.pause {
            Some((left, Some(minute))) if left.as_secs() < DAY_S => format!(" until {}", clock(minute)),
            Some((left, _)) => format!(" for another {}", at_most(left.as_secs())),
            None => String::new(),
        };
    }
    match (reason, ends.quiet, ends.surplus) {
        (Reason::QuietHours, Some(minute), _) => format!(" until {}", clock(minute)),
        (Reason::WaitingForSurplus, _, Some((left, Some(minute)))) if left.as_secs() < DAY_S => {
            format!(" until {} at the latest", clock(minute))
        }
        (Reason::WaitingForSurplus, _, Some((left, _))) => format!(" for {} at most", at_most(left.as_secs())),
        _ => String::new(),
    }
}

/// A reason with its end, as the rest of a sentence about the device: behind the reason itself, and before what helps.
#[must_use]
pub(super) fn because(reason: Reason, ends: HoldEnds) -> String {
    let (says, until) = (reason.to_string(), until(reason, ends));
    match says.split_once("; ") {
        Some((why, helps)) if reason == Reason::Paused => format!("{why}{until}; {helps}"),
        _ => format!("{says}{until}"),
    }
}

/// Seconds of a day.
const DAY_S: u64 = 24 * 3600;

/// One sentence: what background work may do, and why not more; of quiet hours, and of work that waits for surplus, also until when.
#[must_use]
pub(super) fn sentence(decision: &Decision, ends: HoldEnds) -> String {
    let percent = (decision.headroom.value() * 100.0).round();
    let Some(reason) = decision.told() else { return format!("{ALLOWED} the whole device.") };
    let because = because(reason, ends);
    match (reason, decision.workers) {
        // It holds no work: the next of it comes within a moment.
        (Reason::Answering, _) => gives_way(),
        (_, 0) => format!("{HELD} {because}."),
        _ => format!("{ALLOWED} {percent} % of the device: {because}."),
    }
}

/// That a question comes first, and nothing else does: the same words wherever it is told.
fn gives_way() -> String {
    let says = Reason::Answering.to_string();
    let mut rest = says.chars();
    let first = rest.next().map(|first| first.to_ascii_uppercase());
    format!("{}{}.", first.into_iter().collect::<String>(), rest.as_str())
}

/// The same beside what the agent does: where no work waits, none is held.
#[must_use]
pub(super) fn beside_work(decision: &Decision, ends: HoldEnds, work: WaitingWork) -> String {
    let allowed = sentence(decision, ends);
    if decision.workers > 0 {
        return allowed;
    }
    let held = allowed.strip_prefix(HELD);
    match (work, decision.told()) {
        // Nothing is there that could give way.
        (WaitingWork::None, Some(Reason::Answering)) => "No background work waits.".to_owned(),
        (WaitingWork::OfOthers, Some(Reason::Answering)) => {
            format!("No background work of this device waits. Passages of another device wait. {allowed}")
        }
        (WaitingWork::Reading(pace), Some(Reason::Answering)) => format!("{} {allowed}", reading(pace)),
        (WaitingWork::Embedding, Some(Reason::Answering)) => format!("All files are read. {allowed}"),
        (WaitingWork::Reading(pace), Some(Reason::InUse)) => format!("{} {}", reading(pace), in_use()),
        (WaitingWork::Embedding, Some(Reason::InUse)) => format!("All files are read. {}", in_use()),
        (WaitingWork::Any, Some(Reason::InUse)) => {
            format!("Files are read as far as other programs leave room. {}", in_use())
        }
        (WaitingWork::None, _) => held.map_or_else(
            || allowed.clone(),
            |why| format!("No background work waits. If some came now, it would be held:{why}"),
        ),
        (WaitingWork::OfOthers, _) => held.map_or_else(
            || allowed.clone(),
            |why| {
                format!(
                    "No background work of this device waits. Passages of another device wait, and are not embedded here:{why}"
                )
            },
        ),
        _ => allowed,
    }
}

/// How files are read, by what is measured.
fn reading(per_minute: u64) -> String {
    if per_minute < 60 {
        return format!("Files are read slowly, {per_minute} a minute.");
    }
    format!("Files are read, {} a second.", per_minute / 60)
}

/// For tests beside what else is told of a decision: what `wattle energy` says of it.
#[cfg(test)]
pub(crate) fn said_of_energy(decision: &Decision) -> String {
    sentence(decision, HoldEnds::default())
}

/// The same of what the status says.
#[cfg(test)]
pub(crate) fn said_of_work(decision: &Decision, work: WaitingWork) -> String {
    beside_work(decision, HoldEnds::default(), work)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::Duration;
    use crate::energy::decision::Besides;

    const ONLY_QUESTIONS: Besides = Besides { only_questions: true, in_use: false, lasting: None };

    #[test]
    fn a_pause_is_told_with_its_end_by_the_clock_or_for_how_long_and_with_the_command_that_ends_it() {
        let paused = Decision { reason: Some(Reason::Paused), ..Decision::default() };
        let said = |pause, work| beside_work(&paused, HoldEnds { pause, ..HoldEnds::default() }, work);
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        let held =
            |until: &str| format!("Background work is held: paused by its owner{until}; `wattle resume` ends it.");
        assert_eq!(said(None, WaitingWork::Any), held(""));
        assert_eq!(said(Some((hours(2), Some(18 * 60 + 30))), WaitingWork::Any), held(" until 18:30"));
        assert_eq!(said(Some((hours(2), None)), WaitingWork::Any), held(" for another 2 hours"), "no clock");
        assert_eq!(said(Some((hours(30), Some(5))), WaitingWork::Any), held(" for another 30 hours"));
        let others = said(Some((hours(2), Some(60))), WaitingWork::OfOthers);
        assert!(
            others.starts_with("No background work of this device waits. Passages of another device wait"),
            "{others}"
        );
        assert!(others.ends_with("paused by its owner until 01:00; `wattle resume` ends it."), "{others}");
    }

    #[test]
    fn how_fast_files_are_read_is_what_was_measured_whatever_holds_other_work() {
        let asked = Decision { reason: Some(Reason::Answering), ..Decision::default() };
        let in_use = Decision { reason: Some(Reason::InUse), ..Decision::default() };
        for decision in [asked, in_use, Decision { besides: ONLY_QUESTIONS, ..asked }] {
            let said = |work| beside_work(&decision, HoldEnds::default(), work);
            let fast = said(WaitingWork::Reading(15_000));
            assert!(fast.starts_with("Files are read, 250 a second. ") && !fast.contains("read slowly"), "{fast}");
            assert!(said(WaitingWork::Reading(12)).starts_with("Files are read slowly, 12 a minute. "));
            assert!(!said(WaitingWork::Any).contains("Files are read slowly"), "nothing was measured");
        }
        let held = Decision { reason: Some(Reason::OnBattery), ..Decision::default() };
        let said = beside_work(&held, HoldEnds::default(), WaitingWork::Reading(9));
        assert_eq!(said, beside_work(&held, HoldEnds::default(), WaitingWork::Any));
    }

    #[test]
    fn what_becomes_of_one_passage_that_waits_while_the_device_is_in_use_is_told() {
        let in_use = Decision { reason: Some(Reason::InUse), ..Decision::default() };
        let said = beside_work(&in_use, HoldEnds::default(), WaitingWork::Embedding);
        let few =
            "All files are read. While no more than 16 passages wait, they are embedded slowly; of more none is begun,";
        assert!(said.starts_with(few) && FEW_CHUNKS == 16, "{said}");
    }

    #[test]
    fn a_question_holds_no_work_and_what_lasts_is_told_in_its_place_whatever_waits() {
        let works = [
            WaitingWork::None,
            WaitingWork::OfOthers,
            WaitingWork::Embedding,
            WaitingWork::Any,
            WaitingWork::Reading(90),
        ];
        let asked = Decision { reason: Some(Reason::Answering), besides: ONLY_QUESTIONS, ..Decision::default() };
        let lasting = Besides { lasting: Some(Reason::OnBattery), ..Besides::default() };
        let (battery, besides) = (
            Decision { reason: Some(Reason::OnBattery), ..Decision::default() },
            Decision { reason: Some(Reason::Answering), besides: lasting, ..Decision::default() },
        );
        for work in works {
            let said = |decision| beside_work(decision, HoldEnds::default(), work);
            let told = said(&asked);
            if work == WaitingWork::None {
                assert_eq!(told, "No background work waits.", "nothing gives way");
                continue;
            }
            assert!(told.ends_with(&sentence(&asked, HoldEnds::default())), "as `wattle energy` says it: {told}");
            assert!(
                told.contains("ackground work gives way to a question, for a moment") && !told.contains("held"),
                "{told}"
            );
            assert_eq!(said(&besides), said(&battery), "a question changes nothing of what lasts");
        }
    }
}
