//! Names of devices for people: two devices of one name get the end of their PeerIds behind it.
//!
//! Names are compared by their letters and digits alone, without case: spaces, signs and invisible characters would let a
//! device look like another one. A name that itself looks like one with the end of a PeerId gets its own.

use super::output::Output;
use super::{Node, Out};
use crate::base::id::PeerKey;
use crate::base::time::Instant;
use crate::mesh::peers::Peer;
use std::collections::BTreeMap;

/// Characters of a PeerId that tell two devices apart; `wattle peers` shows as many.
const ID_CHARS: usize = 8;

/// What stands before them.
pub(super) const ID_MARK: char = '…';

impl Node {
    /// The names that other devices had before this start, for those that are off.
    pub fn load_names(&mut self, names: Vec<(PeerKey, String)>) {
        // A removed device has no peers any more, and says by whom it was removed.
        let remover = self.trust.records().removed_by(self.config.key);
        for (peer, name) in names {
            if Some(peer) == remover {
                self.mesh.trust.pairing.remover = Some(name.clone());
            }
            self.peers.keep_name(peer, name);
        }
    }

    /// A peer has said its name. While two devices have its key it keeps the one that it had: either could take that of another device,
    /// and names say what `wattle remove` removes.
    pub(super) fn on_name(&mut self, now: Instant, peer: PeerKey, name: String, out: &mut Out) {
        if !self.is_frozen(now, peer) && self.peers.set_name(now, peer, name.clone()) {
            out.push(Output::SaveName(peer, name));
        }
    }

    /// The name of a peer for people, or of this device (`None`).
    pub(super) fn title(&self, key: Option<PeerKey>) -> String {
        let own = (self.config.device.as_str(), self.config.peer_id.as_str());
        let (name, id) = match key.map(|key| self.peers.get(key)) {
            None => own,
            Some(None) => {
                let is_removed = key.is_some_and(|key| self.trust.records().is_removed(key));
                return if is_removed { "a device that was removed" } else { "a device that left" }.to_owned();
            }
            Some(Some(peer)) => (peer.name(), peer.peer_id.as_str()),
        };
        let same = |other: &str, other_id: &str| other_id != id && look_alike(other, name);
        let peers = self.peers.iter().filter_map(|peer: &Peer| Some((peer.device.as_deref()?, peer.peer_id.as_str())));
        let ambiguous = core::iter::once(own).chain(peers).any(|(other, other_id)| same(other, other_id));
        if ambiguous || name.contains(ID_MARK) { format!("{name} ({ID_MARK}{})", end(id)) } else { name.to_owned() }
    }

    /// How many devices have each name, by its letters and digits: one pass, for the titles of many.
    pub(super) fn name_counts(&self) -> BTreeMap<String, u32> {
        let mut counts = BTreeMap::new();
        let peers = self.peers.iter().filter_map(|peer: &Peer| peer.device.as_deref());
        for name in core::iter::once(self.config.device.as_str()).chain(peers) {
            *counts.entry(shape(name).collect()).or_insert(0) += 1;
        }
        counts
    }

    /// The PeerId of a peer as text, or of this device (`None`).
    pub(super) fn peer_id_of(&self, key: Option<PeerKey>) -> String {
        key.map_or_else(|| self.config.peer_id.clone(), super::trust::peer_id)
    }
}

/// The name of a peer for people, by the counts of all names: the same as [`Node::title`].
pub(super) fn title_of(peer: &Peer, counts: &BTreeMap<String, u32>) -> String {
    let name = peer.name();
    let shared = counts.get(&shape(name).collect::<String>()).is_some_and(|count| *count > 1);
    if shared || name.contains(ID_MARK) { format!("{name} ({ID_MARK}{})", end(&peer.peer_id)) } else { name.to_owned() }
}

