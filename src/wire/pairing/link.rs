//! The text in a QR code: `wattle:pair?a=192.168.1.5:7781&c=<26 letters>&id=12D3KooW…&m=<52 letters>`.
//!
//! `c` is 128 random bits, `id` the admin's PeerId, `m` the mesh: whoever scans it links with that device and no other. `a`,
//! which may be there several times or not at all, is where it can be dialled. Bits are in Crockford's base32, which has
//! neither I, L, O nor U; the fields are in the order of their names, each has one form, and any other is refused.

use super::secret::LongSecret;
use crate::base::id::PeerKey;
use crate::limits::{ADDRESSES_MAX, PAIR_LINK_BYTES_MAX};
use crate::wire::peer_id::PeerId;
use core::net::SocketAddr;
use std::fmt;
use std::fmt::Write as _;
use zeroize::Zeroizing;

const BEGIN: &str = "wattle:pair?";
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// What a QR code says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairLink {
    /// Where the admin can be dialled.
    pub addresses: Vec<SocketAddr>,
    /// The secret of the window.
    pub secret: LongSecret,
    /// The admin.
    pub admin: PeerKey,
    /// The mesh's id.
    pub mesh: [u8; 32],
}

impl PairLink {
    /// The text. Of the addresses, as many as a text of `PAIR_LINK_BYTES_MAX` bytes has room for.
    #[must_use]
    pub fn text(&self) -> Zeroizing<String> {
        let rest = Zeroizing::new(format!(
            "c={}&id={}&m={}",
            &*base32(&*self.secret.0),
            PeerId::from_public_key(&self.admin.0),
            &*base32(&self.mesh)
        ));
        let mut text = Zeroizing::new(String::with_capacity(PAIR_LINK_BYTES_MAX));
        text.push_str(BEGIN);
        for address in self.addresses.iter().take(ADDRESSES_MAX) {
            let field = format!("a={address}&");
            if text.len() + field.len() + rest.len() <= PAIR_LINK_BYTES_MAX {
                text.push_str(&field);
            }
        }
        text.push_str(&rest);
        text
    }

    /// Reads the text.
    ///
    /// # Errors
    /// It is another text, or damaged.
    pub fn parse(text: &str) -> Result<Self, NotALink> {
        Self::read(text).ok_or(NotALink)
    }

    fn read(text: &str) -> Option<Self> {
        let mut rest = text.strip_prefix(BEGIN).filter(|_| text.len() <= PAIR_LINK_BYTES_MAX)?;
        let mut addresses = Vec::new();
        while let Some(field) = rest.strip_prefix("a=") {
            let (address, after) = field.split_once('&')?;
            let parsed: SocketAddr = address.parse().ok()?;
            let one_form = parsed.to_string() == address && parsed.port() != 0;
            if !one_form || addresses.len() >= ADDRESSES_MAX {
                return None;
            }
            addresses.push(parsed);
            rest = after;
        }
        let (secret, rest) = rest.strip_prefix("c=")?.split_once("&id=")?;
        let (admin, mesh) = rest.split_once("&m=")?;
        let peer: PeerId = admin.parse().ok()?;
        let secret = LongSecret::new(from_base32(secret)?);
        (peer.to_text() == admin).then_some(Self {
            addresses,
            secret,
            admin: PeerKey(*peer.public_key()),
            mesh: from_base32(mesh)?,
        })
    }
}

/// A text that is not one of a QR code of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotALink;

impl fmt::Display for NotALink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "This is not the text of a code, as `wattle pair` shows it there, or a part of it is missing. Nothing was sent. Scan it again, or type the eight digits.",
        )
    }
}

impl std::error::Error for NotALink {}

/// Five bits a letter, the highest first; the last letter is filled up with zeros.
pub(super) fn base32(bytes: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(bytes.len() * 8 / 5 + 1));
    for at in (0..bytes.len() * 8).step_by(5) {
        let byte = |at: usize| u16::from(bytes.get(at).copied().unwrap_or(0));
        let letter = (byte(at / 8) << 8 | byte(at / 8 + 1)) >> (11 - at % 8) & 31;
        let _ = text.write_char(char::from(LETTERS.get(usize::from(letter)).copied().unwrap_or(b'0')));
    }
    text
}

/// The bytes of a text that [`base32`] writes.
pub(super) fn from_base32<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != (N * 8).div_ceil(5) {
        return None;
    }
    let mut bytes = [0; N];
    for (at, letter) in text.bytes().enumerate() {
        let value = u16::try_from(LETTERS.iter().position(|known| *known == letter)?).ok()?;
        let placed = value << (11 - at * 5 % 8);
        for (offset, part) in placed.to_be_bytes().into_iter().enumerate() {
            match bytes.get_mut(at * 5 / 8 + offset) {
                Some(byte) => *byte |= part,
                // Bits that fill up the last letter.
                None if part != 0 => return None,
                None => {}
            }
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;

    fn link(addresses: &[&str]) -> PairLink {
        PairLink {
            addresses: addresses.iter().map(|address| address.parse().unwrap()).collect(),
            secret: LongSecret::new([0xa7; 16]),
            admin: PeerKey(*ed25519_dalek::SigningKey::from_bytes(&[1; 32]).verifying_key().as_bytes()),
            mesh: [0x5b; 32],
        }
    }

    #[test]
    fn a_link_survives_its_text() {
        for addresses in [&[][..], &["192.168.1.5:7781"], &["192.168.1.5:7781", "[fd00::5]:7781"]] {
            let link = link(addresses);
            assert_eq!(PairLink::parse(&link.text()), Ok(link));
        }
        assert!(link(&["192.168.1.5:7781"]).text().starts_with("wattle:pair?a=192.168.1.5:7781&c=MYKT"));
    }

    #[test]
    fn a_text_never_grows_above_its_cap() {
        let long = link(&["[1111:2222:3333:4444:5555:6666:7777:8888]:65535"; 8]);
        let text = long.text();
        assert!(text.len() <= PAIR_LINK_BYTES_MAX);
        assert!((1..8).contains(&PairLink::parse(&text).unwrap().addresses.len()));
    }

    #[test]
    fn every_other_form_is_refused() {
        let text = link(&["192.168.1.5:7781"]).text();
        for (from, to) in [
            ("wattle:pair?", "wattle:join?"),
            ("a=192.168.1.5:7781", "a=192.168.1.5:07781"),
            ("a=192.168.1.5:7781", "a=192.168.1.5:0"),
            ("a=192.168.1.5:7781&", "b=1&"),
            ("c=MY", "c=my"),
            ("c=MY", "c=M"),
            ("&id=12D3", "&id=12d3"),
            ("&m=", "&n="),
        ] {
            assert!(text.contains(from), "{from}");
            assert_eq!(PairLink::parse(&text.replacen(from, to, 1)), Err(NotALink), "{to}");
        }
        for end in 0..text.len() {
            assert_eq!(PairLink::parse(&text[..end]), Err(NotALink), "truncated");
        }
        assert_eq!(PairLink::parse(&format!("{}&", &*text)), Err(NotALink));
    }

    #[test]
    fn base32_has_one_form() {
        let mut rng = Rng::new(3);
        for _ in 0..500 {
            let bytes: [u8; 16] = core::array::from_fn(|_| rng.next().to_le_bytes()[0]);
            let text = base32(&bytes);
            assert_eq!((text.len(), from_base32::<16>(&text)), (26, Some(bytes)));
        }
        assert_eq!(from_base32::<16>(&"Z".repeat(26)), None, "the two bits that fill up are zero");
        assert_eq!(from_base32::<16>(&"I".repeat(26)), None);
    }
}
