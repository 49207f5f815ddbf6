//! Reading canonical JSON: a cursor that takes what is spelt as it should be, and nothing else.

use super::{NUMBER_MAX, base64};
use crate::limits::JSON_DEPTH_MAX;
use core::str::Chars;
use heapless::Vec as Bounded;

/// A place in a text. Every method that gives `None` leaves the cursor where the fault is: give the text up.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    text: &'a str,
    at: usize,
}

/// A string, checked and not yet unescaped.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a>(&'a str);

/// Where a value stands: in a list, or in an object behind its last key.
enum Level<'a> {
    List,
    Map(Text<'a>),
}

impl<'a> Reader<'a> {
    /// At the beginning; `None` if the bytes are no UTF-8.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        Some(Self { text: core::str::from_utf8(bytes).ok()?, at: 0 })
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    /// Takes `what`, if it stands here.
    pub fn has(&mut self, what: &str) -> bool {
        let here = self.text.as_bytes().get(self.at..).is_some_and(|rest| rest.starts_with(what.as_bytes()));
        self.at += if here { what.len() } else { 0 };
        here
    }

    /// Takes `what`, which must stand here.
    pub fn exact(&mut self, what: &str) -> Option<()> {
        self.has(what).then_some(())
    }

    /// Nothing may follow.
    #[must_use]
    pub fn end(&self) -> Option<()> {
        (self.at == self.text.len()).then_some(())
    }

    /// A string.
    pub fn text(&mut self) -> Option<Text<'a>> {
        self.exact("\"")?;
        let begin = self.at;
        loop {
            match self.next()? {
                b'"' => return Some(Text(self.text.get(begin..self.at - 1)?)),
                b'\\' => self.escape()?,
                0..0x20 => return None,
                _ => {}
            }
        }
    }

    /// What may stand behind a backslash: the short encodings, and `u00` with two small hexadecimal digits for those
    /// control codes that have no short encoding.
    fn escape(&mut self) -> Option<()> {
        match self.next()? {
            b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't' => Some(()),
            b'u' => {
                self.exact("00")?;
                let (high, low) = (self.next()?, self.next()?);
                let short = high == b'0' && matches!(low, b'8' | b'9' | b'a' | b'c' | b'd');
                (matches!(high, b'0' | b'1') && matches!(low, b'0'..=b'9' | b'a'..=b'f') && !short).then_some(())
            }
            _ => None,
        }
    }

    fn digits(&mut self) -> Option<&'a str> {
        let begin = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        let digits = self.text.get(begin..self.at)?;
        let sound = digits == "0" || !digits.is_empty() && !digits.starts_with('0');
        sound.then_some(digits)
    }

    /// A number that is not below zero: up to 2^53 - 1 as it is, above as a string.
    pub fn number(&mut self) -> Option<u64> {
        let large = self.has("\"");
        let number: u64 = self.digits()?.parse().ok()?;
        if large {
            self.exact("\"")?;
        }
        (large == (number > NUMBER_MAX)).then_some(number)
    }

    /// `true` or `false`.
    pub fn truth(&mut self) -> Option<bool> {
        let truth = self.has("true");
        (truth || self.has("false")).then_some(truth)
    }

    /// Bytes, at most `cap` of them.
    pub fn bytes(&mut self, cap: usize) -> Option<Vec<u8>> {
        base64::bytes(self.text()?.plain()?, cap)
    }

    /// Exactly so many bytes.
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        base64::array(self.text()?.plain()?)
    }

    /// A list of at most `cap` items; `item` takes each.
    pub fn list(&mut self, cap: usize, mut item: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.exact("[")?;
        if self.has("]") {
            return Some(());
        }
        for _ in 0..cap {
            item(self)?;
            if self.has("]") {
                return Some(());
            }
            self.exact(",")?;
        }
        None
    }

    /// Any value in its one encoding, as it stands there, nested at most `JSON_DEPTH_MAX` deep.
    pub fn value(&mut self) -> Option<&'a str> {
        let begin = self.at;
        let mut open: Bounded<Level<'a>, JSON_DEPTH_MAX> = Bounded::new();
        loop {
            match self.peek()? {
                b'{' if !self.has("{}") => {
                    self.at += 1;
                    let key = self.key()?;
                    open.push(Level::Map(key)).ok()?;
                    continue;
                }
                b'[' if !self.has("[]") => {
                    self.at += 1;
                    open.push(Level::List).ok()?;
                    continue;
                }
                b'{' | b'[' => {}
                b'"' => drop(self.text()?),
                b't' | b'f' => drop(self.truth()?),
                b'n' => self.exact("null")?,
                _ => self.whole()?,
            }
            loop {
                let Some(level) = open.last_mut() else { return self.text.get(begin..self.at) };
                match (level, self.next()?) {
                    (Level::List, b',') => break,
                    (Level::Map(last), b',') => {
                        let key = self.key()?;
                        if !last.units().lt(key.units()) {
                            return None;
                        }
                        *last = key;
                        break;
                    }
                    (Level::List, b']') | (Level::Map(_), b'}') => drop(open.pop()),
                    _ => return None,
                }
            }
        }
    }

    /// A key of an object and its colon.
    pub fn key(&mut self) -> Option<Text<'a>> {
        let key = self.text()?;
        self.exact(":")?;
        Some(key)
    }

    /// A number as it may stand in a value that nobody here understands; it may be below zero.
    fn whole(&mut self) -> Option<()> {
        let below = self.has("-");
        let number: u64 = self.digits()?.parse().ok()?;
        let sound = number <= NUMBER_MAX && !(below && number == 0);
        // A point or an exponent is no end of a number; whoever reads on finds it in the way.
        sound.then_some(())
    }
}

