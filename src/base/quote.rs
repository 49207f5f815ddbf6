//! What stands in quotation marks in a text that a person typed: straight, curly and low ones, guillemets and those of Chinese and
//! Japanese.
//!
//! A straight mark begins a quotation only where no letter or figure stands before it, and ends one only where none follows: in
//! `12" and 14" pipes` nothing is quoted. A mark without its other half is a sign like others.

use core::ops::Range;

/// A quotation: where it stands with its marks, and what is between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quoted<'a> {
    /// The bytes of the text that it takes, with its marks.
    pub place: Range<usize>,
    /// What is between the marks.
    pub inner: &'a str,
}

/// The quotations of a text, in their order. What has no letter or figure between its marks is none.
#[must_use]
pub fn quoted(text: &str) -> Vec<Quoted<'_>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(one) = next(text, from) {
        from = one.place.end;
        if one.inner.contains(char::is_alphanumeric) {
            found.push(one);
        }
    }
    found
}

/// The quotation that begins at this byte of the text.
#[must_use]
pub fn quoted_at(text: &str, start: usize) -> Option<Quoted<'_>> {
    let rest = text.get(start..)?;
    let mark = rest.chars().next()?;
    let ends = ends_of(mark)?;
    let needs_edges = !matches!(mark, '\u{300C}' | '\u{300E}');
    let is_letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    if needs_edges && is_letter(text.get(..start)?.chars().next_back()) {
        return None;
    }
    let inside = start + mark.len_utf8();
    let ends_here = |(at, c): &(usize, char)| {
        ends.contains(c)
            && !(needs_edges && is_letter(rest.get(at + c.len_utf8()..).and_then(|after| after.chars().next())))
    };
    let (at, end) = rest.char_indices().skip(1).find(ends_here)?;
    Some(Quoted { place: start..start + at + end.len_utf8(), inner: text.get(inside..start + at)? })
}

fn next(text: &str, from: usize) -> Option<Quoted<'_>> {
    let starts = text.get(from..)?.char_indices().filter(|(_, c)| ends_of(*c).is_some());
    starts.map(|(at, _)| from + at).find_map(|at| quoted_at(text, at))
}

/// What ends a quotation that begins with this mark.
const fn ends_of(mark: char) -> Option<&'static [char]> {
    Some(match mark {
        '"' => &['"'],
        '\u{FF02}' => &['\u{FF02}'],
        // English, Swedish and German ones; keyboards of phones end with any of them.
        '\u{201C}' | '\u{201D}' | '\u{201E}' | '\u{201F}' => &['\u{201C}', '\u{201D}', '"'],
        '\u{AB}' => &['\u{BB}'],
        '\u{BB}' => &['\u{AB}', '\u{BB}'],
        '\u{300C}' => &['\u{300D}'],
        '\u{300E}' => &['\u{300F}'],
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inner(text: &str) -> Vec<&str> {
        quoted(text).into_iter().map(|one| one.inner).collect()
    }

    #[test]
    fn what_stands_in_any_marks_is_quoted() {
        for text in [
            "the \"north side\" of it",
            "the \u{201C}north side\u{201D}",
            "\u{201E}north side\u{201C}?",
            "\u{201D}north side\u{201D}",
            "\u{AB}north side\u{BB}",
            "(\u{BB}north side\u{AB})",
            "\u{300C}north side\u{300D}",
        ] {
            assert_eq!(inner(text), ["north side"], "{text}");
        }
        assert_eq!(inner("\"a b\" and \"c d\""), ["a b", "c d"]);
        assert_eq!(inner("\u{AB} le nord \u{BB}"), [" le nord "]);
        assert_eq!(inner("\u{6771}\u{300C}\u{4EAC}\u{5927}\u{300D}\u{5B66}"), ["\u{4EAC}\u{5927}"]);
    }

    #[test]
    fn marks_of_inches_and_marks_alone_quote_nothing() {
        for text in
            ["12\" and 14\" pipes", "a 5\" disk", "\"north side", "north side\"", "\"\" and \"-\"", "don't say 'x'", ""]
        {
            assert_eq!(inner(text), [""; 0], "{text}");
        }
        assert_eq!(inner("5\" pipe \"north side\""), ["north side"]);
    }
}
