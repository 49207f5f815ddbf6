//! What the styles of a Word document say of its paragraphs, and the title that a document states.

use super::xml::{Tag, Visitor, walk};
use std::collections::BTreeMap;

/// Styles that are based on each other in so many steps are followed.
const BASES_MAX: usize = 16;

/// The paragraph styles of a document.
#[derive(Debug, Default)]
pub(super) struct Styles {
    by_id: BTreeMap<String, Style>,
    open: Option<(String, Style)>,
}

#[derive(Debug, Default)]
struct Style {
    name: String,
    base: String,
    /// 0 for the highest; 9 for text.
    level: Option<usize>,
}

impl Styles {
    pub(super) fn of(xml: &str) -> Self {
        let mut styles = Self::default();
        walk(xml, &mut styles);
        styles
    }

    /// The level of headings in a style, 1 to 9.
    pub(super) fn level(&self, id: &str) -> Option<usize> {
        let level = self.chain(id).find_map(|style| style.level.or_else(|| numbered(&style.name)));
        // A file without styles, or one that names what every program knows.
        level.or_else(|| numbered(id)).filter(|level| *level < 9).map(|level| level + 1)
    }

    pub(super) fn is_title(&self, id: &str) -> bool {
        self.by_id.get(id).map_or(id, |style| style.name.as_str()).eq_ignore_ascii_case("title")
    }

    pub(super) fn is_item(&self, id: &str) -> bool {
        let name = self.by_id.get(id).map_or(id, |style| style.name.as_str()).to_lowercase();
        name.starts_with("list bullet") || name.starts_with("list number")
    }

    fn chain(&self, id: &str) -> impl Iterator<Item = &Style> {
        let next = |style: &&Style| self.by_id.get(&style.base);
        std::iter::successors(self.by_id.get(id), next).take(BASES_MAX)
    }
}

/// `heading 1` or `Heading1` is level 0.
fn numbered(name: &str) -> Option<usize> {
    let lower = name.to_lowercase();
    let number: usize = lower.strip_prefix("heading")?.trim().parse().ok()?;
    number.checked_sub(1)
}

impl Visitor for Styles {
    fn open(&mut self, name: &str, tag: &Tag<'_>) {
        let value = || tag.get("val").unwrap_or_default();
        match (name, &mut self.open) {
            ("style", open) => *open = Some((tag.get("styleId").unwrap_or_default(), Style::default())),
            ("name", Some((_, style))) => style.name = value(),
            ("basedOn", Some((_, style))) => style.base = value(),
            ("outlineLvl", Some((_, style))) => style.level = tag.number("val"),
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        if name == "style"
            && let Some((id, style)) = self.open.take()
        {
            self.by_id.insert(id, style);
        }
    }

    fn text(&mut self, _text: &str) {}
}

/// The title in the properties of a document.
pub(super) fn core_title(xml: &str) -> String {
    let mut found = Title::default();
    walk(xml, &mut found);
    found.title
}

#[derive(Default)]
struct Title {
    title: String,
    within: bool,
}

impl Visitor for Title {
    fn open(&mut self, name: &str, _tag: &Tag<'_>) {
        self.within = name == "title" && self.title.is_empty();
    }

    fn close(&mut self, _name: &str) {
        self.within = false;
    }

    fn text(&mut self, text: &str) {
        if self.within {
            self.title.push_str(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Styles, core_title};

    #[test]
    fn levels_come_from_the_style_its_base_or_its_name() {
        let xml = "<w:styles><w:style w:styleId='berschrift1'><w:name w:val='heading 1'/></w:style>\
            <w:style w:styleId='Own'><w:name w:val='My heading'/><w:basedOn w:val='berschrift1'/></w:style>\
            <w:style w:styleId='Low'><w:name w:val='Low'/><w:pPr><w:outlineLvl w:val='4'/></w:pPr></w:style>\
            <w:style w:styleId='Loop'><w:name w:val='x'/><w:basedOn w:val='Loop'/></w:style>\
            <w:style w:styleId='Titel'><w:name w:val='Title'/></w:style>\
            <w:style w:styleId='LB'><w:name w:val='List Bullet 2'/></w:style></w:styles>";
        let styles = Styles::of(xml);
        let levels = ["berschrift1", "Own", "Low", "Loop", "Titel", "Heading3", "Heading0", "none"];
        assert_eq!(levels.map(|id| styles.level(id)), [Some(1), Some(1), Some(5), None, None, Some(3), None, None]);
        assert!(styles.is_title("Titel") && !styles.is_title("Own") && styles.is_item("LB"));
    }

    #[test]
    fn the_title_of_the_properties_is_read() {
        let xml = "<c><dc:title>The boiler &amp; I</dc:title><dc:creator>x</dc:creator></c>";
        assert_eq!(core_title(xml), "The boiler & I");
    }
}
