//! A scanner of HTML: characters and tags, one after the other, and no parser.
//!
//! What is not shown (comments, scripts, styles) is stepped over, but only if its end is there: without an end it is text.
//!
//! The time is linear whatever the text is. Each search goes over bytes that are then consumed, or is bounded by the next
//! `<`, or its failure is remembered, so that it is done once in vain.

use super::entity;
use super::html_block::BLOCKS;
use std::collections::BTreeMap;
use std::ops::Range;

/// Bytes of a tag with its attributes within Markdown; longer ones are text.
const MARKDOWN_TAG_BYTES_MAX: usize = 2048;

/// Bytes of an element's name that are looked at.
const NAME_BYTES_MAX: usize = 16;

/// Elements that stand within a line of text.
pub(super) const INLINE: [&str; 50] = [
    "a", "abbr", "acronym", "audio", "b", "bdi", "bdo", "big", "br", "button", "canvas", "cite", "code", "del", "dfn",
    "em", "font", "i", "img", "input", "ins", "kbd", "label", "map", "mark", "object", "output", "picture", "progress",
    "q", "rp", "rt", "ruby", "s", "samp", "select", "slot", "small", "source", "span", "strike", "strong", "sub",
    "sup", "tt", "u", "var", "video", "wbr", "textarea",
];

/// Elements whose text is not shown.
const UNSEEN: [&str; 4] = ["script", "style", "template", "svg"];

/// What comes next in a text.
pub(super) enum Part {
    Text(char),
    Tag {
        /// The element in small letters.
        name: String,
        /// Whether it is a closing tag.
        closes: bool,
    },
}

/// A place in a text.
pub(super) struct Scan<'a> {
    text: &'a str,
    at: usize,
    /// Whether `<script/>` is an element without content, as in XML, and no opening tag, as in HTML.
    xml: bool,
    /// Elements whose closing tag was searched in vain; `--` for comments. There is none behind here.
    missing: Vec<String>,
    /// Up to here a tag with quotation marks was searched in vain: they count for nothing.
    unquoted: usize,
    /// The runs of backticks in a line: where the last one of each length begins.
    runs: BTreeMap<usize, usize>,
    /// The end of that line.
    runs_end: usize,
    /// Bytes looked at so far, the steps of this scan.
    pub(super) looked: usize,
}

impl<'a> Scan<'a> {
    pub(super) fn new(text: &'a str, xml: bool) -> Self {
        Self { text, at: 0, xml, missing: Vec::new(), unquoted: 0, runs: BTreeMap::new(), runs_end: 0, looked: 0 }
    }

