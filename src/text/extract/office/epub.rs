//! Books: the chapters in the order of the spine, each read as the page of HTML that it is.

use super::package::{Package, joined};
use super::xml::{Tag, Visitor, walk};
use crate::text::extract::html;
use crate::text::extract::leaf::Leaf;
use std::collections::BTreeMap;

/// Reads a book; `None` if a chapter is encrypted.
pub(super) fn read(package: &mut Package<'_, '_>) -> Option<Leaf> {
    let mut root = Root(None);
    walk(&package.text("META-INF/container.xml"), &mut root);
    let first = || package.names().find(|name| name.ends_with(".opf")).map(str::to_owned);
    let opf = root.0.or_else(first).unwrap_or_default();
    let folder = opf.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut book = Book::default();
    walk(&package.text(&opf), &mut book);
    let path = |href: &str| joined(folder, &unescaped(href.split('#').next().unwrap_or_default()));
    let mut chapters: Vec<String> =
        book.spine.iter().filter_map(|id| book.items.get(id)).map(|(href, _)| path(href)).collect();
    if chapters.is_empty() {
        // Without the list of its chapters a book has their order by their names.
        let ends = |name: &&str| [".xhtml", ".html", ".htm"].iter().any(|end| name.to_ascii_lowercase().ends_with(end));
        chapters = package.names().filter(ends).map(str::to_owned).collect();
        chapters.sort();
    }
    // Fonts are often scrambled by this file, and chapters by that of a shop.
    let locked = package.text("META-INF/encryption.xml");
    if chapters.iter().any(|chapter| locked.contains(&format!("\"{chapter}\""))) {
        return None;
    }
    let mut labels = Labels::default();
    for (href, _) in book.items.values().filter(|(_, kind)| kind == "application/x-dtbncx+xml") {
        labels.folder = path(href).rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        walk(&package.text(&path(href)), &mut labels);
    }
    let mut leaf = Leaf::default();
    leaf.set_title(&book.title);
    for chapter in chapters.iter().take_while(|_| !leaf.is_full()).collect::<Vec<_>>() {
        let file = package.text(chapter);
        let page = html::read(&file, true);
        let begins_with_heading = page.text.starts_with('#');
        let label = labels.by_part.get(chapter).filter(|_| !begins_with_heading);
        leaf.insert(usize::from(label.is_some()), label.map_or("", String::as_str), &page.text);
    }
    Some(leaf)
}

