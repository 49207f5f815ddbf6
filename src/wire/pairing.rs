//! The messages by which a device joins a mesh, `/wattle/pair/1`, and what they are computed from.
//!
//! [`secret`]: what both sides know before (a code of eight digits, the secret in a QR code, an invite). [`exchange`]:
//! SPAKE2 and the confirmation of its key. [`words`]: the three words that both screens show. [`link`] and [`invite`]:
//! how a secret travels, as the text of a QR code ([`qr`]) and as a file. The two machines that send the messages are in
//! `mesh::pairing`.
//!
//! A frame of postcard on `/wattle/pair/1` or a line of JSON on `/wattle/pair-json/1` is one message. One declaration
//! serves both: the fields are sorted as canonical JSON has them, and bytes are base64 where the format is for people
//! (`octets`). The messages have no envelope and no signature: the Noise link proves who sends, and the confirmations
//! cover every message as it was sent.
//!
//! Decoders refuse any second encoding, and hold no more than `PAIR_CERTIFICATE_MAX` bytes.

pub mod exchange;
pub mod invite;
pub mod link;
mod octets;
pub mod qr;
pub mod secret;
pub mod words;

use super::canonical;
use super::envelope::Encoding;
use super::json;
use crate::limits::{DEVICE_BYTES_MAX, PAIR_CERTIFICATE_MAX, PAIR_FRAME_MAX, PAIR_LINE_MAX};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The version that this program speaks.
pub const VERSION: u8 = 1;

/// The protocol of frames in postcard.
pub const PROTOCOL: &str = "/wattle/pair/1";

/// The protocol of lines in JSON, with the same messages.
pub const PROTOCOL_JSON: &str = "/wattle/pair-json/1";

/// The name of a device, for people.
pub type DeviceName = heapless::String<DEVICE_BYTES_MAX>;

/// One message. The order of variants and of fields is the encoding, so neither may change; a later version adds fields
/// behind `v`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Message {
    /// Joiner to admin, first: who asks, and by which secret.
    Begin {
        /// The joining device's name.
        device: DeviceName,
        /// [`VERSION`].
        v: u8,
        /// Which secret.
        way: Way,
    },
    /// Admin to joiner: the mesh, and the admin's half of SPAKE2.
    Offer {
        /// The mesh's id.
        #[serde(with = "octets")]
        mesh: [u8; 32],
        /// A point of the curve.
        #[serde(with = "octets")]
        share: [u8; 32],
    },
    /// Joiner to admin: its half of SPAKE2.
    Share(#[serde(with = "octets")] [u8; 32]),
    /// Right behind `Share`, and behind `Grant`: the proof that the sender has the same key, over every message before.
    Confirm(#[serde(with = "octets")] [u8; 32]),
    /// Admin to joiner: its certificate.
    Grant(Certificate),
    /// Instead of any message: the exchange has ended, and the stream with it.
    Refused {
        /// Why.
        cause: Refusal,
        /// Seconds after which another try makes sense; 0: as soon as the cause is gone.
        wait: u16,
    },
}

/// A certificate in the encoding of `wire::certificate`, which this protocol does not look into.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate(#[serde(with = "octets::bounded")] pub Vec<u8>);

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({} bytes)", self.0.len())
    }
}

/// Which secret both sides know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// The eight digits of an open window.
    Code,
    /// The secret in the QR code of an open window.
    Link,
    /// The secret of the invite with this id.
    Invite(InviteId),
}

/// The public name of an invite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct InviteId(#[serde(with = "octets")] pub [u8; 16]);

