//! Text for a terminal: no control character or change of direction passes, and lines fit the width.

/// The same text on one line: runs of white space become one space, and characters that could control the terminal
/// (escapes, other control characters, changes of direction) show as U+FFFD.
#[must_use]
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().map(|c| if controls_terminal(c) { '\u{fffd}' } else { c }));
    }
    line
}

fn controls_terminal(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
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

/// Two for the wide letters of East Asia and for emoji, none for marks that combine with the letter before.
const fn column(c: char) -> usize {
    match c {
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200d}' | '\u{fe00}'..='\u{fe0f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
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
