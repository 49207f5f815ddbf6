//! What agents say to each other, as the body of a message in JSON. Fields stand in the order of their names.

use super::gossip;
use super::read::Reader;
use super::write::{bytes, list, number, text, truth};
use crate::base::id::PeerKey;
use crate::limits::{
    ADDRESSES_MAX, HITS_MAX, JSON_LINE_MAX, MEMBER_BYTES_MAX, PATH_BYTES_MAX, QUESTION_WORDS_MAX, ROLL_ADDRESSES_MAX,
    ROLL_MEMBERS_MAX,
};
use crate::wire::canonical;
use crate::wire::envelope::Encoding;
use crate::wire::message::{Answer, Ask, Echo, Entry, Found, Hit, Keys, Message};
use core::net::SocketAddr;

impl Message {
    /// Appends the body in this encoding.
    pub fn put(&self, encoding: Encoding, out: &mut Vec<u8>) {
        match encoding {
            Encoding::Json => self.put_json(out),
            // Writing plain data into a growing vector has no way to fail.
            Encoding::Postcard => drop(canonical::put(self, out)),
        }
    }

    /// The message in the body of a message of this kind; `None` where it is none.
    #[must_use]
    pub fn read(encoding: Encoding, kind: &str, body: &[u8]) -> Option<Self> {
        let said = match encoding {
            Encoding::Postcard => Self::decode(body)?,
            Encoding::Json => {
                let mut reader = Reader::new(body)?;
                let said = Self::of_kind(kind, &mut reader)?;
                reader.end()?;
                Some(said).filter(Self::is_sound)?
            }
        };
        // The envelope's type says the same as the body.
        (said.kind() == kind).then_some(said)
    }

    fn put_json(&self, out: &mut Vec<u8>) {
        match self {
            Self::Hello { device, ask, listen } => {
                field(out, "{", "ask", |out| truth(out, *ask));
                field(out, ",", "device", |out| text(out, device));
                field(out, ",", "listen", |out| list(out, listen, |out, place| text(out, &place.to_string())));
            }
            Self::Member(packet) => field(out, "{", "packet", |out| bytes(out, packet)),
            Self::Roll { ask, members } => {
                field(out, "{", "ask", |out| truth(out, *ask));
                field(out, ",", "members", |out| list(out, members, put_entry));
            }
            Self::Keys(keys) => {
                field(out, "{", "key", |out| bytes(out, &keys.key));
                field(out, ",", "port", |out| number(out, keys.port.into()));
                field(out, ",", "session", |out| number(out, keys.session.into()));
            }
            Self::Ask(ask) => {
                field(out, "{", "codes", |out| bytes(out, &ask.codes));
                field(out, ",", "count", |out| number(out, ask.count.into()));
                field(out, ",", "id", |out| number(out, ask.id));
                field(out, ",", "model", |out| bytes(out, &ask.model));
                field(out, ",", "question", |out| text(out, &ask.question));
                field(out, ",", "scale", |out| bytes(out, &ask.scale.to_le_bytes()));
            }
            Self::Answer(answer) => {
                field(out, "{", "device", |out| text(out, &answer.device));
                field(out, ",", "found", |out| match &answer.found {
                    Some(found) => put_found(out, found),
                    None => out.extend_from_slice(b"null"),
                });
                field(out, ",", "id", |out| number(out, answer.id));
            }
            Self::Echo(echo) => {
                field(out, "{", "answer", |out| truth(out, echo.answer));
                field(out, ",", "id", |out| number(out, echo.id));
                field(out, ",", "text", |out| text(out, &echo.text));
            }
            Self::Gossip(said) => gossip::put(out, said),
        }
        out.push(b'}');
    }