/// A path without the `%20` of addresses.
fn unescaped(href: &str) -> String {
    let mut bytes = Vec::with_capacity(href.len());
    let mut rest = href.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let code =
            after.get(..2).and_then(|two| std::str::from_utf8(two).ok()).and_then(|it| u8::from_str_radix(it, 16).ok());
        match code.filter(|_| *byte == b'%') {
            Some(code) => {
                bytes.push(code);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

struct Root(Option<String>);

impl Visitor for Root {
    fn open(&mut self, name: &str, tag: &Tag<'_>) {
        if name == "rootfile" && self.0.is_none() {
            self.0 = tag.get("full-path");
        }
    }

    fn close(&mut self, _name: &str) {}

    fn text(&mut self, _text: &str) {}
}

#[derive(Default)]
struct Book {
    title: String,
    in_title: bool,
    /// Paths and types.
    items: BTreeMap<String, (String, String)>,
    spine: Vec<String>,
}

impl Visitor for Book {
    fn open(&mut self, name: &str, tag: &Tag<'_>) {
        match name {
            "title" => self.in_title = self.title.is_empty(),
            "item" => {
                let get = |name| tag.get(name).unwrap_or_default();
                self.items.insert(get("id"), (get("href"), get("media-type")));
            }
            "itemref" => self.spine.extend(tag.get("idref")),
            _ => {}
        }
    }

    fn close(&mut self, _name: &str) {
        self.in_title = false;
    }

    fn text(&mut self, text: &str) {
        if self.in_title {
            self.title.push_str(text);
        }
    }
}

/// The table of contents.
#[derive(Default)]
struct Labels {
    folder: String,
    by_part: BTreeMap<String, String>,
    label: String,
    in_label: bool,
}

impl Visitor for Labels {
    fn open(&mut self, name: &str, tag: &Tag<'_>) {
        match name {
            "navLabel" => {
                self.in_label = true;
                self.label.clear();
            }
            "content" => {
                let part = tag.get("src").unwrap_or_default();
                let part = joined(&self.folder, &unescaped(part.split('#').next().unwrap_or_default()));
                self.by_part.entry(part).or_insert_with(|| self.label.trim().to_owned());
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        self.in_label &= name != "navLabel";
    }

    fn text(&mut self, text: &str) {
        if self.in_label {
            self.label.push_str(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::text::extract::archive::inflate::Budget;
    use crate::text::extract::archive::zip::{Zip, tests::zip};
    use crate::text::extract::html::sections;
    use crate::text::extract::leaf::Leaf;
    use crate::text::extract::office::package::Package;

    fn book(encryption: &str) -> Option<Leaf> {
        let container = b"<container><rootfiles><rootfile full-path='OEBPS/book.opf'/></rootfiles></container>";
        let opf = b"<package><metadata><dc:title>The house</dc:title></metadata><manifest>\
            <item id='b' href='two%20b.xhtml' media-type='application/xhtml+xml'/><item id='a' href='one.xhtml'/>\
            <item id='ncx' href='toc.ncx' media-type='application/x-dtbncx+xml'/></manifest>\
            <spine><itemref idref='a'/><itemref idref='b'/></spine></package>";
        let ncx =
            b"<ncx><navPoint><navLabel><text>Pump</text></navLabel><content src='two%20b.xhtml#x'/></navPoint></ncx>";
        let file = zip(&[
            ("META-INF/container.xml", container),
            ("META-INF/encryption.xml", encryption.as_bytes()),
            ("OEBPS/book.opf", opf),
            ("OEBPS/toc.ncx", ncx),
            (
                "OEBPS/two b.xhtml",
                b"<html><head><title>t</title></head><body><p>It moves water.</p><h3>More</h3><p>x</p></body></html>",
            ),
            ("OEBPS/one.xhtml", b"<html><body><h1>Boiler</h1><p>Red lamp</p></body></html>"),
        ]);
        let (opened, mut budget) = (Zip::open(&file), Budget::of(file.len()));
        read(&mut Package::new(&opened, &mut budget))
    }

    #[test]
    fn chapters_come_in_the_order_of_the_spine_with_their_headings_or_labels() {
        let leaf = book("").unwrap();
        let text = sections(&leaf.text, leaf.title);
        let told: Vec<(&str, &str)> =
            text.sections.iter().map(|at| (at.heading.as_str(), &text.text[at.range.clone()])).collect();
        assert_eq!(
            told,
            [
                ("The house > Boiler", "Red lamp"),
                ("The house > Pump", "It moves water."),
                ("The house > Pump > More", "x")
            ]
        );
    }

    #[test]
    fn a_book_that_lacks_the_list_of_its_chapters_is_read_in_the_order_of_their_names() {
        let file = zip(&[
            ("mimetype", b"application/epub+zip"),
            ("OEBPS/b.xhtml", b"<html><body><p>It moves water.</p></body></html>"),
            ("OEBPS/a.html", b"<html><body><p>Red lamp</p></body></html>"),
        ]);
        let (opened, mut budget) = (Zip::open(&file), Budget::of(file.len()));
        let text = read(&mut Package::new(&opened, &mut budget)).unwrap().text;
        assert!(text.find("Red lamp") < text.find("It moves") && text.contains("Red lamp"), "{text}");
    }

    #[test]
    fn a_book_with_encrypted_chapters_has_no_text() {
        let of = |part: &str| format!("<encryption><CipherReference URI=\"OEBPS/{part}\"/></encryption>");
        assert!(book(&of("one.xhtml")).is_none() && book(&of("font.otf")).is_some());
    }
}
