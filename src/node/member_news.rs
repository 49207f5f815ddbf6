//! What is told of members that join, go and come back: each loss and each return once.
//!
//! A member that is back shows that by its link and by its packets, one after the other, in any order. What comes first is told, and the others are not, until
//! something of it is lost again.

use super::output::Notice;
use crate::base::id::PeerKey;
use crate::base::time::{Duration, Instant};
use crate::limits::{BACK_ONCE_MS, LINK_AWAITED_MS, PEERS_MAX};
use std::collections::{BTreeMap, BTreeSet};

/// Names of members that joined, that are down, that are back, and that were stopped; and what was told of each last.
#[derive(Debug, Default)]
pub(super) struct MemberNews {
    joined: Vec<String>,
    down: Vec<String>,
    back: Vec<String>,
    stopped: Vec<String>,
    /// Members that were told as down or stopped, and not as back since.
    lost: BTreeSet<PeerKey>,
    /// Members that were told as linked, up or back within `BACK_ONCE_MS`.
    told_at: BTreeMap<PeerKey, Instant>,
    /// Members that were told as up or back at this time, and have had no link since.
    awaited: BTreeMap<PeerKey, Instant>,
}

impl MemberNews {
    /// Whether a return of the member was told a moment ago; if not, it is now.
    fn is_told(&mut self, now: Instant, peer: PeerKey) -> bool {
        self.told_at.retain(|_, at| now.since(*at) < Duration::from_millis(BACK_ONCE_MS));
        let is_told = self.told_at.contains_key(&peer);
        self.told_at.entry(peer).or_insert(now);
        is_told
    }

    /// A member has a link. `name`: none if it has not said it so far. Gives whether that is told here and now.
    pub(super) fn is_linked(&mut self, now: Instant, peer: PeerKey, name: Option<&str>) -> bool {
        if self.lost.remove(&peer) {
            self.is_told(now, peer);
            self.back.extend(name.map(str::to_owned));
            return name.is_none();
        }
        let awaited = Duration::from_millis(LINK_AWAITED_MS);
        if self.awaited.remove(&peer).is_some_and(|since| now.since(since) < awaited) {
            return false;
        }
        // Of one without a name its first packet tells more.
        name.is_none() || !self.is_told(now, peer)
    }

    /// The link to a member is gone, which is told.
    pub(super) fn is_unlinked(&mut self, peer: PeerKey) {
        self.told_at.remove(&peer);
        self.awaited.remove(&peer);
    }

    /// A member is up for the first time in this run.
    pub(super) fn is_new(&mut self, now: Instant, peer: PeerKey, name: String, is_linked: bool) {
        if !self.is_told(now, peer) {
            self.joined.push(name);
            self.awaits_link(now, peer, is_linked);
        }
    }

    /// A member is up that was down: told, unless its link has shown that before.
    pub(super) fn is_up_again(&mut self, now: Instant, peer: PeerKey, name: String, is_linked: bool) {
        if self.lost.remove(&peer) {
            self.is_told(now, peer);
            self.back.push(name);
            self.awaits_link(now, peer, is_linked);
        }
    }

    /// A member has started anew, with or without having been found down. Its link shows that before its new generation does.
    pub(super) fn has_restarted(&mut self, now: Instant, peer: PeerKey, name: String, is_linked: bool) {
        let is_told = self.is_told(now, peer);
        if self.lost.remove(&peer) || !is_told {
            self.back.push(name);
            self.awaits_link(now, peer, is_linked);
        }
    }

    fn awaits_link(&mut self, now: Instant, peer: PeerKey, is_linked: bool) {
        if !is_linked && self.awaited.len() < PEERS_MAX {
            self.awaited.insert(peer, now);
        }
    }

    /// A member is down, by its own word (`stopped`) or by that of others: its next return is told.
    pub(super) fn is_down(&mut self, peer: PeerKey, name: String, stopped: bool) {
        self.is_unlinked(peer);
        if self.lost.len() < PEERS_MAX {
            self.lost.insert(peer);
        }
        if stopped { self.stopped.push(name) } else { self.down.push(name) }
    }

    /// A device is no member any more.
    pub(super) fn forget(&mut self, peer: PeerKey) {
        self.is_unlinked(peer);
        self.lost.remove(&peer);
    }