    fn of_kind(kind: &str, r: &mut Reader<'_>) -> Option<Self> {
        let said = match kind {
            "hello" => Self::Hello {
                ask: named(r, "{", "ask", Reader::truth)?,
                device: named(r, ",", "device", string)?,
                listen: named(r, ",", "listen", |r| addresses(r, ADDRESSES_MAX))?,
            },
            "member" => Self::Member(named(r, "{", "packet", |r| r.bytes(MEMBER_BYTES_MAX))?),
            "roll" => {
                Self::Roll { ask: named(r, "{", "ask", Reader::truth)?, members: named(r, ",", "members", entries)? }
            }
            "keys" => Self::Keys(Keys {
                key: named(r, "{", "key", Reader::array)?,
                port: named(r, ",", "port", small)?,
                session: named(r, ",", "session", small)?,
            }),
            "ask" => Self::Ask(Ask {
                codes: named(r, "{", "codes", |r| r.bytes(JSON_LINE_MAX))?,
                count: named(r, ",", "count", small)?,
                id: named(r, ",", "id", Reader::number)?,
                model: named(r, ",", "model", Reader::array)?,
                question: named(r, ",", "question", string)?,
                scale: named(r, ",", "scale", float)?,
            }),
            "answer" => Self::Answer(Answer {
                device: named(r, "{", "device", string)?,
                found: named(r, ",", "found", |r| if r.has("null") { Some(None) } else { found(r).map(Some) })?,
                id: named(r, ",", "id", Reader::number)?,
            }),
            "echo" => Self::Echo(Echo {
                answer: named(r, "{", "answer", Reader::truth)?,
                id: named(r, ",", "id", Reader::number)?,
                text: named(r, ",", "text", |r| r.text()?.bounded())?,
            }),
            "gossip" => Self::Gossip(gossip::read(r)?),
            _ => return None,
        };
        r.exact("}")?;
        Some(said)
    }
}

/// Appends one field of an object; `before` opens the object, or parts this field from the last one.
pub(super) fn field(out: &mut Vec<u8>, before: &str, name: &str, value: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(before.as_bytes());
    text(out, name);
    out.push(b':');
    value(out);
}

/// Reads one field, which must be this one.
pub(super) fn named<'a, T>(
    reader: &mut Reader<'a>,
    before: &str,
    name: &str,
    value: impl FnOnce(&mut Reader<'a>) -> Option<T>,
) -> Option<T> {
    reader.exact(before)?;
    let here = reader.key()?;
    if here.plain() == Some(name) { value(reader) } else { None }
}

fn string(reader: &mut Reader<'_>) -> Option<String> {
    Some(reader.text()?.chars().collect())
}

pub(super) fn small<T: TryFrom<u64>>(reader: &mut Reader<'_>) -> Option<T> {
    T::try_from(reader.number()?).ok()
}

fn float(reader: &mut Reader<'_>) -> Option<f32> {
    reader.array().map(f32::from_le_bytes)
}

fn addresses(reader: &mut Reader<'_>, most: usize) -> Option<Vec<SocketAddr>> {
    let mut listen = Vec::new();
    reader.list(most, |reader| {
        let spelt = reader.text()?.plain()?;
        let address: SocketAddr = spelt.parse().ok()?;
        listen.push(address);
        (address.to_string() == spelt).then_some(())
    })?;
    Some(listen)
}

fn put_entry(out: &mut Vec<u8>, entry: &Entry) {
    field(out, "{", "addresses", |out| list(out, &entry.addresses, |out, place| text(out, &place.to_string())));
    field(out, ",", "generation", |out| number(out, entry.generation.into()));
    field(out, ",", "incarnation", |out| number(out, entry.incarnation.into()));
    field(out, ",", "key", |out| bytes(out, &entry.key.0));
    field(out, ",", "standing", |out| number(out, entry.standing.into()));
    out.push(b'}');
}

