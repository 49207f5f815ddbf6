//! The text of small parts that are not divided: notes, comments, headers, drawings, diagrams, charts.

use super::xml::{Tag, Visitor, walk};

/// One note, comment, or whole part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) id: String,
    pub(super) author: String,
    /// What it is, if it is not an ordinary one: the line above footnotes is one of type `separator`.
    pub(super) kind: String,
    /// Its paragraphs, each a line.
    pub(super) text: String,
}

/// Elements whose text is not shown: what was deleted, the reading aids of East Asian text, twice the same for old programs.
pub(super) const UNSEEN: [&str; 7] = ["Fallback", "del", "instrText", "moveFrom", "rPh", "rt", "phoneticPr"];

/// The text of each element of a name. Elements within one of them are part of it.
pub(super) fn items(xml: &str, element: &str) -> Vec<Item> {
    let mut found = Items { element, all: Vec::new(), depth: 0, unseen: 0, in_text: 0 };
    walk(xml, &mut found);
    for item in &mut found.all {
        item.text.truncate(item.text.trim_end().len());
    }
    found.all
}

/// The lines of all elements together.
pub(super) fn lines(xml: &str, element: &str) -> String {
    items(xml, element).into_iter().map(|item| item.text).collect::<Vec<_>>().join("\n")
}

struct Items<'a> {
    element: &'a str,
    all: Vec<Item>,
    /// Elements of the name that are open.
    depth: usize,
    unseen: usize,
    in_text: usize,
}

impl Items<'_> {
    fn push(&mut self, text: &str) {
        if self.depth > 0
            && self.unseen == 0
            && let Some(item) = self.all.last_mut()
        {
            item.text.push_str(text);
        }
    }

    fn end_line(&mut self) {
        if self.all.last().is_some_and(|item| !item.text.is_empty() && !item.text.ends_with('\n')) {
            self.push("\n");
        }
    }
}

impl Visitor for Items<'_> {
    fn open(&mut self, name: &str, tag: &Tag<'_>) {
        if name == self.element {
            self.depth += 1;
            if self.depth == 1 {
                let get = |name| tag.get(name).unwrap_or_default();
                let id = tag.get("id").or_else(|| tag.get("ref")).unwrap_or_default();
                let author = tag.get("author").or_else(|| tag.get("authorId")).unwrap_or_default();
                self.all.push(Item { id, author, kind: get("type"), text: String::new() });
            }
        }
        self.unseen += usize::from(UNSEEN.contains(&name));
        match name {
            // The text of Office, that of comments on slides, values of charts.
            "t" | "text" | "v" => self.in_text += 1,
            "tab" => self.push(" "),
            "br" | "cr" => self.push("\n"),
            "noBreakHyphen" => self.push("-"),
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "t" => self.in_text = self.in_text.saturating_sub(1),
            "text" | "v" => {
                self.in_text = self.in_text.saturating_sub(1);
                self.end_line();
            }
            "p" | "tr" => self.end_line(),
            _ => {}
        }
        self.unseen -= usize::from(UNSEEN.contains(&name));
        self.depth -= usize::from(name == self.element);
    }

    fn text(&mut self, text: &str) {
        if self.in_text > 0 {
            self.push(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{items, lines};

    #[test]
    fn notes_and_comments_have_their_id_author_and_lines() {
        let xml = "<w:comments><w:comment w:id='0' w:author='Ann'><w:p><w:r><w:t>Red</w:t><w:tab/><w:t xml:space='preserve'> \
                   lamp</w:t></w:r></w:p><w:p><w:del><w:t>no</w:t></w:del><w:r><w:t>two</w:t></w:r></w:p></w:comment>\
                   <w:comment w:id='1' w:type='separator'/></w:comments>";
        let found = items(xml, "comment");
        let of = |at: usize| (found[at].id.as_str(), found[at].author.as_str(), found[at].text.as_str());
        assert_eq!((of(0), of(1)), (("0", "Ann", "Red  lamp\ntwo"), ("1", "", "")));
        assert_eq!(found[1].kind, "separator");
        assert_eq!(
            lines("<c:chart><a:p><a:t>Rain</a:t></a:p><c:v>May</c:v><c:v>June</c:v></c:chart>", "chart"),
            "Rain\nMay\nJune"
        );
    }
}
