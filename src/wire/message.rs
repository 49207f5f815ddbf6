//! The messages between agents: their types and bodies, in postcard.
//!
//! A message's variant is the `type` of its envelope, and its fields are the body. docs/messages.md has the table of
//! all of them; `wire::json` declares the same fields for JSON. In postcard the order of variants and of fields is the
//! encoding, so neither may change.
//!
//! Every list has its cap in its type or ends at it while it is read, so no message can make a receiver's memory grow.
//! Texts without a cap of their own are bounded by the frame. What the types do not express, `is_sound` checks: that
//! numbers are finite, that names have no control codes, that hits are no longer than chunks.

use super::canonical::exactly;
use super::certificate::exchange::{Buckets, Exchange};
use super::gossip::Gossip;
use super::why::Why;
use super::work::Work;
use crate::base::bounded;
use crate::base::hit::{Found, SearchHit};
use crate::base::id::PeerKey;
use crate::limits::{
    ADDRESSES_MAX, CHUNK_BYTES_MAX, DEVICE_BYTES_MAX, ECHO_BYTES_MAX, HIT_HEADING_BYTES_MAX, HITS_MAX,
    MEMBER_BYTES_MAX, MEMBER_LIST_ADDRESSES_MAX, MEMBER_LIST_MAX, PATH_BYTES_MAX, START_PROOF_BYTES_MAX,
};
use core::net::SocketAddr;
use serde::{Deserialize, Serialize};

pub use super::filters::{Filtered, Filters};
pub use super::holdings::{Holding, Holdings, Unusable};
pub use super::vector::HitVector;

/// One message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Message {
    /// The first message on a link.
    Hello {
        /// The device's name for people.
        device: String,
        /// Whether the receiver is to reply with its own `Hello`: an earlier one may have been lost with a replaced
        /// link.
        ask: bool,
        /// Where the sender can be dialled, as far as it knows: hints, which only a dial proves.
        #[serde(deserialize_with = "bounded::list::<_, _, ADDRESSES_MAX>")]
        listen: Vec<SocketAddr>,
    },
    /// A packet of the membership protocol (`mesh::swim`), for links where datagrams do not pass: at most
    /// `MEMBER_BYTES_MAX` bytes.
    Member(Vec<u8>),
    /// A part of the sender's list of all members that it knows.
    MemberList {
        /// Whether this is the last part, and the receiver is to reply with its own list.
        ask: bool,
        /// At most `MEMBER_LIST_MAX`.
        #[serde(deserialize_with = "bounded::list::<_, _, MEMBER_LIST_MAX>")]
        members: Vec<Entry>,
    },
    /// The key of the datagrams from the sender to the receiver. The two UDP sockets (`net`) exchange it, only inside
    /// an encrypted link; the node never sees it.
    Keys(Keys),
    /// A query, sent to a device that holds documents that the sender does not.
    Query(Query),
    /// The reply to a `Query`.
    Answer(Answer),
    /// A test message.
    Echo(Echo),
    /// Gossip items, and digests of them.
    Gossip(Gossip),
    /// The latest start of the receiver that the sender knows of. The sessions (`net`) exchange it; the node gets its
    /// number.
    LatestStart(LatestStart),
    /// Two devices with one key are up.
    Duplicate(Duplicate),
    /// The vectors of the hits in the `Answer` that follows, so that its receiver computes their cosines itself.
    Vectors(Vectors),
    /// Certificates and removals, and what compares them.
    Trust(Exchange),
    /// How many of its files the sender searches, with the `Answer` that follows.
    Coverage(Coverage),
    /// Work that is lent.
    Work(Work),
    /// Why the sender does as little background work as it does.
    Why(Why),
    /// Hashes of the sender's list of members, to compare two lists by.
    MemberDigest(MemberDigest),
    /// Some of what the sender shares could not be read for the `Answer` that follows.
    Unread(Unread),
    /// How many of the files in the `Coverage` that was sent just now wait to be embedded alone.
    Unembedded(Unembedded),
    /// Which documents the `Query` that follows is asked of.
    Filters(Filters),
    /// The `Answer` that follows has only what the `Filters` of its `Query` take.
    Filtered(Filtered),
    /// What the sender shares with the members: at the start of a link, and at each change.
    Holdings(Holdings),
    /// The search for the `Answer` that follows was cut short.
    CutShort(CutShort),
    /// The sender embeds a question that it will send as a `Query`.
    Coming(Coming),
    /// How many of its files the sender cannot use: at the start of a link, at each change, and with each `Answer`.
    Unusable(Unusable),
}