/// Why an exchange ended without a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// No window is open.
    NoWindow,
    /// The window, or the invite's life, is over.
    Expired,
    /// Another device was let in by this code or invite.
    Used,
    /// Too many tries closed the window.
    TooManyTries,
    /// The two sides do not have the same secret, or a relay is between them.
    WrongSecret,
    /// Another exchange is under way, or the last one has just ended.
    Busy,
    /// The device was removed from this mesh for good.
    Removed,
    /// The mesh has no room for another device.
    Full,
    /// The joining device speaks a later version.
    Version,
    /// The agent has no record of this invite.
    UnknownInvite,
    /// A message was not one, or came out of turn.
    Malformed,
    /// The exchange took too long, or its stream ended.
    Interrupted,
    /// The admin's disk is full, so that the certificate cannot be saved. The secret was right, and stays good.
    DiskFull,
    /// The admin cannot save the certificate for another reason. The secret was right, and stays good.
    NotSaved,
    /// The invite's owner wrote another one in its place.
    Replaced,
}

/// Why bytes are not a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadMessage {
    /// A `Begin` of a later version.
    Newer,
    /// Anything else.
    Malformed,
}

/// What the `Begin` of every version starts with.
#[derive(Deserialize)]
struct AnyBegin<'a> {
    #[serde(borrow, rename = "device")]
    _device: std::borrow::Cow<'a, str>,
    v: u64,
}

impl Message {
    /// Appends the message, without the frame or line feed.
    pub fn put(&self, encoding: Encoding, out: &mut Vec<u8>) {
        // Encoding plain data into a growing vector cannot fail.
        let _ = match encoding {
            Encoding::Postcard => canonical::put(self, out),
            Encoding::Json => json::encode(self, out),
        };
    }

    /// Reads the content of one frame or line.
    ///
    /// # Errors
    /// The bytes are not one message in its one encoding.
    pub fn read(encoding: Encoding, bytes: &[u8]) -> Result<Self, BadMessage> {
        let message = match encoding {
            Encoding::Postcard if bytes.len() <= PAIR_FRAME_MAX => canonical::exactly::<Self>(bytes),
            Encoding::Json if bytes.len() < PAIR_LINE_MAX => json::exactly::<Self>(bytes),
            Encoding::Postcard | Encoding::Json => None,
        };
        match message.filter(Self::is_sound) {
            Some(message) => Ok(message),
            None if version_of_begin(encoding, bytes).is_some_and(|v| v > u64::from(VERSION)) => Err(BadMessage::Newer),
            None => Err(BadMessage::Malformed),
        }
    }

    /// Checks what the types do not express.
    fn is_sound(&self) -> bool {
        match self {
            Self::Begin { device, v, .. } => *v == VERSION && is_name(device),
            Self::Grant(certificate) => (1..=PAIR_CERTIFICATE_MAX).contains(&certificate.0.len()),
            Self::Offer { .. } | Self::Share(_) | Self::Confirm(_) | Self::Refused { .. } => true,
        }
    }
}

