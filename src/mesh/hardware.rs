//! Which hardware a key belongs to: whether a home woke up in another device, as a copied card does.
//!
//! A key is bound to what does not travel with a card: the board's serial number, the permanent addresses of its built-in network
//! interfaces, and the machine id of a system whose disk stays in its device. `platform::sysfs::hardware` reads them; a home keeps the
//! SHA-256 of each, salted with the key, so that its backup does not tell one device's parts from another's.
//!
//! Only a known value in place of another known one of the same kind says that the home is elsewhere; what is not known, or
//! was not, says nothing. The board decides where it is known. Without it, an interface may have been exchanged or a system installed
//! anew: one thing that is the same keeps the key, and of interfaces alone two or more must be known then and now, and all be others. In doubt
//! a key stays, and two live holders of it are noticed (`mesh::duplicates`).
//!
//! Not here: what becomes of the old key (`platform::home`).

use crate::limits::{HARDWARE_BYTES_MAX, INTERFACES_BOUND_MAX, INTERFACES_MAX};
use crate::wire::peer_id::PeerId;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

const MAGIC: &str = "wattle-hardware 1";
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

/// What is known of the hardware at a start.
/// Values are compared as they are: who reads them leaves out what many devices share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hardware {
    /// The board's serial number.
    pub board: Option<String>,
    /// Permanent addresses of its built-in network interfaces, on the board or on a card inside the device.
    pub interfaces: heapless::Vec<[u8; 6], INTERFACES_MAX>,
    /// The system's machine id, if its disk does not travel.
    pub machine: Option<String>,
}

impl Hardware {
    fn values(&self) -> impl Iterator<Item = (Kind, &[u8])> {
        let board = self.board.iter().map(|board| (Kind::Board, board.as_bytes()));
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
        let mark = |(kind, value): (Kind, &[u8])| {
            let mut sum = Sha256::new();
            sum.update(SALT);
            sum.update(key.public_key());
            sum.update(kind.name());
            sum.update(value);
            Mark { kind, hash: sum.finalize().into() }
        };
        Self { key, before, marks: hardware.values().map(mark).collect() }
    }

    /// Whether it is bound to nothing and tells of no earlier key: then no file is needed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.marks.is_empty() && self.before.is_none()
    }

    /// Compares this binding with what a start finds.
    #[must_use]
    pub fn compare(&self, hardware: &Hardware) -> Found {
        let now = Self::new(self.key, hardware, self.before);
        let elsewhere = match Kind::ALL.map(|kind| self.agrees(&now, kind)) {
            [Some(agrees), _, _] => !agrees,
            [None, None, None] | [None, Some(true), _] | [None, _, Some(true)] => false,
            [None, _, Some(false)] => true,
            // One of them may have been exchanged, or is another one that was not seen before.
            [None, Some(false), None] => self.count(Kind::Interface) > 1 && now.count(Kind::Interface) > 1,
        };
        if elsewhere { Found::Other } else { Found::Same(self.with(now)) }
    }

    /// What is to be kept of this binding where a start finds its very hardware: something that is known on both sides, all of which agrees
    /// unless the board itself does. What is unknown recognizes nothing.
    #[must_use]
    pub fn recognized(&self, hardware: &Hardware) -> Option<Self> {
        let now = Self::new(self.key, hardware, self.before);
        let is_same = match Kind::ALL.map(|kind| self.agrees(&now, kind)) {
            [Some(board), _, _] => board,
            [None, interface, machine] => {
                interface != Some(false) && machine != Some(false) && (interface.is_some() || machine.is_some())
            }
        };
        is_same.then(|| self.with(now))
    }

    /// Of a kind that is known on both sides: whether it agrees.
    fn agrees(&self, now: &Self, kind: Kind) -> Option<bool> {
        let both = self.count(kind) > 0 && now.count(kind) > 0;
        both.then(|| self.marks.iter().any(|mark| mark.kind == kind && now.marks.contains(mark)))
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
            text.push_str(kind.name());
            text.push(' ');
            for byte in hash {
                let _ = write!(text, "{byte:02x}");
            }
            text.push('\n');
        }
        text
    }

    /// Reads the file of the home; `None`: it is damaged, or of a newer program, and binds nothing.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > HARDWARE_BYTES_MAX {
            return None;
        }
        let mut lines = str::from_utf8(bytes).ok()?.strip_suffix('\n')?.split('\n').peekable();
        if lines.next() != Some(MAGIC) {
            return None;
        }
        let key = lines.next()?.strip_prefix("key ")?.parse().ok()?;
        let before = lines.next_if(|line| line.starts_with("before "));
        let before = before.map(|line| line["before ".len()..].parse()).transpose().ok()?;
        let marks = lines.map(mark).collect::<Option<Vec<Mark>>>()?;
        let count = |kind| marks.iter().filter(|mark| mark.kind == kind).count();
        let fits =
            count(Kind::Board) <= 1 && count(Kind::Machine) <= 1 && count(Kind::Interface) <= INTERFACES_BOUND_MAX;
        (fits && marks.is_sorted_by_key(|mark| mark.kind)).then_some(Self { key, before, marks })
    }
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
