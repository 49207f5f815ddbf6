//! HTML: whole files, and tags within Markdown. Nobody asks for tags, and they are no words of a passage.
//!
//! A scanner and no parser. Of a file it makes Markdown: headings, list items and preformatted text keep their form, what is
//! not shown (scripts, styles, comments) is left out. Within Markdown only tags of known elements are taken out, so that
//! `<ann@home.test>`, `List<String>` and `a < b` stay, and nothing in code.
//!
//! Each search is bounded, or is done at most once in vain, so that the time stays linear whatever the text is.

use super::html_block::BLOCKS;
use super::markdown::fence;
use std::iter;

/// Bytes of a tag with its attributes; longer ones are text.
const TAG_BYTES_MAX: usize = 2048;

/// Bytes of an entity's name or number.
const ENTITY_BYTES_MAX: usize = 10;

/// Elements that stand within a line of text.
const INLINE: [&str; 50] = [
    "a", "abbr", "acronym", "audio", "b", "bdi", "bdo", "big", "br", "button", "canvas", "cite", "code", "del", "dfn",
    "em", "font", "i", "img", "input", "ins", "kbd", "label", "map", "mark", "object", "output", "picture", "progress",
    "q", "rp", "rt", "ruby", "s", "samp", "select", "slot", "small", "source", "span", "strike", "strong", "sub",
    "sup", "tt", "u", "var", "video", "wbr", "textarea",
];

/// Elements whose text is not shown.
const UNSEEN: [&str; 4] = ["script", "style", "template", "svg"];

/// A whole file as Markdown, and its title.
pub(super) fn to_markdown(text: &str) -> (String, Option<String>) {
    let mut page =
        Page { scan: Scan::new(text), out: String::with_capacity(text.len() / 2), heading: false, pre: false };
    let mut title = None;
    while let Some(part) = page.scan.next(false) {
        match part {
            Part::Text(c) => page.text(c),
            Part::Tag { name, closes } if name == "title" && !closes => {
                let words = page.scan.until("</title");
                title = title.or(Some(words.to_owned()).filter(|words| !words.trim().is_empty()));
            }
            Part::Tag { name, closes } => page.tag(&name, closes),
        }
    }
    (page.out, title)
}

/// Markdown without the tags of known elements and without comments, and with entities as their characters; `None` if
/// there are none.
pub(super) fn without_tags(body: &str) -> Option<String> {
    if !body.contains(['<', '&']) {
        return None;
    }
    let (mut scan, mut out) = (Scan::new(body), String::with_capacity(body.len()));
    let mut open: Option<(char, usize)> = None;
    let (mut changed, mut gap) = (false, false);
    while scan.at < body.len() {
        if scan.at == 0 || body.as_bytes()[scan.at - 1] == b'\n' {
            let line = body[scan.at..].split_inclusive('\n').next().unwrap_or_default();
            let mark = fence(line.trim_start());
            let is_code = open.is_some() || mark.is_some();
            open = match (open, mark) {
                (None, Some((mark, length, _))) => Some((mark, length)),
                (Some(open), Some((mark, length, ""))) if mark == open.0 && length >= open.1 => None,
                (open, _) => open,
            };
            if is_code {
                out.push_str(line);
                scan.at += line.len();
                continue;
            }
        }
        // What a tag divided stays divided.
        if gap && !body[scan.at..].starts_with('<') {
            gap = false;
            let divides = !body[scan.at..].starts_with(char::is_whitespace) && !out.ends_with(char::is_whitespace);
            out.push_str(if divides && !out.is_empty() { " " } else { "" });
        }
        if let Some(literal) = scan.literal() {
            out.push_str(literal);
            continue;
        }
        let before = scan.at;
        match scan.next(true) {
            Some(Part::Text(c)) => {
                changed |= scan.at - before != c.len_utf8();
                out.push(c);
            }
            Some(Part::Tag { name, .. }) => {
                changed = true;
                gap = gap || name == "br" || !INLINE.contains(&name.as_str());
            }
            None => {
                changed = true;
                break;
            }
        }
    }
    changed.then_some(out)
}

/// What comes next in a text.
enum Part {
    Text(char),
    Tag { name: String, closes: bool },
}

/// A place in a text.
struct Scan<'a> {
    text: &'a str,
    /// The same in small letters.
    small: String,
    at: usize,
    /// Ends that were searched in vain: there are none behind here.
    missing: Vec<String>,
}

