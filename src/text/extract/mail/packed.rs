//! Base64 as programs for mails decode it where it is not whole: mailing lists append a footer behind the letters, and a sign that is no
//! letter, or a line that is broken, comes between them on the way (RFC 2045, 6.8: such signs are ignored).
//!
//! `mail-parser` decodes what is whole, and gives the letters themselves of all else.

/// Letters of a word without a blank, on average, from which on words beside each other are parts of base64 and no sentence.
const LETTERS_OF_A_WORD: usize = 20;

/// Letters of base64 that are not believed to be some unless they are text: a word or two look like it.
const LETTERS_MIN: usize = 24;

/// Of so many letters of a line one may be another sign. Of the first line, which is base64 as its header says, `STRAY_IN_FIRST`.
const STRAY_IN: usize = 16;
const STRAY_IN_FIRST: usize = 4;

/// What stands in a body that is base64 by its header.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Unpacked<'a> {
    pub(super) bytes: Vec<u8>,
    /// What stands behind the letters and is none: a footer.
    pub(super) footer: &'a [u8],
    /// Whether other signs stand between the letters, or one is missing: the bytes may be wrong.
    pub(super) is_altered: bool,
}

/// Decodes the letters up to their padding, or to the first line that has none. It takes time and memory by the bytes of the body.
pub(super) fn unpack(body: &[u8]) -> Unpacked<'_> {
    let mut letters = Letters::default();
    let mut unpacked = Unpacked::default();
    let mut end = 0;
    for whole in body.split_inclusive(|byte| *byte == b'\n') {
        let start = end;
        end += whole.len();
        let line = whole.trim_ascii();
        if line.is_empty() {
            continue;
        }
        let Some(stray) = letters.stray(line) else {
            unpacked.footer = body.get(start..).unwrap_or_default().trim_ascii();
            break;
        };
        unpacked.is_altered |= stray > 0;
        letters.add(line, stray);
    }
    unpacked.is_altered |= letters.pending == 1;
    letters.flush();
    let is_text = || std::str::from_utf8(&letters.bytes).is_ok_and(|text| !text.chars().any(is_no_text));
    if letters.count < LETTERS_MIN && !is_text() {
        return Unpacked { footer: body.trim_ascii(), ..Unpacked::default() };
    }
    unpacked.bytes = letters.bytes;
    unpacked
}

fn is_no_text(c: char) -> bool {
    c.is_control() && !c.is_whitespace()
}

