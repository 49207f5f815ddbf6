//! The addresses at which peers were reached, stored for the next start: a text file, one multiaddr a line.
//!
//! The addresses of a peer are in order, the newest first. They are hints only: if the file is lost or damaged, the
//! agent searches for its peers as at its first start. The file is written only after a change, and changes within
//! `ADDRESS_BOOK_WRITE_MS` are written together, because SD cards wear. What a device that joins has to find again is written at once.

use crate::limits::{ADDRESS_BOOK_WRITE_MS, ADDRESSES_MAX, PEERS_MAX};
use crate::platform::blocking;
use crate::platform::home::{Home, HomeFile};
use crate::wire::mdns::is_scoped;
use crate::wire::multiaddr::Multiaddr;
use crate::wire::peer_id::PeerId;
use log::warn;
use smol::Timer;
use smol::channel::{Receiver, Sender, bounded};
use smol::lock;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const HEAD: &str = "# Where wattle reached other devices. Hints only: it is safe to delete this file.\n";

type KnownAddresses = BTreeMap<PeerId, Vec<SocketAddr>>;

/// A handle to the stored addresses; clones share them.
#[derive(Clone, Debug)]
pub struct AddressBook {
    known: Arc<Mutex<KnownAddresses>>,
    /// Wakes the task that writes; its capacity of one is enough.
    changed: Sender<()>,
    file: Arc<BookFile>,
}

/// The file, which one task writes at a time.
#[derive(Debug)]
struct BookFile {
    home: PathBuf,
    writing: lock::Mutex<()>,
}

impl AddressBook {
    /// Reads the file of this home. Returns the handle, and the stored addresses of `allowed` peers.
    #[must_use]
    pub fn open(home: &Path, allowed: &[PeerId]) -> (Self, Vec<(PeerId, SocketAddr)>) {
        let mut known = load(&Home::at(home));
        known.retain(|peer, _| allowed.contains(peer));
        let hints =
            known.iter().flat_map(|(peer, addresses)| addresses.iter().map(|address| (*peer, *address))).collect();
        let (known, (changed, wakeup)) = (Arc::new(Mutex::new(known)), bounded(1));
        let file = Arc::new(BookFile { home: home.to_owned(), writing: lock::Mutex::new(()) });
        smol::spawn(write_changes(Arc::clone(&file), Arc::clone(&known), wakeup)).detach();
        (Self { known, changed, file }, hints)
    }

    fn known(&self) -> MutexGuard<'_, KnownAddresses> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores the addresses at which a peer was reached, the newest first; those that were stored before stay behind them as long as there
    /// is room. Never waits.
    pub fn remember(&self, peer: PeerId, addresses: Vec<SocketAddr>) {
        if store(&mut self.known(), peer, addresses) {
            let _ = self.changed.try_send(());
        }
    }

    /// The same, and waits until the file is written, so that the next start has them whatever happens. Of a peer that was reached by
    /// its scoped addresses alone there is nothing to write: it is found anew by multicast.
    ///
    /// # Errors
    /// Why it is not written.
    pub async fn keep(self, peer: PeerId, addresses: Vec<SocketAddr>) -> Result<(), String> {
        if !addresses.iter().any(is_lasting) {
            return Ok(());
        }
        store(&mut self.known(), peer, addresses);
        if !self.known().contains_key(&peer) {
            return Err(format!(
                "The addresses of {PEERS_MAX} devices are stored, and there is no room for another one."
            ));
        }
        self.file.write(&self.known).await
    }

    /// Removes the addresses of a peer, from the file too. Never waits.
    pub fn remove_peer(&self, peer: &PeerId) {
        self.known().remove(peer);
        let _ = self.changed.try_send(());
    }
}

async fn write_changes(file: Arc<BookFile>, known: Arc<Mutex<KnownAddresses>>, changed: Receiver<()>) {
    while changed.recv().await.is_ok() {
        Timer::after(Duration::from_millis(ADDRESS_BOOK_WRITE_MS)).await;
        // Changes up to here are in this write.
        let _ = changed.try_recv();
        if let Err(why) = file.write(&known).await {
            warn!("The addresses of other devices could not be saved: {why} After a restart they are searched for.");
        }
    }
}

impl BookFile {
    async fn write(&self, known: &Mutex<KnownAddresses>) -> Result<(), String> {
        let _one = self.writing.lock().await;
        let text = text(&known.lock().unwrap_or_else(PoisonError::into_inner));
        let home = self.home.clone();
        let written = blocking::run(move || Home::at(&home).write(HomeFile::Peers, text.as_bytes())).await;
        let written =
            written.unwrap_or_else(|| Err(std::io::Error::other("the system gave no thread for the writing")));
        written.map_err(|error| {
            format!("{} cannot be written: {error}.", Home::at(&self.home).file(HomeFile::Peers).display())
        })
    }
}

