//! What both sides of a pairing know before it: eight digits, the secret of a QR code, or that of an invite.
//!
//! A secret is drawn from random bytes that are handed in, is wiped when it is dropped, and never shows in `Debug`. SPAKE2
//! is balanced: both sides use the same bytes, so whoever holds the issuer's record of an invite can redeem it. The record
//! holds a hash of what the file says, not the file's secret; it is only good for that one invite, and goes with its use.
//!
//! Not wiped: the copies that the crate spake2 makes while an exchange is under way. They are worth nothing once the
//! window has closed or the invite was used.

use super::InviteId;
use crate::limits::{PAIR_CODE_DIGITS, PAIR_CODES};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;
use zeroize::Zeroizing;

/// Random bytes that [`Code::draw`] takes: eight numbers, of which one has to be below the bound.
pub const CODE_RANDOM_BYTES: usize = 32;

const INVITE_DOMAIN: &[u8] = b"wattle-invite-1";

/// What SPAKE2 takes as the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    bytes: Zeroizing<[u8; 32]>,
    length: u8,
}

impl Secret {
    fn new(secret: &[u8]) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        bytes.iter_mut().zip(secret).for_each(|(to, from)| *to = *from);
        // A longer one does not exist: codes, links and hashes have 8, 16 and 32 bytes.
        Self { bytes, length: u8::try_from(secret.len().min(32)).unwrap_or(32) }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The eight digits that a person reads on one device and types on another.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(Zeroizing<[u8; PAIR_CODE_DIGITS]>);

impl Code {
    /// A code that is as likely as any other one. `None` if none of the numbers in `random` is below the largest multiple
    /// of 10^8 (once in 10^13 draws): draw again.
    #[must_use]
    pub fn draw(random: &[u8; CODE_RANDOM_BYTES]) -> Option<Self> {
        let bound = u32::MAX - u32::MAX % PAIR_CODES;
        let (words, _) = random.as_chunks::<4>();
        let mut number =
            words.iter().map(|word| u32::from_be_bytes(*word)).find(|number| *number < bound)? % PAIR_CODES;
        let mut digits = Zeroizing::new([b'0'; PAIR_CODE_DIGITS]);
        for digit in digits.iter_mut().rev() {
            *digit += u8::try_from(number % 10).unwrap_or(0);
            number /= 10;
        }
        Some(Self(digits))
    }

    /// The code in what a person typed: spaces and hyphens between the digits do not count.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let mut digits = Zeroizing::new([0; PAIR_CODE_DIGITS]);
        let mut seen = 0;
        for c in typed.bytes().filter(|c| !matches!(c, b' ' | b'-')) {
            *digits.get_mut(seen).filter(|_| c.is_ascii_digit())? = c;
            seen += 1;
        }
        (seen == PAIR_CODE_DIGITS).then_some(Self(digits))
    }

    /// The code as it is shown, in two groups: `1234 5678`.
    #[must_use]
    pub fn shown(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(PAIR_CODE_DIGITS + 1));
        for (at, digit) in self.0.iter().enumerate() {
            if at == PAIR_CODE_DIGITS / 2 {
                text.push(' ');
            }
            text.push(char::from(*digit));
        }
        text
    }

    /// The secret of this code.
    #[must_use]
    pub fn secret(&self) -> Secret {
        Secret::new(&*self.0)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(..)")
    }
}

/// 128 random bits: in a QR code, or in an invite.
#[derive(Clone, PartialEq, Eq)]
pub struct LongSecret(pub(super) Zeroizing<[u8; 16]>);

impl LongSecret {
    /// The secret that consists of these random bytes.
    #[must_use]
    pub fn new(random: [u8; 16]) -> Self {
        Self(Zeroizing::new(random))
    }

    /// What SPAKE2 takes, in a QR code.
    #[must_use]
    pub fn secret(&self) -> Secret {
        Secret::new(&*self.0)
    }

    /// What SPAKE2 takes for the invite `id`, and what its issuers keep: SHA-256 over a domain, the id and the secret.
    #[must_use]
    pub fn verifier(&self, id: InviteId) -> Verifier {
        let hash = Sha256::new().chain_update(INVITE_DOMAIN).chain_update(id.0).chain_update(*self.0).finalize();
        Verifier(Zeroizing::new(hash.into()))
    }
}

impl fmt::Debug for LongSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LongSecret(..)")
    }
}

/// What an issuer keeps of an invite's secret. Whoever has it can redeem the invite, so its record is kept secret like a key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verifier(#[serde(with = "super::octets::wiped")] Zeroizing<[u8; 32]>);

impl Verifier {
    /// That of an invite that was taken back: it lets nobody in, and no secret is known to have this one.
    #[must_use]
    pub fn none() -> Self {
        Self(Zeroizing::new([0; 32]))
    }

    /// What SPAKE2 takes.
    #[must_use]
    pub fn secret(&self) -> Secret {
        Secret::new(&*self.0)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_eight_digits_and_no_number_that_would_favour_some_codes_counts() {
        let mut random = [0xff; CODE_RANDOM_BYTES];
        assert_eq!(Code::draw(&random), None, "4,294,967,295 is above 42 times 10^8");
        random[4..8].copy_from_slice(&4_200_000_000_u32.to_be_bytes());
        assert_eq!(Code::draw(&random), None, "the bound itself");
        random[8..12].copy_from_slice(&4_199_999_999_u32.to_be_bytes());
        assert_eq!(*Code::draw(&random).unwrap().shown(), "9999 9999");
        random[0..4].copy_from_slice(&100_000_042_u32.to_be_bytes());
        assert_eq!(*Code::draw(&random).unwrap().shown(), "0000 0042");
    }

    #[test]
    fn a_typed_code_may_have_spaces_and_nothing_else() {
        let code = Code::parse(" 1234-56 78").unwrap();
        assert_eq!(*code.shown(), "1234 5678");
        assert_eq!(code.secret().as_bytes(), b"12345678");
        for wrong in ["", "1234567", "123456789", "1234567a", "１２３４５６７８", "1234 567\u{7}"] {
            assert!(Code::parse(wrong).is_none(), "{wrong:?}");
        }
    }

    #[test]
    fn no_secret_shows_in_debug() {
        let long = LongSecret::new([0x41; 16]);
        let shown = format!(
            "{:?} {:?} {long:?} {:?}",
            Code::parse("12345678").unwrap(),
            long.secret(),
            long.verifier(InviteId([1; 16]))
        );
        assert_eq!(shown, "Code(..) Secret(..) LongSecret(..) Verifier(..)");
    }

    #[test]
    fn a_verifier_is_of_one_invite() {
        let long = LongSecret::new([5; 16]);
        assert_ne!(long.verifier(InviteId([1; 16])), long.verifier(InviteId([2; 16])));
        assert_ne!(long.verifier(InviteId([1; 16])), LongSecret::new([6; 16]).verifier(InviteId([1; 16])));
    }
}
