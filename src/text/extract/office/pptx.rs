//! PowerPoint: slides in their order, each a section with its number and title; then what its speaker notes.

use super::docx::drawings;
use super::package::Package;
use super::runs::{UNSEEN, lines};
use super::styles::core_title;
use super::xml::{Tag, Visitor, walk};
use crate::text::extract::leaf::{Leaf, one_line};
use crate::text::extract::left_out::LeftOut;

/// Reads the presentation whose main part this is.
pub(super) fn read(package: &mut Package<'_, '_>, main: &str) -> Leaf {
    let mut leaf = Leaf::default();
    leaf.propose_title(&core_title(&package.text("docProps/core.xml")));
    let relations = package.relations(main);
    let mut order = Order(Vec::new());
    walk(&package.text(main), &mut order);
    let listed = order.0.iter().filter_map(|id| relations.iter().find(|it| it.id == *id));
    let mut slides: Vec<String> = listed.map(|it| it.target.clone()).collect();
    if slides.is_empty() {
        slides = relations.iter().filter(|it| it.kind == "slide").map(|it| it.target.clone()).collect();
    }
    for (at, part) in slides.iter().enumerate() {
        if leaf.is_full() {
            break;
        }
        slide(package, part, at + 1, &mut leaf);
    }
    leaf
}

fn slide(package: &mut Package<'_, '_>, part: &str, number: usize, leaf: &mut Leaf) {
    let mut slide = Slide::default();
    walk(&package.text(part), &mut slide);
    if slide.is_nested {
        leaf.left_out.insert(LeftOut::Nested);
    }
    let title = one_line(&slide.title);
    if title.is_empty() {
        leaf.place(1, &format!("Slide {number}"));
    } else {
        leaf.heading(1, &format!("Slide {number}: {title}"));
    }
    leaf.paragraph(&slide.text);
    let relations = package.relations(part);
    drawings(package, &relations, leaf);
    for (kind, word) in [("comments", "Comment: "), ("notesSlide", "")] {
        for it in relations.iter().filter(|it| it.kind == kind) {
            let xml = package.text(&it.target);
            let text = if kind == "comments" {
                lines(&xml, "cmLst")
            } else {
                let mut notes = Slide::default();
                walk(&xml, &mut notes);
                notes.text
            };
            if !text.trim().is_empty() {
                leaf.paragraph(&format!("{word}{text}"));
            }
        }
    }
}

/// The relations of the slides, in their order.
struct Order(Vec<String>);

impl Visitor for Order {
    fn open(&mut self, name: &str, tag: &Tag<'_>) {
        if name == "sldId" {
            self.0.extend(tag.get("r:id"));
        }
    }

    fn close(&mut self, _name: &str) {}

    fn text(&mut self, _text: &str) {}
}

/// A slide, or the page of notes to it.
#[derive(Default)]
struct Slide {
    title: String,
    text: String,
    /// The text of the open shape.
    shape: String,
    /// What the shape is a place for: a title, a date, the number of the slide.
    place: String,
    /// Cells of the open row.
    row: Option<Vec<String>>,
    in_text: usize,
    unseen: usize,
    /// Whether there are words in it that lie too deep.
    is_nested: bool,
}

impl Slide {
    fn push(&mut self, text: &str) {
        if self.unseen > 0 {
            return;
        }
        match self.row.as_mut().and_then(|row| row.last_mut()) {
            Some(cell) => cell.push_str(text),
            None => self.shape.push_str(text),
        }
    }

    fn end_shape(&mut self) {
        let shape = std::mem::take(&mut self.shape);
        match self.place.as_str() {
            // The same on every slide.
            "dt" | "ftr" | "hdr" | "sldNum" => {}
            "title" | "ctrTitle" if self.title.is_empty() => self.title = shape,
            _ => {
                self.text.push_str(shape.trim_end());
                self.text.push('\n');
            }
        }
        self.place.clear();
    }
}