/// The letters and digits of a name, without case; the whole name if it has none.
fn shape(name: &str) -> impl Iterator<Item = char> {
    let bare = !name.chars().any(char::is_alphanumeric);
    name.chars().filter(move |c| bare || c.is_alphanumeric()).flat_map(char::to_lowercase)
}

/// Whether people would take two names for the same.
pub(super) fn look_alike(one: &str, other: &str) -> bool {
    // Most names are plain, and each title compares one with all.
    if let (Some(one), Some(other)) = (plain(one), plain(other)) {
        return one.eq(other);
    }
    shape(one).eq(shape(other))
}

/// The [`shape`] of a name of ASCII characters that has a letter or digit.
fn plain(name: &str) -> Option<impl Iterator<Item = u8>> {
    let letters = || name.bytes().filter(u8::is_ascii_alphanumeric);
    (name.is_ascii() && letters().next().is_some()).then(|| letters().map(|c| c.to_ascii_lowercase()))
}

/// The last characters of a PeerId.
pub(super) fn end(id: &str) -> &str {
    let at = id.char_indices().rev().nth(ID_CHARS - 1).map_or(0, |(at, _)| at);
    &id[at..]
}

#[cfg(test)]
mod tests {
    use super::super::input::{Input, LinkInput};
    use super::super::test::{at, handle, linked};
    use super::*;
    use crate::limits::NAME_SAVE_MS;
    use crate::wire::message::Message;

    #[test]
    fn a_name_that_waits_to_be_saved_is_after_its_pause_and_before_the_agent_stops() {
        let peer = PeerKey([1; 32]);
        let (mut node, _) = linked(&[1]);
        let named = |node: &mut Node, ms, input| {
            let out = handle(node, at(ms), input);
            let last = out.last() == Some(&Output::Stopped);
            let name =
                out.into_iter().find_map(|out| if let Output::SaveName(_, name) = out { Some(name) } else { None });
            (name, last)
        };
        let hello = |name: &str| {
            let hello = Message::Hello { device: name.to_owned(), ask: false, listen: Vec::new() };
            Input::Link(peer, LinkInput::Received(Box::new(hello)))
        };
        assert_eq!(named(&mut node, 10, hello("attic")), (Some("attic".to_owned()), false));
        assert_eq!(named(&mut node, 11, hello("loft")), (None, false));
        assert!(node.deadline().is_some_and(|due| due <= at(10 + NAME_SAVE_MS)));
        assert_eq!(named(&mut node, 10 + NAME_SAVE_MS, Input::Wake), (Some("loft".to_owned()), false));
        assert_eq!(named(&mut node, 11 + NAME_SAVE_MS, hello("hall")), (None, false));
        assert_eq!(named(&mut node, 12 + NAME_SAVE_MS, Input::Stop), (Some("hall".to_owned()), true));
    }

    #[test]
    fn a_device_that_is_not_known_any_more_left_and_was_removed_only_where_a_record_says_so() {
        let (node, _) = linked(&[1]);
        assert_eq!(node.title(Some(PeerKey([9; 32]))), "a device that left");
    }

    #[test]
    fn names_that_look_alike_are_the_same_name() {
        for alike in ["raspberrypi", "Raspberry Pi", "raspberry-pi ", "rasp\u{200b}berrypi", "raspberrypi."] {
            assert_eq!(shape(alike).collect::<String>(), "raspberrypi", "{alike:?}");
            assert!(look_alike(alike, "RaspberryPi") && look_alike("raspberry_pi", alike), "{alike:?}");
            assert!(!look_alike(alike, "raspberrypi2") && !look_alike("raspberry", alike), "{alike:?}");
        }
        assert!(look_alike("--", "--") && !look_alike("--", "---") && !look_alike("--", "a"));
        assert!(shape("raspberrypi2").ne(shape("raspberrypi")));
        assert_eq!(
            (shape("…").collect::<String>(), end("12D3KooWriHhKust"), end("short")),
            ("…".to_owned(), "riHhKust", "short")
        );
    }
}
