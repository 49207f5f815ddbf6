//! Text for a terminal: no control character or change of direction passes, and lines fit the width.

use crate::base::fold::controls_terminal;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// Marks that one letter carries at most on a screen; Vietnamese has two, Hebrew three. Hundreds of them on one letter are
/// drawn over the lines above and below.
const MARKS_MAX: usize = 4;

/// Columns of a path that is shown whole: as many as a path of Linux has bytes (PATH_MAX). Another device's may claim more.
const PATH_COLUMNS_MAX: usize = 4096;

/// The same text on one line: runs of white space become one space, and characters that could control the terminal
/// (escapes, other control characters, changes of direction) show as U+FFFD. Of the marks on one letter those beyond
/// `MARKS_MAX` are left out, so that as many characters as columns are shown, five times at most.
#[must_use]
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        push_harmless(&mut line, word);
    }
    line
}

/// A text with its lines as they are, without control characters, which are no part of its words. A change of direction shows as U+FFFD, as in
/// `one_line`.
#[must_use]
pub(super) fn readable(text: &str) -> String {
    let mut readable = String::with_capacity(text.len());
    for (at, line) in text.lines().enumerate() {
        if at > 0 {
            readable.push('\n');
        }
        let line: String = line.replace('\t', "    ").chars().filter(|c| !c.is_control()).collect();
        push_harmless(&mut readable, &line);
    }
    readable
}

/// A path on one line and whole, to be copied: unlike `one_line` it keeps its spaces. What could control the terminal shows
/// as U+FFFD, and beyond `PATH_COLUMNS_MAX` columns it ends in an ellipsis.
#[must_use]
pub fn whole_path(path: &str) -> String {
    let mut line = String::with_capacity(path.len());
    push_harmless(&mut line, path);
    if columns(&line) <= PATH_COLUMNS_MAX { line } else { fit(&line, PATH_COLUMNS_MAX) }
}

/// Appends the text with U+FFFD for what could control the terminal, and without the marks beyond `MARKS_MAX` on a letter.
fn push_harmless(line: &mut String, text: &str) {
    let mut marks = 0;
    for c in text.chars().map(|c| if controls_terminal(c) { '\u{fffd}' } else { c }) {
        marks = if column(c) == 0 { marks + 1 } else { 0 };
        if marks <= MARKS_MAX {
            line.push(c);
        }
    }
}

/// The text on one line of at most `width` columns, which ends in an ellipsis if there was more.
#[must_use]
pub fn fit(text: &str, width: usize) -> String {
    let line = one_line(text);
    if columns(&line) <= width {
        return line;
    }
    let mut shown = String::new();
    let mut used = 1;
    for c in line.chars() {
        used += column(c);
        if used > width {
            break;
        }
        shown.push(c);
    }
    shown.push('\u{2026}');
    shown
}

/// Lines of at most `width` columns, at most `lines` of them; the last one ends in an ellipsis if there was
/// more. The text is put on one line first. A word that is wider than a line is broken.
#[must_use]
pub fn wrap(text: &str, width: usize, lines: usize) -> Vec<String> {
    let width = width.max(4);
    let mut wrapped = vec![String::new()];
    let mut used = 0;
    let newline = |wrapped: &mut Vec<String>, used: &mut usize| {
        wrapped.push(String::new());
        *used = 0;
    };
    for word in one_line(text).split(' ') {
        if wrapped.len() > lines {
            break;
        }
        let long = columns(word);
        if used > 0 && used + 1 + long > width {
            newline(&mut wrapped, &mut used);
        }
        if used > 0 {
            push(&mut wrapped, ' ');
            used += 1;
        }
        for c in word.chars() {
            if used + column(c) > width {
                newline(&mut wrapped, &mut used);
            }
            push(&mut wrapped, c);
            used += column(c);
        }
    }
    if wrapped.len() > lines {
        wrapped.truncate(lines);
        if let Some(last) = wrapped.last_mut() {
            while columns(last) + 2 > width {
                last.pop();
            }
            last.push_str(" …");
        }
    }
    wrapped
}

/// The same of a text in parts, of which every second one is marked: each line in parts, with whether it is.
#[must_use]
pub fn wrap_marked(parts: &[String], width: usize, lines: usize) -> Vec<Vec<(String, bool)>> {
    let mut letters: Vec<(char, bool)> = Vec::new();
    for (part, is_marked) in parts.iter().zip([false, true].into_iter().cycle()) {
        let mut harmless = String::new();
        push_harmless(&mut harmless, part);
        letters.extend(harmless.chars().map(|c| (c, is_marked)));
    }
    let text: String = letters.iter().map(|(c, _)| c).collect();
    let mut rest = letters.into_iter().peekable();
    let mut marked = |line: String| {
        let mut shown: Vec<(String, bool)> = Vec::new();
        for c in line.chars() {
            // Blanks at the ends of lines are left out, and an ellipsis may be added.
            while rest.next_if(|(next, _)| next.is_whitespace() && *next != c).is_some() {}
            let is_marked = rest.next_if(|(next, _)| *next == c).is_some_and(|(_, is_marked)| is_marked);
            match shown.last_mut() {
                Some((part, same)) if *same == is_marked => part.push(c),
                _ => shown.push((c.to_string(), is_marked)),
            }
        }
        shown
    };
    wrap(&text, width, lines).into_iter().map(&mut marked).collect()
}

