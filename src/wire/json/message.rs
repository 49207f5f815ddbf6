//! The bodies of messages in JSON: the fields of each type, sorted by name.

use super::field::{self, Decoded, Field};
use super::{base64, encode, is_encoding_of};
use crate::base::hit::{CorpusStatistics, Found, SearchHit, TermFrequencies};
use crate::base::id::{PeerKey, Row};
use crate::limits::{
    ADDRESSES_MAX, DIMENSIONS, ECHO_BYTES_MAX, HITS_MAX, JSON_LINE_MAX, MEMBER_BYTES_MAX, MEMBER_LIST_ADDRESSES_MAX,
    MEMBER_LIST_MAX, PATH_BYTES_MAX, QUESTION_WORDS_MAX, START_PROOF_BYTES_MAX,
};
use crate::wire::canonical;
use crate::wire::certificate::exchange::Buckets;
use crate::wire::envelope::Encoding;
use crate::wire::message::{
    Answer, Coming, Coverage, CutShort, Duplicate, Echo, Entry, HitVector, Keys, LatestStart, MemberDigest, Message,
    Query, Unread, Vectors,
};
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
            "member" => Self::Member(read::<MemberFields<'_>>(body)?.packet.into_owned()),
            "roll" => {
                let MemberListFields { ask, members } = read(body)?;
                Self::MemberList { ask, members: members.into_owned() }
            }
            "keys" => Self::Keys(field_of(body)?),
            "ask" => Self::Query(field_of(body)?),
            "answer" => Self::Answer(field_of(body)?),
            "echo" => Self::Echo(field_of(body)?),
            "gossip" => Self::Gossip(field_of(body)?),
            "start" => Self::LatestStart(field_of(body)?),
            "duplicate" => Self::Duplicate(field_of(body)?),
            "vectors" => Self::Vectors(field_of(body)?),
            "trust" => Self::Trust(field_of(body)?),
            "coverage" => Self::Coverage(field_of(body)?),
            "work" => Self::Work(field_of(body)?),
            "why" => Self::Why(read(body)?),
            "roll-digest" => Self::MemberDigest(field_of(body)?),
            "unread" => Self::Unread(field_of(body)?),
            "unembedded" => Self::Unembedded(field_of(body)?),
            "filters" => Self::Filters(field_of(body)?),
            "filtered" => Self::Filtered(field_of(body)?),
            "holdings" => Self::Holdings(field_of(body)?),
            "cut-short" => Self::CutShort(field_of(body)?),
            "coming" => Self::Coming(field_of(body)?),
            "unusable" => Self::Unusable(field_of(body)?),
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
            Message::MemberList { ask, members } => {
                MemberListFields { ask: *ask, members: members.into() }.serialize(to)
            }
            Message::Keys(keys) => keys.write(to),
            Message::Query(query) => query.write(to),
            Message::Answer(answer) => answer.write(to),
            Message::Echo(echo) => echo.write(to),
            Message::Gossip(gossip) => gossip.write(to),
            Message::LatestStart(start) => start.write(to),
            Message::Duplicate(duplicate) => duplicate.write(to),
            Message::Vectors(vectors) => vectors.write(to),
            Message::Trust(exchange) => exchange.write(to),
            Message::Coverage(coverage) => coverage.write(to),
            Message::Work(work) => work.write(to),
            Message::Why(why) => why.serialize(to),
            Message::MemberDigest(digest) => digest.write(to),
            Message::Unread(unread) => unread.write(to),
            Message::Unembedded(unembedded) => unembedded.write(to),
            Message::Filters(filters) => filters.write(to),
            Message::Filtered(filtered) => filtered.write(to),
            Message::Holdings(holdings) => holdings.write(to),
            Message::CutShort(cut) => cut.write(to),
            Message::Coming(coming) => coming.write(to),
            Message::Unusable(unusable) => unusable.write(to),
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
struct MemberListFields<'a> {
    ask: bool,
    #[serde(serialize_with = "field::list", deserialize_with = "members")]
    members: Cow<'a, [Entry]>,
}

fn members<'de, D: Deserializer<'de>>(from: D) -> Result<Cow<'static, [Entry]>, D::Error> {
    field::list_of::<_, _, MEMBER_LIST_MAX>(from).map(Cow::Owned)
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Entry", deny_unknown_fields)]
struct EntryFields {
    #[serde(serialize_with = "field::list", deserialize_with = "field::list_of::<_, _, MEMBER_LIST_ADDRESSES_MAX>")]
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
#[serde(remote = "Query", deny_unknown_fields)]
struct QueryFields {
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
        let statistics = CorpusStatistics { chunks: passages, document_frequencies: holding, length };
        Self { statistics, hits, ..Self::default() }
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
        Self {
            row,
            path,
            heading,
            text,
            cosine,
            frequencies: TermFrequencies { counts: words, length },
            absence: None,
            doc: None,
        }
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

#[derive(Serialize, Deserialize)]
#[serde(remote = "LatestStart", deny_unknown_fields)]
struct LatestStartFields {
    #[serde(serialize_with = "base64::serialize", deserialize_with = "base64::bytes::<_, START_PROOF_BYTES_MAX>")]
    message: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Duplicate", deny_unknown_fields)]
struct DuplicateFields {
    #[serde(with = "field")]
    key: PeerKey,
    #[serde(with = "field")]
    linked: SocketAddr,
    #[serde(with = "field")]
    other: SocketAddr,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Vectors", deny_unknown_fields)]
struct VectorsFields {
    #[serde(with = "field")]
    id: u64,
    #[serde(serialize_with = "field::list", deserialize_with = "field::list_of::<_, _, HITS_MAX>")]
    vectors: Vec<HitVector>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "HitVector", deny_unknown_fields)]
struct HitVectorFields {
    #[serde(serialize_with = "base64::serialize", deserialize_with = "base64::bytes::<_, DIMENSIONS>")]
    codes: Vec<u8>,
    #[serde(with = "field")]
    scale: f32,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Coverage", deny_unknown_fields)]
struct CoverageFields {
    #[serde(with = "field")]
    away: u64,
    #[serde(with = "field")]
    id: u64,
    #[serde(with = "field")]
    known: u64,
    scanning: bool,
    #[serde(with = "field")]
    searchable: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "MemberDigest", deny_unknown_fields)]
struct MemberDigestFields {
    ask: bool,
    #[serde(rename = "digest", with = "field")]
    hashes: Buckets,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Unread", deny_unknown_fields)]
struct UnreadFields {
    #[serde(with = "field")]
    id: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "CutShort", deny_unknown_fields)]
struct CutShortFields {
    #[serde(with = "field")]
    id: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Coming", deny_unknown_fields)]
struct ComingFields {}

field::by_fields! {
    Entry => EntryFields,
    Keys => KeysFields,
    Query => QueryFields,
    Answer => AnswerFields,
    Found => FoundFields,
    SearchHit => HitFields,
    Echo => EchoFields,
    LatestStart => LatestStartFields,
    Duplicate => DuplicateFields,
    Vectors => VectorsFields,
    HitVector => HitVectorFields,
    Coverage => CoverageFields,
    MemberDigest => MemberDigestFields,
    Unread => UnreadFields,
    CutShort => CutShortFields,
    Coming => ComingFields,
}

#[cfg(test)]
mod tests;
