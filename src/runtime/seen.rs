//! What people know each device of the mesh by: its name, and when it was first known here and last linked, by this device's own clock.
//! No decision uses it.
//!
//! A text file, one device a line: its PeerId, the two times in seconds since 1970, with the time at which this device learnt that it was removed
//! behind `!`, and what it calls itself; files of earlier versions end
//! before the name. If it is lost, the times begin anew, and the names with the next link. It is written after a device is let in, renamed or
//! its link ends, several changes together, because SD cards wear; within a second where a device has said its name for the first time, since
//! it may be off for long from then on; and at once when the agent stops.

use crate::base::id::PeerKey;
use crate::limits::{ADDRESS_BOOK_WRITE_MS, NAME_WRITE_MS, TRUST_PEERS_MAX};
use crate::node::mesh_report::MeshReport;
use crate::platform::blocking;
use crate::platform::clock;
use crate::platform::home::{Home, HomeFile};
use crate::wire::pairing::is_name;
use crate::wire::peer_id::PeerId;
use log::warn;
use smol::Timer;
use smol::channel::{Receiver, Sender, bounded};
use smol::future::or;
use smol::lock;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// When a device was first and last seen, in seconds since 1970, and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Times {
    since: i64,
    seen: Option<i64>,
    /// When this device learnt that it was removed.
    removed: Option<i64>,
    /// Whether it lost its certificate, and may get another one. Not in the file: the next start learns it again.
    lapsed: bool,
    name: Option<String>,
}

/// By the PeerId's text.
type Known = BTreeMap<String, Times>;

/// A handle to these times; clones share them.
#[derive(Clone, Debug)]
pub struct Seen {
    file: Arc<SeenFile>,
    /// Wakes the task that writes; its capacity of one is enough.
    changed: Sender<()>,
    /// Tells it that this does not wait for more changes; likewise.
    soon: Sender<()>,
}

/// What is known, and the file, which one task writes at a time.
#[derive(Debug)]
struct SeenFile {
    known: Mutex<Known>,
    home: PathBuf,
    writing: lock::Mutex<()>,
}

impl Seen {
    /// Reads the file of this home.
    #[must_use]
    pub fn open(home: &Path) -> Self {
        let bytes = Home::at(home).read(HomeFile::Seen).ok().flatten().unwrap_or_default();
        let ((changed, wakeup), (soon, hurried)) = (bounded(1), bounded(1));
        let file = SeenFile { known: Mutex::new(parse(&bytes)), home: home.to_owned(), writing: lock::Mutex::new(()) };
        let file = Arc::new(file);
        smol::spawn(write_changes(Arc::clone(&file), wakeup, hurried)).detach();
        Self { file, changed, soon }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.file.known()
    }

    /// Waits until the file has what is known. If it cannot be written, that is in the log.
    pub(super) async fn save(self) {
        self.file.write().await;
    }

    /// A device belongs to the mesh. Never waits.
    pub(super) fn admitted(&self, peer: PeerKey) {
        let mut known = self.known();
        let name = PeerId::from_public_key(&peer.0).to_string();
        if let Some(times) = known.get_mut(&name) {
            // It lost its certificate for a while only.
            (times.removed, times.lapsed) = (None, false);
            return;
        }
        // The others and this one. Devices that were removed make room, the first ones first, and then those without a certificate.
        if known.len() > TRUST_PEERS_MAX {
            let at = |times: &Times| times.removed.map(|at| (0, at)).or(times.lapsed.then_some((1, times.since)));
            let gone = known.iter().filter_map(|(peer, times)| Some((at(times)?, peer.clone()))).min();
            gone.map(|(_, peer)| known.remove(&peer));
        }
        if known.len() <= TRUST_PEERS_MAX {
            known.insert(name, Times { since: now(), seen: None, removed: None, lapsed: false, name: None });
            let _ = self.changed.try_send(());
        }
    }

    /// A device belongs to the mesh no more: it was removed, or it lost its certificate, which has no date for people. Never waits.
    pub(super) fn expelled(&self, peer_id: &str, is_removed: bool) {
        let mut known = self.known();
        let Some(times) = known.get_mut(peer_id) else { return };
        if is_removed {
            times.removed.get_or_insert_with(now);
            let _ = self.changed.try_send(());
        } else {
            times.lapsed = true;
        }
    }

