//! Private keys of OpenSSH as bytes (PROTOCOL.key in its sources), the bytes that its files have in base64: encrypted or not.
//!
//! They are told by the word with which they begin, wherever in the bytes that is, and by their form: each length has to fit into the bytes.

/// How such a key begins.
const MAGIC: &[u8] = b"openssh-key-v1\0";

/// Letters of the names of a cipher, and of what makes its key of a password, at most.
const NAME_MAX: usize = 64;

/// Keys in one file at most: OpenSSH writes one.
const KEYS_MAX: u32 = 16;

/// Bytes of what holds the secrets, at least: two numbers, a name and 32 bytes.
const SECRETS_MIN: usize = 48;

/// Whether such a key stands in bytes of any kind. A bounded number of lengths is read at each beginning.
pub(super) fn holds_key(bytes: &[u8]) -> bool {
    let mut begins = bytes.iter().enumerate().filter(|(_, byte)| **byte == MAGIC[0]);
    begins.any(|(at, _)| bytes.get(at..).and_then(|from| from.strip_prefix(MAGIC)).and_then(form).is_some())
}

/// Names of the cipher and of what makes its key, options of that, the number of keys, public ones, and secrets.
fn form(rest: &[u8]) -> Option<()> {
    let (cipher, rest) = string(rest)?;
    let (maker, rest) = string(rest)?;
    let (_, rest) = string(rest)?;
    let (keys, mut rest) = number(rest)?;
    if !is_name(cipher) || !is_name(maker) || !(1..=KEYS_MAX).contains(&keys) {
        return None;
    }
    for _ in 0..keys {
        rest = string(rest)?.1;
    }
    (string(rest)?.0.len() >= SECRETS_MIN).then_some(())
}

fn is_name(name: &[u8]) -> bool {
    (1..=NAME_MAX).contains(&name.len()) && name.iter().all(u8::is_ascii_graphic)
}

/// A number of four bytes, the highest first, and what is behind it.
fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, behind) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*digits), behind))
}

/// Bytes with their number before them, and what is behind them.
fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = number(bytes)?;
    rest.split_at_checked(usize::try_from(length).ok()?)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn counted(bytes: &[u8]) -> Vec<u8> {
        [&u32::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat()
    }

    /// As `ssh-keygen -t ed25519` writes it, with zeros for a secret.
    pub(in crate::text::extract) fn ed25519() -> Vec<u8> {
        let names = [counted(b"none"), counted(b"none"), counted(b"")].concat();
        [MAGIC, &names, &1_u32.to_be_bytes(), &counted(&[7; 51]), &counted(&[0; 136])].concat()
    }

    #[test]
    fn a_key_is_told_in_the_middle_of_other_bytes_and_what_is_cut_or_only_talks_of_it_is_none() {
        let key = ed25519();
        assert!(holds_key(&key) && holds_key(&[&b"open"[..], &key, b"behind"].concat()));
        for length in 0..key.len() {
            assert!(!holds_key(&key[..length]), "{length}");
        }
        let talk = [MAGIC, b" is how a key of OpenSSH begins, and there is no key behind these words."].concat();
        assert!(!holds_key(&talk) && !holds_key(MAGIC) && !holds_key(&MAGIC.repeat(9)) && !holds_key(b""));
    }
}
