//! What agents say about items, as the body of a message in JSON. A gossip item itself stays as its origin sealed it,
//! in postcard; here its bytes are base64.

use super::message::{field, named, small};
use super::read::Reader;
use super::write::{bytes, list, number, truth};
use crate::limits::{GOSSIP_BATCH_MAX, GOSSIP_BYTES_MAX, GOSSIP_DIGEST_MAX};
use crate::wire::gossip::{Entries, Entry, Gossip, Kind, Relayed};
use heapless::Vec as Bounded;

/// Appends the body, but for its last brace.
pub(super) fn put(out: &mut Vec<u8>, said: &Gossip) {
    match said {
        Gossip::Told(batch) => field(out, "{", "told", |out| list(out, batch.iter(), put_relayed)),
        Gossip::Have { ask, list } => {
            field(out, "{", "ask", |out| truth(out, *ask));
            field(out, ",", "have", |out| put_entries(out, list));
        }
        Gossip::Want(list) => field(out, "{", "want", |out| put_entries(out, list)),
    }
}

/// Reads the body, but for its last brace. The first name says which of the three it is.
pub(super) fn read(r: &mut Reader<'_>) -> Option<Gossip> {
    r.exact("{")?;
    let name = r.key()?;
    match name.plain()? {
        "told" => {
            let mut batch = Box::new(Bounded::<_, GOSSIP_BATCH_MAX>::new());
            r.list(GOSSIP_BATCH_MAX, |r| batch.push(relayed(r)?).ok())?;
            Some(Gossip::Told(batch))
        }
        "ask" => Some(Gossip::Have { ask: r.truth()?, list: named(r, ",", "have", entries)? }),
        "want" => Some(Gossip::Want(entries(r)?)),
        _ => None,
    }
}

fn put_relayed(out: &mut Vec<u8>, told: &Relayed) {
    field(out, "{", "age_s", |out| number(out, told.age_s.into()));
    field(out, ",", "hops", |out| number(out, told.hops.into()));
    field(out, ",", "message", |out| bytes(out, &told.message));
    out.push(b'}');
}

fn relayed(r: &mut Reader<'_>) -> Option<Relayed> {
    let told = Relayed {
        age_s: named(r, "{", "age_s", small)?,
        hops: named(r, ",", "hops", small)?,
        message: named(r, ",", "message", |r| r.bytes(GOSSIP_BYTES_MAX))?,
    };
    r.exact("}")?;
    Some(told)
}

fn put_entries(out: &mut Vec<u8>, entries: &Entries) {
    list(out, entries, |out, entry| {
        field(out, "{", "boot", |out| number(out, entry.boot.into()));
        field(out, ",", "kind", |out| number(out, entry.kind as u64));
        field(out, ",", "origin", |out| bytes(out, &entry.origin));
        field(out, ",", "seq", |out| number(out, entry.seq));
        out.push(b'}');
    });
}

fn entries(r: &mut Reader<'_>) -> Option<Box<Entries>> {
    let mut entries = Box::new(Entries::new());
    r.list(GOSSIP_DIGEST_MAX, |r| {
        let entry = Entry {
            boot: named(r, "{", "boot", small)?,
            kind: named(r, ",", "kind", |r| Kind::ALL.get(small::<usize>(r)?).copied())?,
            origin: named(r, ",", "origin", Reader::array)?,
            seq: named(r, ",", "seq", Reader::number)?,
        };
        r.exact("}")?;
        entries.push(entry).ok()
    })?;
    Some(entries)
}

#[cfg(test)]
pub(super) mod test {
    use super::*;
    use crate::wire::message::Message;

    /// One of each, for the test of every message.
    pub(in crate::wire::json) fn messages() -> Vec<Message> {
        let told = Relayed { hops: 3, age_s: 9, message: vec![1, 2, 255] };
        let entry = Entry { origin: [7; 8], kind: Kind::Collections, boot: 4, seq: 1 << 60 };
        let list = || Box::new(Entries::from_slice(&[entry, entry]).unwrap());
        vec![
            Message::Gossip(Gossip::Told(Box::new(Bounded::from_slice(&[told.clone(), told]).unwrap()))),
            Message::Gossip(Gossip::Have { ask: true, list: list() }),
            Message::Gossip(Gossip::Want(list())),
        ]
    }
}
