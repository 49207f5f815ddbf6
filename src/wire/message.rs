//! What agents say to each other: the bodies of messages, in postcard.
//!
//! Every list has a cap in its type, so that no message can make a receiver grow; what has no cap in its type
//! (texts) is bounded by the frame that it came in.

use super::canonical::exactly;
use super::gossip::Gossip;
use crate::base::bounded;
use crate::base::hit::Found;
use crate::base::id::PeerKey;
use crate::limits::{
    ADDRESSES_MAX, DEVICE_BYTES_MAX, ECHO_BYTES_MAX, HITS_MAX, MEMBER_BYTES_MAX, ROLL_ADDRESSES_MAX, ROLL_MEMBERS_MAX,
};
use core::net::SocketAddr;
use serde::{Deserialize, Serialize};

/// One message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Message {
    /// The first word on a link.
    Hello {
        /// The device's name for people.
        device: String,
        /// Whether the sender waits for the other's name: a first word can be lost with a link that is replaced.
        ask: bool,
        /// Where the sender can be dialled, as far as it knows; hints, proven by a dial only.
        #[serde(deserialize_with = "bounded::list::<_, _, ADDRESSES_MAX>")]
        listen: Vec<SocketAddr>,
    },
    /// A packet of the membership machine (`mesh::member`), where datagrams do not pass: at most
    /// `MEMBER_BYTES_MAX` bytes.
    Member(Vec<u8>),
    /// A part of the list of all members that the sender knows.
    Roll {
        /// Whether it is the last part and the receiver is to answer with its own list.
        ask: bool,
        /// At most `ROLL_MEMBERS_MAX`.
        #[serde(deserialize_with = "bounded::list::<_, _, ROLL_MEMBERS_MAX>")]
        members: Vec<Entry>,
    },
    /// The keys of the datagrams from the sender to the receiver. Between the sockets of both ends (`io`);
    /// the node never sees them. They travel only inside an encrypted link.
    Keys(Keys),
    /// A question, put to a device that holds what the asker does not.
    Ask(Ask),
    /// The answer to a question.
    Answer(Answer),
    /// A test message.
    Echo(Echo),
    /// Rumours, and lists of them.
    Gossip(Gossip),
}

/// A test message: who is asked says the same back, so that an agent in another language can be tried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Echo {
    /// The asker's number for it.
    pub id: u64,
    /// Anything.
    pub text: heapless::String<ECHO_BYTES_MAX>,
    /// Whether this is the answer.
    pub answer: bool,
}

/// A member, as another one knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its public key.
    pub key: PeerKey,
    /// In which of its lives.
    pub generation: u32,
    /// How often it refuted in this life.
    pub incarnation: u16,
    /// 0 alive, 1 suspect, 2 down.
    pub standing: u8,
    /// Where it may be dialled, hints; at most `ROLL_ADDRESSES_MAX`.
    #[serde(deserialize_with = "bounded::list::<_, _, ROLL_ADDRESSES_MAX>")]
    pub addresses: Vec<SocketAddr>,
}

/// How to open the sender's datagrams, for as long as both agents run.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    /// The number that stands before each of them.
    pub session: u32,
    /// The key that they are sealed with.
    pub key: [u8; 32],
    /// The UDP port that the sender listens on, at the address of its link.
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

/// A question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ask {
    /// The asker's number for it.
    pub id: u64,
    /// As asked, for its words.
    pub question: String,
    /// The fingerprint of the model that knows its meaning.
    pub model: [u8; 32],
    /// Its meaning: the scale of the codes.
    pub scale: f32,
    /// Its meaning: one signed byte a dimension. (A `Vec` of bytes: it cannot grow beyond its frame.)
    pub codes: Vec<u8>,
    /// Passages wanted.
    pub count: u16,
}

/// An answer: the raw list, for the asker to weigh and merge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The asker's number of the question.
    pub id: u64,
    /// The answering device's name for people: the greeting may have been lost with an earlier link.
    pub device: String,
    /// The passages, best first by the sender's own weighing; `None`: the sender could not answer just now.
    pub found: Option<Box<Found>>,
}

