//! The messages between the agents of one host, over a Unix socket that only their user can open: frames of a length and
//! a postcard encoding. `energy::coordinator` decides what is sent.

use super::decision::Decision;
use super::doubt::Doubts;
use super::policy::hint::{self, Origin};
use super::policy::pause::Pause;
use super::rank::Rank;
use super::reason::Reason;
use crate::base::level::Energy;
use crate::base::time::{Duration, Instant};
use crate::limits::{GOVERNOR_FRAME_MAX, HINT_SOURCE_BYTES_MAX, HINT_TTL_S_MAX};
use core::fmt;
use serde::de::{DeserializeOwned, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

/// A follower's message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FollowerMessage {
    /// What it wants.
    State {
        /// How long its work has waited; `None`: it has none.
        oldest_ms: Option<u64>,
        /// People wait for its answers.
        answering: bool,
        /// The newest pause, or end of one, that it knows.
        pause: PauseVersion,
    },
    /// A hint on energy that the follower received.
    Hint(HintMessage),
    /// A person asked the follower for a burst: work goes on beside other programs until this moment, in milliseconds of
    /// CLOCK_BOOTTIME. A leader of an earlier release hangs up at it once, and the follower connects again.
    Burst(u64),
}

/// The leader's message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaderMessage {
    /// What this follower may do.
    pub decision: Decision,
    /// The newest pause, or end of one, that is known on the host.
    pub pause: PauseVersion,
    /// What releases since 0.2 add at the end: earlier followers leave it unread, and earlier leaders send none.
    pub more: Tail,
}

/// The end of a leader's message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tail {
    /// How the follower's background threads stand among other programs.
    pub rank: Rank,
    /// When the burst of the host ends, in milliseconds of CLOCK_BOOTTIME; 0: there is none.
    pub burst_until: u64,
    /// Which readings contradict each other so that something is wrong with the device.
    pub doubts: Doubts,
    /// Whether nothing but questions holds the follower's work.
    pub only_questions: bool,
    /// Whether people or other programs use the device besides, so that without the questions no work were allowed either.
    pub in_use: bool,
    /// Why without the questions no work were allowed either.
    pub lasting: Option<Reason>,
}

impl<'de> Deserialize<'de> for Tail {
    fn deserialize<D: Deserializer<'de>>(bytes: D) -> Result<Self, D::Error> {
        bytes.deserialize_tuple(6, TailVisitor)
    }
}

/// Reads as much of a tail as there is: a message of an earlier release ends before it, or within it.
struct TailVisitor;

impl<'de> Visitor<'de> for TailVisitor {
    type Value = Tail;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the end of a leader's message")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut fields: A) -> Result<Tail, A::Error> {
        let Some(rank) = fields.next_element().ok().flatten() else { return Ok(Tail::default()) };
        let Some(burst_until) = fields.next_element().ok().flatten() else { return Ok(Tail::default()) };
        let doubts = fields.next_element().ok().flatten().unwrap_or_default();
        let only_questions = fields.next_element().ok().flatten().unwrap_or_default();
        let in_use = fields.next_element().ok().flatten().unwrap_or_default();
        let lasting = fields.next_element().ok().flatten().unwrap_or_default();
        Ok(Tail { rank, burst_until, doubts, only_questions, in_use, lasting })
    }
}

/// A pause, or the end of one, that a person set at any agent of the host. The greatest version holds at all of them, so
/// an agent that starts with an old file, or with none, does not undo what was set meanwhile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PauseVersion {
    /// One more than the highest that the agent knew where it was set.
    pub number: u64,
    /// The pause; of two with the same number the longer one is greater.
    pub pause: PauseState,
}

/// The state of a pause in a message, ordered from the shortest to the longest. Milliseconds are those of
/// CLOCK_BOOTTIME, which all agents of a host share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PauseState {
    /// No pause.
    #[default]
    None,
    /// Until this moment, in milliseconds.
    Until(u64),
    /// Until a person resumes.
    Open,
}

impl PauseState {
    /// The state of a pause now.
    #[must_use]
    pub fn of(now: Instant, pause: Option<Pause>) -> Self {
        match pause.filter(|pause| pause.holds(now)).map(|pause| pause.until()) {
            None => Self::None,
            Some(None) => Self::Open,
            Some(Some(until)) => Self::Until(until.millis()),
        }
    }