/// The value of a letter of base64.
fn value(letter: u8) -> Option<u32> {
    let value = match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

/// The letters so far.
#[derive(Default)]
struct Letters {
    bytes: Vec<u8>,
    /// The bits of the letters that are no bytes yet, and how many letters these are: three at most.
    bits: u32,
    pending: u8,
    /// All letters.
    count: usize,
    /// Whether the last one was padding.
    has_ended: bool,
}

impl Letters {
    /// How many signs of a line are no letters; `None`: it is no base64, but a footer.
    fn stray(&self, line: &[u8]) -> Option<usize> {
        let letters = line.iter().filter(|byte| value(**byte).is_some() || **byte == b'=').count();
        let blanks = line.iter().filter(|byte| byte.is_ascii_whitespace()).count();
        let words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).count();
        let stray = line.len() - letters - blanks;
        let most = letters / if self.count == 0 { STRAY_IN_FIRST } else { STRAY_IN };
        let is_sentence = words > 1 && letters < LETTERS_OF_A_WORD * words;
        // Behind the padding only more of the same: two texts that were encoded apart.
        let is_behind = self.has_ended && (stray > 0 || letters < LETTERS_MIN || !letters.is_multiple_of(4));
        (letters > 0 && stray <= most && !is_sentence && !is_behind).then_some(stray)
    }

    /// Adds a line. Where a sign stands in the place of a letter, and not between two, the letters behind it stay in their places.
    fn add(&mut self, line: &[u8], stray: usize) {
        let signs = line.iter().filter(|byte| !byte.is_ascii_whitespace()).count();
        let replaces = stray > 0 && signs.is_multiple_of(4) && !stray.is_multiple_of(4);
        for byte in line.iter().filter(|byte| !byte.is_ascii_whitespace()) {
            match value(*byte) {
                Some(value) => self.push(value),
                None if *byte == b'=' => {
                    self.flush();
                    self.has_ended = true;
                }
                None if replaces => self.push(0),
                None => {}
            }
        }
    }

    fn push(&mut self, value: u32) {
        (self.bits, self.pending) = ((self.bits << 6) | value, self.pending + 1);
        (self.count, self.has_ended) = (self.count + 1, false);
        if self.pending == 4 {
            let [_, one, two, three] = self.bits.to_be_bytes();
            self.bytes.extend([one, two, three]);
            (self.bits, self.pending) = (0, 0);
        }
    }

    /// The letters of the last group, which has fewer than four: two are a byte, three are two.
    fn flush(&mut self) {
        let missing = u32::from(4 - self.pending);
        let [_, one, two, _] = (self.bits << (6 * missing)).to_be_bytes();
        match self.pending {
            2 => self.bytes.push(one),
            3 => self.bytes.extend([one, two]),
            _ => {}
        }
        (self.bits, self.pending) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64ct::{Base64, Encoding};

    const WORDS: &str =
        "The plumber comes on Thursday to mend the boiler in the scullery, and the accordion is in the attic.";

    fn letters() -> String {
        let mut text = vec![0; WORDS.len().div_ceil(3) * 4];
        Base64::encode(WORDS.as_bytes(), &mut text).unwrap().to_owned()
    }

    /// The text of a body, its footer, and whether it is altered.
    fn told(body: &str) -> (String, String, bool) {
        let Unpacked { bytes, footer, is_altered } = unpack(body.as_bytes());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (text(&bytes), text(footer), is_altered)
    }

    #[test]
    fn letters_are_decoded_up_to_their_padding_and_what_is_behind_it_is_a_footer() {
        let all = letters();
        assert!(all.ends_with('='), "the test is one of padding: {all}");
        for footer in
            ["_____\r\nSent by the list.", "--\nSent by the list", "Marmalade\nhttps://lists.example.org/x", "."]
        {
            for gap in ["\r\n", "\n\n"] {
                let body = format!("{}\r\n{}{gap}{footer}\n", &all[..76], &all[76..]);
                assert_eq!(told(&body), (WORDS.to_owned(), footer.to_owned(), false), "{footer}");
            }
        }
        let bare = all.trim_end_matches('=');
        assert_eq!(told(&format!("{bare}\n_____\nx")), (WORDS.to_owned(), "_____\nx".to_owned(), false));
        assert_eq!(told(&format!("{all}\n{all}\n--\n")).0, WORDS.repeat(2), "two texts, one behind the other");
    }

    #[test]
    fn signs_and_line_ends_between_letters_are_left_out_and_told() {
        let all = letters();
        let broken = format!("{}\n \t{}", &all[..33], &all[33..]);
        assert_eq!(told(&broken), (WORDS.to_owned(), String::new(), false));
        let stray = format!("{}!{}", &all[..33], &all[33..]);
        assert_eq!(told(&stray), (WORDS.to_owned(), String::new(), true));
        let replaced = format!("{}!{}", &all[..32], &all[33..]);
        let (text, _, is_altered) = told(&replaced);
        assert!(is_altered && text.get(27..) == WORDS.get(27..), "one letter is lost, not all behind it: {text}");
        assert_eq!(told(&all[..41]), (WORDS[..30].to_owned(), String::new(), true));
        assert_eq!(told("SGk="), ("Hi".to_owned(), String::new(), false));
    }

    #[test]
    fn a_text_that_only_says_that_it_is_base64_is_none() {
        for text in ["Dear Ann, the boiler hums.", "Hello\nthe boiler hums", "--", "_______", "Dear-Ann,", ""] {
            assert_eq!(told(text), (String::new(), text.to_owned(), false), "{text}");
        }
    }
}
