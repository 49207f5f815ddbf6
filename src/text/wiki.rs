//! Headings as wikis write them, `== Text ==`: in files that were exported from one.

/// Signs of the deepest heading; more on each side are a rule with a title, as programs print them.
const LEVELS: usize = 4;

/// The level and text of a line that is such a heading. Spaces stand between the signs and the text: without them it is a formula, or a
/// highlight of a note-taking program (`==text==`). Some exports put a space behind each sign (`= = Text = =`).
pub(super) fn heading(line: &str) -> Option<(usize, &str)> {
    let is_mark = |c: char| matches!(c, '=' | ' ' | '\t');
    let line = line.trim();
    let words = line.trim_matches(is_mark);
    let (before, after) = line.split_once(words).filter(|_| !words.is_empty() && !words.contains('='))?;
    let signs = |marks: &str| marks.matches('=').count();
    let level = signs(before);
    let is_apart = before.ends_with([' ', '\t']) && after.starts_with([' ', '\t']);
    ((1..=LEVELS).contains(&level) && signs(after) == level && is_apart).then_some((level, words))
}

#[cfg(test)]
mod tests {
    use super::heading;

    #[test]
    fn a_text_between_as_many_signs_with_spaces_is_a_heading() {
        for (line, found) in [
            (" = Mill = ", (1, "Mill")),
            ("== Race ==", (2, "Race")),
            ("= = Wheel of oak = =", (2, "Wheel of oak")),
            ("=== 1999 ===", (3, "1999")),
        ] {
            assert_eq!(heading(line), Some(found), "{line}");
        }
        for line in
            ["a = b", "=x=", "==never do that.==", "== x", "= = =", "== a == b ==", "= x ==", "===== tests =====", ""]
        {
            assert_eq!(heading(line), None, "{line}");
        }
    }
}
