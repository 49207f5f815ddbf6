//! Rich Text Format: groups of control words, with text in the code page of its font between them.
//!
//! Headings are told by the levels of paragraphs and by the names of styles. Notes and comments stand in brackets where they are
//! referred to; pictures and what other programs left are stepped over.

use crate::limits::XML_DEPTH_MAX;
use crate::text::extract::leaf::Leaf;
use encoding_rs::{Encoding, WINDOWS_1252};
use std::collections::BTreeMap;
use std::mem;

/// Groups whose text is not shown.
const UNSEEN: [&str; 23] = [
    "colortbl",
    "filetbl",
    "pict",
    "object",
    "objdata",
    "fldinst",
    "listtable",
    "listoverridetable",
    "rsidtbl",
    "generator",
    "nonshppict",
    "xmlnstbl",
    "themedata",
    "datastore",
    "latentstyles",
    "atnid",
    "atnauthor",
    "atndate",
    "bkmkstart",
    "bkmkend",
    "listtext",
    "pntext",
    "sp",
];

/// Groups with a star, which other programs may leave out, whose text is shown.
const STARRED: [&str; 4] = ["annotation", "shpinst", "shppict", "ud"];

/// Reads a document.
pub(super) fn read(file: &[u8]) -> Leaf {
    let mut reader = Reader {
        rest: file,
        leaf: Leaf::default(),
        line: String::new(),
        pending: Vec::new(),
        state: State::default(),
        outer: Vec::new(),
        fonts: BTreeMap::new(),
        styles: BTreeMap::new(),
        page: WINDOWS_1252,
        to_skip: 0,
        deeper: 0,
    };
    while reader.step() && !reader.leaf.is_full() {}
    reader.end_line();
    reader.leaf
}

/// What a group is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Text,
    Unseen,
    Fonts,
    Styles,
    /// What is said of the document, and of that the title.
    Info,
    Title,
    /// A header or a footer of pages.
    Frame,
    /// A footnote or a comment.
    Note,
}

/// What holds to the end of a group.
#[derive(Clone, Debug)]
struct State {
    place: Place,
    encoding: Option<&'static Encoding>,
    /// The font or the style that is being described.
    number: usize,
    /// Letters that stand in for one of Unicode.
    stand_ins: usize,
    /// The level of the paragraph, from 1.
    level: Option<usize>,
    is_item: bool,
    /// Whether a star began the group.
    starred: bool,
}

impl Default for State {
    fn default() -> Self {
        let (place, encoding) = (Place::Text, None);
        Self { place, encoding, number: 0, stand_ins: 1, level: None, is_item: false, starred: false }
    }
}

struct Reader<'a> {
    rest: &'a [u8],
    leaf: Leaf,
    line: String,
    /// Bytes of the line that are not decoded yet.
    pending: Vec<u8>,
    state: State,
    outer: Vec<State>,
    fonts: BTreeMap<usize, &'static Encoding>,
    styles: BTreeMap<usize, usize>,
    page: &'static Encoding,
    to_skip: usize,
    /// Groups that are deeper than is told apart.
    deeper: usize,
}

