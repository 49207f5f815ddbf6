//! Names of devices for people: two devices of one name get the end of their PeerIds behind it.
//!
//! Names are compared by their letters and digits alone, without case: spaces, signs and invisible characters would let a
//! device look like another one. A name that itself looks like one with the end of a PeerId gets its own.

use super::Node;
use crate::base::id::PeerKey;
use crate::mesh::peers::Peer;

/// Characters of a PeerId that tell two devices apart; `wattle peers` shows as many.
const ID_CHARS: usize = 8;

/// What stands before them.
const ID_MARK: char = '…';

impl Node {
    /// The name of a peer for people, or of this device (`None`).
    pub(super) fn title(&self, key: Option<PeerKey>) -> String {
        let own = (self.config.device.as_str(), self.config.peer_id.as_str());
        let (name, id) = match key.map(|key| self.peers.get(key)) {
            None => own,
            Some(None) => return "a device that left".to_owned(),
            Some(Some(peer)) => (peer.name(), peer.peer_id.as_str()),
        };
        let looks = shape(name);
        let same = |other: &str, other_id: &str| other_id != id && shape(other) == looks;
        let peers = self.peers.iter().filter_map(|peer: &Peer| Some((peer.device.as_deref()?, peer.peer_id.as_str())));
        let ambiguous = core::iter::once(own).chain(peers).any(|(other, other_id)| same(other, other_id));
        if ambiguous || name.contains(ID_MARK) { format!("{name} ({ID_MARK}{})", end(id)) } else { name.to_owned() }
    }

    /// The PeerId of a peer as text, or of this device (`None`).
    pub(super) fn peer_id_of(&self, key: Option<PeerKey>) -> String {
        key.map_or_else(|| self.config.peer_id.clone(), super::trust::peer_id)
    }
}

/// The letters and digits of a name, without case; the whole name if it has none.
fn shape(name: &str) -> String {
    let shape: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    if shape.is_empty() { name.to_owned() } else { shape }
}

/// The last characters of a PeerId.
fn end(id: &str) -> &str {
    let at = id.char_indices().rev().nth(ID_CHARS - 1).map_or(0, |(at, _)| at);
    &id[at..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_alike_are_the_same_name() {
        for alike in ["raspberrypi", "Raspberry Pi", "raspberry-pi ", "rasp\u{200b}berrypi", "raspberrypi."] {
            assert_eq!(shape(alike), "raspberrypi", "{alike:?}");
        }
        assert_ne!(shape("raspberrypi2"), shape("raspberrypi"));
        assert_eq!((shape("…"), end("12D3KooWriHhKust"), end("short")), ("…".to_owned(), "riHhKust", "short"));
    }
}