/// The version of a `Begin`, whatever follows it.
fn version_of_begin(encoding: Encoding, bytes: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct Line<'a> {
        #[serde(borrow)]
        begin: AnyBegin<'a>,
    }
    match encoding {
        Encoding::Postcard => {
            let begin = bytes.strip_prefix(&[0])?;
            Some(postcard::take_from_bytes::<AnyBegin<'_>>(begin).ok()?.0.v)
        }
        Encoding::Json => Some(serde_json::from_slice::<Line<'_>>(bytes).ok()?.begin.v),
    }
}

/// Whether a text is a device's name: something, without control codes.
#[must_use]
pub fn is_name(device: &str) -> bool {
    (1..=DEVICE_BYTES_MAX).contains(&device.len()) && device.chars().all(|c| !c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use crate::wire::random_bytes;

    const ENCODINGS: [Encoding; 2] = [Encoding::Postcard, Encoding::Json];

    fn all() -> Vec<Message> {
        let device = DeviceName::try_from("attic \u{1f4e6}").unwrap();
        let begin = |way| Message::Begin { device: device.clone(), v: VERSION, way };
        vec![
            begin(Way::Code),
            begin(Way::Link),
            begin(Way::Invite(InviteId([7; 16]))),
            Message::Offer { mesh: [1; 32], share: [2; 32] },
            Message::Share([3; 32]),
            Message::Confirm([4; 32]),
            Message::Grant(Certificate(vec![0xff; PAIR_CERTIFICATE_MAX])),
            Message::Refused { cause: Refusal::TooManyTries, wait: 70 },
        ]
    }

    fn bytes(message: &Message, encoding: Encoding) -> Vec<u8> {
        let mut out = Vec::new();
        message.put(encoding, &mut out);
        out
    }

    #[test]
    fn every_message_survives_both_encodings_within_its_cap() {
        for message in all() {
            for encoding in ENCODINGS {
                assert_eq!(Message::read(encoding, &bytes(&message, encoding)), Ok(message.clone()));
            }
            assert!(bytes(&message, Encoding::Postcard).len() <= PAIR_FRAME_MAX);
            assert!(bytes(&message, Encoding::Json).len() < PAIR_LINE_MAX);
        }
    }

    #[test]
    fn json_is_readable_and_sorted() {
        let texts: Vec<String> =
            all()[2..].iter().map(|message| String::from_utf8(bytes(message, Encoding::Json)).unwrap()).collect();
        assert_eq!(
            texts[0],
            "{\"begin\":{\"device\":\"attic \u{1f4e6}\",\"v\":1,\"way\":{\"invite\":\"BwcHBwcHBwcHBwcHBwcHBw==\"}}}"
        );
        assert_eq!(texts[2], "{\"share\":\"AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=\"}");
        assert_eq!(texts[5], "{\"refused\":{\"cause\":\"too-many-tries\",\"wait\":70}}");
    }

    #[test]
    fn another_encoding_of_a_message_is_refused() {
        for wrong in [
            r#"{"begin":{"v":1,"device":"a","way":"code"}}"#,
            r#"{"begin":{"device":"a","v":1,"way":"code"} }"#,
            r#"{"begin":{"device":"\u0061","v":1,"way":"code"}}"#,
            r#"{"begin":{"device":"a","v":1,"way":"code","x":1}}"#,
            r#"{"begin":{"device":"a","v":1.0,"way":"code"}}"#,
            r#"{"begin":{"device":"","v":1,"way":"code"}}"#,
            r#"{"begin":{"device":"a\u0007","v":1,"way":"code"}}"#,
            r#"{"begin":{"device":"a","v":0,"way":"code"}}"#,
            r#"{"share":[3,3]}"#,
            r#"{"grant":""}"#,
            "null",
        ] {
            assert_eq!(Message::read(Encoding::Json, wrong.as_bytes()), Err(BadMessage::Malformed), "{wrong}");
        }
        for message in all() {
            let mut longer = bytes(&message, Encoding::Postcard);
            longer.push(0);
            assert_eq!(Message::read(Encoding::Postcard, &longer), Err(BadMessage::Malformed));
            longer.truncate(longer.len() - 2);
            assert_eq!(Message::read(Encoding::Postcard, &longer), Err(BadMessage::Malformed), "truncated");
        }
        let above = Message::Grant(Certificate(vec![1; PAIR_CERTIFICATE_MAX + 1]));
        for encoding in ENCODINGS {
            assert_eq!(Message::read(encoding, &bytes(&above, encoding)), Err(BadMessage::Malformed), "above the cap");
        }
    }

    #[test]
    fn a_later_version_is_named_as_such_whatever_it_adds() {
        let line = br#"{"begin":{"device":"a","more":[1],"v":2,"way":"smell"}}"#;
        assert_eq!(Message::read(Encoding::Json, line), Err(BadMessage::Newer));
        assert_eq!(Message::read(Encoding::Postcard, &[0, 1, b'a', 2, 9, 9, 9]), Err(BadMessage::Newer));
        assert_eq!(Message::read(Encoding::Postcard, &[0, 1, b'a', 1, 9, 9, 9]), Err(BadMessage::Malformed));
    }

    #[test]
    fn random_bytes_are_never_taken_for_a_second_encoding() {
        let mut rng = Rng::new(12);
        for _ in 0..5_000 {
            let random = random_bytes::bytes(&mut rng, 80);
            if let Ok(message) = Message::read(Encoding::Postcard, &random) {
                assert_eq!(bytes(&message, Encoding::Postcard), random);
            }
        }
    }
}