impl Reader<'_> {
    /// Takes the next part; `false` at the end.
    fn step(&mut self) -> bool {
        let Some((byte, after)) = self.rest.split_first() else { return false };
        self.rest = after;
        match byte {
            b'{' if self.outer.len() >= XML_DEPTH_MAX => self.deeper += 1,
            b'{' => {
                self.flush();
                self.outer.push(self.state.clone());
                self.state.starred = false;
            }
            b'}' if self.deeper > 0 => self.deeper -= 1,
            b'}' => self.end_group(),
            b'\\' => self.control(),
            b'\r' | b'\n' | 0 => {}
            byte => self.letter(*byte),
        }
        true
    }

    fn letter(&mut self, byte: u8) {
        if self.to_skip > 0 {
            self.to_skip -= 1;
        } else if self.state.place != Place::Unseen {
            self.pending.push(byte);
        }
    }

    fn flush(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let encoding = self.state.encoding.unwrap_or(self.page);
        let (text, _, _) = encoding.decode(&self.pending);
        let text = text.into_owned();
        self.pending.clear();
        self.say(&text);
    }

    fn say(&mut self, text: &str) {
        match self.state.place {
            Place::Text | Place::Note | Place::Frame => self.line.push_str(text),
            Place::Title => self.leaf.propose_title(text),
            Place::Styles => {
                let name = text.trim_matches([';', ' ']).to_lowercase();
                let level = name.strip_prefix("heading ").and_then(|number| number.trim().parse().ok());
                if let Some(level) = level.filter(|level| (1..=9).contains(level)) {
                    self.styles.insert(self.state.number, level);
                }
            }
            Place::Unseen | Place::Fonts | Place::Info => {}
        }
    }

    fn end_group(&mut self) {
        self.flush();
        let Some(outer) = self.outer.pop() else { return };
        if self.state.place == Place::Note && outer.place != Place::Note {
            self.line.truncate(self.line.trim_end().len());
            self.line.push(']');
        }
        if self.state.place == Place::Frame && outer.place != Place::Frame {
            self.end_line();
        }
        // The form of a paragraph may be set in a group of its own within it.
        let (level, is_item) = (self.state.level, self.state.is_item);
        let is_shown = self.state.place == Place::Text;
        self.state = outer;
        if is_shown && self.state.place == Place::Text {
            (self.state.level, self.state.is_item) = (level.or(self.state.level), is_item || self.state.is_item);
        }
    }

    fn end_line(&mut self) {
        self.flush();
        if self.state.place == Place::Note {
            self.line.push(' ');
            return;
        }
        let line = mem::take(&mut self.line);
        let text = line.trim().trim_end_matches(" |").trim_start_matches("| ");
        match self.state.level {
            Some(level) => self.leaf.heading(level, text),
            None if self.state.is_item && !text.is_empty() => self.leaf.line(&format!("- {text}")),
            None if line.contains(" | ") => self.leaf.line(text),
            None => self.leaf.paragraph(text),
        }
    }

    /// A backslash and what follows.
    fn control(&mut self) {
        let Some((byte, after)) = self.rest.split_first() else { return };
        if !byte.is_ascii_alphabetic() {
            self.rest = after;
            match byte {
                b'\'' => {
                    let code = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
                    if let Some(code) = code.and_then(|two| u8::from_str_radix(two, 16).ok()) {
                        self.rest = after.get(2..).unwrap_or_default();
                        self.letter(code);
                    }
                }
                b'*' => self.state.starred = true,
                b'\\' | b'{' | b'}' => self.letter(*byte),
                b'~' => self.letter(b' '),
                b'_' => self.letter(b'-'),
                b'\r' | b'\n' => self.end_line(),
                _ => {}
            }
            return;
        }
        let length = self.rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let (word, rest) = self.rest.split_at(length);
        let digits =
            rest.iter().enumerate().take_while(|(at, byte)| byte.is_ascii_digit() || *at == 0 && **byte == b'-');
        let digits = digits.count();
        let number = rest.get(..digits).and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<i64>().ok());
        let rest = rest.get(digits..).unwrap_or_default();
        self.rest = rest.strip_prefix(b" ").unwrap_or(rest);
        let word = String::from_utf8_lossy(word).into_owned();
        let starred = mem::take(&mut self.state.starred);
        if word != "u" && word != "uc" {
            self.to_skip = 0;
        }
        self.word(&word, number, starred);
    }

    fn word(&mut self, word: &str, number: Option<i64>, starred: bool) {
        let size = number.and_then(|number| usize::try_from(number).ok());
        if starred && !STARRED.contains(&word) || UNSEEN.contains(&word) {
            self.state.place = Place::Unseen;
        }
        match word {
            // Bytes as they are.
            "bin" => self.rest = self.rest.get(size.unwrap_or(0)..).unwrap_or_default(),
            _ if self.state.place == Place::Unseen => {}
            "fonttbl" => self.state.place = Place::Fonts,
            "stylesheet" => self.state.place = Place::Styles,
            "info" => self.state.place = Place::Info,
            "title" if self.state.place == Place::Info => self.state.place = Place::Title,
            "header" | "headerl" | "headerr" | "headerf" | "footer" | "footerl" | "footerr" | "footerf" => {
                self.end_line();
                self.state.place = Place::Frame;
            }
            "footnote" | "annotation" if self.state.place != Place::Note => {
                self.state.place = Place::Note;
                self.line.push_str(" [");
            }
            "ansicpg" => self.page = size.and_then(page).unwrap_or(self.page),
            "mac" => self.page = encoding_rs::MACINTOSH,
            "f" if self.state.place == Place::Fonts => self.state.number = size.unwrap_or(0),
            "f" => {
                self.flush();
                self.state.encoding = self.fonts.get(&size.unwrap_or(0)).copied();
            }
            "fcharset" if self.state.place == Place::Fonts => {
                if let Some(encoding) = size.and_then(charset) {
                    self.fonts.insert(self.state.number, encoding);
                }
            }
            "s" if self.state.place == Place::Styles => self.state.number = size.unwrap_or(0),
            "s" => self.state.level = self.styles.get(&size.unwrap_or(0)).copied(),
            "outlinelevel" => self.state.level = size.filter(|level| *level < 9).map(|level| level + 1),
            "ls" | "pnlvlblt" => self.state.is_item = true,
            "pard" => (self.state.level, self.state.is_item) = (None, false),
            "uc" => self.state.stand_ins = size.unwrap_or(1).min(16),
            "u" => self.unicode(number.unwrap_or(0)),
            "par" | "sect" | "page" | "row" | "nestrow" => self.end_line(),
            word => self.sign(word),
        }
    }

    /// Control words that stand for letters.
    fn sign(&mut self, word: &str) {
        let sign = match word {
            "line" => "\n",
            "tab" => "\t",
            "cell" | "nestcell" => " | ",
            "emdash" => "\u{2014}",
            "endash" => "\u{2013}",
            "lquote" => "\u{2018}",
            "rquote" => "\u{2019}",
            "ldblquote" => "\u{201C}",
            "rdblquote" => "\u{201D}",
            "bullet" => "\u{2022}",
            "emspace" | "enspace" | "qmspace" => " ",
            _ => return,
        };
        self.flush();
        self.say(sign);
    }

    /// A letter of Unicode in 16 bits with a sign, which may be half of one; stand-ins for old programs follow.
    fn unicode(&mut self, number: i64) {
        let unit = u16::try_from(number.rem_euclid(65_536)).unwrap_or(0);
        self.flush();
        self.to_skip = self.state.stand_ins;
        let mut units = vec![unit];
        // The other half comes behind the stand-ins of the first.
        if (0xD800..0xDC00).contains(&unit)
            && let Some((low, rest)) = low_half(self.rest, self.to_skip)
        {
            units.push(low);
            self.rest = rest;
        }
        let text: String = char::decode_utf16(units).filter_map(Result::ok).collect();
        self.say(&text);
    }
}