impl<'a> Scan<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, small: text.to_ascii_lowercase(), at: 0, missing: Vec::new() }
    }

    /// The next character or tag; what is not shown is stepped over. `known`: only tags of known elements are tags.
    fn next(&mut self, known: bool) -> Option<Part> {
        loop {
            let rest = &self.text[self.at..];
            let c = rest.chars().next()?;
            match c {
                '<' if rest.starts_with("<!--") && self.skip("-->", 4) => continue,
                '<' => {
                    if let Some((length, name, closes)) = tag(rest, known) {
                        self.at += length;
                        if !closes && UNSEEN.contains(&name.as_str()) {
                            let end = format!("</{name}");
                            self.skip(&end, 0);
                            continue;
                        }
                        return Some(Part::Tag { name, closes });
                    }
                }
                '&' => {
                    if let Some((c, length)) = entity(rest) {
                        self.at += length;
                        return Some(Part::Text(c));
                    }
                }
                _ => {}
            }
            self.at += c.len_utf8();
            return Some(Part::Text(c));
        }
    }

    /// Steps over everything up to the end with this text, and over it; false if there is none.
    fn skip(&mut self, end: &str, from: usize) -> bool {
        if self.missing.iter().any(|missing| missing == end) {
            return false;
        }
        let Some(found) = self.small.get(self.at + from..).and_then(|rest| rest.find(end)) else {
            self.missing.push(end.to_owned());
            return false;
        };
        self.at += from + found + end.len();
        // The rest of a closing tag.
        if end.starts_with("</") {
            let close = self.text[self.at..].bytes().take(TAG_BYTES_MAX).position(|byte| byte == b'>');
            self.at += close.map_or(0, |close| close + 1);
        }
        true
    }

    /// The text up to this closing tag, which is stepped over; nothing if there is none.
    fn until(&mut self, end: &str) -> &'a str {
        let (text, from) = (self.text, self.at);
        if !self.skip(end, 0) {
            return "";
        }
        let within = &text[from..self.at];
        within.rfind("</").map_or(within, |close| &within[..close])
    }

    /// A code span that begins here, or a run of its marks that begins none; or a character that is no markup because of the
    /// backslash before it.
    fn literal(&mut self) -> Option<&'a str> {
        let rest = &self.text[self.at..];
        if rest.starts_with("\\<") || rest.starts_with("\\&") {
            self.at += 2;
            return Some(&rest[..2]);
        }
        let marks = rest.bytes().take_while(|byte| *byte == b'`').count();
        if marks == 0 {
            return None;
        }
        let line = rest.split('\n').next().unwrap_or_default();
        let mut end = marks;
        // A run of as many marks closes it.
        while let Some(next) = line[end..].find('`') {
            let run = line[end + next..].bytes().take_while(|byte| *byte == b'`').count();
            end += next + run;
            if run == marks {
                self.at += end;
                return Some(&rest[..end]);
            }
        }
        self.at += marks;
        Some(&rest[..marks])
    }
}

/// The length of the tag that a text begins with, the element's name in small letters, and whether it is a closing tag.
fn tag(text: &str, known: bool) -> Option<(usize, String, bool)> {
    let after = text.strip_prefix('<')?;
    let declaration = !known && after.starts_with(['!', '?']);
    let name_at = after.strip_prefix('/').unwrap_or(after);
    let length = name_at.bytes().take(16).take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'-').count();
    let (name, rest) = name_at.split_at_checked(length)?;
    let name = name.to_ascii_lowercase();
    let bounded = rest.starts_with([' ', '\t', '\n', '\r', '/', '>']);
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic());
    let is_tag = if known { is_known(&name) && bounded } else { declaration || is_name };
    if !is_tag {
        return None;
    }
    let end = rest.bytes().take(TAG_BYTES_MAX).position(|byte| matches!(byte, b'>' | b'<'))?;
    let closes = after.starts_with('/');
    (rest.as_bytes()[end] == b'>').then(|| (text.len() - rest.len() + end + 1, name, closes))
}

fn is_known(name: &str) -> bool {
    BLOCKS.contains(&name) || INLINE.contains(&name) || UNSEEN.contains(&name) || name == "pre"
}

/// The character of the entity that a text begins with, and its length.
fn entity(text: &str) -> Option<(char, usize)> {
    let length = text.bytes().take(ENTITY_BYTES_MAX).position(|byte| byte == b';')?;
    let name = &text[1..length];
    let c = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            let c = char::from_u32(code).filter(|c| !c.is_control() || c.is_whitespace())?;
            if c == '\u{a0}' { ' ' } else { c }
        }
    };
    Some((c, length + 1))
}

/// A file as it becomes Markdown.
struct Page<'a> {
    scan: Scan<'a>,
    out: String,
    /// Within a heading, which is one line.
    heading: bool,
    /// Within preformatted text.
    pre: bool,
}

