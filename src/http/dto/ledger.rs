//! Passages by state, and how fast they get on: each passage is in exactly one.

use crate::base::count::{count, plural};
use crate::base::span::about;
use crate::limits::PACE_QUIET_MS;
use crate::node::status::{EMBEDS, LentStatus, READS, Status, WorkLink};
use crate::scheduler::only_here::OnlyHere;
use serde::{Deserialize, Serialize};

/// Passages by state; the states add up to `all`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passages {
    /// All of them.
    pub all: u64,
    /// They have their vector.
    pub embedded: u64,
    /// They wait.
    pub waiting: u64,
    /// Other devices have them.
    pub lent: u64,
    /// Other devices have embedded them, and that is not checked yet.
    pub unchecked: u64,
    /// Nobody embeds them: their files are parked or not usable.
    pub set_aside: u64,
}

impl Passages {
    /// Those that wait to be embedded, those that other devices have among them: wherever that is told, by this one number. Those that others
    /// have embedded wait for something else, a check.
    #[must_use]
    pub const fn to_embed(&self) -> u64 {
        self.waiting + self.lent
    }

    /// The states as a phrase: those that have their vector, and of the others those that are not zero.
    #[must_use]
    pub fn phrase(&self) -> String {
        let rest = [
            (self.waiting, "waiting"),
            (self.lent, "with other devices"),
            (self.unchecked, "to be checked"),
            (self.set_aside, "of files that are parked or not usable"),
        ];
        let rest = rest.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!(", {count} {what}"));
        format!("{} of {} embedded{}", self.embedded, self.all, rest.collect::<String>())
    }
}

/// Passages in a status. In JSON they are fields of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Chunks of all files.
    pub chunks: u64,
    /// Chunks that have their vector.
    pub vectors: u64,
    /// Passages by state.
    #[serde(default)]
    pub passages: Passages,
    /// How fast they get their vectors.
    #[serde(default)]
    pub pace: Pace,
}

impl From<&Status> for Progress {
    fn from(status: &Status) -> Self {
        let (chunks, vectors) = (status.counts.live_chunks(), status.counts.live_vectors());
        Self { chunks, vectors, passages: Passages::from(status), pace: Pace::from(status) }
    }
}

impl From<&Status> for Passages {
    fn from(status: &Status) -> Self {
        let counts = &status.counts;
        let lent = || status.work.shared.lent.iter();
        // A passage that is embedded here although somebody has it may be saved already.
        let to_embed = counts.to_embed();
        let with_others = lent().map(|lent| lent.chunks).sum::<u64>().min(to_embed);
        let unchecked = lent().map(|lent| lent.unchecked).sum::<u64>().min(to_embed - with_others);
        Self {
            all: counts.live_chunks(),
            embedded: counts.live_vectors(),
            waiting: to_embed - with_others - unchecked,
            lent: with_others,
            unchecked,
            set_aside: counts.set_aside,
        }
    }
}

/// How fast passages get their vectors, on all devices together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// Devices that embed passages of this one now, itself among them.
    pub devices: u64,
    /// Passages that are embedded in a minute, by the last seconds or the last minute in which work went on; null if that is not known now.
    pub per_minute: Option<u64>,
    /// Seconds until all are embedded at this pace; null where that is not known: also while files wait to be read, whose passages nobody has
    /// counted.
    pub left_s: Option<u64>,
    /// Passages that wait for this device alone, because no other one may embed them, while it may not either: they are not in `left_s`.
    #[serde(default)]
    pub held: u64,
}

impl Pace {
    /// The progress as a phrase; `None` where it is not known.
    #[must_use]
    pub fn phrase(&self) -> Option<String> {
        let per_minute = self.per_minute?;
        let devices = count(self.devices, "device");
        let (second, tenth) = (per_minute / 60, per_minute % 60 / 6);
        let held = count(self.held, "passage");
        let held =
            if self.held == 0 { String::new() } else { format!(" without {held} that only this device may embed") };
        let left = self.left_s.map_or_else(|| UNKNOWN.to_owned(), |left_s| format!(", {} left{held}", about(left_s)));
        let verb = plural(self.devices, "embeds", "embed");
        // Where nobody embeds, what was done in the last minute tells nothing of the time that is left.
        (self.devices > 0).then(|| format!("{devices} {verb}, {second}.{tenth} passages a second{left}"))
    }
}

/// What is told in place of the time that is left, while files wait to be read.
const UNKNOWN: &str = "; how long it takes is known once all files are read";

/// Files that wait to be read and can be: they are there, and did not fail.
fn readable(status: &Status) -> u64 {
    let why = &status.work.shared.why;
    status.work.shared.to_read.saturating_sub(why.away + why.failing.to_read)
}