fn entries(r: &mut Reader<'_>) -> Option<Vec<Entry>> {
    let mut members = Vec::new();
    r.list(ROLL_MEMBERS_MAX, |r| {
        members.push(Entry {
            addresses: named(r, "{", "addresses", |r| addresses(r, ROLL_ADDRESSES_MAX))?,
            generation: named(r, ",", "generation", small)?,
            incarnation: named(r, ",", "incarnation", small)?,
            key: PeerKey(named(r, ",", "key", Reader::array)?),
            standing: named(r, ",", "standing", small)?,
        });
        r.exact("}")
    })?;
    Some(members)
}

fn put_found(out: &mut Vec<u8>, found: &Found) {
    field(out, "{", "hits", |out| list(out, &found.hits, put_hit));
    field(out, ",", "holding", |out| list(out, &found.holding, |out, count| number(out, (*count).into())));
    field(out, ",", "length", |out| number(out, found.length));
    field(out, ",", "passages", |out| number(out, found.passages.into()));
    out.push(b'}');
}

fn put_hit(out: &mut Vec<u8>, hit: &Hit) {
    field(out, "{", "cosine", |out| bytes(out, &hit.cosine.to_le_bytes()));
    field(out, ",", "heading", |out| text(out, &hit.heading));
    field(out, ",", "length", |out| number(out, hit.length.into()));
    field(out, ",", "path", |out| bytes(out, &hit.path));
    field(out, ",", "row", |out| number(out, hit.row));
    field(out, ",", "text", |out| text(out, &hit.text));
    field(out, ",", "words", |out| list(out, &hit.words, |out, count| number(out, (*count).into())));
    out.push(b'}');
}

fn found(r: &mut Reader<'_>) -> Option<Box<Found>> {
    let mut hits = Vec::new();
    named(r, "{", "hits", |r| {
        r.list(HITS_MAX, |r| {
            hits.push(hit(r)?);
            Some(())
        })
    })?;
    let found = Found {
        hits,
        holding: named(r, ",", "holding", counts)?,
        length: named(r, ",", "length", Reader::number)?,
        passages: named(r, ",", "passages", small)?,
    };
    r.exact("}")?;
    Some(Box::new(found))
}

fn hit(r: &mut Reader<'_>) -> Option<Hit> {
    let hit = Hit {
        cosine: named(r, "{", "cosine", float)?,
        heading: named(r, ",", "heading", string)?,
        length: named(r, ",", "length", small)?,
        path: named(r, ",", "path", |r| r.bytes(PATH_BYTES_MAX))?,
        row: named(r, ",", "row", Reader::number)?,
        text: named(r, ",", "text", string)?,
        words: named(r, ",", "words", counts)?,
    };
    r.exact("}")?;
    Some(hit)
}