impl Visitor for Slide {
    fn open(&mut self, name: &str, tag: &Tag<'_>) {
        self.unseen += usize::from(UNSEEN.contains(&name));
        match name {
            "sp" | "graphicFrame" | "cxnSp" | "pic" => self.end_shape(),
            "ph" => self.place = tag.get("type").unwrap_or_default(),
            "t" => self.in_text += 1,
            "br" => self.push("\n"),
            "tab" => self.push("\t"),
            "fld" if tag.get("type").is_some_and(|it| it == "slidenum" || it.starts_with("datetime")) => {
                self.unseen += 1;
            }
            "tr" => self.row = Some(Vec::new()),
            "tc" => self.row.iter_mut().for_each(|row| row.push(String::new())),
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        self.unseen = self.unseen.saturating_sub(usize::from(UNSEEN.contains(&name)));
        match name {
            "sp" | "graphicFrame" | "cxnSp" | "pic" => self.end_shape(),
            "fld" => self.unseen = 0,
            "t" => self.in_text -= 1,
            "p" if self.row.is_some() => self.push(" "),
            "p" => self.push("\n"),
            "tr" => {
                let row = self.row.take().unwrap_or_default();
                let cells: Vec<&str> = row.iter().map(|cell| cell.trim()).filter(|cell| !cell.is_empty()).collect();
                self.shape.push_str(&cells.join(" | "));
                self.shape.push('\n');
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if self.in_text > 0 {
            self.push(text);
        }
    }

    fn nested(&mut self) {
        self.is_nested = true;
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::text::extract::archive::inflate::Budget;
    use crate::text::extract::archive::zip::{Zip, tests::zip};
    use crate::text::extract::html::sections;
    use crate::text::extract::office::package::Package;

    #[test]
    fn slides_have_their_number_title_table_comment_and_notes() {
        let main = b"<p:presentation><p:sldIdLst><p:sldId id='1' r:id='r2'/><p:sldId id='2' r:id='r1'/></p:sldIdLst></p:presentation>";
        let rels = b"<Relationships><Relationship Id='r1' Type='x/slide' Target='slides/slide1.xml'/>\
                     <Relationship Id='r2' Type='x/slide' Target='slides/slide2.xml'/></Relationships>";
        let shape = |place: &str, text: &str| {
            format!("<p:sp><p:nvPr><p:ph type='{place}'/></p:nvPr><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:sp>")
        };
        let first = [("title", "Boiler"), ("body", "Red lamp"), ("dt", "1 May"), ("sldNum", "1")];
        let first: String = first.iter().map(|(place, text)| shape(place, text)).collect();
        let table = "<p:graphicFrame><a:tbl><a:tr><a:tc><a:p><a:t>a</a:t></a:p></a:tc><a:tc><a:p><a:t>b</a:t></a:p></a:tc>\
                     </a:tr></a:tbl></p:graphicFrame>";
        let notes = shape("body", "Say it twice") + "<a:fld type='slidenum'><a:t>2</a:t></a:fld>";
        let slide_rels = b"<Relationships><Relationship Id='n' Type='x/notesSlide' Target='../notes/n1.xml'/>\
                           <Relationship Id='c' Type='x/comments' Target='../comments/c1.xml'/></Relationships>";
        let file = zip(&[
            ("ppt/presentation.xml", main),
            ("ppt/_rels/presentation.xml.rels", rels),
            ("ppt/slides/slide2.xml", format!("<p:sld>{first}</p:sld>").as_bytes()),
            ("ppt/slides/slide1.xml", format!("<p:sld>{table}</p:sld>").as_bytes()),
            ("ppt/slides/_rels/slide1.xml.rels", slide_rels),
            ("ppt/notes/n1.xml", format!("<p:notes>{notes}</p:notes>").as_bytes()),
            ("ppt/comments/c1.xml", b"<p:cmLst><p:cm authorId='0'><p:text>Why?</p:text></p:cm></p:cmLst>"),
        ]);
        let (opened, mut budget) = (Zip::open(&file), Budget::of(file.len()));
        let leaf = read(&mut Package::new(&opened, &mut budget), "ppt/presentation.xml");
        let text = sections(&leaf.text, leaf.title);
        let told: Vec<(&str, &str)> =
            text.sections.iter().map(|at| (at.heading.as_str(), &text.text[at.range.clone()])).collect();
        assert_eq!(told, [("Slide 1: Boiler", "Red lamp"), ("Slide 2", "a | b\n\nComment: Why?\n\nSay it twice")]);
    }
}