    /// How many bytes are done.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// What is not done yet.
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Steps over so many bytes, and returns them.
    pub(super) fn take(&mut self, length: usize) -> &'a str {
        let taken = self.rest().get(..length).unwrap_or_default();
        self.at += taken.len();
        self.looked += taken.len();
        taken
    }

    /// The next character or tag. `only_known_elements`: other tags are text, as in Markdown.
    pub(super) fn next(&mut self, only_known_elements: bool) -> Option<Part> {
        loop {
            let rest = self.rest();
            let c = rest.chars().next()?;
            self.looked += 1;
            if c == '<' {
                if rest.starts_with("<!--") && self.skip_comment() {
                    continue;
                }
                if let Some((end, name, closes)) = self.tag(only_known_elements) {
                    let is_empty = self.text.get(..end).is_some_and(|tag| tag.ends_with("/>"));
                    self.at = end;
                    if !closes && UNSEEN.contains(&name.as_str()) {
                        if !(is_empty && (self.xml || name == "svg")) {
                            self.at = self.closing_tag(&name, usize::MAX).map_or(end, |tag| tag.end);
                        }
                        continue;
                    }
                    return Some(Part::Tag { name, closes });
                }
            } else if c == '&'
                && let Some((c, after)) = entity::read(&rest[1..])
            {
                self.at = self.text.len() - after.len();
                return Some(Part::Text(c));
            }
            self.at += c.len_utf8();
            return Some(Part::Text(c));
        }
    }

    /// The text up to the closing tag of this element, which is stepped over too, if it is no longer than this.
    pub(super) fn until_closed(&mut self, name: &str, bytes_max: usize) -> Option<&'a str> {
        let tag = self.closing_tag(name, bytes_max)?;
        let within = self.text.get(self.at..tag.start);
        self.at = tag.end;
        within
    }

    fn skip_comment(&mut self) -> bool {
        if self.missing.iter().any(|missing| missing == "--") {
            return false;
        }
        // `<!-->` is a comment too.
        let from = self.at + 2;
        let found = self.text.get(from..).and_then(|rest| rest.find("-->"));
        self.looked += found.unwrap_or(self.text.len() - self.at);
        match found {
            Some(found) => self.at = from + found + 3,
            None => self.missing.push("--".to_owned()),
        }
        found.is_some()
    }

    /// Where the next closing tag of this element stands.
    fn closing_tag(&mut self, name: &str, bytes_max: usize) -> Option<Range<usize>> {
        if self.missing.iter().any(|missing| missing == name) {
            return None;
        }
        let bytes = self.text.as_bytes();
        let last = bytes.len().min(self.at.saturating_add(bytes_max));
        let mut from = self.at;
        while let Some(found) = bytes.get(from..last).and_then(|rest| rest.windows(2).position(|two| two == b"</")) {
            let start = from + found;
            self.looked += found + 2;
            let named = bytes.get(start + 2..start + 2 + name.len());
            let behind = bytes.get(start + 2 + name.len()..).unwrap_or_default();
            let bounded = behind.first().is_none_or(|byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>'));
            if bounded && named.is_some_and(|named| named.eq_ignore_ascii_case(name.as_bytes())) {
                let end = start + 2 + name.len();
                return Some(start..self.plain_end(end, usize::MAX).unwrap_or(end));
            }
            from = start + 2;
        }
        self.looked += last - from;
        if bytes_max == usize::MAX {
            self.missing.push(name.to_owned());
        }
        None
    }

    /// The end of the tag that begins here, the element's name in small letters, and whether it is a closing tag.
    fn tag(&mut self, only_known_elements: bool) -> Option<(usize, String, bool)> {
        let after = self.rest().strip_prefix('<')?;
        let name_at = after.strip_prefix('/').unwrap_or(after);
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
        let length = name_at.bytes().take(NAME_BYTES_MAX).take_while(is_name).count();
        let (name, rest) = name_at.split_at_checked(length)?;
        let name = name.to_ascii_lowercase();
        let from = self.text.len() - rest.len();
        let end = if only_known_elements {
            let bounded = rest.starts_with([' ', '\t', '\n', '\r', '/', '>']);
            (is_known(&name) && bounded).then(|| self.plain_end(from, MARKDOWN_TAG_BYTES_MAX))?
        } else if name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            self.tag_end(from)
        } else {
            after.starts_with(['!', '?']).then(|| self.plain_end(from, usize::MAX))?
        };
        Some((end?, name, after.starts_with('/')))
    }

    /// The end of a tag; a `>` in an attribute's quotation marks does not end it.
    fn tag_end(&mut self, from: usize) -> Option<usize> {
        if self.at < self.unquoted {
            return self.plain_end(from, usize::MAX);
        }
        let (mut quote, mut is_value, mut at) = (None, false, from);
        for byte in self.text.as_bytes().get(from..).unwrap_or_default() {
            at += 1;
            match (quote, byte) {
                (Some(open), byte) if byte == open => quote = None,
                (Some(_), _) => continue,
                (None, b'"' | b'\'') if is_value => quote = Some(byte),
                (None, b'>') => {
                    self.looked += at - from;
                    return Some(at);
                }
                (None, b'<') => break,
                _ => {}
            }
            is_value = *byte == b'=' || (is_value && byte.is_ascii_whitespace());
        }
        self.looked += at - from;
        self.unquoted = at;
        self.plain_end(from, usize::MAX)
    }

    /// The end of a tag that ends with the next `>`; none if another tag begins before.
    fn plain_end(&mut self, from: usize, bytes_max: usize) -> Option<usize> {
        let bytes = self.text.as_bytes().get(from..).unwrap_or_default();
        let found = bytes.iter().take(bytes_max).position(|byte| matches!(byte, b'>' | b'<'));
        self.looked += found.unwrap_or(bytes.len().min(bytes_max));
        let at = from + found?;
        (self.text.as_bytes().get(at) == Some(&b'>')).then_some(at + 1)
    }

    /// Of Markdown: a code span that begins here, or a run of its marks that begins none; or a character that is no markup
    /// because of the backslash before it.
    pub(super) fn literal(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        if rest.starts_with('\\') && rest.get(1..).is_some_and(|rest| rest.starts_with(['<', '&', '[', ']', '!'])) {
            return Some(self.take(2));
        }
        let marks = run(rest);
        if marks == 0 {
            return None;
        }
        if self.at >= self.runs_end {
            self.find_runs();
        }
        if self.runs.get(&marks).is_none_or(|last| *last <= self.at) {
            return Some(self.take(marks));
        }
        // A run of as many marks closes it.
        let mut end = marks;
        while let Some(next) = rest.get(end..).and_then(|rest| rest.find('`')) {
            let closing = run(&rest[end + next..]);
            end += next + closing;
            if closing == marks {
                break;
            }
        }
        Some(self.take(end))
    }

    /// Notes the runs of backticks in the rest of the line, so that none is searched in vain.
    fn find_runs(&mut self) {
        let line = self.rest().split('\n').next().unwrap_or_default();
        self.looked += line.len();
        self.runs.clear();
        self.runs_end = self.at + line.len();
        let mut from = 0;
        while let Some(next) = line.get(from..).and_then(|rest| rest.find('`')) {
            let length = run(&line[from + next..]);
            self.runs.insert(length, self.at + from + next);
            from += next + length;
        }
    }
}

/// Backticks that a text begins with.
fn run(text: &str) -> usize {
    text.bytes().take_while(|byte| *byte == b'`').count()
}

fn is_known(name: &str) -> bool {
    BLOCKS.contains(&name) || INLINE.contains(&name) || UNSEEN.contains(&name) || name == "pre"
}