    /// The pause of this state.
    #[must_use]
    pub fn pause(self, now: Instant) -> Option<Pause> {
        match self {
            Self::None => None,
            Self::Open => Some(Pause::OPEN),
            Self::Until(millis) => Some(Pause::lasting(now, Instant::from_millis(millis).since(now))),
        }
    }
}

/// A hint on energy in a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HintMessage {
    origin: u8,
    energy: Energy,
    ttl_s: u64,
    source: heapless::String<HINT_SOURCE_BYTES_MAX>,
}

impl HintMessage {
    /// The message for a hint.
    #[must_use]
    pub fn of(origin: Origin, hint: &hint::Hint) -> Self {
        Self { origin: origin as u8, energy: hint.energy, ttl_s: hint.ttl.as_secs(), source: hint.source.clone() }
    }

    /// The hint; `None` if its origin is unknown or cannot come from another agent.
    #[must_use]
    pub fn into_hint(self) -> Option<(Origin, hint::Hint)> {
        let origins = [Origin::File, Origin::Put, Origin::Evcc, Origin::Grid];
        let origin = *origins.get(usize::from(self.origin))?;
        let ttl = Duration::from_secs(self.ttl_s.clamp(1, HINT_TTL_S_MAX));
        Some((origin, hint::Hint { energy: self.energy, ttl, source: self.source }))
    }
}

/// Encodes a frame: the length in two bytes, little-endian, and the message.
#[must_use]
pub fn encode_frame(message: &impl Serialize) -> Vec<u8> {
    let body = postcard::to_allocvec(message).unwrap_or_default();
    debug_assert!(body.len() <= GOVERNOR_FRAME_MAX, "a message of {} bytes", body.len());
    let length = u16::try_from(body.len()).unwrap_or(0);
    [&length.to_le_bytes()[..], &body].concat()
}

/// Bytes that are not a frame of this protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadFrame;

/// Splits the bytes of a stream into messages.
#[derive(Debug, Default)]
pub struct FrameBuffer {
    bytes: Vec<u8>,
}

impl FrameBuffer {
    /// Adds bytes that were read; false if more are buffered than a peer may send.
    #[must_use]
    pub fn take(&mut self, bytes: &[u8]) -> bool {
        self.bytes.extend_from_slice(bytes);
        self.bytes.len() <= 16 * GOVERNOR_FRAME_MAX
    }

