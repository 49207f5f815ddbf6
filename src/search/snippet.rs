//! What is shown of a hit: the sentences of its text that have the most of the question's words, with these marked.
//!
//! A window of whole sentences is chosen that has the most different words of the question, and of equal ones the first. A sentence that is
//! longer than a snippet may be is cut between words. Marks are of whole words in any of their forms (`lexical::spans`).

use super::lexical::spans::Span;
use super::lexical::terms::QueryTerms;
use crate::limits::{SNIPPET_BEFORE, SNIPPET_CHARS};
use std::collections::BTreeMap;
use unicode_segmentation::UnicodeSegmentation;

/// A line with fewer letters ends where its author ended it: it is of a list, a verse or a table, and no part of a wrapped sentence.
const WRAPPED_FROM: usize = 50;

/// The snippet of a text in parts: those at odd places are words of the question, those at even places what stands between, which may be
/// empty. White space is one blank; an ellipsis stands where the text goes on.
#[must_use]
pub fn snippet(terms: &QueryTerms, heading: &str, text: &str) -> Vec<String> {
    let spans = terms.spans(heading, text);
    let (from, to) = window(text, &spans);
    let (mut parts, mut done) = (vec![String::new()], from);
    for span in spans.iter().filter(|span| span.from >= from && span.to <= to) {
        push(&mut parts, text.get(done..span.from).unwrap_or_default());
        parts.push(one_line(text.get(span.from..span.to).unwrap_or_default()));
        parts.push(String::new());
        done = span.to;
    }
    push(&mut parts, text.get(done..to).unwrap_or_default());
    let is_text = |part: Option<&str>| part.is_some_and(|part| !part.trim().is_empty());
    if let Some(first) = parts.first_mut() {
        *first = first.trim_start().to_owned();
        if is_text(text.get(..from)) {
            first.insert_str(0, "\u{2026} ");
        }
    }
    if let Some(last) = parts.last_mut() {
        last.truncate(last.trim_end().len());
        if is_text(text.get(to..)) {
            last.push_str(" \u{2026}");
        }
    }
    parts
}

