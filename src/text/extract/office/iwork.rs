//! Pages, Keynote and Numbers of 2008 and 2009: one part of XML. The formats of later years are others, and are not read.

use super::package::Package;
use super::xml::{Tag, Visitor, walk};
use crate::text::extract::leaf::Leaf;

/// Elements whose text belongs to styles, masters and what was deleted.
const UNSEEN: [&str; 6] = ["stylesheet", "master-slide", "master-slides", "theme-list", "metadata", "changes"];

/// Reads the document whose main part this is.
pub(super) fn read(package: &mut Package<'_, '_>, main: &str) -> Leaf {
    let mut body = Body::default();
    walk(&package.text(main), &mut body);
    body.leaf
}

#[derive(Default)]
struct Body {
    leaf: Leaf,
    open: Vec<String>,
    unseen: usize,
    slides: usize,
}

impl Visitor for Body {
    fn open(&mut self, name: &str, tag: &Tag<'_>) {
        self.unseen += usize::from(UNSEEN.contains(&name));
        if self.unseen > 0 {
            return;
        }
        match name {
            "p" => self.open.push(String::new()),
            "slide" => {
                self.slides += 1;
                self.leaf.place(1, &format!("Slide {}", self.slides));
            }
            "workspace" => self.leaf.place(1, &tag.get("workspace-name").unwrap_or_default()),
            "lnbr" | "br" | "crbr" => self.open.last_mut().into_iter().for_each(|open| open.push('\n')),
            "tab" => self.open.last_mut().into_iter().for_each(|open| open.push('\t')),
            // Words and numbers of cells.
            "ct" => self.leaf.line(&tag.get("s").unwrap_or_default()),
            "n" if self.open.is_empty() => self.leaf.line(&tag.get("v").unwrap_or_default()),
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        if name == "p"
            && self.unseen == 0
            && let Some(text) = self.open.pop()
        {
            self.leaf.paragraph(text.trim());
        }
        self.unseen -= usize::from(UNSEEN.contains(&name));
    }

    fn text(&mut self, text: &str) {
        if self.unseen == 0
            && let Some(open) = self.open.last_mut()
        {
            open.push_str(text);
        }
    }

    fn is_done(&self) -> bool {
        self.leaf.is_full()
    }
}

#[cfg(test)]
mod tests {
    use crate::text::extract::archive::zip::tests::zip;
    use crate::text::extract::extract;

    #[test]
    fn slides_paragraphs_and_cells_are_read_and_masters_are_not() {
        let xml = b"<key:presentation><key:master-slide><sf:p>Click here</sf:p></key:master-slide><key:slide><sf:p>Boiler<sf:br/></sf:p>\
            <sf:t><sf:ct sfa:s='red lamp'/><sf:n sf:v='12'/></sf:t></key:slide></key:presentation>";
        let text = extract("a.key", &zip(&[("index.apxl", xml)])).unwrap();
        assert_eq!(text.sections[0].heading, "Slide 1");
        assert_eq!(&text.text[text.sections[0].range.clone()], "Boiler\nred lamp\n12");
        assert!(extract("a.key", &zip(&[("Index/Document.iwa", b"x")])).unwrap_err().to_string().contains("iWork"));
    }
}
