//! The bodies of messages in JSON: the fields of each type, sorted by name.

use super::field::{self, Decoded, Field};
use super::{base64, encode, is_encoding_of};
use crate::base::hit::{CorpusStatistics, Found, SearchHit, TermFrequencies};
use crate::base::id::{PeerKey, Row};
use crate::limits::{
    ADDRESSES_MAX, ECHO_BYTES_MAX, HITS_MAX, JSON_LINE_MAX, MEMBER_BYTES_MAX, PATH_BYTES_MAX, QUESTION_WORDS_MAX,
    ROLL_ADDRESSES_MAX, ROLL_MEMBERS_MAX,
};
use crate::wire::canonical;
use crate::wire::envelope::Encoding;
use crate::wire::message::{Answer, Ask, Echo, Entry, Keys, Message};
use core::net::SocketAddr;
use heapless::Vec as Bounded;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;

impl Message {
    /// Appends the body in `encoding`.
    pub fn put(&self, encoding: Encoding, out: &mut Vec<u8>) {
        // Encoding plain data into a growing vector cannot fail.
        let _ = match encoding {
            Encoding::Json => encode(&Body(self), out),
            Encoding::Postcard => canonical::put(self, out),
        };
    }

    /// Decodes the body of a message of type `kind`; `None` if it is not one in canonical form.
    #[must_use]
    pub fn read(encoding: Encoding, kind: &str, body: &[u8]) -> Option<Self> {
        let message = match encoding {
            Encoding::Postcard => Self::decode(body)?,
            Encoding::Json => {
                let canonical = |message: &Self| is_encoding_of(&Body(message), body);
                Self::of_kind(kind, body).filter(canonical).filter(Self::is_sound)?
            }
        };
        // In postcard the body has its own variant number, which must agree with the envelope's type.
        (message.kind() == kind).then_some(message)
    }

    fn of_kind(kind: &str, body: &[u8]) -> Option<Self> {
        Some(match kind {
            "hello" => {
                let HelloFields { ask, device, listen } = read(body)?;
                Self::Hello { device: device.into_owned(), ask, listen: listen.into_owned() }
            }
            "member" => {
                let MemberFields { packet } = read(body)?;
                Self::Member(packet.into_owned())
            }
            "roll" => {
                let RollFields { ask, members } = read(body)?;
                Self::Roll { ask, members: members.into_owned() }
            }
            "keys" => Self::Keys(field_of(body)?),
            "ask" => Self::Ask(field_of(body)?),
            "answer" => Self::Answer(field_of(body)?),
            "echo" => Self::Echo(field_of(body)?),
            "gossip" => Self::Gossip(field_of(body)?),
            _ => return None,
        })
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    serde_json::from_slice(body).ok()
}

fn field_of<T: Field>(body: &[u8]) -> Option<T> {
    let Decoded(value) = read(body)?;
    Some(value)
}

/// A body without the type, which is in the envelope.
struct Body<'a>(&'a Message);

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Message::Hello { device, ask, listen } => {
                HelloFields { ask: *ask, device: device.into(), listen: listen.into() }.serialize(to)
            }
            Message::Member(packet) => MemberFields { packet: packet.into() }.serialize(to),
            Message::Roll { ask, members } => RollFields { ask: *ask, members: members.into() }.serialize(to),
            Message::Keys(keys) => keys.write(to),
            Message::Ask(ask) => ask.write(to),
            Message::Answer(answer) => answer.write(to),
            Message::Echo(echo) => echo.write(to),
            Message::Gossip(gossip) => gossip.write(to),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HelloFields<'a> {
    ask: bool,
    device: Cow<'a, str>,
    #[serde(serialize_with = "field::list", deserialize_with = "addresses")]
    listen: Cow<'a, [SocketAddr]>,
}

fn addresses<'de, D: Deserializer<'de>>(from: D) -> Result<Cow<'static, [SocketAddr]>, D::Error> {
    field::list_of::<_, _, ADDRESSES_MAX>(from).map(Cow::Owned)
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MemberFields<'a> {
    #[serde(serialize_with = "base64::serialize", deserialize_with = "packet")]
    packet: Cow<'a, [u8]>,
}