/// Hashes of a member list. Agents of before do not read it: who sends none back is sent the whole list the next time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberDigest {
    /// Whether the receiver is to reply with its own.
    pub ask: bool,
    /// For each sixteenth of the members that are not down, the sender among them, by the upper four bits of their keys: the first eight
    /// bytes of the SHA-256 over key and generation (four bytes, little-endian) of each, in the order of the keys; zeros for an empty part.
    pub hashes: Buckets,
}

/// A proof of the latest start of the receiver that the sender knows of: a receiver whose own count of starts is lower
/// has lost it, or is a restored copy, and its messages are refused until it counts above.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LatestStart {
    /// A message that the receiver itself signed in that start, whole: at most `START_PROOF_BYTES_MAX` bytes.
    pub message: Vec<u8>,
}

/// What the sender saw, or was told, of two devices that use one key at the same time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duplicate {
    /// The public key of both; that of the receiver itself, if it is one of them.
    pub key: PeerKey,
    /// Where the sender sees the one that it is linked with.
    pub linked: SocketAddr,
    /// Where it sees the other one.
    pub other: SocketAddr,
}

/// A test message, which the receiver sends back: for trying out an agent in another language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Echo {
    /// The sender's number for it, repeated in the reply.
    pub id: u64,
    /// Any text.
    pub text: heapless::String<ECHO_BYTES_MAX>,
    /// Whether this is the reply.
    pub answer: bool,
}

/// A member, as the sender of a list knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its public key.
    pub key: PeerKey,
    /// Its generation: raised at each start, and when others know a later one of it.
    pub generation: u32,
    /// How often it refuted a suspicion in this generation.
    pub incarnation: u16,
    /// 0 alive, 1 suspect, 2 down.
    pub standing: u8,
    /// Where it may be dialled: hints; at most `MEMBER_LIST_ADDRESSES_MAX`.
    #[serde(deserialize_with = "bounded::list::<_, _, MEMBER_LIST_ADDRESSES_MAX>")]
    pub addresses: Vec<SocketAddr>,
}

/// How to decrypt the sender's datagrams, for as long as both agents run.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    /// The session number at the beginning of each datagram.
    pub session: u32,
    /// Their ChaCha20-Poly1305 key.
    pub key: [u8; 32],
    /// The UDP port on which the sender listens, at the address of its link.
    pub port: u16,
}

impl Drop for Keys {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.key);
    }
}

impl core::fmt::Debug for Keys {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Keys(session {}, port {})", self.session, self.port)
    }
}

/// A query.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Query {
    /// The sender's number for it, repeated in the reply.
    pub id: u64,
    /// The text, for the lexical search.
    pub question: String,
    /// The fingerprint of the model that made its embedding.
    pub model: [u8; 32],
    /// Its embedding: the scale of the codes.
    pub scale: f32,
    /// Its embedding: one signed byte a dimension. A `Vec` of bytes cannot grow beyond its frame.
    pub codes: Vec<u8>,
    /// The most hits to return.
    pub count: u16,
}

/// The vectors of an answer's hits. Agents of before do not read it; whoever sends none has its cosines taken with doubt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Vectors {
    /// The `id` of the `Query`.
    pub id: u64,
    /// One for each hit, in their order; at most `HITS_MAX`.
    #[serde(deserialize_with = "bounded::list::<_, _, HITS_MAX>")]
    pub vectors: Vec<HitVector>,
}

/// How many of the files that the sender shares with the members its answer covers. Agents of before do not read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// The `id` of the `Query`.
    pub id: u64,
    /// Files that were found so far.
    pub known: u64,
    /// Those of them whose every chunk can be found.
    pub searchable: u64,
    /// Those of them whose disk or share is not there.
    pub away: u64,
    /// Whether folders are being scanned just now, so that more files may be found.
    pub scanning: bool,
}

/// Some of what the sender shares with the members could not be read for its answer, so that hits may be missing: its store is damaged, or
/// the disk fails. Agents of before do not read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    /// The `id` of the `Query`.
    pub id: u64,
}

/// The search for the answer took too long and ended with the best that it had, so that hits may be missing. Agents of before do not read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CutShort {
    /// The `id` of the `Query`.
    pub id: u64,
}

/// A `Query` follows once its question is embedded, which takes a small board a quarter of a second: its receiver begins no work that would
/// stand in its way. Agents of before do not read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coming {}

/// How many of the files of which a `Coverage` says that they are not wholly searched are read, and found by their words: their passages wait to
/// be embedded. Agents of before do not read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unembedded {
    /// The `id` of the `Query`.
    pub id: u64,
    /// Those files.
    pub files: u64,
}

