//! Bytes as text: RFC 4648 section 4 (`+` and `/`), with padding, and one encoding for each.

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Appends `bytes`.
pub fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    for part in bytes.chunks(3) {
        let mut group = [0; 4];
        for (to, from) in group.iter_mut().skip(1).zip(part) {
            *to = *from;
        }
        let group = u32::from_be_bytes(group);
        for place in 0..4 {
            let letter = LETTERS.get((group >> (18 - 6 * place) & 63) as usize).copied().unwrap_or(b'=');
            out.push(if place <= part.len() { letter } else { b'=' });
        }
    }
}

/// The bytes in `text`, of at most `cap`; `None` if it is spelt otherwise than [`put`] does.
#[must_use]
pub fn bytes(text: &str, cap: usize) -> Option<Vec<u8>> {
    if text.len() / 4 > cap.div_ceil(3) {
        return None;
    }
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    groups(text, |part| {
        out.extend_from_slice(part);
        out.len() <= cap
    })?;
    Some(out)
}

/// The same into a place of the caller's: how many bytes there are.
#[must_use]
pub fn fill(text: &str, place: &mut [u8]) -> Option<usize> {
    let mut filled = 0;
    groups(text, |part| {
        let Some(room) = place.get_mut(filled..filled + part.len()) else { return false };
        room.copy_from_slice(part);
        filled += part.len();
        true
    })?;
    Some(filled)
}

/// Exactly as many bytes as an array has.
#[must_use]
pub fn array<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    (fill(text, &mut bytes)? == N).then_some(bytes)
}

fn groups(text: &str, mut take: impl FnMut(&[u8]) -> bool) -> Option<()> {
    let (groups, rest) = text.as_bytes().as_chunks::<4>();
    let last = groups.len().checked_sub(1);
    for (at, group) in groups.iter().enumerate() {
        let padding = match group {
            [_, _, b'=', b'='] if Some(at) == last => 2,
            [_, _, _, b'='] if Some(at) == last => 1,
            _ => 0,
        };
        let mut value = 0;
        for letter in group.iter().take(4 - padding) {
            value = value << 6 | sextet(*letter)?;
        }
        value <<= 6 * padding;
        let bytes = value.to_be_bytes();
        let (part, unused) = bytes.get(1..)?.split_at_checked(3 - padding)?;
        // Bits that no byte uses are zero, or there would be a second encoding.
        if unused.iter().any(|byte| *byte != 0) || !take(part) {
            return None;
        }
    }
    rest.is_empty().then_some(())
}

const fn sextet(letter: u8) -> Option<u32> {
    let value = match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(value as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use crate::wire::random_bytes;

    fn text(bytes: &[u8]) -> String {
        let mut out = Vec::new();
        put(&mut out, bytes);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_examples_of_the_rfc_come_out_and_back() {
        let examples =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")];
        for (bytes_of, spelt) in examples {
            assert_eq!(text(bytes_of.as_bytes()), spelt);
            assert_eq!(bytes(spelt, 6).as_deref(), Some(bytes_of.as_bytes()));
        }
    }

    #[test]
    fn another_spelling_is_refused() {
        for wrong in ["Zg", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "====", "Z===", "Zm-_", "Zm9v\n", "Z g=", "é==="] {
            assert_eq!(bytes(wrong, 100), None, "{wrong:?}");
        }
        assert_eq!(bytes("Zm9vYmFy", 5), None, "above its cap");
        assert_eq!((array::<3>("Zm9v"), array::<2>("Zm9v"), array::<4>("Zm9v")), (Some(*b"foo"), None, None));
    }

    #[test]
    fn any_bytes_come_back() {
        let mut rng = Rng::new(4);
        for _ in 0..2_000 {
            let sent = random_bytes::bytes(&mut rng, 80);
            assert_eq!(bytes(&text(&sent), 80), Some(sent));
        }
    }
}
