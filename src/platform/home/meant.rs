//! Whether a file that differs from its copy is damaged, or was changed on purpose.

use super::home_file::HomeFile;
use crate::energy::coordinator::persisted::PersistedState;
use crate::mesh::hardware::Binding;
use crate::mesh::trust::records::Records;
use crate::wire::x509::{Names, Root};
use zeroize::Zeroizing;

/// Whether a file that differs from its copy was changed on purpose, by its owner.
pub(super) fn is_meant(file: HomeFile, bytes: &[u8], copy: &[u8]) -> bool {
    match file {
        HomeFile::Identity | HomeFile::Token => is_another(bytes, copy),
        // A count may be raised by hand; a damaged one that is higher does no harm.
        HomeFile::BootCount => parse_count(bytes) > parse_count(copy),
        _ => false,
    }
}

/// Whether the copy of a lost file takes its place. The others are deleted on purpose: a token to get another one, addresses
/// and what the governor learned to begin anew.
pub(super) const fn outlives_its_file(file: HomeFile) -> bool {
    !matches!(file, HomeFile::Token | HomeFile::Peers | HomeFile::Energy)
}

/// Whether a file is never made anew in place of one that is lost: without its key this device is another one, and without the records of its
/// mesh it trusts whoever was removed.
pub(super) const fn is_made_once(file: HomeFile) -> bool {
    matches!(file, HomeFile::Identity | HomeFile::Records)
}

/// Whether a file of which nothing can be used is begun anew by the next start. Without the others this device is another one, or trusts whoever was
/// removed; the note of the hardware has words of its own.
pub(super) const fn is_begun_anew(file: HomeFile) -> bool {
    !matches!(file, HomeFile::Identity | HomeFile::Records | HomeFile::MeshRoot | HomeFile::Hardware)
}

/// Whether a file without a copy to compare may be what was written: one that a start refuses, or finds of no use, is none.
pub(super) fn is_possible(file: HomeFile, bytes: &[u8]) -> bool {
    match file {
        HomeFile::Identity | HomeFile::Token => parse_seed(bytes.trim_ascii()).is_some(),
        HomeFile::BootCount => parse_count(bytes).is_some(),
        HomeFile::Records => Records::decode_signed(bytes).is_some(),
        HomeFile::MeshRoot => parse_seed_word(bytes).is_some(),
        HomeFile::TlsRoot => parse_tls_root(bytes).is_some(),
        HomeFile::Hardware => Binding::decode(bytes, false).is_some(),
        HomeFile::Energy => {
            serde_json::from_slice::<PersistedState>(bytes).is_ok_and(|state| state.v == PersistedState::VERSION)
        }
        // An empty file is what a power cut left.
        _ => !bytes.is_empty(),
    }
}

/// The seed of a root's key: its file's first word.
pub(super) fn parse_seed_word(bytes: &[u8]) -> Option<[u8; 32]> {
    bytes.split(u8::is_ascii_whitespace).find(|word| !word.is_empty()).and_then(parse_seed)
}

/// The root of TLS in its file: the seed of its key, then the host name in its certificate.
pub(super) fn parse_tls_root(bytes: &[u8]) -> Option<Root> {
    let seed = Zeroizing::new(parse_seed_word(bytes)?);
    let host = str::from_utf8(bytes).ok()?.split_ascii_whitespace().nth(1)?;
    Root::new(&seed, &Names::label(host))
}

/// The count of starts in a file; `None` if it holds none.
pub(super) fn parse_count(bytes: &[u8]) -> Option<u32> {
    str::from_utf8(bytes).ok()?.trim().parse().ok()
}

/// Digits in which a damaged key differs from its copy at most; a key that was put in its place differs in some sixty.
const DAMAGED_DIGITS: usize = 8;

/// Whether this is a key, and another one than the copy, not a damaged one.
fn is_another(bytes: &[u8], copy: &[u8]) -> bool {
    let (bytes, copy) = (bytes.trim_ascii(), copy.trim_ascii());
    let other = bytes.iter().zip(copy).filter(|(one, other)| !one.eq_ignore_ascii_case(other)).count();
    parse_seed(bytes).is_some() && (other > DAMAGED_DIGITS || parse_seed(copy).is_none())
}

/// The seed of a key, from its 64 hex digits.
pub(super) fn parse_seed(digits: &[u8]) -> Option<[u8; 32]> {
    if digits.len() != 64 {
        return None;
    }
    let mut seed = [0; 32];
    for (byte, pair) in seed.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_start_would_refuse_as_a_root_of_tls_is_none_for_the_doctor_either() {
        let key = "07".repeat(32);
        let is_root = |text: &str| is_possible(HomeFile::TlsRoot, text.as_bytes());
        assert!(is_root(&format!("{key} attic\n")));
        let none = "00".repeat(32);
        for damaged in [String::new(), format!("{key}\n"), format!("{} attic\n", &key[1..]), format!("{none} attic\n")]
        {
            assert!(!is_root(&damaged), "{damaged}");
        }
        assert!(!is_possible(HomeFile::TlsRoot, &[key.as_bytes(), &b" \xff"[..]].concat()));
    }
}