/// A reply: the unmerged list of hits, which the asking agent scores against the lists of others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The `id` of the `Query`.
    pub id: u64,
    /// The replying device's name for people: its `Hello` may have been lost with an earlier link.
    pub device: String,
    /// The hits, best first by the sender's own score; `None` if the sender cannot answer just now.
    pub found: Option<Box<Found>>,
}

impl Message {
    /// The `type` field of the envelope.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Hello { .. } => "hello",
            Self::Member(_) => "member",
            Self::MemberList { .. } => "roll",
            Self::Keys(_) => "keys",
            Self::Query(_) => "ask",
            Self::Answer(_) => "answer",
            Self::Echo(_) => "echo",
            Self::Gossip(_) => "gossip",
            Self::LatestStart(_) => "start",
            Self::Duplicate(_) => "duplicate",
            Self::Vectors(_) => "vectors",
            Self::Trust(_) => "trust",
            Self::Coverage(_) => "coverage",
            Self::Work(_) => "work",
            Self::Why(_) => "why",
            Self::MemberDigest(_) => "roll-digest",
            Self::Unread(_) => "unread",
            Self::Unembedded(_) => "unembedded",
            Self::Filters(_) => "filters",
            Self::Filtered(_) => "filtered",
            Self::Holdings(_) => "holdings",
            Self::CutShort(_) => "cut-short",
            Self::Coming(_) => "coming",
            Self::Unusable(_) => "unusable",
        }
    }

    /// The body in postcard.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        // Encoding plain data into a growing vector cannot fail.
        postcard::to_allocvec(self).unwrap_or_default()
    }

    /// Decodes a body in postcard. `None` if it is not a message, is not encoded as [`encode`](Self::encode) does it,
    /// has trailing bytes, a number that is not finite or a list that is too long.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        exactly::<Self>(bytes).filter(Self::is_sound)
    }

    /// Checks what the types do not express.
    pub(super) fn is_sound(&self) -> bool {
        match self {
            Self::Hello { device, listen, .. } => is_name(device) && listen.len() <= ADDRESSES_MAX,
            Self::Member(packet) => packet.len() <= MEMBER_BYTES_MAX,
            Self::MemberList { members, .. } => {
                let entry = |entry: &Entry| entry.standing <= 2 && entry.addresses.len() <= MEMBER_LIST_ADDRESSES_MAX;
                members.len() <= MEMBER_LIST_MAX && members.iter().all(entry)
            }
            Self::Keys(keys) => keys.port > 0,
            Self::Query(query) => query.scale.is_finite(),
            Self::Answer(Answer { found: Some(found), device, .. }) => {
                is_name(device) && found.hits.len() <= HITS_MAX && found.hits.iter().all(is_sound_hit)
            }
            Self::Answer(Answer { found: None, device, .. }) => is_name(device),
            Self::Echo(_) | Self::Duplicate(_) | Self::Coverage(_) | Self::MemberDigest(_) | Self::Coming(_) => true,
            Self::Unread(_) | Self::Unembedded(_) | Self::Unusable(_) | Self::Filtered(_) | Self::CutShort(_) => true,
            Self::Filters(filters) => filters.is_sound(),
            Self::Holdings(holdings) => holdings.is_sound(),
            Self::Work(work) => work.is_sound(),
            Self::Why(why) => why.is_sound(),
            Self::LatestStart(start) => start.message.len() <= START_PROOF_BYTES_MAX,
            Self::Gossip(gossip) => gossip.sound(),
            Self::Trust(Exchange::Push(page)) => page.is_sound(),
            Self::Trust(_) => true,
            Self::Vectors(Vectors { vectors, .. }) => {
                vectors.len() <= HITS_MAX && vectors.iter().all(|vector| vector.scale.is_finite())
            }
        }
    }
}

/// Whether a hit is no longer than a chunk can be, with a cosine: what is done with its text takes time.
fn is_sound_hit(hit: &SearchHit) -> bool {
    is_cosine(hit.cosine) && has_sound_lengths(hit)
}

/// Whether a hit's text, headings and path are no longer than those of any device's: with longer ones an answer is refused.
#[must_use]
pub const fn has_sound_lengths(hit: &SearchHit) -> bool {
    hit.text.len() <= CHUNK_BYTES_MAX && hit.heading.len() <= HIT_HEADING_BYTES_MAX && hit.path.len() <= PATH_BYTES_MAX
}

/// A cosine, with room for what rounding to int8 adds. A larger number would outrank every honest hit.
fn is_cosine(value: f32) -> bool {
    value.abs() <= 1.1
}

fn is_name(device: &str) -> bool {
    (1..=DEVICE_BYTES_MAX).contains(&device.len()) && device.chars().all(|c| !c.is_control())
}

#[cfg(test)]
#[path = "message_test.rs"]
mod tests;