    /// The next message; `None` if it is not complete yet.
    ///
    /// # Errors
    /// `BadFrame`: the peer does not keep to the protocol.
    pub fn next_message<T: DeserializeOwned>(&mut self) -> Result<Option<T>, BadFrame> {
        let Some((head, rest)) = self.bytes.split_first_chunk::<2>() else { return Ok(None) };
        let length = usize::from(u16::from_le_bytes(*head));
        if length > GOVERNOR_FRAME_MAX {
            return Err(BadFrame);
        }
        let Some(body) = rest.get(..length) else { return Ok(None) };
        let message = postcard::from_bytes(body).map_err(|_| BadFrame);
        self.bytes.drain(..2 + length);
        message.map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use crate::energy::doubt::Doubt;

    #[test]
    fn messages_are_decoded_however_the_stream_was_cut_and_garbage_is_refused() {
        let messages = [
            FollowerMessage::State {
                oldest_ms: Some(7),
                answering: true,
                pause: PauseVersion { number: 3, pause: PauseState::Until(99) },
            },
            FollowerMessage::State { oldest_ms: None, answering: false, pause: PauseVersion::default() },
        ];
        let stream: Vec<u8> = messages.iter().flat_map(encode_frame).collect();
        for length in 1..stream.len() {
            let mut buffer = FrameBuffer::default();
            let mut received = Vec::new();
            for bytes in stream.chunks(length) {
                assert!(buffer.take(bytes));
                while let Some(message) = buffer.next_message::<FollowerMessage>().unwrap() {
                    received.push(message);
                }
            }
            assert_eq!(received, messages);
        }
        assert_eq!(FrameBuffer { bytes: vec![255, 255, 0] }.next_message::<FollowerMessage>(), Err(BadFrame));
        let mut rng = Rng::new(5);
        for _ in 0..20_000 {
            let bytes: Vec<u8> = (0..rng.below(64)).map(|_| u8::try_from(rng.below(256)).unwrap()).collect();
            let mut buffer = FrameBuffer { bytes };
            // Any bytes give messages, wait for more, or are refused; none panic.
            while let Ok(Some(_)) = buffer.next_message::<LeaderMessage>() {}
        }
        assert!(!FrameBuffer::default().take(&[0; 17 * GOVERNOR_FRAME_MAX]));
    }

    #[test]
    fn the_encoding_is_the_one_of_earlier_releases() {
        let pause = PauseVersion { number: 1, pause: PauseState::Until(99) };
        let state = FollowerMessage::State { oldest_ms: Some(7), answering: true, pause };
        assert_eq!(encode_frame(&state), [7, 0, 0, 1, 7, 1, 1, 1, 99]);
        let pause = PauseVersion { number: 2, pause: PauseState::Open };
        let doubts = Doubts::NONE.with(Doubt::NoCurrent, true);
        let lasting = Some(Reason::TooHot);
        let more = Tail { rank: Rank::Hurried, burst_until: 5, doubts, only_questions: true, in_use: true, lasting };
        let message = LeaderMessage { decision: Decision::default(), pause, more };
        let down = encode_frame(&message);
        assert_eq!(
            (down.len(), &down[..2], &down[25..]),
            (34, &[32, 0][..], &[2, 2, 2, 5, 2, 1, 1, 1, 2][..]),
            "{down:?}"
        );
        // What an earlier leader sent ends with the pause, and an earlier follower reads no further.
        let ends = |length: u8| [&[length, 0][..], &down[2..2 + usize::from(length)]].concat();
        let of_nothing_lasting = Tail { lasting: None, ..more };
        let of_no_use = Tail { in_use: false, ..of_nothing_lasting };
        let before = Tail { only_questions: false, ..of_no_use };
        let without_doubts = Tail { doubts: Doubts::NONE, ..before };
        for (length, more) in
            [(25, Tail::default()), (27, without_doubts), (28, before), (29, of_no_use), (30, of_nothing_lasting)]
        {
            let mut buffer = FrameBuffer { bytes: ends(length) };
            let older = buffer.next_message::<LeaderMessage>().unwrap().unwrap();
            assert_eq!(older, LeaderMessage { more, ..message });
        }
        let read = FrameBuffer { bytes: down }.next_message::<(Decision, PauseVersion)>().unwrap();
        assert_eq!(read, Some((message.decision, pause)));
        let source = "sun".try_into().unwrap();
        let hint = HintMessage { origin: 1, energy: Energy::Unknown, ttl_s: 9, source };
        assert_eq!(encode_frame(&FollowerMessage::Hint(hint))[2..], [1, 1, 1, 9, 3, b's', b'u', b'n']);
    }

    #[test]
    fn the_newest_pause_is_the_greatest() {
        let version = |number, pause| PauseVersion { number, pause };
        let rising = [
            version(1, PauseState::Open),
            version(2, PauseState::None),
            version(2, PauseState::Until(5)),
            version(2, PauseState::Until(9)),
            version(2, PauseState::Open),
            version(3, PauseState::None),
        ];
        assert!(rising.is_sorted(), "{rising:?}");
    }

    #[test]
    fn the_largest_message_fits_a_frame() {
        let source = "x".repeat(HINT_SOURCE_BYTES_MAX).as_str().try_into().unwrap();
        let hint = FollowerMessage::Hint(HintMessage { origin: 255, energy: Energy::Surplus, ttl_s: u64::MAX, source });
        let down = LeaderMessage {
            decision: Decision { workers: usize::MAX, chunks: usize::MAX, ..Decision::default() },
            pause: PauseVersion { number: u64::MAX, pause: PauseState::Until(u64::MAX) },
            more: Tail {
                rank: Rank::Hurried,
                burst_until: u64::MAX,
                doubts: Doubt::ALL.into_iter().fold(Doubts::NONE, |all, one| all.with(one, true)),
                only_questions: true,
                in_use: true,
                lasting: Some(Reason::Flapping),
            },
        };
        assert!(encode_frame(&hint).len() <= GOVERNOR_FRAME_MAX && encode_frame(&down).len() <= GOVERNOR_FRAME_MAX);
    }
}