    /// A device has said its name. Never waits.
    pub(super) fn named(&self, peer: PeerKey, name: String) {
        if !is_name(&name) {
            return;
        }
        self.admitted(peer);
        if let Some(times) = self.known().get_mut(&PeerId::from_public_key(&peer.0).to_string()) {
            // Another name may wait: a device that changes it all the time would wear out a card.
            if times.name.replace(name).is_none() {
                let _ = self.soon.try_send(());
            }
            let _ = self.changed.try_send(());
        }
    }

    /// The names of all devices that have said theirs, in this start or an earlier one.
    #[must_use]
    pub fn names(&self) -> Vec<(PeerKey, String)> {
        let known = self.known();
        let named = known.iter().filter_map(|(peer, times)| Some((peer.parse::<PeerId>().ok()?, times.name.clone()?)));
        named.map(|(peer, name)| (PeerKey(*peer.public_key()), name)).collect()
    }

    /// A link to a device came up or went down. Never waits.
    pub(super) fn linked(&self, peer: &PeerId) {
        if let Some(times) = self.known().get_mut(&peer.to_string()) {
            times.seen = Some(now());
            let _ = self.changed.try_send(());
        }
    }

    /// Adds the times to what people are shown.
    pub(super) fn add_to(&self, report: &mut MeshReport) {
        let known = self.known();
        for member in &mut report.members {
            let times = known.get(&member.peer_id);
            member.since = times.map(|times| times.since);
            member.seen = times.and_then(|times| times.seen).filter(|_| !member.linked && !member.here);
        }
        for removal in &mut report.removals {
            let times = known.get(&removal.peer_id);
            removal.known_since = times.and_then(|times| times.removed);
            removal.name = times.and_then(|times| times.name.clone());
        }
        report.name_others(|peer_id| known.get(peer_id)?.name.clone());
    }
}

fn now() -> i64 {
    clock::wall_ns() / 1_000_000_000
}

async fn write_changes(file: Arc<SeenFile>, changed: Receiver<()>, soon: Receiver<()>) {
    while changed.recv().await.is_ok() {
        let hurried = async {
            let is_told = soon.recv().await.is_ok();
            let wait = if is_told { NAME_WRITE_MS } else { ADDRESS_BOOK_WRITE_MS };
            let _ = Timer::after(Duration::from_millis(wait)).await;
        };
        or(hurried, async { _ = Timer::after(Duration::from_millis(ADDRESS_BOOK_WRITE_MS)).await }).await;
        // Changes up to here are in this write.
        let _ = (changed.try_recv(), soon.try_recv());
        file.write().await;
    }
}

impl SeenFile {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn write(&self) {
        let _one = self.writing.lock().await;
        let text = text(&self.known());
        let home = self.home.clone();
        let write = move || {
            let home = Home::at(&home);
            // A device without a mesh has no such file.
            let is_new = home.read(HomeFile::Seen).ok().flatten().unwrap_or_default() != text.as_bytes();
            if is_new { home.write(HomeFile::Seen, text.as_bytes()) } else { Ok(()) }
        };
        if let Some(Err(error)) = blocking::run(write).await {
            warn!("When other devices were last seen could not be saved: {error}.");
        }
    }
}

fn text(known: &Known) -> String {
    let line = |(peer, times): (&String, &Times)| {
        let seen = times.seen.map_or_else(|| "-".to_owned(), |seen| seen.to_string());
        let seen = times.removed.map_or_else(|| seen.clone(), |removed| format!("{seen}!{removed}"));
        let name = times.name.as_ref().map_or_else(String::new, |name| format!(" {name}"));
        format!("{peer} {} {seen}{name}\n", times.since)
    };
    known.iter().map(line).collect()
}

