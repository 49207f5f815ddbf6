//! XML as elements with local names, in which each element that opens also closes, whatever is missing in the file.
//!
//! Prefixes count for nothing: the formats differ in them, and their local names tell enough. An entity that XML does not define
//! itself has no text, so that none can grow.

use crate::limits::XML_DEPTH_MAX;
use crate::text::extract::charset;
use crate::text::extract::entity;
use crate::text::extract::plain;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// What is done at each part of a document.
pub(crate) trait Visitor {
    /// An element begins.
    fn open(&mut self, name: &str, tag: &Tag<'_>);
    /// The element that began last ends.
    fn close(&mut self, name: &str);
    /// Text within the elements that are open.
    fn text(&mut self, text: &str);
    /// A block of data (CDATA) within them.
    fn data(&mut self, text: &str) {
        self.text(text);
    }
    /// There are words within more elements than are told apart.
    fn nested(&mut self) {}
    /// Whether the rest of the document may be left out.
    fn is_done(&self) -> bool {
        false
    }
}

/// The attributes of an element.
pub(crate) struct Tag<'a>(&'a BytesStart<'a>);

impl Tag<'_> {
    /// The value of an attribute by its local name, or, if that has a colon, by its whole name.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        let whole = name.contains(':');
        let mut all = self.0.attributes();
        let mut all = all.with_checks(false).flatten();
        let found =
            all.find(|it| if whole { it.key.as_ref() == name } else { it.key.local_name().as_ref() == name })?;
        Some(resolved(&found.value))
    }

    /// All attributes, by their local names, without those that only say what the names mean (`xmlns:text`).
    pub(crate) fn all(&self) -> impl Iterator<Item = (String, String)> {
        let mut all = self.0.attributes();
        all.with_checks(false);
        all.flatten()
            .filter(|it| !it.key.0.starts_with("xmlns"))
            .map(|it| (it.key.local_name().as_ref().to_owned(), resolved(&it.value)))
    }

    /// The same as a number.
    pub(super) fn number(&self, name: &str) -> Option<usize> {
        self.get(name)?.trim().parse().ok()
    }

    /// Whether an attribute says yes, or an element stands for itself without one.
    pub(super) fn is_on(&self, name: &str) -> bool {
        self.get(name).is_none_or(|value| !matches!(value.as_str(), "0" | "false" | "off" | "none"))
    }
}

/// The text of a part: UTF-8, UTF-16 with a byte order mark, what it declares or looks like, else what of it is UTF-8. Mostly it is the bytes themselves, and not
/// copied.
pub(super) fn decode(bytes: Vec<u8>) -> String {
    let mut text = String::from_utf8(bytes).unwrap_or_else(|error| {
        let bytes = error.as_bytes();
        let text = plain::decode(bytes).ok().or_else(|| charset::decode(bytes, true));
        text.unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned())
    });
    text.drain(..text.len() - text.trim_start_matches('\u{feff}').len());
    text
}

