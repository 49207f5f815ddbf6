//! List items: a chunk does not break within one, and its line is no Markdown heading.

/// Whether a line, without its indent, begins an item of a list: `- `, `* `, `+ `, `\u{2022} `, `1. ` or `a) `.
pub(super) fn is_item(line: &str) -> bool {
    let mark = line.split_whitespace().next().unwrap_or_default();
    if line.trim_end().len() == mark.len() {
        return false;
    }
    let counted = mark
        .strip_suffix(['.', ')'])
        .is_some_and(|n| !n.is_empty() && n.len() <= 3 && (n.bytes().all(|b| b.is_ascii_digit()) || n.len() == 1));
    matches!(mark, "-" | "*" | "+" | "\u{2022}" | "\u{2013}") || counted
}
