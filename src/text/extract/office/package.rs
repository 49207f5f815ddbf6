//! The parts of an office document, which is a ZIP file, and how they refer to each other.

use super::xml::{Tag, Visitor, decode, walk};
use crate::limits::PART_BYTES_MAX;
use crate::text::extract::archive::inflate::{Budget, End};
use crate::text::extract::archive::zip::Zip;
use crate::text::extract::left_out::LeftOut;

/// An office document.
pub(super) struct Package<'a, 'b> {
    zip: &'b Zip<'a>,
    budget: &'b mut Budget,
    /// Whether something of what was read is missing.
    pub(super) is_cut: bool,
    /// Whether something of what was read is other than it was packed.
    pub(super) is_altered: bool,
    /// Whether more of it was to be unpacked than is.
    pub(super) is_full: bool,
    /// Whether something of what was to be read needs a password.
    pub(super) is_encrypted: bool,
}

/// What a part refers to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Relation {
    pub(super) id: String,
    /// The last word of its type: `slide`, `comments`.
    pub(super) kind: String,
    /// The part.
    pub(super) target: String,
}

impl<'a, 'b> Package<'a, 'b> {
    pub(super) fn new(zip: &'b Zip<'a>, budget: &'b mut Budget) -> Self {
        Self { zip, budget, is_cut: zip.is_cut, is_altered: false, is_full: false, is_encrypted: false }
    }

    /// The bytes of a part.
    pub(super) fn bytes(&mut self, name: &str) -> Option<Vec<u8>> {
        let entry = self.zip.find(name)?;
        self.is_encrypted |= entry.is_encrypted;
        self.is_full |= self.budget.is_used_up();
        let unpacked = self.zip.read(entry, PART_BYTES_MAX, self.budget)?;
        self.is_cut |= unpacked.end == End::Cut;
        self.is_altered |= unpacked.end == End::Altered;
        self.is_full |= unpacked.end == End::Full;
        Some(unpacked.bytes)
    }

    /// What of it is not read.
    pub(super) fn left_out(&self) -> Vec<LeftOut> {
        let all = [
            self.is_full.then_some(LeftOut::Part),
            self.is_encrypted.then_some(LeftOut::Encrypted),
            self.is_altered.then_some(LeftOut::Altered),
            self.is_cut.then_some(LeftOut::Cut),
        ];
        all.into_iter().flatten().collect()
    }

    /// A part as text; empty if it is not there.
    pub(super) fn text(&mut self, name: &str) -> String {
        self.bytes(name).map(decode).unwrap_or_default()
    }

    /// The names of all parts, in the order of the file.
    pub(super) fn names(&self) -> impl Iterator<Item = &'b str> + use<'a, 'b> {
        self.zip.entries.iter().map(|entry| entry.name.as_str())
    }

    /// What a part refers to within the document; the document itself is the part of no name.
    pub(super) fn relations(&mut self, part: &str) -> Vec<Relation> {
        let (folder, name) = part.rsplit_once('/').unwrap_or(("", part));
        let slash = if folder.is_empty() { "" } else { "/" };
        let xml = self.text(&format!("{folder}{slash}_rels/{name}.rels"));
        let mut found = Relations { folder, all: Vec::new() };
        walk(&xml, &mut found);
        found.all
    }
}

struct Relations<'a> {
    folder: &'a str,
    all: Vec<Relation>,
}

impl Visitor for Relations<'_> {
    fn open(&mut self, name: &str, tag: &Tag<'_>) {
        if name == "Relationship" && tag.get("TargetMode").is_none_or(|mode| mode != "External") {
            let kind = tag.get("Type").unwrap_or_default();
            self.all.push(Relation {
                id: tag.get("Id").unwrap_or_default(),
                kind: kind.rsplit('/').next().unwrap_or_default().to_owned(),
                target: joined(self.folder, &tag.get("Target").unwrap_or_default()),
            });
        }
    }

    fn close(&mut self, _name: &str) {}

    fn text(&mut self, _text: &str) {}
}

/// A path as a file in `folder` writes it.
pub(super) fn joined(folder: &str, path: &str) -> String {
    let from = if path.starts_with('/') { "" } else { folder };
    let mut parts: Vec<&str> = Vec::new();
    for part in from.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::{Package, Relation, joined};
    use crate::text::extract::archive::inflate::Budget;
    use crate::text::extract::archive::zip::{Zip, tests::zip};

    #[test]
    fn parts_are_found_by_their_relations() {
        assert_eq!(joined("ppt/slides", "../media/a.png"), "ppt/media/a.png");
        assert_eq!(joined("ppt/slides", "/xl/a.xml"), "xl/a.xml");
        assert_eq!(joined("", "../../a"), "a");
        let rels = br#"<Relationships><Relationship Id="r1" Type="http://x/slide" Target="slides/slide1.xml"/>
            <Relationship Id="r2" Type="http://x/hyperlink" Target="http://a.test" TargetMode="External"/></Relationships>"#;
        let file = zip(&[("ppt/_rels/presentation.xml.rels", rels), ("ppt/slides/slide1.xml", b"<a/>")]);
        let (opened, mut budget) = (Zip::open(&file), Budget::of(file.len()));
        let mut package = Package::new(&opened, &mut budget);
        let found = package.relations("ppt/presentation.xml");
        let target = "ppt/slides/slide1.xml".to_owned();
        assert_eq!(found, [Relation { id: "r1".to_owned(), kind: "slide".to_owned(), target: target.clone() }]);
        assert_eq!((package.text(&target).as_str(), package.text("none").as_str()), ("<a/>", ""));
        assert!(!package.is_cut);
    }
}