/// Appends a text to the last part, with one blank for white space.
fn push(parts: &mut [String], text: &str) {
    let Some(last) = parts.last_mut() else { return };
    for c in text.chars() {
        if !c.is_whitespace() {
            last.push(c);
        } else if !last.ends_with(' ') {
            last.push(' ');
        }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The bytes of the text that are shown.
fn window(text: &str, spans: &[Span]) -> (usize, usize) {
    let sentences = sentences(text);
    let (from, to) = best(&windows(text, &sentences), spans, || ()).unwrap_or((0, text.len()));
    let is_long = text.get(from..to).is_some_and(|part| part.char_indices().nth(SNIPPET_CHARS).is_some());
    if is_long { cut(text, (from, to), spans) } else { (from, to) }
}

/// For each sentence the bytes from it on to the last one that is shown with it. Both ends only go forward.
fn windows(text: &str, sentences: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut counted = (0, 0);
    let mut letters_before = |at: usize| {
        counted.1 += text.get(counted.0..at).map_or(0, |part| part.chars().count());
        counted.0 = at;
        counted.1
    };
    let letters: Vec<(usize, usize)> =
        sentences.iter().map(|(from, to)| (letters_before(*from), letters_before(*to))).collect();
    let mut last = 0;
    let mut windows = Vec::with_capacity(sentences.len());
    for (at, ((from, to), (before, _))) in sentences.iter().zip(&letters).enumerate() {
        last = last.max(at);
        while letters.get(last + 1).is_some_and(|(_, end)| end - before <= SNIPPET_CHARS) {
            last += 1;
        }
        windows.push((*from, sentences.get(last).map_or(*to, |(_, end)| *end)));
    }
    windows
}

/// The first of these windows with the most different words of the question, and of equal ones with the most in all. Windows and words are in the
/// order of the text, so that each word comes into the window once and leaves it once: a text is another device's, and may have a word and a
/// sentence on each of its lines. `step` is called for each word that comes or leaves.
fn best(windows: &[(usize, usize)], spans: &[Span], mut step: impl FnMut()) -> Option<(usize, usize)> {
    let (mut first, mut next) = (0, 0);
    let mut within: BTreeMap<usize, usize> = BTreeMap::new();
    let mut best: Option<((usize, usize), (usize, usize))> = None;
    for (from, to) in windows.iter().copied() {
        while let Some(span) = spans.get(next).filter(|span| span.to <= to) {
            *within.entry(span.term).or_default() += 1;
            next += 1;
            step();
        }
        while let Some(span) = spans.get(first).filter(|span| first < next && span.from < from) {
            if within.get(&span.term).is_some_and(|count| *count <= 1) {
                within.remove(&span.term);
            } else if let Some(count) = within.get_mut(&span.term) {
                *count -= 1;
            }
            first += 1;
            step();
        }
        let found = (within.len(), next - first);
        if best.is_none_or(|(most, _)| found > most) {
            best = Some((found, (from, to)));
        }
    }
    best.map(|(_, window)| window)
}

/// A part of one long sentence, cut between words: from a little before its first word of the question on.
fn cut(text: &str, (from, to): (usize, usize), spans: &[Span]) -> (usize, usize) {
    let words = || {
        let words = text.get(from..to).unwrap_or_default().split_word_bound_indices();
        words.map(|(at, word)| (from + at, from + at + word.len()))
    };
    let first = spans.iter().find(|span| span.from >= from && span.to <= to).map_or(from, |span| span.from);
    let before = text.get(from..first).unwrap_or_default().char_indices().rev();
    // The earliest byte that may be shown before the word; none where all of the sentence may.
    let earliest = before.skip(SNIPPET_BEFORE - 1).map(|(at, _)| from + at).take(2).collect::<Vec<_>>();
    let begins = match earliest[..] {
        [earliest, _] => words().map(|(begin, _)| begin).find(|begin| *begin >= earliest).unwrap_or(first),
        _ => from,
    };
    let latest = text.get(begins..to).and_then(|rest| rest.char_indices().nth(SNIPPET_CHARS));
    // A word without an end is cut itself.
    let latest = latest.map_or(to, |(at, _)| begins + at);
    let end = words().map(|(_, end)| end).take_while(|end| *end <= latest).filter(|end| *end > begins).last();
    (begins, end.unwrap_or(latest))
}

/// The sentences of a text, as UAX #29 divides it; lines that were wrapped are none.
fn sentences(text: &str) -> Vec<(usize, usize)> {
    let mut flat = String::with_capacity(text.len());
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let begins_word = |next: &&str| next.starts_with(|c: char| c.is_alphabetic());
        let goes_on = line.trim_end().chars().count() >= WRAPPED_FROM && lines.peek().is_some_and(begins_word);
        match line.strip_suffix('\n').filter(|_| goes_on) {
            // The same number of bytes.
            Some(line) => {
                flat.push_str(line.strip_suffix('\r').unwrap_or(line));
                flat.push_str(if line.ends_with('\r') { "  " } else { " " });
            }
            None => flat.push_str(line),
        }
    }
    let bounds = flat.split_sentence_bound_indices();
    bounds
        .filter(|(_, sentence)| !sentence.trim().is_empty())
        .map(|(at, sentence)| (at, at + sentence.trim_end().len()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(question: &str, text: &str) -> Vec<String> {
        snippet(&QueryTerms::new(question), "", text)
    }

    #[test]
    fn a_short_text_is_shown_whole_with_the_words_of_the_question_marked() {
        let parts = of("Where is the violin?", "The violin\n lies in the long chest. Violins need oil.");
        assert_eq!(parts, ["The ", "violin", " lies in the long chest. ", "Violins", " need oil."]);
        assert_eq!(of("lamp", "The violin"), ["The violin"]);
        assert_eq!(of("", ""), [""]);
        assert_eq!(of("violin", "violin"), ["", "violin", ""]);
    }

    #[test]
    fn of_a_long_text_whole_sentences_with_the_most_different_words_are_shown() {
        let filler = "Nothing of interest stands in this sentence about other things. ".repeat(8);
        let told = "The boiler is in the cellar, behind the door.";
        let text = format!("A boiler, a boiler, a boiler. {filler}{told} {filler}");
        let parts = of("boiler in the cellar", &text);
        let shown = parts.concat();
        assert!(shown.contains(told) && shown.starts_with("\u{2026} ") && shown.ends_with(". \u{2026}"), "{shown}");
        let sentences = shown.trim_start_matches("\u{2026} ").trim_end_matches(" \u{2026}");
        assert!(text.contains(sentences) && sentences.starts_with(char::is_uppercase), "{shown}");
        assert!(shown.chars().count() <= SNIPPET_CHARS + 4);
        assert_eq!(parts.iter().skip(1).step_by(2).collect::<Vec<_>>(), ["boiler", "cellar"]);
    }

    #[test]
    fn a_sentence_without_an_end_is_cut_between_words_around_the_word() {
        let text = format!("{}boiler{}", "one more word ".repeat(60), " and more words".repeat(60));
        let shown = of("boiler", &text).concat();
        assert!(
            shown.starts_with("\u{2026} ") && shown.ends_with(" \u{2026}") && shown.contains(" boiler "),
            "{shown}"
        );
        let words = ["one", "more", "word", "words", "and", "boiler", "\u{2026}"];
        assert!(shown.split(' ').all(|word| words.contains(&word)), "{shown}");
        assert!(shown.chars().count() <= SNIPPET_CHARS + 4);
        let endless = "x".repeat(5_000);
        assert!(of("boiler", &endless).concat().chars().count() <= SNIPPET_CHARS + 4);
    }

    #[test]
    fn a_text_with_a_word_of_the_question_on_each_line_takes_two_steps_a_word_and_the_best_window_is_the_same() {
        let by_hand = |windows: &[(usize, usize)], spans: &[Span]| {
            let has = |(from, to): (usize, usize)| {
                let within: Vec<usize> =
                    spans.iter().filter(|span| span.from >= from && span.to <= to).map(|span| span.term).collect();
                (within.iter().collect::<std::collections::BTreeSet<_>>().len(), within.len())
            };
            let most = windows.iter().map(|window| has(*window)).max()?;
            windows.iter().copied().find(|window| has(*window) == most)
        };
        let terms = QueryTerms::new("boiler cellar lamp violin");
        let lines = ["boiler\n", "a cellar with a lamp.\n", "Nothing at all.\n", "violin, violin, boiler\n", "lamp\n"];
        let mut rng = crate::base::rng::Rng::new(7);
        let drawn = |_| lines[usize::try_from(rng.below(5)).unwrap()];
        let mixed: String = (0..300).map(drawn).collect();
        for text in
            ["boiler\n".repeat(1_000), mixed, format!("{}boiler. cellar. {}", "x ".repeat(900), "y".repeat(500))]
        {
            let spans = terms.spans("", &text);
            let windows = windows(&text, &sentences(&text));
            let mut steps = 0;
            let found = best(&windows, &spans, || steps += 1);
            assert_eq!(found, by_hand(&windows, &spans));
            assert!(steps <= 2 * spans.len(), "{steps} for {} words", spans.len());
            let letters = |(from, to): &(usize, usize)| text[*from..*to].chars().count();
            let sentences = sentences(&text);
            for (window, sentence) in windows.iter().zip(&sentences) {
                assert!(window.0 == sentence.0 && (letters(window) <= SNIPPET_CHARS || window.1 == sentence.1));
                let next = sentences.iter().find(|next| next.0 >= window.1);
                assert!(next.is_none_or(|next| letters(&(window.0, next.1)) > SNIPPET_CHARS), "one more had room");
            }
        }
    }

    #[test]
    fn a_wrapped_sentence_is_one_and_a_list_has_a_sentence_a_line() {
        let wrapped =
            "The man who came about the old boiler said that it will\nlast for another winter if it is cleaned.";
        assert_eq!(sentences(wrapped), [(0, wrapped.len())]);
        let list = "- milk\n- bread\n- a lamp for the cellar";
        assert_eq!(sentences(list).len(), 3);
        let crlf = wrapped.replace('\n', "\r\n");
        assert_eq!(sentences(&crlf), [(0, crlf.len())]);
    }
}