/// Whether an address holds at the next start too. The scope of an address is an interface number, which the next boot of the machine may
/// change.
fn is_lasting(address: &SocketAddr) -> bool {
    !is_scoped(address.ip())
}

/// Puts the addresses of a peer before those that it has; false if nothing changed or there is no room.
fn store(known: &mut KnownAddresses, peer: PeerId, mut addresses: Vec<SocketAddr>) -> bool {
    addresses.retain(is_lasting);
    let before = known.get(&peer).map_or(&[][..], Vec::as_slice);
    let more: Vec<SocketAddr> = before.iter().filter(|address| !addresses.contains(address)).copied().collect();
    addresses.extend(more);
    addresses.truncate(ADDRESSES_MAX);
    if before == addresses || (known.len() >= PEERS_MAX && !known.contains_key(&peer)) {
        return false;
    }
    known.insert(peer, addresses);
    true
}

fn text(known: &KnownAddresses) -> String {
    let mut text = HEAD.to_owned();
    for (peer, addresses) in known {
        for address in addresses {
            text += &format!("{}\n", Multiaddr::from(*address).with_peer(*peer));
        }
    }
    text
}

fn load(home: &Home) -> KnownAddresses {
    let name = home.file(HomeFile::Peers).display().to_string();
    match home.read(HomeFile::Peers) {
        Ok(Some(text)) => parse(&text, &name),
        Ok(None) => KnownAddresses::new(),
        Err(error) => {
            warn!("{name} cannot be read: {error}. Other devices are searched for as at the first start.");
            KnownAddresses::new()
        }
    }
}