/// Whether there are words within more elements than are told apart.
pub(super) fn is_nested(xml: &str) -> bool {
    struct Nobody;
    impl Visitor for Nobody {
        fn open(&mut self, _name: &str, _tag: &Tag<'_>) {}
        fn close(&mut self, _name: &str) {}
        fn text(&mut self, _text: &str) {}
    }
    walk(xml, &mut Nobody)
}

/// Goes over a document to its end, or to where it is broken. Whether there are words within more elements than are told apart.
pub(crate) fn walk(xml: &str, visitor: &mut dyn Visitor) -> bool {
    let mut reader = Reader::from_str(xml);
    let config = reader.config_mut();
    config.expand_empty_elements = true;
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    let (mut open, mut is_nested) = (Names::default(), false);
    while !visitor.is_done() {
        match reader.read_event() {
            Ok(Event::Start(tag)) => {
                let name = tag.local_name();
                if open.push(name.as_ref()) {
                    visitor.open(name.as_ref(), &Tag(&tag));
                }
            }
            Ok(Event::End(tag)) => open.pop(tag.local_name().as_ref(), visitor),
            Ok(Event::Text(text)) => {
                is_nested |= open.deeper > 0 && text.contains(char::is_alphanumeric);
                visitor.text(&text);
            }
            Ok(Event::CData(text)) => {
                is_nested |= open.deeper > 0 && text.contains(char::is_alphanumeric);
                visitor.data(&text);
            }
            Ok(Event::GeneralRef(name)) => {
                if let Some((c, _)) = entity::read(&format!("{};", &*name)) {
                    visitor.text(c.encode_utf8(&mut [0; 4]));
                }
            }
            Ok(Event::Eof) | Err(_) => break,
            Ok(_) => {}
        }
    }
    while open.close(visitor) {}
    if is_nested {
        visitor.nested();
    }
    is_nested
}

/// A value without its references to characters.
fn resolved(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('&') {
        text.push_str(before);
        let (c, left) = entity::read(after).unwrap_or(('&', after));
        text.push(c);
        rest = left;
    }
    text.push_str(rest);
    text
}

/// The names of the elements that are open.
#[derive(Default)]
struct Names {
    all: String,
    starts: Vec<usize>,
    /// Elements within the deepest that is told.
    deeper: usize,
}

impl Names {
    /// Whether the element is told.
    fn push(&mut self, name: &str) -> bool {
        if self.starts.len() >= XML_DEPTH_MAX {
            self.deeper += 1;
            return false;
        }
        self.starts.push(self.all.len());
        self.all.push_str(name);
        true
    }

    /// Closes the innermost element of this name, and those in it. An end that nothing began is none.
    fn pop(&mut self, name: &str, visitor: &mut dyn Visitor) {
        if self.deeper > 0 {
            self.deeper -= 1;
            return;
        }
        let mut end = self.all.len();
        let inner = self.starts.iter().rev().take_while(|start| {
            let other = self.all.get(**start..end) != Some(name);
            end = **start;
            other
        });
        let inner = inner.count();
        if inner < self.starts.len() {
            for _ in 0..=inner {
                self.close(visitor);
            }
        }
    }

    /// Closes the innermost element; `false` if none is open.
    fn close(&mut self, visitor: &mut dyn Visitor) -> bool {
        let Some(start) = self.starts.pop() else { return false };
        visitor.close(self.all.get(start..).unwrap_or_default());
        self.all.truncate(start);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::{Tag, Visitor, decode, walk};

    #[derive(Default)]
    struct Told(String);

    impl Visitor for Told {
        fn open(&mut self, name: &str, tag: &Tag<'_>) {
            self.0.push_str(&format!("<{name}{}>", tag.get("id").unwrap_or_default()));
        }

        fn close(&mut self, name: &str) {
            self.0.push_str(&format!("</{name}>"));
        }

        fn text(&mut self, text: &str) {
            self.0.push_str(text);
        }
    }

    fn told(xml: &str) -> String {
        let mut told = Told::default();
        walk(xml, &mut told);
        told.0
    }

    #[test]
    fn elements_have_local_names_and_references_are_characters() {
        assert_eq!(
            told("<?xml version='1.0'?><w:a w:id='1&amp;2'>x &lt;&#228;<b/><![CDATA[<y>]]></w:a>"),
            "<a1&2>x <\u{E4}<b></b><y></a>"
        );
        assert_eq!(told("<a>&unknown; & b</a>").replace(' ', ""), "<a>&b</a>");
    }

    #[test]
    fn whatever_is_missing_each_element_closes_once() {
        assert_eq!(told("<a><b>x"), "<a><b>x</b></a>");
        assert_eq!(told("<a><b>x</a>y"), "<a><b>x</b></a>y");
        assert_eq!(told("<a>x</b>y</a></a>"), "<a>xy</a>");
        assert_eq!(told("<a>x<b id='1"), "<a>x</a>");
        let deep = format!("{}x{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
        assert_eq!(told(&deep).matches("</a>").count(), super::XML_DEPTH_MAX);
    }

    #[test]
    fn a_part_in_another_encoding_keeps_its_letters_or_at_least_its_text() {
        assert_eq!(decode(b"\xFF\xFE<\0a\0".to_vec()), "<a");
        assert_eq!(decode(b"\xEF\xBB\xBF<a>".to_vec()), "<a>");
        assert_eq!(decode(b"<a>caf\xE9 x".to_vec()), "<a>caf\u{e9} x");
        assert_eq!(decode(b"<a>\x01\x02\xE9\x02".to_vec()), "<a>\u{1}\u{2}\u{fffd}\u{2}");
    }
}
