//! The messages between the agents of a host: frames of a length and postcard, over a socket of one user.

use super::decision::Decision;
use super::policy::hint::{self, Origin};
use super::policy::pause::Pause;
use crate::base::level::Energy;
use crate::base::time::{Duration, Instant};
use crate::limits::{GOVERNOR_FRAME_MAX, HINT_SOURCE_BYTES_MAX, HINT_TTL_S_MAX};
use serde::de::DeserializeOwned;
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
        /// The newest word of a person on a pause that it knows.
        pause: PauseVersion,
    },
    /// It was told a hint.
    Hint(HintMessage),
}

/// The leader's message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaderMessage {
    /// What this follower may do.
    pub decision: Decision,
    /// The newest word of a person on a pause that is known on the host.
    pub pause: PauseVersion,
}

/// A person's word on a pause, said at any agent of the host. The greatest is the newest and holds at all of them: who
/// comes back with an old file does not undo what was said meanwhile, and who knows nothing yet undoes nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PauseVersion {
    /// One more than the highest that was known where it was said.
    pub number: u64,
    /// What was said; of two words of one number the longer pause holds.
    pub pause: PauseState,
}

/// A pause on its way, the shortest first: milliseconds are on everybody's own clock, which is the same one on a host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PauseState {
    /// No pause.
    #[default]
    None,
    /// Until this moment, in milliseconds.
    Until(u64),
    /// Until somebody resumes.
    Open,
}

impl PauseState {
    /// How a pause stands now.
    #[must_use]
    pub fn of(now: Instant, pause: Option<Pause>) -> Self {
        match pause.filter(|pause| pause.holds(now)).map(|pause| pause.until()) {
            None => Self::None,
            Some(None) => Self::Open,
            Some(Some(until)) => Self::Until(until.millis()),
        }
    }

    /// The pause that is meant.
    #[must_use]
    pub fn pause(self, now: Instant) -> Option<Pause> {
        match self {
            Self::None => None,
            Self::Open => Some(Pause::OPEN),
            Self::Until(millis) => Some(Pause::lasting(now, Instant::from_millis(millis).since(now))),
        }
    }
}

/// A hint on its way.
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

    /// The hint; `None` where its origin is none that can be told.
    #[must_use]
    pub fn into_hint(self) -> Option<(Origin, hint::Hint)> {
        let origins = [Origin::File, Origin::Put, Origin::Evcc, Origin::Grid];
        let origin = *origins.get(usize::from(self.origin))?;
        let ttl = Duration::from_secs(self.ttl_s.clamp(1, HINT_TTL_S_MAX));
        Some((origin, hint::Hint { energy: self.energy, ttl, source: self.source }))
    }
}

/// A frame: two bytes of length, little-endian, and the message.
#[must_use]
pub fn encode_frame(message: &impl Serialize) -> Vec<u8> {
    let body = postcard::to_allocvec(message).unwrap_or_default();
    debug_assert!(body.len() <= GOVERNOR_FRAME_MAX, "a message of {} bytes", body.len());
    let length = u16::try_from(body.len()).unwrap_or(0);
    [&length.to_le_bytes()[..], &body].concat()
}

/// Bytes that are no frame of this protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadFrame;

/// Bytes of a stream, cut into messages.
#[derive(Debug, Default)]
pub struct FrameBuffer {
    bytes: Vec<u8>,
}

impl FrameBuffer {
    /// Takes what was read; false where more waits than a peer may send.
    #[must_use]
    pub fn take(&mut self, bytes: &[u8]) -> bool {
        self.bytes.extend_from_slice(bytes);
        self.bytes.len() <= 16 * GOVERNOR_FRAME_MAX
    }

