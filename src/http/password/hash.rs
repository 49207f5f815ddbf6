//! What is kept of a password: a salt, and a sum that takes memory and time to make (Argon2id, RFC 9106).
//!
//! A password is what a person can remember, so that a stolen file is tried against lists of the usual ones. Memory makes each try dear, on a
//! graphics card too. The figures stand in the file, so that later versions may ask for more.

use crate::base::password::check;
use crate::limits::{PASSWORD_BYTES_MAX, PASSWORD_COST_MAX, PASSWORD_KIB, PASSWORD_PASSES};
use crate::platform::home::Token;
use crate::platform::unchanged::Unchanged;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::hint::black_box;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// Bytes of a sum.
const SUM_BYTES: usize = 32;

/// What a password is compared with.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hash {
    /// 64 random hex digits.
    salt: String,
    /// In hex.
    sum: String,
    kib: u32,
    passes: u32,
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hash(..)")
    }
}

impl Hash {
    /// Of a new password. Takes `PASSWORD_KIB` for about a second on a small board.
    ///
    /// # Errors
    /// One sentence: it is no password (`base::password`), or the system gives no random numbers.
    pub(super) fn of(password: &str) -> Result<Self, Unchanged> {
        check(password).map_err(|why| {
            Unchanged::Unfit(format!(
                "A password {why}: nothing was changed. Some words that only you put together are better than one with signs in it."
            ))
        })?;
        let salt = Token::random().map_err(Unchanged::Broken)?.reveal().to_owned();
        let (kib, passes) = (PASSWORD_KIB, PASSWORD_PASSES);
        let no_room = || Unchanged::Busy("The password's sum cannot be made: nothing was changed.".to_owned());
        let sum = sum(password, &salt, kib, passes).ok_or_else(no_room)?;
        Ok(Self { salt, sum: hex(&sum), kib, passes })
    }

    /// Whether this is the password. Takes the same time wherever the two differ. Figures that no version of this program writes fit nothing.
    pub(super) fn fits(&self, password: &str) -> bool {
        if self.kib > PASSWORD_COST_MAX.0 || self.passes > PASSWORD_COST_MAX.1 || password.len() > PASSWORD_BYTES_MAX {
            return false;
        }
        sum(password, &self.salt, self.kib, self.passes).is_some_and(|sum| is_same(&hex(&sum), &self.sum))
    }
}

/// The sum, in time and memory as the figures say; `None` where they are out of bounds, or there is too little memory. One password is typed in several ways: what devices write as a
/// letter and an accent, and as one letter, is the same (RFC 8265, section 4.2).
fn sum(password: &str, salt: &str, kib: u32, passes: u32) -> Option<[u8; SUM_BYTES]> {
    let params = Params::new(kib, passes, 1, Some(SUM_BYTES)).ok()?;
    let typed = Zeroizing::new(password.nfc().collect::<String>());
    // Where there is not so much memory, nobody is let in, and the agent goes on.
    let (mut sum, mut blocks) = ([0; SUM_BYTES], Vec::new());
    blocks.try_reserve_exact(params.block_count()).ok()?;
    blocks.resize(params.block_count(), Block::default());
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon.hash_password_into_with_memory(typed.as_bytes(), salt.as_bytes(), &mut sum, blocks).ok()?;
    Some(sum)
}

fn is_same(a: &str, b: &str) -> bool {
    let differs = a.bytes().zip(b.bytes()).fold(0, |differs, (a, b)| black_box(differs | (a ^ b)));
    a.len() == b.len() && black_box(differs) == 0
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_fits_its_own_hash_alone_and_two_of_one_differ() {
        let hash = Hash::of("quince and plum").unwrap();
        assert!(hash.fits("quince and plum"));
        for wrong in ["", "quince and plu", "quince and plum ", "Quince and plum", &"x".repeat(PASSWORD_BYTES_MAX + 1)]
        {
            assert!(!hash.fits(wrong), "{wrong}");
        }
        let again = Hash::of("quince and plum").unwrap();
        assert_ne!((&hash.salt, &hash.sum), (&again.salt, &again.sum));
        assert_eq!(format!("{hash:?}"), "Hash(..)");
        // What one keyboard writes as two signs and another as one.
        let composed = Hash::of("Pf\u{e4}nder und Pflaumen").unwrap();
        assert!(composed.fits("Pfa\u{308}nder und Pflaumen"));
    }

    #[test]
    fn it_is_the_sum_that_the_reference_program_makes() {
        // By argon2-cffi 25, which has the reference code of Argon2 in it.
        let of = |kib, passes| sum("quince and plum", "somesaltsomesalt", kib, passes).map(|sum| hex(&sum));
        let expected = "277d78a0ac36a0149f632a862c02abdd4d062882a44e44bcb6922172505e7f36";
        assert_eq!(of(PASSWORD_KIB, PASSWORD_PASSES).as_deref(), Some(expected));
        let expected = "b3b297a0e141ce76baaeb249301fb793834ef7658fe1400bf3eb43cb9098f1c6";
        assert_eq!(of(1024, 1).as_deref(), Some(expected));
    }

    #[test]
    fn what_is_too_short_or_too_long_is_refused_and_a_file_cannot_ask_for_more_than_a_board_has() {
        for wrong in ["", "seven77", "\u{fc}\u{fc}\u{fc}\u{fc}", &"x".repeat(PASSWORD_BYTES_MAX + 1)] {
            assert!(Hash::of(wrong).unwrap_err().why().contains("at least 8 characters"), "{wrong}");
        }
        for unseen in ["\0\0\0\0\0\0\0\0", "quince\u{1b}[31mand plum", "quince and plum\n"] {
            assert!(Hash::of(unseen).unwrap_err().why().contains("no control characters"), "{unseen:?}");
        }
        let hash = Hash::of("quince and plum").unwrap();
        for (kib, passes) in [(u32::MAX, 3), (PASSWORD_KIB, u32::MAX), (0, 0)] {
            assert!(!Hash { kib, passes, ..hash.clone() }.fits("quince and plum"));
        }
    }
}
