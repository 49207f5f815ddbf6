//! Opaque spans of a line: data URIs, runs without a space that hold no words, and minified code.

use super::mark::MARK;
use super::token;
use super::word::{is_unspaced, measure};
use crate::limits::{MINIFIED_HEAD_CHARS, MINIFIED_LINE_CHARS, OPAQUE_RUN_CHARS, RANDOM_RUN_BYTES};
use std::borrow::Cow;
use std::ops::Range;

/// Of a line of minified code at most every so-manieth character is a space; in prose one of six is, in Finnish one of
/// nine.
const MINIFIED_CHARS_PER_SPACE: usize = 16;

/// Bytes of the kind and parameters of a data URI at most.
const MEDIA_TYPE_BYTES_MAX: usize = 128;

/// The line with [`MARK`] in place of its opaque spans. A line of minified code keeps its beginning.
pub(super) fn elide(line: &str) -> Cow<'_, str> {
    // Every span that is left out has at least so many bytes.
    if line.len() < RANDOM_RUN_BYTES {
        return Cow::Borrowed(line);
    }
    let built = runs(line);
    let Some(head) = minified(&built) else { return built };
    // What was cut off may have held the words of the last run: the rest of that run is looked at once more.
    Cow::Owned(runs(&head).into_owned())
}

/// The line with [`MARK`] in place of its opaque spans and its random letters, of any length.
pub(super) fn runs(line: &str) -> Cow<'_, str> {
    let opaque = |line: &str| with_marks(line, next_opaque);
    let first = opaque(line);
    let tokens = tokens(first.as_deref().unwrap_or(line));
    // What is left beside random letters may hold no words any more.
    let last = tokens.as_deref().and_then(opaque);
    last.or(tokens).or(first).map_or(Cow::Borrowed(line), Cow::Owned)
}

/// The text with [`MARK`] in place of random letters; `None` if it has none.
pub(super) fn tokens(text: &str) -> Option<String> {
    with_marks(text, token::next)
}

/// The line with [`MARK`] in place of all that `next` finds at or after a byte; `None` if that is nothing.
fn with_marks(line: &str, next: impl Fn(&str, usize) -> Option<Range<usize>>) -> Option<String> {
    let (mut built, mut copied) = (String::new(), 0);
    while let Some(span) = next(line, copied) {
        built.push_str(line.get(copied..span.start).unwrap_or_default());
        built.push(MARK);
        copied = span.end;
    }
    built.push_str(line.get(copied..).unwrap_or_default());
    (copied > 0).then_some(built)
}

/// The first opaque span at or after byte `at`.
fn next_opaque(line: &str, mut at: usize) -> Option<Range<usize>> {
    loop {
        let run = next_run(line, at)?;
        at = run.end;
        let span = opaque_span(line, run);
        if span.is_some() {
            return span;
        }
    }
}

/// What is left out of a run, and of what follows it: the payload of a data URI, with what stands before it if that is
/// opaque too, or the whole run.
fn opaque_span(line: &str, run: Range<usize>) -> Option<Range<usize>> {
    let opaque = |part: Range<usize>| {
        let text = line.get(part).unwrap_or_default();
        text.chars().count() >= OPAQUE_RUN_CHARS && is_opaque(text)
    };
    match data_uri(line, run.clone()) {
        Some(payload) if opaque(run.start..payload.start) => Some(run.start..payload.end),
        Some(payload) => Some(payload),
        None => opaque(run.clone()).then(|| value(line, run.clone()).unwrap_or(run)),
    }
}

/// Of a run such as `PrivateKey=…` the letters behind its name, if they are random.
fn value(line: &str, run: Range<usize>) -> Option<Range<usize>> {
    let text = line.get(run.clone())?;
    let (name, _) = text.split_once(['=', ':'])?;
    let from = run.start + name.len() + 1;
    let is_name =
        name.len() < RANDOM_RUN_BYTES - 1 && name.chars().all(|c| c.is_ascii_alphabetic() || "-_".contains(c));
    token::next(line, from).filter(|found| is_name && *found == (from..run.end))
}

/// The next run of characters that encodings are made of, at or after byte `from`.
fn next_run(line: &str, from: usize) -> Option<Range<usize>> {
    let rest = line.get(from..)?;
    let start = from + rest.find(is_encoding)?;
    let rest = line.get(start..)?;
    let length = rest.find(|c| !is_encoding(c)).unwrap_or(rest.len());
    Some(start..start + length)
}

/// Characters of base64 in its forms, hex with its separators, percent encoding and JWT.
pub(super) const fn is_encoding(c: char) -> bool {
    token::is_letter(c) || matches!(c, '=' | '.' | ':' | '%' | '\\')
}

/// A run in which less than a quarter of the letters and figures are in words.
fn is_opaque(run: &str) -> bool {
    let found = measure(run);
    found.word_letters * 4 < found.alphanumeric
}

