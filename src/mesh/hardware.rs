//! Which hardware a key belongs to: whether a home woke up in another device, as a copied card does.
//!
//! A key is bound to what does not travel with a card: the board's serial number ([`Serial`]), the permanent addresses of its built-in network
//! interfaces, and the machine id of a system whose disk stays in its device. `platform::sysfs::hardware` reads them; a home keeps the
//! SHA-256 of each, salted with the key, so that its backup does not tell one device's parts from another's.
//!
//! All that is known both of the noted hardware and of this one is weighed. The serial number and the interfaces are of the board: one of
//! them that is the same is the same board, whatever else has changed. A home is elsewhere only if none is the same, and:
//!
//! | serial number | interfaces | machine id | the home is elsewhere |
//! |---|---|---|---|
//! | another | all others, or unknown | whatever | yes |
//! | known then, unknown now | whatever | whatever | no: what cannot be seen may be the same |
//! | unknown then | all others | another | yes |
//! | unknown then | all others, two or more then and now | unknown | yes |
//! | unknown then | all others, and one then or now | unknown | no: it may have been exchanged |
//! | unknown then | all others | the same | no: a network card was exchanged |
//! | unknown then | unknown | whatever | no: a system makes itself a new machine id on the disk of before |
//!
//! Unknown is what is not known now, or was not then; and all of a note that is not proven whole, by its own sum or by its copy. In doubt
//! a key stays, and two live holders of it are noticed (`mesh::duplicates`).
//!
//! Not here: what becomes of the old key (`platform::home`).

mod serial;

use crate::limits::{HARDWARE_BYTES_MAX, INTERFACES_BOUND_MAX, INTERFACES_MAX};
use crate::wire::peer_id::PeerId;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

pub use serial::Serial;

const MAGIC: &str = "wattle-hardware 2";
/// Of the version before, which has no sum.
const MAGIC_1: &str = "wattle-hardware 1";
/// Before the SHA-256 of all lines above it, in the last line.
const SUM: &str = "sum ";
const SALT: &[u8] = b"wattle-hardware-1";

/// What a device is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Board,
    Interface,
    Machine,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Board, Self::Interface, Self::Machine];

    const fn name(self) -> &'static str {
        match self {
            Self::Board => "board",
            Self::Interface => "interface",
            Self::Machine => "machine",
        }
    }
}

/// What is known of the hardware at a start. Who reads it leaves out what many devices share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hardware {
    /// The board's serial number.
    pub board: Option<Serial>,
    /// Permanent addresses of its built-in network interfaces, on the board or on a card inside the device.
    pub interfaces: heapless::Vec<[u8; 6], INTERFACES_MAX>,
    /// The system's machine id, if its disk does not travel.
    pub machine: Option<String>,
}

impl Hardware {
    fn values(&self) -> impl Iterator<Item = (Kind, &[u8])> {
        let board = self.board.iter().map(|board| (Kind::Board, board.number.as_bytes()));
        let interfaces = self.interfaces.iter().map(|address| (Kind::Interface, address.as_slice()));
        board.chain(interfaces).chain(self.machine.iter().map(|machine| (Kind::Machine, machine.as_bytes())))
    }
}

/// The hash of one value of the hardware.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    kind: Kind,
    hash: [u8; 32],
}

impl Mark {
    /// Of a value of the hardware of this key.
    fn new(key: &PeerId, kind: Kind, value: &[u8]) -> Self {
        let mut sum = Sha256::new();
        sum.update(SALT);
        sum.update(key.public_key());
        sum.update(kind.name());
        sum.update(value);
        Self { kind, hash: sum.finalize().into() }
    }
}

/// The hardware that a key is bound to, as the home keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The key.
    pub key: PeerId,
    /// The key that the home had in other hardware, which was put aside.
    pub before: Option<PeerId>,
    marks: Vec<Mark>,
}

/// What a start finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The hardware of before, as far as can be told; this is to be kept of it.
    Same(Binding),
    /// Other hardware.
    Other,
}

impl Binding {
    /// A key that is bound to this hardware.
    #[must_use]
    pub fn new(key: PeerId, hardware: &Hardware, before: Option<PeerId>) -> Self {
        Self { key, before, marks: hardware.values().map(|(kind, value)| Mark::new(&key, kind, value)).collect() }
    }

    /// Compares this binding with what a start finds.
    #[must_use]
    pub fn compare(&self, hardware: &Hardware) -> Found {
        let now = self.now(hardware);
        let elsewhere = match Kind::ALL.map(|kind| self.agrees(hardware, kind)) {
            // The same board, whatever has changed about it.
            [Some(true), _, _] | [_, Some(true), _] => false,
            [Some(false), _, _] => true,
            // What cannot be seen may be the same.
            _ if self.count(Kind::Board) > 0 && now.count(Kind::Board) == 0 => false,
            // The network card was exchanged, or the system was made anew.
            [None, _, Some(true)] | [None, None, _] => false,
            [None, Some(false), Some(false)] => true,
            // One of them may have been exchanged, or is another one that was not seen before.
            [None, Some(false), None] => self.count(Kind::Interface) > 1 && now.count(Kind::Interface) > 1,
        };
        if elsewhere { Found::Other } else { Found::Same(self.with(now)) }
    }