impl<'a> Text<'a> {
    /// The string as it stands there, if nothing in it is escaped.
    #[must_use]
    pub fn plain(self) -> Option<&'a str> {
        (!self.0.contains('\\')).then_some(self.0)
    }

    /// What it means.
    pub fn chars(self) -> impl Iterator<Item = char> {
        let mut rest: Chars<'a> = self.0.chars();
        core::iter::from_fn(move || {
            Some(match rest.next()? {
                '\\' => match rest.next()? {
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'u' => {
                        let mut code = 0;
                        for digit in rest.by_ref().take(4) {
                            code = code << 4 | digit.to_digit(16)?;
                        }
                        char::from_u32(code)?
                    }
                    itself => itself,
                },
                letter => letter,
            })
        })
    }

    /// The UTF-16 units that keys are ordered by.
    fn units(self) -> impl Iterator<Item = u16> {
        self.chars().flat_map(|letter| {
            let mut units = [0; 2];
            let count = letter.encode_utf16(&mut units).len();
            units.into_iter().take(count)
        })
    }

    /// What it means, if that is at most `N` bytes.
    #[must_use]
    pub fn bounded<const N: usize>(self) -> Option<heapless::String<N>> {
        let mut text = heapless::String::new();
        self.chars().try_for_each(|letter| text.push(letter)).ok()?;
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use crate::wire::json::write;
    use crate::wire::random_bytes;

    fn canonical(text: &str) -> bool {
        let mut reader = Reader::new(text.as_bytes()).unwrap();
        reader.value().is_some_and(|value| value == text) && reader.end().is_some()
    }

    #[test]
    fn the_one_spelling_is_taken() {
        let right = [
            "0",
            "-1",
            "9007199254740991",
            "null",
            "true",
            "[]",
            "{}",
            "[[],{}]",
            "\"\"",
            "\"\\n\\u001f\\\"\\\\/é\u{7f}\"",
            // The example of RFC 8785 section 3.2.3: by UTF-16 units, not by code points.
            "{\"\\r\":1,\"1\":2,\"\u{80}\":3,\"ö\":4,\"€\":5,\"😀\":6,\"\u{fb33}\":7}",
        ];
        for text in right {
            assert!(canonical(text), "{text}");
        }
    }

    #[test]
    fn every_other_spelling_is_refused() {
        let wrong = [
            "",
            " 1",
            "1 ",
            "01",
            "-0",
            "+1",
            "1.0",
            "1e3",
            "9007199254740992",
            "NaN",
            "nul",
            "[1,]",
            "[1 ,2]",
            "[,1]",
            "{\"a\"}",
            "{\"a\":1,}",
            "{\"b\":1,\"a\":2}",
            "{\"a\":1,\"a\":2}",
            "{a:1}",
            "\"\\/\"",
            "\"\\u000A\"",
            "\"\\u000a\"",
            "\"\\u0041\"",
            "\"\\u001F\"",
            "\"\\ud83d\\ude00\"",
            "\"\n\"",
            "\"",
            "\"\\\"",
            "{\"a\":1}}",
            "[1]]",
            "[1}",
            "{\"a\":1]",
            "{\"\\u000b\":1,\"\\t\":2}",
            "{\"\u{fb33}\":7,\"😀\":6}",
        ];
        for text in wrong {
            assert!(!canonical(text), "{text}");
        }
        assert!(Reader::new(&[0xff]).is_none() && Reader::new(b"\xed\xa0\x80").is_none());
    }

    #[test]
    fn depth_has_an_end_and_takes_no_stack() {
        let nested = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
        let deep = |depth| Reader::new(&nested(depth)).unwrap().value().is_some();
        assert!(
            deep(JSON_DEPTH_MAX) && deep(JSON_DEPTH_MAX + 1) && !deep(JSON_DEPTH_MAX + 2),
            "the innermost is empty"
        );
        assert!(Reader::new(&vec![b'['; 1 << 20]).unwrap().value().is_none());
    }

    #[test]
    fn numbers_above_a_double_are_strings_and_smaller_ones_are_not() {
        for number in [0, 9, 10, NUMBER_MAX, NUMBER_MAX + 1, u64::MAX] {
            let mut out = Vec::new();
            write::number(&mut out, number);
            assert_eq!(out.first() == Some(&b'"'), number > NUMBER_MAX);
            assert_eq!(Reader::new(&out).unwrap().number(), Some(number));
        }
        for wrong in
            ["\"1\"", "9007199254740992", "\"18446744073709551616\"", "\"09007199254740993\"", "-1", "", "\"\""]
        {
            assert_eq!(Reader::new(wrong.as_bytes()).unwrap().number(), None, "{wrong}");
        }
    }

    #[test]
    fn any_text_comes_back_as_serde_json_would_read_it() {
        let mut rng = Rng::new(5);
        for _ in 0..2_000 {
            let mut letter = || {
                let end = if rng.below(2) == 0 { 0x40 } else { 0x11_0000 };
                char::from_u32(u32::try_from(rng.below(end)).unwrap())
            };
            let text: String = (0..20).filter_map(|_| letter()).collect();
            let mut out = Vec::new();
            write::text(&mut out, &text);
            let mut reader = Reader::new(&out).unwrap();
            assert_eq!(reader.text().unwrap().chars().collect::<String>(), text);
            assert!(reader.end().is_some());
            assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
            assert_eq!(serde_json::to_vec(&text).unwrap(), out, "serde_json escapes as RFC 8785 says");
        }
    }

    #[test]
    fn any_bytes_end_in_an_answer() {
        let mut rng = Rng::new(6);
        let good = b"{\"a\":[1,{\"b\":\"\\u0001\"}],\"c\":null}";
        for _ in 0..20_000 {
            let mut bytes = good.to_vec();
            random_bytes::damage(&mut rng, &mut bytes, 4);
            if let Some(mut reader) = Reader::new(&bytes)
                && let Some(value) = reader.value()
            {
                assert!(serde_json::from_str::<serde_json::Value>(value).is_ok(), "{value}");
            }
        }
    }
}