fn parse(text: &[u8], name: &str) -> KnownAddresses {
    let mut known = KnownAddresses::new();
    let mut damaged = 0_usize;
    for line in text.split(|byte| *byte == b'\n') {
        let line = String::from_utf8_lossy(line);
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let address = line.parse::<Multiaddr>().ok();
        let Some((peer, address)) = address.and_then(|address| address.peer().zip(address.socket())) else {
            damaged += 1;
            continue;
        };
        let addresses =
            if known.len() < PEERS_MAX { Some(known.entry(peer).or_default()) } else { known.get_mut(&peer) };
        if let Some(addresses) = addresses.filter(|all| all.len() < ADDRESSES_MAX && !all.contains(&address)) {
            addresses.push(address);
        }
    }
    if damaged > 0 {
        warn!("{damaged} lines of {name} are damaged and were not used.");
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(seed: u8) -> PeerId {
        PeerId::from_public_key(ed25519_dalek::SigningKey::from_bytes(&[seed; 32]).verifying_key().as_bytes())
    }

    fn numbered(seed: u16) -> PeerId {
        let mut key = [0; 32];
        key[..2].copy_from_slice(&seed.to_be_bytes());
        PeerId::from_public_key(ed25519_dalek::SigningKey::from_bytes(&key).verifying_key().as_bytes())
    }

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn addresses_are_read_back_in_order_and_damaged_lines_are_skipped() {
        let mut known = KnownAddresses::new();
        let addresses = vec![at("192.168.1.9:7781"), at("[fd00::9]:7781"), at("[fe80::9%3]:7781")];
        assert!(store(&mut known, peer(1), addresses.clone()));
        assert!(!store(&mut known, peer(1), addresses), "no change, no write");
        assert!(store(&mut known, peer(2), vec![at("10.0.0.2:1")]));
        let text = text(&known);
        assert_eq!(text.lines().count(), 4, "{text}");
        assert_eq!(parse(text.as_bytes(), "peers"), known);
        let damaged = format!("{}\n/ip4/10.0.0.1/tcp/1\n\u{0}\n{text}", "x".repeat(5_000));
        assert_eq!(parse(damaged.as_bytes(), "peers"), known);
    }

    #[test]
    fn what_is_read_is_bounded() {
        let mut text = String::new();
        for seed in 0..700 {
            text += &format!("{}\n", Multiaddr::from(at("10.0.0.1:1")).with_peer(numbered(seed)));
        }
        assert_eq!(parse(text.as_bytes(), "peers").len(), PEERS_MAX);
        let mut text = String::new();
        for port in 1..100 {
            text += &format!("/ip4/10.0.0.1/tcp/{port}/p2p/{}\n", peer(1));
        }
        assert_eq!(parse(text.as_bytes(), "peers")[&peer(1)].len(), ADDRESSES_MAX);
    }

    #[test]
    fn only_addresses_of_allowed_peers_are_returned_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let lines = [1, 2].map(|seed| format!("{}\n", Multiaddr::from(at("10.0.0.1:1")).with_peer(peer(seed))));
        std::fs::write(folder.path().join("peers"), lines.concat()).unwrap();
        let (_, hints) = AddressBook::open(folder.path(), &[peer(2), peer(3)]);
        assert_eq!(hints, [(peer(2), at("10.0.0.1:1"))]);
    }

    #[test]
    fn what_has_to_be_kept_is_in_the_file_before_the_caller_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let (book, _) = AddressBook::open(folder.path(), &[]);
        book.remember(peer(2), vec![at("10.0.0.2:1")]);
        smol::block_on(book.clone().keep(peer(1), vec![at("10.0.0.1:1")])).unwrap();
        let (_, hints) = AddressBook::open(folder.path(), &[peer(1), peer(2)]);
        let mut hints: Vec<SocketAddr> = hints.into_iter().map(|(_, at)| at).collect();
        hints.sort_unstable();
        assert_eq!(hints, [at("10.0.0.1:1"), at("10.0.0.2:1")], "with what waited to be written");
    }

    #[test]
    fn a_device_that_was_reached_by_a_link_local_address_alone_is_no_reason_not_to_join() {
        let folder = tempfile::tempdir().unwrap();
        let (book, _) = AddressBook::open(folder.path(), &[]);
        let keep = |addresses: &[&str]| {
            let addresses = addresses.iter().map(|address| at(address)).collect();
            smol::block_on(book.clone().keep(peer(1), addresses))
        };
        assert_eq!(keep(&["[fe80::9%3]:7781"]), Ok(()));
        assert_eq!(AddressBook::open(folder.path(), &[peer(1)]).1, [], "its scope means nothing after a restart");
        assert_eq!(keep(&["[fe80::9%3]:7781", "192.168.1.9:7781"]), Ok(()));
        assert_eq!(AddressBook::open(folder.path(), &[peer(1)]).1, [(peer(1), at("192.168.1.9:7781"))]);
        assert_eq!(keep(&["[fe80::9%4]:7781"]), Ok(()), "what is stored of it stays");
        let full: Vec<PeerId> = (1..).map(numbered).take(PEERS_MAX).collect();
        full.iter().for_each(|one| book.remember(*one, vec![at("10.0.0.1:1")]));
        let kept = |address: &str| smol::block_on(book.clone().keep(peer(2), vec![at(address)]));
        assert!(kept("10.0.0.2:1").is_err_and(|why| why.contains("no room")));
        assert_eq!(kept("[fe80::9%3]:7781"), Ok(()), "it needs none");
    }

    #[test]
    fn who_wants_addresses_kept_is_told_if_their_file_cannot_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let (book, _) = AddressBook::open(folder.path(), &[]);
        std::fs::create_dir_all(folder.path().join("peers/in the way")).unwrap();
        let kept = smol::block_on(book.clone().keep(peer(1), vec![at("10.0.0.1:1")]));
        assert!(kept.is_err_and(|why| why.ends_with('.') && why.contains("peers")));
        std::fs::remove_dir_all(folder.path().join("peers")).unwrap();
        assert_eq!(smol::block_on(book.keep(peer(1), vec![at("10.0.0.1:1")])), Ok(()));
    }

    #[test]
    fn a_new_address_comes_first_and_takes_the_place_of_the_oldest_alone() {
        let mut known = KnownAddresses::new();
        let all: Vec<SocketAddr> = (1..=3).map(|port| SocketAddr::from(([10, 0, 0, 1], port))).collect();
        store(&mut known, peer(1), all[..2].to_vec());
        // After a restart the first one that is reached is all that this start knows.
        assert!(store(&mut known, peer(1), vec![all[2]]));
        assert_eq!(known[&peer(1)], [all[2], all[0], all[1]]);
        assert!(!store(&mut known, peer(1), vec![all[2]]), "no change, no write");
        (10..100).for_each(|port| _ = store(&mut known, peer(1), vec![SocketAddr::from(([10, 0, 0, 1], port))]));
        assert_eq!((known[&peer(1)].len(), known[&peer(1)][0].port()), (ADDRESSES_MAX, 99));
    }

    #[test]
    fn a_forgotten_peer_is_removed_from_the_file_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("peers");
        let lines = [1, 2].map(|seed| format!("{}\n", Multiaddr::from(at("10.0.0.1:1")).with_peer(peer(seed))));
        std::fs::write(&path, lines.concat()).unwrap();
        let (book, _) = AddressBook::open(folder.path(), &[peer(1), peer(2)]);
        book.remove_peer(&peer(1));
        let read = || parse(&std::fs::read(&path).unwrap(), "peers");
        smol::block_on(async {
            for _ in 0..600 {
                if !read().contains_key(&peer(1)) {
                    break;
                }
                Timer::after(Duration::from_millis(100)).await;
            }
        });
        assert_eq!(read(), KnownAddresses::from([(peer(2), vec![at("10.0.0.1:1")])]));
    }
}