impl From<&Status> for Pace {
    fn from(status: &Status) -> Self {
        let shared = &status.work.shared;
        let runs = shared.running.iter().any(|task| task.does == EMBEDS && task.of.is_none());
        let embeds = |lent: &&LentStatus| lent.link == WorkLink::Up && lent.chunks > 0 && lent.kept_out.is_none();
        let others = shared.lent.iter().filter(embeds).count() as u64;
        let to_embed = status.counts.to_embed();
        // A long file takes this device's time, whatever it embedded before.
        let reads =
            shared.running.iter().any(|task| task.does == READS && task.since_ago.as_millis() > PACE_QUIET_MS.into());
        // Between two tasks of a device that works a part of the time none runs.
        let here = runs || !reads && (shared.embeds && to_embed > 0 && shared.per_minute.is_some());
        let is_any = here || others > 0;
        // What no other device may embed waits for this one, which may embed nothing just now.
        let is_held = !shared.embeds && shared.why.only_here != OnlyHere::No;
        let held = if is_held { Passages::from(status).waiting } else { 0 };
        let to_embed = to_embed.saturating_sub(held);
        let per_minute = shared.per_minute.filter(|_| to_embed > 0 && is_any);
        // How many passages a file has is known once it is read.
        let is_read = readable(status) == 0 && !status.work.scanning;
        let left_s = per_minute.filter(|_| is_read).map(|pace| (to_embed * 60).div_ceil(pace.max(1)));
        Self { devices: others + u64::from(here), per_minute, left_s, held }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::status::{SharedWork, WhyStatus, WorkStatus};
    use crate::store::counts::{Kind, StoreCounts};

    #[test]
    fn the_pace_is_told_with_devices_speed_and_the_time_that_is_left() {
        let phrase = |devices, per_minute, left_s| Pace { devices, per_minute, left_s, held: 0 }.phrase();
        assert_eq!(phrase(3, None, None), None);
        let three = phrase(3, Some(745), Some(340));
        assert_eq!(three.as_deref(), Some("3 devices embed, 12.4 passages a second, about 6 minutes left"));
        let one = phrase(1, Some(60), Some(7201));
        assert_eq!(one.as_deref(), Some("1 device embeds, 1.0 passages a second, about 2 hours left"));
        assert!(phrase(1, Some(60), Some(67)).unwrap_or_default().ends_with("about a minute left"), "to the nearest");
        assert_eq!(phrase(0, Some(6), Some(59)), None, "nobody embeds");
        let reads = phrase(1, Some(282), None);
        assert_eq!(
            reads.as_deref(),
            Some("1 device embeds, 4.7 passages a second; how long it takes is known once all files are read")
        );
    }

    #[test]
    fn no_time_is_left_that_leaves_out_files_which_wait_to_be_read() {
        let left = |to_read, away, scanning| {
            let mut counts = StoreCounts::default();
            (0..2).for_each(|_| counts.enter(Kind::Chunked));
            counts.chunks = 14;
            let why = WhyStatus { away, ..WhyStatus::default() };
            let shared = SharedWork { to_read, why, embeds: true, per_minute: Some(282), ..SharedWork::default() };
            let work = WorkStatus { shared, scanning, ..WorkStatus::default() };
            let pace = Pace::from(&Status { counts, work, ..Status::at_rest() });
            assert_eq!((pace.devices, pace.per_minute), (1, Some(282)));
            pace.left_s
        };
        assert_eq!(left(893, 0, false), None);
        assert_eq!(left(3, 3, false), Some(3), "nobody reads what is away");
        assert_eq!(left(0, 0, true), None, "a folder is being looked at");
    }

    #[test]
    fn what_only_this_device_may_embed_is_in_no_forecast_while_it_may_not() {
        let pace = |only_here, embeds| {
            let lent = LentStatus { chunks: 20, ..LentStatus::at_rest() };
            let mut counts = StoreCounts::default();
            counts.enter(Kind::Chunked);
            counts.chunks = 140;
            let why = WhyStatus { only_here, ..WhyStatus::default() };
            let shared = SharedWork { why, embeds, per_minute: Some(60), lent: vec![lent], ..SharedWork::default() };
            let work = WorkStatus { shared, ..WorkStatus::default() };
            Pace::from(&Status { counts, work, ..Status::at_rest() })
        };
        let private = pace(OnlyHere::Private, false);
        assert_eq!((private.devices, private.left_s, private.held), (1, Some(20), 120));
        let phrase = private.phrase().unwrap_or_default();
        assert!(phrase.ends_with(" left without 120 passages that only this device may embed"), "{phrase}");
        assert_eq!(pace(OnlyHere::Private, true).left_s, Some(140), "it embeds them itself");
        assert_eq!(pace(OnlyHere::No, false).left_s, Some(140), "others embed them");
    }

    #[test]
    fn passages_by_state_are_told_and_those_to_be_checked_are_none_that_are_to_be_embedded() {
        let passages = Passages { all: 100, embedded: 50, waiting: 20, lent: 15, unchecked: 5, set_aside: 10 };
        assert_eq!(passages.to_embed(), 35);
        assert_eq!(
            passages.phrase(),
            "50 of 100 embedded, 20 waiting, 15 with other devices, 5 to be checked, 10 of files that are parked or not usable"
        );
        assert_eq!(Passages::default().phrase(), "0 of 0 embedded");
    }
}
