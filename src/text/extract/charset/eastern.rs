//! Japanese and Thai texts that are too short for the frequency of pairs of letters: they are told by how their letters stand.
//!
//! In both, most bytes are letters of every encoding of one byte, so that a short text of them is taken for Cyrillic. But hardly a
//! text of another language has only whole letters of Japanese in it with so many of hiragana among them, or only Thai vowels
//! and tones where Thai has them.

use encoding_rs::{EUC_JP, Encoding, IBM866, SHIFT_JIS, WINDOWS_874};

/// Of so many letters of a Japanese text that are no ASCII one is hiragana, in prose every second one.
const LETTERS_PER_HIRAGANA: usize = 5;

/// Letters of hiragana that a text has at least.
const HIRAGANA_MIN: usize = 2;

/// Thai letters and signs that a text has at least; and where it is taken for one of pairs of bytes, of which a few may stand as Thai by chance.
const THAI_MIN: usize = 8;
const THAI_MIN_OF_PAIRS: usize = 24;

/// The encoding that bytes are in which the frequency of letters takes for another one.
pub(super) fn told(bytes: &[u8], guess: &'static Encoding) -> Option<&'static Encoding> {
    if guess == WINDOWS_874 {
        return None;
    }
    if !guess.is_single_byte() {
        return is_thai(bytes, THAI_MIN_OF_PAIRS).then_some(WINDOWS_874);
    }
    let japanese = [SHIFT_JIS, EUC_JP].into_iter().find(|&encoding| is_japanese(bytes, encoding));
    // The small letters of DOS are those that Thai has.
    japanese.or_else(|| (guess != IBM866 && is_thai(bytes, THAI_MIN)).then_some(WINDOWS_874))
}

/// Whether all bytes are letters in this encoding that Japanese has, with hiragana among them. One may be cut at the end.
fn is_japanese(bytes: &[u8], encoding: &'static Encoding) -> bool {
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    let text = text.strip_suffix(char::REPLACEMENT_CHARACTER).unwrap_or(&text);
    let (mut letters, mut hiragana) = (0_usize, 0_usize);
    for c in text.chars().filter(|c| !c.is_ascii()) {
        // Not katakana of half the width: those are single bytes, as the letters of other encodings are.
        if !matches!(c, '\u{2010}'..='\u{2312}' | '\u{3000}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}' | '\u{ff01}'..='\u{ff5e}')
        {
            return false;
        }
        letters += 1;
        hiragana += usize::from(matches!(c, '\u{3041}'..='\u{3096}'));
    }
    hiragana >= HIRAGANA_MIN && hiragana * LETTERS_PER_HIRAGANA >= letters
}

/// Whether all bytes that are no ASCII are Thai, each vowel and tone where it may stand, with a tone and a vowel before its consonant among
/// them.
fn is_thai(bytes: &[u8], letters_min: usize) -> bool {
    let (mut letters, mut leading, mut tones) = (0_usize, 0_usize, 0_usize);
    let mut before = Thai::Other;
    for byte in bytes {
        let Some(sign) = Thai::of(*byte) else { return false };
        let fits = match (before, sign) {
            (Thai::Leading, sign) => sign == Thai::Consonant,
            (Thai::Consonant | Thai::Above, _) => true,
            (Thai::Behind, sign) => sign != Thai::Above,
            (Thai::Other, sign) => !matches!(sign, Thai::Above | Thai::Behind),
        };
        if !fits {
            return false;
        }
        letters += usize::from(!byte.is_ascii());
        leading += usize::from(sign == Thai::Leading);
        tones += usize::from(matches!(byte, 0xE7..=0xEB));
        before = sign;
    }
    letters >= letters_min && leading > 0 && tones > 0
}

/// What a byte is in Thai.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Thai {
    Consonant,
    /// A vowel that is written before the consonant that it follows.
    Leading,
    /// A vowel or a tone above or below the letter before it.
    Above,
    /// A vowel behind a consonant.
    Behind,
    /// ASCII, a digit, another sign.
    Other,
}

impl Thai {
    /// `None`: no byte of a Thai text.
    const fn of(byte: u8) -> Option<Self> {
        Some(match byte {
            0xA1..=0xCE => Self::Consonant,
            0xE0..=0xE4 => Self::Leading,
            0xD1 | 0xD4..=0xDA | 0xE7..=0xEE => Self::Above,
            0xD0 | 0xD2 | 0xD3 | 0xE5 => Self::Behind,
            // Quotes, dashes and dots of Windows, a blank that does not break.
            0..=0x7F | 0x85 | 0x91..=0x97 | 0xA0 | 0xCF | 0xDF | 0xE6 | 0xEF..=0xFB => Self::Other,
            _ => return None,
        })
    }
}