fn packet<'de, D: Deserializer<'de>>(from: D) -> Result<Cow<'static, [u8]>, D::Error> {
    base64::bytes::<_, MEMBER_BYTES_MAX>(from).map(Cow::Owned)
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RollFields<'a> {
    ask: bool,
    #[serde(serialize_with = "field::list", deserialize_with = "members")]
    members: Cow<'a, [Entry]>,
}

fn members<'de, D: Deserializer<'de>>(from: D) -> Result<Cow<'static, [Entry]>, D::Error> {
    field::list_of::<_, _, ROLL_MEMBERS_MAX>(from).map(Cow::Owned)
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Entry", deny_unknown_fields)]
struct EntryFields {
    #[serde(serialize_with = "field::list", deserialize_with = "field::list_of::<_, _, ROLL_ADDRESSES_MAX>")]
    addresses: Vec<SocketAddr>,
    generation: u32,
    incarnation: u16,
    #[serde(with = "field")]
    key: PeerKey,
    standing: u8,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Keys", deny_unknown_fields)]
struct KeysFields {
    #[serde(with = "field")]
    key: [u8; 32],
    port: u16,
    session: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Ask", deny_unknown_fields)]
struct AskFields {
    #[serde(serialize_with = "base64::serialize", deserialize_with = "base64::bytes::<_, JSON_LINE_MAX>")]
    codes: Vec<u8>,
    count: u16,
    #[serde(with = "field")]
    id: u64,
    #[serde(with = "field")]
    model: [u8; 32],
    question: String,
    #[serde(with = "field")]
    scale: f32,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Answer", deny_unknown_fields)]
struct AnswerFields {
    device: String,
    #[serde(with = "field")]
    found: Option<Box<Found>>,
    #[serde(with = "field")]
    id: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Found", deny_unknown_fields)]
struct FoundFields {
    #[serde(serialize_with = "field::list", deserialize_with = "field::list_of::<_, _, HITS_MAX>")]
    hits: Vec<SearchHit>,
    #[serde(getter = "holding")]
    holding: Bounded<u32, QUESTION_WORDS_MAX>,
    #[serde(with = "field", getter = "length")]
    length: u64,
    #[serde(getter = "passages")]
    passages: u32,
}

fn holding(found: &Found) -> &Bounded<u32, QUESTION_WORDS_MAX> {
    &found.statistics.document_frequencies
}

fn length(found: &Found) -> u64 {
    found.statistics.length
}

fn passages(found: &Found) -> u32 {
    found.statistics.chunks
}

impl From<FoundFields> for Found {
    fn from(FoundFields { hits, holding, length, passages }: FoundFields) -> Self {
        Self { statistics: CorpusStatistics { chunks: passages, document_frequencies: holding, length }, hits }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "SearchHit", deny_unknown_fields)]
struct HitFields {
    #[serde(with = "field")]
    cosine: f32,
    heading: String,
    #[serde(getter = "length_of")]
    length: u32,
    #[serde(serialize_with = "base64::serialize", deserialize_with = "base64::bytes::<_, PATH_BYTES_MAX>")]
    path: Vec<u8>,
    #[serde(with = "field")]
    row: Row,
    text: String,
    #[serde(getter = "words_of")]
    words: Bounded<u16, QUESTION_WORDS_MAX>,
}

fn length_of(hit: &SearchHit) -> u32 {
    hit.frequencies.length
}

fn words_of(hit: &SearchHit) -> &Bounded<u16, QUESTION_WORDS_MAX> {
    &hit.frequencies.counts
}

impl From<HitFields> for SearchHit {
    fn from(HitFields { cosine, heading, length, path, row, text, words }: HitFields) -> Self {
        Self { row, path, heading, text, cosine, frequencies: TermFrequencies { counts: words, length } }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Echo", deny_unknown_fields)]
struct EchoFields {
    answer: bool,
    #[serde(with = "field")]
    id: u64,
    text: heapless::String<ECHO_BYTES_MAX>,
}

field::by_fields! {
    Entry => EntryFields,
    Keys => KeysFields,
    Ask => AskFields,
    Answer => AnswerFields,
    Found => FoundFields,
    SearchHit => HitFields,
    Echo => EchoFields,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use crate::wire::json::{gossip, is_canonical};
    use crate::wire::random_bytes;

    fn messages() -> Vec<Message> {
        let hit = SearchHit {
            row: Row(u64::MAX),
            path: b"/a\xff".to_vec(),
            heading: "H\n\u{1}\"".to_owned(),
            text: "Grüße \\ 😀".to_owned(),
            cosine: -0.5,
            frequencies: TermFrequencies { counts: Bounded::from_slice(&[1, 0]).unwrap(), length: 9 },
        };
        let document_frequencies = Bounded::from_slice(&[1, 0]).unwrap();
        let statistics = CorpusStatistics { chunks: 1, document_frequencies, length: 1 << 60 };
        let found = Found { statistics, hits: vec![hit.clone(), hit] };
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
    fn every_message_survives_both_encodings_and_is_canonical() {
        for message in messages().into_iter().chain(gossip::test::messages()) {
            for encoding in [Encoding::Postcard, Encoding::Json] {
                let mut body = Vec::new();
                message.put(encoding, &mut body);
                assert_eq!(
                    Message::read(encoding, message.kind(), &body),
                    Some(message.clone()),
                    "{}",
                    String::from_utf8_lossy(&body)
                );
                assert_eq!(Message::read(encoding, "other", &body), None);
                assert_eq!(Message::read(encoding, message.kind(), &[&body[..], b" "].concat()), None);
            }
            let mut body = Vec::new();
            message.put(Encoding::Json, &mut body);
            assert!(is_canonical(&body));
        }
    }

    #[test]
    fn a_scope_id_is_in_neither_encoding_and_a_line_with_one_is_refused() {
        let scoped = "[fe80::1%3]:1".parse().unwrap();
        let plain: SocketAddr = "[fe80::1]:1".parse().unwrap();
        let key = PeerKey([5; 32]);
        let entry = |at| Entry { key, generation: 1, incarnation: 0, standing: 0, addresses: vec![at] };
        let hello = |at| Message::Hello { device: "a".to_owned(), ask: false, listen: vec![at] };
        let roll = |at| Message::Roll { ask: false, members: vec![entry(at)] };
        for (sent, received) in [(hello(scoped), hello(plain)), (roll(scoped), roll(plain))] {
            for encoding in [Encoding::Postcard, Encoding::Json] {
                let mut body = Vec::new();
                sent.put(encoding, &mut body);
                assert_eq!(Message::read(encoding, sent.kind(), &body).as_ref(), Some(&received));
            }
            let mut line = Vec::new();
            received.put(Encoding::Json, &mut line);
            let line = String::from_utf8(line).unwrap().replace("fe80::1]", "fe80::1%3]");
            assert!(line.contains("%3") && Message::read(Encoding::Json, sent.kind(), line.as_bytes()).is_none());
        }
    }

    #[test]
    fn an_unknown_field_and_one_that_is_there_twice_are_refused() {
        for message in messages().into_iter().chain(gossip::test::messages()) {
            let mut body = Vec::new();
            message.put(Encoding::Json, &mut body);
            let body = String::from_utf8(body).unwrap();
            let (first, _) = body.split_once(':').unwrap();
            let unknown = body.replacen('{', "{\"\":1,", 1);
            let behind = format!("{},\"zz\":1}}", &body[..body.len() - 1]);
            let twice = body.replacen('{', &format!("{first}:null,"), 1);
            for wrong in [unknown, behind, twice] {
                assert_eq!(Message::read(Encoding::Json, message.kind(), wrong.as_bytes()), None, "{wrong}");
            }
        }
    }

    #[test]
    fn long_texts_bad_addresses_and_numbers_that_are_not_finite_are_refused() {
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
    fn damaged_bytes_never_panic_and_what_is_read_has_one_encoding() {
        let (mut rng, messages) = (Rng::new(3), messages());
        for round in 0..20_000 {
            let message = &messages[round % messages.len()];
            let mut body = Vec::new();
            message.put(Encoding::Json, &mut body);
            random_bytes::damage(&mut rng, &mut body, 4);
            if let Some(read) = Message::read(Encoding::Json, message.kind(), &body) {
                let mut again = Vec::new();
                read.put(Encoding::Json, &mut again);
                assert_eq!(again, body, "one encoding");
            }
        }
    }
}