/// One number for each word of a question.
fn counts<T: TryFrom<u64>>(reader: &mut Reader<'_>) -> Option<heapless::Vec<T, QUESTION_WORDS_MAX>> {
    let mut counts = heapless::Vec::new();
    reader.list(QUESTION_WORDS_MAX, |reader| counts.push(small(reader)?).ok())?;
    Some(counts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use crate::wire::random_bytes;

    fn messages() -> Vec<Message> {
        let hit = Hit {
            row: u64::MAX,
            path: b"/a\xff".to_vec(),
            heading: "H\n\u{1}\"".to_owned(),
            text: "Grüße \\ 😀".to_owned(),
            cosine: -0.5,
            words: heapless::Vec::from_slice(&[1, 0]).unwrap(),
            length: 9,
        };
        let holding = heapless::Vec::from_slice(&[1, 0]).unwrap();
        let found = Found { passages: 1, holding, length: 1 << 60, hits: vec![hit.clone(), hit] };
        let device = "attic".to_owned();
        let listen = vec!["192.168.1.5:7781".parse().unwrap(), "[fe80::1]:7781".parse().unwrap()];
        vec![
            Message::Hello { device: device.clone(), ask: true, listen },
            Message::Hello { device: device.clone(), ask: false, listen: Vec::new() },
            Message::Member(vec![1, 2, 3]),
            Message::Roll { ask: true, members: Vec::new() },
            Message::Roll {
                ask: false,
                members: vec![Entry {
                    key: PeerKey([5; 32]),
                    generation: u32::MAX,
                    incarnation: 3,
                    standing: 2,
                    addresses: vec!["[fe80::1]:4".parse().unwrap()],
                }],
            },
            Message::Keys(Keys { session: 7, key: [9; 32], port: 4433 }),
            Message::Ask(Ask {
                id: 1,
                question: "why?".to_owned(),
                model: [7; 32],
                scale: 0.25,
                codes: vec![0, 255],
                count: 20,
            }),
            Message::Answer(Answer { id: 1, device: device.clone(), found: Some(Box::new(found)) }),
            Message::Answer(Answer { id: 1, device, found: None }),
            Message::Echo(Echo { id: 1 << 53, text: "ho".try_into().unwrap(), answer: true }),
        ]
    }

    #[test]
    fn every_saying_comes_back_in_either_form_and_is_canonical() {
        for said in messages().into_iter().chain(gossip::test::messages()) {
            for encoding in [Encoding::Postcard, Encoding::Json] {
                let mut body = Vec::new();
                said.put(encoding, &mut body);
                assert_eq!(
                    Message::read(encoding, said.kind(), &body),
                    Some(said.clone()),
                    "{}",
                    String::from_utf8_lossy(&body)
                );
                assert_eq!(Message::read(encoding, "other", &body), None);
                assert_eq!(Message::read(encoding, said.kind(), &[&body[..], b" "].concat()), None);
            }
            let mut body = Vec::new();
            said.put(Encoding::Json, &mut body);
            let mut reader = Reader::new(&body).unwrap();
            assert!(reader.value().is_some() && reader.end().is_some());
        }
    }

    #[test]
    fn what_is_too_long_or_no_number_is_refused() {
        let echo = |text: &str| format!("{{\"answer\":false,\"id\":1,\"text\":\"{text}\"}}");
        assert!(Message::read(Encoding::Json, "echo", echo(&"a".repeat(64)).as_bytes()).is_some());
        assert!(Message::read(Encoding::Json, "echo", echo(&"a".repeat(65)).as_bytes()).is_none());
        let hello = |listen: &str| format!("{{\"ask\":false,\"device\":\"a\",\"listen\":[{listen}]}}");
        assert!(Message::read(Encoding::Json, "hello", hello("\"1.2.3.4:5\"").as_bytes()).is_some());
        for wrong in ["\"1.2.3.4:05\"", "\"[::0]:1\"", "1", "\"host:1\"", &["\"1.2.3.4:5\""; 9].join(",")] {
            assert!(Message::read(Encoding::Json, "hello", hello(wrong).as_bytes()).is_none(), "{wrong}");
        }
        let ask = |scale: f32| {
            let ask = Ask { id: 1, question: String::new(), model: [7; 32], scale, codes: Vec::new(), count: 1 };
            let mut body = Vec::new();
            Message::Ask(ask).put(Encoding::Json, &mut body);
            Message::read(Encoding::Json, "ask", &body)
        };
        assert!(ask(1.0).is_some() && ask(f32::NAN).is_none() && ask(f32::INFINITY).is_none());
    }

    #[test]
    fn any_bytes_are_a_saying_or_nothing() {
        let (mut rng, messages) = (Rng::new(3), messages());
        for round in 0..20_000 {
            let said = &messages[round % messages.len()];
            let mut body = Vec::new();
            said.put(Encoding::Json, &mut body);
            random_bytes::damage(&mut rng, &mut body, 4);
            if let Some(read) = Message::read(Encoding::Json, said.kind(), &body) {
                let mut again = Vec::new();
                read.put(Encoding::Json, &mut again);
                assert_eq!(again, body, "one spelling");
            }
        }
    }
}