    /// The next whole message; `None` if there is none yet.
    ///
    /// # Errors
    /// `BadFrame`: the peer does not speak this protocol.
    pub fn next_message<T: DeserializeOwned>(&mut self) -> Result<Option<T>, BadFrame> {
        let Some((head, rest)) = self.bytes.split_first_chunk::<2>() else { return Ok(None) };
        let length = usize::from(u16::from_le_bytes(*head));
        if length > GOVERNOR_FRAME_MAX {
            return Err(BadFrame);
        }
        let Some(body) = rest.get(..length) else { return Ok(None) };
        let word = postcard::from_bytes(body).map_err(|_| BadFrame);
        self.bytes.drain(..2 + length);
        word.map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;

    #[test]
    fn words_come_whole_however_they_were_cut_and_garbage_is_refused() {
        let words = [
            FollowerMessage::State {
                oldest_ms: Some(7),
                answering: true,
                pause: PauseVersion { number: 3, pause: PauseState::Until(99) },
            },
            FollowerMessage::State { oldest_ms: None, answering: false, pause: PauseVersion::default() },
        ];
        let stream: Vec<u8> = words.iter().flat_map(encode_frame).collect();
        for piece in 1..stream.len() {
            let mut buffer = FrameBuffer::default();
            let mut heard = Vec::new();
            for bytes in stream.chunks(piece) {
                assert!(buffer.take(bytes));
                while let Some(word) = buffer.next_message::<FollowerMessage>().unwrap() {
                    heard.push(word);
                }
            }
            assert_eq!(heard, words);
        }
        assert_eq!(FrameBuffer { bytes: vec![255, 255, 0] }.next_message::<FollowerMessage>(), Err(BadFrame));
        let mut rng = Rng::new(5);
        for _ in 0..20_000 {
            let bytes: Vec<u8> = (0..rng.below(64)).map(|_| u8::try_from(rng.below(256)).unwrap()).collect();
            let mut buffer = FrameBuffer { bytes };
            // Whatever comes is a word, nothing yet, or an end.
            while let Ok(Some(_)) = buffer.next_message::<LeaderMessage>() {}
        }
        assert!(!FrameBuffer::default().take(&[0; 17 * GOVERNOR_FRAME_MAX]));
    }

    #[test]
    fn the_bytes_are_those_that_agents_of_before_speak() {
        let pause = PauseVersion { number: 1, pause: PauseState::Until(99) };
        let state = FollowerMessage::State { oldest_ms: Some(7), answering: true, pause };
        assert_eq!(encode_frame(&state), [7, 0, 0, 1, 7, 1, 1, 1, 99]);
        let pause = PauseVersion { number: 2, pause: PauseState::Open };
        let down = encode_frame(&LeaderMessage { decision: Decision::default(), pause });
        assert_eq!((down.len(), &down[..2], &down[25..]), (27, &[25, 0][..], &[2, 2][..]), "{down:?}");
        let source = "sun".try_into().unwrap();
        let hint = HintMessage { origin: 1, energy: Energy::Unknown, ttl_s: 9, source };
        assert_eq!(encode_frame(&FollowerMessage::Hint(hint))[2..], [1, 1, 1, 9, 3, b's', b'u', b'n']);
    }

    #[test]
    fn the_newest_word_of_a_person_is_the_greatest() {
        let said = |number, pause| PauseVersion { number, pause };
        let rising = [
            said(1, PauseState::Open),
            said(2, PauseState::None),
            said(2, PauseState::Until(5)),
            said(2, PauseState::Until(9)),
            said(2, PauseState::Open),
            said(3, PauseState::None),
        ];
        assert!(rising.is_sorted(), "{rising:?}");
    }

    #[test]
    fn the_largest_word_fits_a_frame() {
        let source = "x".repeat(HINT_SOURCE_BYTES_MAX).as_str().try_into().unwrap();
        let hint = FollowerMessage::Hint(HintMessage { origin: 255, energy: Energy::Surplus, ttl_s: u64::MAX, source });
        let down = LeaderMessage {
            decision: Decision { workers: usize::MAX, chunks: usize::MAX, ..Decision::default() },
            pause: PauseVersion { number: u64::MAX, pause: PauseState::Until(u64::MAX) },
        };
        assert!(encode_frame(&hint).len() <= GOVERNOR_FRAME_MAX && encode_frame(&down).len() <= GOVERNOR_FRAME_MAX);
    }
}