impl Message {
    /// The word for the envelope's type.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Hello { .. } => "hello",
            Self::Member(_) => "member",
            Self::Roll { .. } => "roll",
            Self::Keys(_) => "keys",
            Self::Ask(_) => "ask",
            Self::Answer(_) => "answer",
            Self::Echo(_) => "echo",
            Self::Gossip(_) => "gossip",
        }
    }

    /// The body's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        // Writing plain data into a growing vector has no way to fail.
        postcard::to_allocvec(self).unwrap_or_default()
    }

    /// The message in a body; `None` where it is none, where it is not spelt as [`seal`](Self::seal) does, where
    /// something follows it, or where a number is not finite or a list is too long.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        exactly::<Self>(bytes).filter(Self::is_sound)
    }

    /// What its types do not say.
    pub(super) fn is_sound(&self) -> bool {
        match self {
            Self::Hello { device, listen, .. } => is_name(device) && listen.len() <= ADDRESSES_MAX,
            Self::Member(packet) => packet.len() <= MEMBER_BYTES_MAX,
            Self::Roll { members, .. } => {
                let entry = |entry: &Entry| entry.standing <= 2 && entry.addresses.len() <= ROLL_ADDRESSES_MAX;
                members.len() <= ROLL_MEMBERS_MAX && members.iter().all(entry)
            }
            Self::Keys(keys) => keys.port > 0,
            Self::Ask(ask) => ask.scale.is_finite(),
            Self::Answer(Answer { found: Some(found), device, .. }) => {
                is_name(device) && found.hits.len() <= HITS_MAX && found.hits.iter().all(|hit| is_cosine(hit.cosine))
            }
            Self::Answer(Answer { found: None, device, .. }) => is_name(device),
            Self::Echo(_) => true,
            Self::Gossip(gossip) => gossip.sound(),
        }
    }
}

/// A cosine, with room for what rounding to int8 adds. A larger number would outrank every honest passage.
fn is_cosine(value: f32) -> bool {
    value.abs() <= 1.1
}

fn is_name(device: &str) -> bool {
    (1..=DEVICE_BYTES_MAX).contains(&device.len()) && device.chars().all(|c| !c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::hit::{CorpusStatistics, SearchHit, TermFrequencies};
    use crate::base::id::Row;
    use crate::base::rng::Rng;
    use heapless::Vec as Bounded;

    fn answer() -> Message {
        let hit = SearchHit {
            row: Row(5),
            path: b"/a".to_vec(),
            heading: "H".to_owned(),
            text: "text".to_owned(),
            cosine: 0.5,
            frequencies: TermFrequencies { counts: Bounded::from_slice(&[1, 0]).unwrap(), length: 9 },
        };
        let document_frequencies = Bounded::from_slice(&[1, 0]).unwrap();
        let statistics = CorpusStatistics { chunks: 1, document_frequencies, length: 9 };
        Message::Answer(Answer {
            id: 7,
            device: "attic".to_owned(),
            found: Some(Box::new(Found { statistics, hits: vec![hit] })),
        })
    }

    #[test]
    fn what_is_said_is_what_is_heard() {
        let bytes = answer().encode();
        assert_eq!(Message::decode(&bytes), Some(answer()));
        assert_eq!(Message::decode(&[&bytes[..], &[0]].concat()), None, "nothing may follow");
    }

    #[test]
    fn a_saying_has_one_spelling() {
        let bytes = Message::Member(vec![7]).encode();
        assert_eq!(bytes, [1, 1, 7]);
        // The same length in one byte more than needed: postcard itself takes it.
        assert_eq!(Message::decode(&[1, 0x81, 0x00, 7]), None);
    }

    #[test]
    fn a_list_ends_at_its_cap_while_it_is_read() {
        let listen = |count| vec!["192.168.1.7:7781".parse().unwrap(); count];
        let hello = |count| Message::Hello { device: "attic".to_owned(), ask: false, listen: listen(count) };
        assert_eq!(Message::decode(&hello(ADDRESSES_MAX).encode()), Some(hello(ADDRESSES_MAX)));
        assert_eq!(Message::decode(&hello(ADDRESSES_MAX + 1).encode()), None);
        let Message::Answer(Answer { id, device, found: Some(mut found) }) = answer() else { panic!() };
        let hit = found.hits[0].clone();
        found.hits = vec![hit; HITS_MAX + 1];
        assert_eq!(Message::decode(&Message::Answer(Answer { id, device, found: Some(found) }).encode()), None);
    }

    #[test]
    fn numbers_that_are_none_are_refused() {
        let Message::Answer(Answer { id, device, found: Some(mut found) }) = answer() else { panic!() };
        for none in [f32::NAN, f32::INFINITY, f32::MAX, -1.2] {
            found.hits[0].cosine = none;
            let answer = Answer { id, device: device.clone(), found: Some(found.clone()) };
            assert_eq!(Message::decode(&Message::Answer(answer).encode()), None, "{none} is no cosine");
        }
    }

    #[test]
    fn any_bytes_are_a_saying_or_nothing() {
        let (mut rng, sealed) = (Rng::new(3), answer().encode());
        for _ in 0..20_000 {
            let mut bytes = sealed.clone();
            for _ in 0..=rng.below(4) {
                let at = usize::try_from(rng.below(bytes.len() as u64)).unwrap();
                bytes[at] = rng.next().to_le_bytes()[0];
            }
            bytes.truncate(usize::try_from(rng.below(bytes.len() as u64 + 1)).unwrap());
            let _ = Message::decode(&bytes);
        }
    }
}