/// Lines that are damaged are left out.
fn parse(bytes: &[u8]) -> Known {
    let text = String::from_utf8_lossy(bytes);
    let read = |line: &str| {
        let mut parts = line.splitn(4, ' ');
        let peer: PeerId = parts.next()?.parse().ok()?;
        let (since, seen) = (parts.next()?.parse().ok()?, parts.next()?);
        let (seen, removed) = seen.split_once('!').map_or((seen, None), |(seen, at)| (seen, at.parse().ok()));
        let seen = seen.parse().ok();
        let name = parts.next().filter(|name| is_name(name)).map(str::to_owned);
        Some((peer.to_string(), Times { since, seen, removed, lapsed: false, name }))
    };
    text.lines().filter_map(read).take(TRUST_PEERS_MAX + 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_names_survive_their_file_and_damaged_lines_are_left_out() {
        let peer = |n| {
            let key = ed25519_dalek::SigningKey::from_bytes(&[n; 32]).verifying_key();
            PeerId::from_public_key(key.as_bytes()).to_string()
        };
        let known = Known::from([
            (
                peer(1),
                Times {
                    since: 1_700_000_000,
                    seen: None,
                    removed: None,
                    lapsed: false,
                    name: Some("attic on the 2nd floor".to_owned()),
                },
            ),
            (peer(2), Times { since: -5, seen: Some(1_800_000_000), removed: Some(7), lapsed: false, name: None }),
            (peer(4), Times { since: 1, seen: None, removed: Some(9), lapsed: false, name: Some("loft".to_owned()) }),
        ]);
        let text = text(&known);
        assert_eq!(parse(text.as_bytes()), known);
        assert_eq!(parse(format!("x 1 2\n{text}\u{fffd}\n{} y -\n", peer(3)).as_bytes()), known);
        assert_eq!(parse(b""), Known::new());
        // As earlier versions wrote it.
        let before = format!("{} 7 9\n", peer(3));
        assert_eq!(
            parse(before.as_bytes()),
            Known::from([(peer(3), Times { since: 7, seen: Some(9), removed: None, lapsed: false, name: None })])
        );
    }

    #[test]
    fn a_removal_is_told_with_the_name_and_the_time_at_which_it_was_learnt_and_makes_room() {
        use crate::node::mesh_report::RemovalReport;
        let folder = tempfile::tempdir().unwrap();
        let key = |n: u16| {
            let mut seed = [0; 32];
            seed[..2].copy_from_slice(&n.to_le_bytes());
            PeerKey(*ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key().as_bytes())
        };
        let id = |n| PeerId::from_public_key(&key(n).0).to_string();
        let seen = Seen::open(folder.path());
        seen.named(key(1), "attic".to_owned());
        seen.admitted(key(2));
        seen.expelled(&id(1), false);
        assert_eq!(seen.known().get(&id(1)).and_then(|times| times.removed), None, "its certificate ended, no more");
        seen.expelled(&id(1), true);
        let removal = |n| RemovalReport { peer_id: id(n), name: None, by: Some("hall".to_owned()), known_since: None };
        let mut report = MeshReport {
            mesh: None,
            peer_id: id(2),
            removed_here: true,
            removed_by: Some("hall".to_owned()),
            members: Vec::new(),
            removed: 2,
            removals: vec![removal(1), removal(2)],
            epoch: 2,
            next_serial: 1,
        };
        seen.add_to(&mut report);
        let told = report.removals[0].told();
        assert!(told.starts_with("attic (12D3") && told.contains("), removed by hall; known here since 20"), "{told}");
        assert!(report.removals[1].told().ends_with("removed by hall"), "nobody told this device then");
        assert!(!report.own_removal().unwrap().contains("known here"));
        seen.expelled(&id(2), true);
        seen.add_to(&mut report);
        assert!(report.own_removal().unwrap().contains(" That is known here since 20"));
        (3..u16::try_from(TRUST_PEERS_MAX).unwrap() + 3).for_each(|n| seen.admitted(key(n)));
        assert_eq!(seen.known().len(), TRUST_PEERS_MAX + 1);
        assert!(!seen.known().contains_key(&id(1)) || !seen.known().contains_key(&id(2)), "one made room");
        seen.admitted(key(2));
        assert!(seen.known().get(&id(2)).is_none_or(|times| times.removed.is_none()));
    }

    #[test]
    fn a_name_is_in_the_file_at_once_when_the_agent_stops_and_soon_after_it_was_first_said() {
        let folder = tempfile::tempdir().unwrap();
        let peer = |n| PeerKey(*ed25519_dalek::SigningKey::from_bytes(&[n; 32]).verifying_key().as_bytes());
        let names = || parse(&Home::at(folder.path()).read(HomeFile::Seen).unwrap().unwrap_or_default()).len();
        let seen = Seen::open(folder.path());
        smol::block_on(seen.clone().save());
        assert!(!folder.path().join(HomeFile::Seen.name()).exists(), "a device without a mesh has none");
        seen.named(peer(1), "attic".to_owned());
        smol::block_on(seen.clone().save());
        assert_eq!(names(), 1);
        // Both are told to the task that writes: a change, and that it does not wait for more.
        let (changed, soon) = (bounded(1), bounded(1));
        let seen = Seen { file: Arc::clone(&seen.file), changed: changed.0, soon: soon.0 };
        seen.named(peer(1), "cellar".to_owned());
        assert!(changed.1.try_recv().is_ok() && soon.1.try_recv().is_err(), "another name waits");
        seen.named(peer(2), "hall".to_owned());
        assert!(changed.1.try_recv().is_ok() && soon.1.try_recv().is_ok(), "a first name does not");
    }
}