    /// What is to be kept of this binding where a start finds its very hardware: something that is known on both sides, all of which agrees
    /// unless the board itself does. What is unknown recognizes nothing.
    #[must_use]
    pub fn recognized(&self, hardware: &Hardware) -> Option<Self> {
        let is_same = match Kind::ALL.map(|kind| self.agrees(hardware, kind)) {
            [Some(board), _, _] => board,
            [None, interface, machine] => {
                interface != Some(false) && machine != Some(false) && (interface.is_some() || machine.is_some())
            }
        };
        is_same.then(|| self.with(self.now(hardware)))
    }

    /// The same key bound to this hardware.
    fn now(&self, hardware: &Hardware) -> Self {
        Self::new(self.key, hardware, self.before)
    }

    /// Of a kind that is known on both sides: whether it agrees.
    fn agrees(&self, hardware: &Hardware, kind: Kind) -> Option<bool> {
        let mut now = self.now(hardware).marks;
        now.retain(|mark| mark.kind == kind);
        if now.is_empty() || self.count(kind) == 0 {
            return None;
        }
        // A note of before has the number as it was written then.
        let before = hardware.board.iter().filter(|_| kind == Kind::Board);
        now.extend(before.map(|board| Mark::new(&self.key, kind, board.of_version_1.as_bytes())));
        Some(self.marks.iter().any(|mark| now.contains(mark)))
    }

    fn count(&self, kind: Kind) -> usize {
        self.marks.iter().filter(|mark| mark.kind == kind).count()
    }

    /// Binds to what is known now as well. What is not known now stays bound, and of interfaces all that were seen, within
    /// the cap: one may be off at this start, and another one at the next.
    fn with(&self, mut now: Self) -> Self {
        for mark in &self.marks {
            let fits = match mark.kind {
                Kind::Interface => !now.marks.contains(mark) && now.count(mark.kind) < INTERFACES_BOUND_MAX,
                Kind::Board | Kind::Machine => now.count(mark.kind) == 0,
            };
            if fits {
                now.marks.push(*mark);
            }
        }
        now.marks.sort_by_key(|mark| mark.kind);
        now
    }

    /// The file of the home.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = format!("{MAGIC}\nkey {}\n", self.key);
        if let Some(before) = self.before {
            let _ = writeln!(text, "before {before}");
        }
        for Mark { kind, hash } in &self.marks {
            let _ = writeln!(text, "{} {}", kind.name(), hex(hash));
        }
        let sum = sum(&text);
        let _ = writeln!(text, "{SUM}{sum}");
        text
    }

    /// Reads the file of the home; `None`: it is damaged, or not proven whole, or of a newer program, and binds nothing. Version 1 has no sum
    /// of its own: `is_proven` says that a whole copy has the same.
    #[must_use]
    pub fn decode(bytes: &[u8], is_proven: bool) -> Option<Self> {
        if bytes.len() > HARDWARE_BYTES_MAX {
            return None;
        }
        let text = str::from_utf8(bytes).ok()?;
        let text = match text.split('\n').next()? {
            MAGIC => whole(text)?,
            MAGIC_1 if is_proven => text,
            _ => return None,
        };
        let mut lines = text.strip_suffix('\n')?.split('\n').skip(1).peekable();
        let key = lines.next()?.strip_prefix("key ")?.parse().ok()?;
        let before = lines.next_if(|line| line.starts_with("before "));
        let before = before.map(|line| line["before ".len()..].parse()).transpose().ok()?;
        let marks = lines.map(mark).collect::<Option<Vec<Mark>>>()?;
        let count = |kind| marks.iter().filter(|mark| mark.kind == kind).count();
        let fits =
            count(Kind::Board) <= 1 && count(Kind::Machine) <= 1 && count(Kind::Interface) <= INTERFACES_BOUND_MAX;
        let is_once = |mark: &Mark| marks.iter().filter(|other| *other == mark).count() == 1;
        let is_well = fits && marks.is_sorted_by_key(|mark| mark.kind) && marks.iter().all(is_once);
        is_well.then_some(Self { key, before, marks })
    }
}

/// What stands above the last line of the file, if that has its sum.
fn whole(text: &str) -> Option<&str> {
    let (above, _) = text.strip_suffix('\n')?.rsplit_once('\n')?;
    let above = text.get(..=above.len())?;
    (text.strip_prefix(above)? == format!("{SUM}{}\n", sum(above))).then_some(above)
}

fn sum(text: &str) -> String {
    hex(&Sha256::digest(text))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A line of the file.
fn mark(line: &str) -> Option<Mark> {
    let (name, digits) = line.split_once(' ')?;
    let kind = Kind::ALL.into_iter().find(|kind| kind.name() == name)?;
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if digits.len() != 64 || !digits.bytes().all(is_hex) {
        return None;
    }
    let mut hash = [0; 32];
    for (byte, pair) in hash.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(Mark { kind, hash })
}

/// The file of the home in which a key is kept that other hardware has, or had.
#[must_use]
pub fn file_of_old_key(key: &PeerId) -> String {
    format!("identity-{key}.old")
}

#[cfg(test)]
mod tests;