    /// What is to be told since the last call.
    pub(super) fn take(&mut self) -> impl Iterator<Item = Notice> + use<> {
        let joined = (std::mem::take(&mut self.joined), Notice::Up as fn(Vec<String>) -> Notice);
        let back = (std::mem::take(&mut self.back), Notice::Back as fn(_) -> _);
        let down = (std::mem::take(&mut self.down), Notice::Down as fn(_) -> _);
        let stopped = (std::mem::take(&mut self.stopped), Notice::WasStopped as fn(_) -> _);
        let all = [joined, back, down, stopped].into_iter();
        all.filter(|(names, _)| !names.is_empty()).map(|(names, notice)| notice(names))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: PeerKey = PeerKey([1; 32]);

    const fn at(ms: u64) -> Instant {
        Instant::from_millis(ms)
    }

    /// What is told of one member of this name: a line for each word.
    #[derive(Default)]
    struct Told {
        news: MemberNews,
        lines: Vec<&'static str>,
    }

    impl Told {
        fn linked(&mut self, ms: u64) {
            if self.news.is_linked(at(ms), PEER, Some("attic")) {
                self.lines.push("linked");
            }
            self.take();
        }

        fn unlinked(&mut self) {
            self.news.is_unlinked(PEER);
        }

        fn back(&mut self, ms: u64, linked: bool) {
            self.news.is_up_again(at(ms), PEER, "attic".to_owned(), linked);
            self.take();
        }

        fn restarted(&mut self, ms: u64) {
            self.news.has_restarted(at(ms), PEER, "attic".to_owned(), true);
            self.take();
        }

        fn joined(&mut self, ms: u64, linked: bool) {
            self.news.is_new(at(ms), PEER, "attic".to_owned(), linked);
            self.take();
        }

        fn down(&mut self) {
            self.news.is_down(PEER, "attic".to_owned(), false);
            self.take();
        }

        fn take(&mut self) {
            let word = |notice| match notice {
                Notice::Up(_) => "up",
                Notice::Back(_) => "back",
                Notice::Down(_) => "down",
                _ => "other",
            };
            self.lines.extend(self.news.take().map(word));
        }
    }

    #[test]
    fn a_return_is_one_line_whether_its_link_or_its_packets_show_it_first_and_however_late_the_others_do() {
        for later in [40, 10 * BACK_ONCE_MS] {
            let mut told = Told::default();
            told.down();
            told.linked(100);
            told.back(100 + later, true);
            assert_eq!(told.lines, ["down", "back"], "{later}: the link first");
            let mut told = Told::default();
            told.down();
            told.back(100, false);
            told.linked(100 + later);
            assert_eq!(told.lines, ["down", "back"], "{later}: packets first");
            told.unlinked();
            told.linked(2_000_000);
            assert_eq!(told.lines, ["down", "back", "linked"], "{later}: its link broke alone");
            let mut told = Told::default();
            told.down();
            told.back(100, false);
            told.linked(100 + LINK_AWAITED_MS);
            assert_eq!(told.lines, ["down", "back", "linked"], "it had none for long: that is news");
        }
    }

    #[test]
    fn a_new_start_and_a_first_sight_are_one_line_each_and_the_next_ones_are_told_again() {
        let mut told = Told::default();
        told.linked(0);
        told.joined(40, true);
        told.restarted(60);
        told.unlinked();
        told.linked(20_000);
        told.restarted(20_040);
        assert_eq!(told.lines, ["linked", "linked"]);
        told.restarted(20_000 + BACK_ONCE_MS);
        assert_eq!(told.lines, ["linked", "linked", "back"], "it has started anew behind another member's back");
        let mut told = Told::default();
        told.joined(0, false);
        told.linked(60_000);
        told.down();
        told.back(61_000, false);
        told.down();
        told.back(62_000, false);
        assert_eq!(told.lines, ["up", "down", "back", "down", "back"]);
    }

    #[test]
    fn a_device_without_a_name_is_told_once_it_has_one() {
        let mut news = MemberNews::default();
        assert!(news.is_linked(at(0), PEER, None));
        news.is_new(at(40), PEER, "attic".to_owned(), true);
        assert_eq!(news.take().collect::<Vec<_>>(), [Notice::Up(vec!["attic".to_owned()])]);
    }
}