impl Page<'_> {
    fn text(&mut self, c: char) {
        if self.pre {
            self.out.push(c);
        } else if c.is_whitespace() {
            if !self.out.is_empty() && !self.out.ends_with([' ', '\n']) {
                self.out.push(' ');
            }
        } else {
            self.out.push(c);
        }
    }

    fn tag(&mut self, name: &str, closes: bool) {
        match name {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" if !self.pre => {
                self.lines(2);
                self.heading = !closes;
                if !closes {
                    let level = usize::from(name.as_bytes()[1] - b'0');
                    self.out.extend(iter::repeat_n('#', level));
                    self.out.push(' ');
                }
            }
            "pre" if self.pre == closes => {
                self.lines(if closes { 1 } else { 2 });
                self.out.push_str("```\n");
                self.pre = !closes;
            }
            name if INLINE.contains(&name) && name != "br" => {}
            _ if self.pre || self.heading => self.text(' '),
            "li" => {
                self.lines(1);
                self.out.push_str(if closes { "" } else { "- " });
            }
            "br" | "tr" => self.lines(1),
            "td" | "th" => self.text(' '),
            name if BLOCKS.contains(&name) => self.lines(2),
            _ => {}
        }
    }

    /// At least so many line ends.
    fn lines(&mut self, count: usize) {
        if self.out.is_empty() {
            return;
        }
        self.out.truncate(self.out.trim_end_matches(' ').len());
        let there = self.out.len() - self.out.trim_end_matches('\n').len();
        self.out.extend(iter::repeat_n('\n', count.saturating_sub(there)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_becomes_its_text_with_headings_lists_and_code_and_without_what_is_not_shown() {
        let page = "<!DOCTYPE html><html><head><title>The boiler &amp; I</title><style>p { color: red }</style>\n\
            <script>if (a < b) { alert('</p>') }</script></head>\n<body class=\"x\"><!-- <p>hidden</p> -->\n\
            <h1>Boiler\nin the <em>cellar</em></h1><p>Press&nbsp;reset for <b>five</b>\n   seconds.<br>Then wait.</p>\n\
            <ul><li>gas</li><li><a href=\"/water?a=1&b=2\">water</a></li></ul><pre># make\n  all &lt;x&gt;</pre>\
            <table><tr><td>1.2</td><td>bar</td></tr></table><my-part>own</my-part> 1 < 2 &unknown; end</body></html>";
        let (text, title) = to_markdown(page);
        assert_eq!(title.as_deref(), Some("The boiler &amp; I"));
        assert_eq!(
            text.trim(),
            "# Boiler in the cellar\n\nPress reset for five seconds.\nThen wait.\n\n- gas\n- water\n\n```\n# make\n  all <x>\n```\n\n\
             1.2 bar\n\nown 1 < 2 &unknown; end"
        );
    }

    #[test]
    fn only_tags_of_known_elements_are_taken_out_of_markdown_and_none_of_code() {
        for (body, plain) in [
            (
                "<p align=\"center\">\n  <img src=\"a.png\">\n</p>\nThe <b>red</b> lamp<br>blinks.",
                "\n  \n\nThe red lamp blinks.",
            ),
            ("one<!-- two\nthree --> four", "one four"),
            ("Tom &amp; Ann&#39;s &lt;3", "Tom & Ann's <3"),
            ("H<sub>2</sub>O<script>x = '<b>';</script>!", "H2O!"),
            ("<details><summary>More</summary>text</details>", "More text"),
        ] {
            assert_eq!(without_tags(body).as_deref(), Some(plain), "{body:?}");
        }
        for body in [
            "Mail <ann@home.test>, see <https://a.test/?a=1&b=2>, `List<b>` and List<String>, a < b > c",
            "```html\n<p>code</p>\n```\n",
            "~~~\n<b>\n```\n<i>\n~~~\n",
            "#include <time.h> & more",
            "\\<b> stays, and so does ``a ` <b>``",
            "<!-- never closed",
            "<b never closed",
        ] {
            assert_eq!(without_tags(body), None, "{body:?}");
        }
        assert_eq!(without_tags("```\n<b>\n```\n<b>x</b>").as_deref(), Some("```\n<b>\n```\nx"));
    }

    #[test]
    fn no_text_takes_more_than_linear_steps_or_panics() {
        for part in ["<a", "<!--", "<script>", "&#", "`", "<p ", "</title", "<title>", "<\u{e4}", "&\u{e4};"] {
            let text = part.repeat(40_000);
            let _ = (to_markdown(&text), without_tags(&text));
        }
    }
}