fn push(lines: &mut [String], c: char) {
    if let Some(last) = lines.last_mut() {
        last.push(c);
    }
}

/// Columns that a text takes on a terminal, near enough.
#[must_use]
pub fn columns(text: &str) -> usize {
    text.chars().map(column).sum()
}

/// Two for the wide letters of East Asia and for emoji, none for marks that combine with the letter before and for
/// characters that show nothing.
fn column(c: char) -> usize {
    match c {
        '\u{20}'..='\u{2ff}' => usize::from(c != '\u{ad}'),
        '\u{1160}'..='\u{11ff}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2 - 2 * usize::from(is_mark(c)),
        _ => usize::from(!is_mark(c)),
    }
}

fn is_mark(c: char) -> bool {
    use GeneralCategory::{EnclosingMark, Format, NonspacingMark};
    matches!(c.general_category(), EnclosingMark | Format | NonspacingMark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_and_changes_of_direction_are_replaced() {
        let shown = one_line("a\u{1b}[31mred\u{7}\r\n b\u{9b}2J \u{202e}gpj.exe\u{0}\u{7f}\t\u{85}z");
        assert_eq!(shown, "a\u{fffd}[31mred\u{fffd} b\u{fffd}2J \u{fffd}gpj.exe\u{fffd}\u{fffd} z");
        assert_eq!(one_line("  Grüße,\n\n  世界 "), "Grüße, 世界");
    }

    #[test]
    fn of_a_document_control_characters_are_not_shown() {
        assert_eq!(readable("The\u{1} boiler\r\n\thums\u{1b}[2J \u{202e}x"), "The boiler\n    hums[2J \u{fffd}x");
    }

    #[test]
    fn a_path_keeps_its_spaces_and_is_bounded_and_harmless() {
        assert_eq!(
            whole_path("/home/ann/My  notes/a\u{1b}[2J\n b.md"),
            "/home/ann/My  notes/a\u{fffd}[2J\u{fffd} b.md"
        );
        let long = whole_path(&"x/".repeat(5000));
        assert!(columns(&long) == PATH_COLUMNS_MAX && long.ends_with('\u{2026}'));
    }

    #[test]
    fn a_line_is_bounded_although_marks_take_no_column() {
        let zalgo = format!("a{}b{}", "\u{301}".repeat(5000), "\u{20dd}\u{200d}\u{93f}\u{5b4}".repeat(2000));
        assert!(one_line(&zalgo).chars().count() < 8100, "a vowel sign of Devanagari takes a column and three marks");
        assert_eq!(
            one_line("Vie\u{323}\u{302}t Nam, \u{5e9}\u{5c1}\u{5b8}"),
            "Vie\u{323}\u{302}t Nam, \u{5e9}\u{5c1}\u{5b8}"
        );
        for text in [&zalgo, &"\u{600}\u{4e16}".repeat(99), "\u{301}\u{301}x", &"x".repeat(99)] {
            for line in wrap(text, 20, 5).iter().chain([&fit(text, 20)]) {
                assert!(columns(line) <= 20 && line.chars().count() <= 120, "{line:?}");
            }
        }
        assert_eq!((fit("abcdef", 6), fit("abcdefg", 6)), ("abcdef".to_owned(), "abcde\u{2026}".to_owned()));
        assert_eq!(fit("\u{4e16}\u{4e16}\u{4e16}", 4), "\u{4e16}\u{2026}");
    }

    #[test]
    fn marks_stay_at_their_words_over_the_ends_of_lines() {
        let parts = ["one ", "two", " three ", "four five", ", six"].map(str::to_owned);
        let lines = wrap_marked(&parts, 9, 9);
        let part = |text: &str, is_marked| (text.to_owned(), is_marked);
        let expected = [
            vec![part("one ", false), part("two", true)],
            vec![part("three", false)],
            vec![part("four", true)],
            vec![part("five", true), part(", six", false)],
        ];
        assert_eq!(lines, expected);
        let cut = wrap_marked(&parts, 9, 1);
        assert_eq!(cut, [vec![part("one ", false), part("two", true), part(" …", false)]]);
        assert_eq!(wrap_marked(&[], 9, 1), [Vec::new()]);
    }

    #[test]
    fn text_is_wrapped_to_the_width_and_cut_with_an_ellipsis() {
        assert_eq!(wrap("one two three four", 9, 9), ["one two", "three", "four"]);
        assert_eq!(wrap("one two three four", 9, 2), ["one two", "three …"]);
        assert_eq!(wrap("one two threefour five", 9, 2), ["one two", "threefo …"]);
        assert_eq!(wrap("abcdefghij", 4, 9), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("世界世界", 4, 9), ["世界", "世界"]);
        assert_eq!(wrap("", 10, 2), [""]);
        for line in wrap(&"wörter ".repeat(500), 37, 6) {
            assert!(columns(&line) <= 37);
        }
    }
}
