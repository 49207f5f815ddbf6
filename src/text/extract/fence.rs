//! Code of Markdown: fenced blocks, also behind the mark of a list item, and indented ones.

use crate::text::list_item::is_item;

/// The line that opened a block of fenced code.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fence {
    mark: char,
    length: usize,
    /// The column at which the content of its list item begins; 0 outside a list.
    column: usize,
}

impl Fence {
    /// The fence that a line opens, which may stand behind the mark of a list item. `content` is the line without its
    /// indent.
    pub(super) fn open(content: &str, indent: usize) -> Option<Self> {
        // Each look at an item would go over the blanks at the end of the line.
        let content = content.trim_end();
        let (mut rest, mut column) = (content, 0);
        while is_item(rest) && fence(rest).is_none() {
            let (_, after) = rest.split_once(char::is_whitespace)?;
            rest = after.trim_start();
            column = indent + content.len() - rest.len();
        }
        let (mark, length, info) = fence(rest)?;
        let inline = mark == '`' && info.contains('`');
        let indented = is_indented(content, indent) && column <= indent;
        (!inline && !indented).then_some(Self { mark, length, column })
    }

    /// Whether a line is part of the open block, or its end.
    pub(super) fn goes_on(open: &mut Option<Self>, content: &str, indent: usize) -> bool {
        let Some(fence) = *open else { return false };
        if fence.column > 0 && indent < fence.column && !content.trim().is_empty() {
            // The list item that the block belongs to has ended, and the block with it; unless its closing fence was
            // written without the indent.
            *open = None;
            return fence.is_closed_by(content);
        }
        if fence.is_closed_by(content) && indent < fence.column + 4 {
            *open = None;
        }
        true
    }

    fn is_closed_by(self, content: &str) -> bool {
        fence(content).is_some_and(|(mark, length, info)| mark == self.mark && length >= self.length && info.is_empty())
    }
}

/// Whether a line has the indent of code.
pub(super) fn is_indented(content: &str, indent: usize) -> bool {
    indent > 3 || content.starts_with('\t')
}

/// The mark, its length and the info string of a line of three or more marks.
fn fence(content: &str) -> Option<(char, usize, &str)> {
    let mark = content.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let info = content.trim_start_matches(mark);
    let length = content.len() - info.len();
    (length >= 3).then_some((mark, length, info.trim()))
}

/// Tells the lines of code from those of text, one after the other.
pub(super) struct CodeLines {
    fence: Option<Fence>,
    /// Whether indented code may begin or go on: the line before was blank, or such code.
    between: bool,
    /// The column at which the content of the last list item begins; 0 outside a list.
    column: usize,
}

impl CodeLines {
    pub(super) const fn new() -> Self {
        Self { fence: None, between: true, column: 0 }
    }

    /// Whether the next line is code.
    pub(super) fn takes(&mut self, line: &str) -> bool {
        let content = line.trim_start_matches(' ').trim_end();
        let indent = line.len() - line.trim_start_matches(' ').len();
        if Fence::goes_on(&mut self.fence, content, indent) {
            return true;
        }
        let between = std::mem::replace(&mut self.between, content.is_empty());
        if content.is_empty() {
            return false;
        }
        self.fence = Fence::open(content, indent);
        if self.fence.is_some() {
            return true;
        }
        let columns = indent + if content.starts_with('\t') { 4 } else { 0 };
        if between && columns >= self.column + 4 {
            self.between = true;
            return true;
        }
        if is_item(content) {
            let after = content.split_once(char::is_whitespace).map_or("", |(_, after)| after.trim_start());
            self.column = indent + content.len() - after.len();
        } else if between && columns < self.column {
            self.column = 0;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::CodeLines;

    #[test]
    fn code_is_told_from_text_in_and_outside_lists() {
        for (text, code) in [
            ("```\na\n```\nb", "1110"),
            ("- ```\n  a\n  ```\n- b", "1110"),
            ("- ```\n  a\nb", "110"),
            ("```a``` b\nc", "00"),
            ("~~~ a\n```\n~~~\nb", "1110"),
            ("    a\n    b\n\n\tc\nd", "11010"),
            ("a\n    b", "00"),
            ("- a\n\n    b\n\n      c\n\nd\n\n    e", "000010001"),
        ] {
            let mut lines = CodeLines::new();
            let found: String = text.lines().map(|line| if lines.takes(line) { '1' } else { '0' }).collect();
            assert_eq!(found, code, "{text:?}");
        }
    }
}