/// The second half of a pair, `\u-9029 ?`, behind so many stand-ins.
fn low_half(rest: &[u8], stand_ins: usize) -> Option<(u16, &[u8])> {
    let rest = rest.get(stand_ins.min(rest.len())..)?.strip_prefix(b"\\u")?;
    let length = rest.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'-').count();
    let number: i64 = std::str::from_utf8(rest.get(..length)?).ok()?.parse().ok()?;
    let unit = u16::try_from(number.rem_euclid(65_536)).ok().filter(|unit| (0xDC00..0xE000).contains(unit))?;
    let after = rest.get(length..)?;
    Some((unit, after.strip_prefix(b" ").unwrap_or(after)))
}

/// The encoding of a code page.
fn page(number: usize) -> Option<&'static Encoding> {
    let label = match number {
        437 | 850 | 1252 => return Some(WINDOWS_1252),
        866 => "ibm866",
        874 => "windows-874",
        932 => "shift_jis",
        936 => "gbk",
        949 => "euc-kr",
        950 => "big5",
        10_000 => "macintosh",
        65_001 => "utf-8",
        1250..=1258 => return Encoding::for_label(format!("windows-{number}").as_bytes()),
        _ => return None,
    };
    Encoding::for_label(label.as_bytes())
}

/// The encoding of a font's letters.
fn charset(number: usize) -> Option<&'static Encoding> {
    page(match number {
        0 => 1252,
        77 => 10_000,
        128 => 932,
        129 => 949,
        134 => 936,
        136 => 950,
        161 => 1253,
        162 => 1254,
        163 => 1258,
        177 => 1255,
        178 => 1256,
        186 => 1257,
        204 => 1251,
        222 => 874,
        238 => 1250,
        _ => return None,
    })
}

#[cfg(test)]
#[path = "rtf_test.rs"]
mod tests;