/// The payload of a data URI that the run begins or holds: all behind `data:` up to the character that encloses it.
fn data_uri(line: &str, run: Range<usize>) -> Option<Range<usize>> {
    let text = line.get(run.clone())?;
    let at = text.match_indices(':').find_map(|(at, _)| {
        let scheme = at.checked_sub(4)?;
        text.get(scheme..at).is_some_and(|name| name.eq_ignore_ascii_case("data")).then_some(at + 1)
    })?;
    let start = run.start + at;
    let rest = line.get(start..)?;
    let head = rest.get(..rest.floor_char_boundary(MEDIA_TYPE_BYTES_MAX))?;
    let (kind, _) = head.split_once(',')?;
    if !kind.contains(['/', ';']) || !kind.chars().all(is_media_type) {
        return None;
    }
    let length = rest.find(|c: char| c.is_whitespace() || matches!(c, ')' | ']' | '"' | '\'' | '<' | '>' | '`'));
    let length = length.unwrap_or(rest.len());
    (length > kind.len()).then_some(start..start + length)
}

/// Characters of a media type and its parameters (RFC 6838, 4.2; RFC 2397, 3). [`MARK`] is none of them: what an opaque span
/// stood in is no data URI afterwards either.
const fn is_media_type(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, '!' | '#' | '$' | '&' | '-' | '^' | '_' | '.' | '+' | '/' | ';' | '=' | '%')
}

/// The beginning of a long line that has hardly a space; `None` for any other line.
fn minified(line: &str) -> Option<String> {
    if line.len() < MINIFIED_LINE_CHARS {
        return None;
    }
    let (mut chars, mut spaces, mut unspaced) = (0, 0, 0);
    for c in line.chars() {
        chars += 1;
        spaces += usize::from(c.is_whitespace());
        unspaced += usize::from(is_unspaced(c));
    }
    if chars < MINIFIED_LINE_CHARS || spaces * MINIFIED_CHARS_PER_SPACE >= chars || unspaced * 4 > chars {
        return None;
    }
    Some(line.chars().take(MINIFIED_HEAD_CHARS).chain([MARK]).collect())
}

#[cfg(test)]
mod tests {
    use super::elide;

    const BASE64: &str =
        "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHw";

    #[test]
    fn the_words_around_a_data_uri_stay() {
        assert_eq!(
            elide(&format!("![photo](data:image/png;base64,{BASE64}==) of Ann")),
            "![photo](data:\u{2026}) of Ann"
        );
        assert_eq!(elide(&format!("<img src=\"DATA:image/gif;base64,{BASE64}\"/>")), "<img src=\"DATA:\u{2026}\"/>");
        assert_eq!(elide("url(data:image/svg+xml,%3Csvg%20width=%2210%22%3E%3C/svg%3E)"), "url(data:\u{2026})");
        let behind = format!("{BASE64}data:image/png;base64,{BASE64}");
        assert_eq!(elide(&behind), "\u{2026}", "what stands before it is opaque as well");
        let words = "bread/butter/and/honey are what we have in the morning, every morning";
        let once = elide(&format!("data:image/{{{BASE64}{BASE64};a,{words}")).into_owned();
        assert_eq!(once, format!("data:image/{{\u{2026};a,{words}"));
        assert_eq!(elide(&once), once, "the comma has come near, and what stands before it is no media type");
        let prose = "All data: collected in March, analysed in April/May, and then sent on to the office in June.";
        assert_eq!(elide(prose), prose);
    }

    #[test]
    fn runs_without_words_go_and_addresses_paths_and_names_stay() {
        assert_eq!(elide(&format!("key {BASE64} end")), "key \u{2026} end");
        for kept in [
            "https://example.org/how-to/bleed-radiators/in-autumn?page=two&from=newsletter-of-october",
            "/home/ann/Documents/house/heating/notes-of-the-plumber/bleeding-the-radiators.md",
            "Donaudampfschifffahrtselektrizit\u{E4}tenhauptbetriebswerk",
            "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
            "XK4F-99ZT-QW3E-88PL-MN2B",
            "\u{6C34}\u{662F}\u{751F}\u{547D}\u{4E4B}\u{6E90}\u{6C34}\u{662F}\u{751F}\u{547D}\u{4E4B}\u{6E90}\u{6C34}\u{662F}\u{751F}\u{547D}",
        ] {
            assert_eq!(elide(kept), kept);
        }
    }

    #[test]
    fn minified_code_keeps_its_beginning_and_long_lines_of_prose_stay() {
        let code = "!function(e,t){\"object\"==typeof exports?t(exports):t(e.lib={})}(this,function(e){return e.a=1});"
            .repeat(20);
        assert!(elide(&code).chars().count() < 200);
        let cut = format!("{}{}", "C".repeat(500), "/words".repeat(600));
        let once = elide(&cut).into_owned();
        assert_eq!(elide(&once), once, "the words of the run were cut off, and what is left of it is opaque");
        let prose = "A paragraph that nobody wrapped, as most programs write it today. ".repeat(40);
        assert_eq!(elide(&prose), prose);
    }
}
