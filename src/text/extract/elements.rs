//! XML: the text of its elements, whatever they are called.
//!
//! The forms are without number, so nothing is known of their names but that a `title` is one. What is a line follows from the text
//! itself: an element within words (`<p>a <b>bold</b> word</p>`) is part of their line, and one beside others has its own. Rows of
//! tables are one line each. A value that is a number has the name of its element before it, since it says nothing without.
//! HTML in the text of an element, as feeds have it, is read as HTML. Of the attributes those count whose names say that they are
//! words for people.
//!
//! What has no text in its elements is read as it stands: settings and drawings are found by their names and attributes then.
//!
//! Not here: XHTML, which the reader of HTML takes, and the XML in office documents (`office`).

use super::charset;
use super::html;
use super::leaf::{Leaf, one_line};
use super::office::xml::{Tag, Visitor, walk};
use super::plain;
use super::refusal::Refusal;
use super::table::is_number;

/// Endings of files that are XML though nothing at their start says so.
const ENDINGS: [&str; 27] = [
    "xml", "rss", "atom", "opml", "kml", "gpx", "svg", "fb2", "xsd", "xsl", "xslt", "plist", "xlf", "xliff", "tei",
    "dbk", "docbook", "rdf", "owl", "wsdl", "ttml", "dita", "ditamap", "nfo", "resx", "musicxml", "tmx",
];

/// Attributes that hold words for people.
const WORDS: [&str; 9] =
    ["title", "label", "alt", "text", "description", "summary", "caption", "placeholder", "tooltip"];

/// Elements that are rows of a table.
const ROWS: [&str; 4] = ["row", "Row", "tr", "table-row"];

/// Elements of which nothing is shown.
const UNSEEN: [&str; 4] = ["style", "stylesheet", "script", "binary"];

/// Bytes at the start in which the first element is looked for.
const HEAD_BYTES: usize = 4096;

/// Whether a file is XML and no HTML: its first bytes say so, or its name and its first sign.
pub(super) fn is_xml(ending: &str, bytes: &[u8]) -> bool {
    let is_html = matches!(ending, "html" | "htm" | "xhtml" | "md" | "markdown" | "mdown");
    !is_html && (starts(bytes, "<?xml") || ENDINGS.contains(&ending) && starts(bytes, "<")) && !is_page(bytes)
}

/// Whether the bytes begin so behind white space and a byte order mark, in UTF-16 too.
fn starts(bytes: &[u8], with: &str) -> bool {
    first_letters(bytes).starts_with(with)
}

/// The first ASCII letters, without marks and halves of units.
fn first_letters(bytes: &[u8]) -> String {
    let head = bytes.get(..HEAD_BYTES.min(bytes.len())).unwrap_or_default();
    let letters: String = head.iter().filter(|byte| (1..0x80).contains(*byte)).map(|byte| char::from(*byte)).collect();
    letters.trim_start().to_owned()
}

/// Whether the root is that of an HTML page.
fn is_page(bytes: &[u8]) -> bool {
    let head = first_letters(bytes).to_ascii_lowercase();
    let mut rest = head.as_str();
    while let Some(at) = rest.find('<') {
        rest = rest.get(at..).unwrap_or_default();
        if rest.starts_with("<!doctype html") || rest.starts_with("<html") {
            return true;
        }
        let behind = if rest.starts_with("<!--") { rest.find("-->") } else { rest.find('>') };
        let is_before_the_root = rest.starts_with("<!") || rest.starts_with("<?");
        let Some(behind) = behind.filter(|_| is_before_the_root) else { return false };
        rest = rest.get(behind..).unwrap_or_default();
    }
    false
}

/// Reads XML; `None` if its elements have no text.
///
/// # Errors
/// A [`Refusal`] if its bytes are no text.
pub(super) fn read(bytes: &[u8]) -> Result<Option<Leaf>, Refusal> {
    let text = plain::decode(bytes).or_else(|why| match why {
        Refusal::Encoding { .. } => charset::decode(bytes, true).ok_or(why),
        Refusal::Binary => charset::utf16_without_mark(bytes).ok_or(why),
        why => Err(why),
    })?;
    let mut elements = Elements::default();
    walk(&text, &mut elements);
    elements.end_line();
    Ok((!elements.leaf.is_blank()).then_some(elements.leaf))
}

/// An element that is open.
#[derive(Default)]
struct Open {
    /// Words stand in it beside its elements.
    has_text: bool,
    has_elements: bool,
    is_row: bool,
    has_title: bool,
}

/// What separates the next words from those before.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Between {
    #[default]
    Nothing,
    /// An element began.
    Begin,
    /// One ended.
    End,
}

#[derive(Default)]
struct Elements {
    leaf: Leaf,
    open: Vec<Open>,
    line: String,
    between: Between,
    /// Rows that are open.
    rows: usize,
    /// Elements that are open and not shown.
    unseen: usize,
    /// Where the title that is open stands, counted in elements around it.
    title: Option<usize>,
    /// The next line is apart from what is before it.
    is_apart: bool,
    /// The name of the innermost element, if nothing but text is in it so far.
    name: String,
    /// A block of data (CDATA) ends here.
    is_behind_data: bool,
}

impl Elements {
    /// Writes the line so far.
    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        if line.trim().is_empty() {
            return;
        }
        let is_html = ["</", "<br", "<p>"].iter().any(|tag| line.contains(tag));
        if is_html {
            let page = html::read(&line, false).text;
            self.leaf.insert(self.level(), "", &page);
        } else if std::mem::take(&mut self.is_apart) {
            self.leaf.paragraph(line.trim());
        } else {
            self.leaf.line(line.trim());
        }
    }

    /// The level of a heading here.
    fn level(&self) -> usize {
        1 + self.open.iter().filter(|element| element.has_title).count()
    }

    /// Words of the line, which begins anew where an element did.
    fn words(&mut self, text: &str) {
        match std::mem::take(&mut self.between) {
            Between::Begin if self.title.is_some() => self.line.push(' '),
            Between::Begin if self.rows > 0 && !self.line.is_empty() => self.line.push_str("; "),
            Between::Begin if self.rows == 0 => self.end_line(),
            Between::End => self.line.push(' '),
            _ => {}
        }
        for c in text.chars() {
            let c = if c.is_whitespace() { ' ' } else { c };
            if c != ' ' || !self.line.is_empty() && !self.line.ends_with(' ') {
                self.line.push(c);
            }
        }
    }

    fn end_title(&mut self) {
        self.title = None;
        let words = one_line(&std::mem::take(&mut self.line));
        let level = self.level();
        if self.leaf.title.is_empty() && self.leaf.text.is_empty() {
            self.leaf.set_title(&words);
        } else if self.rows == 0 {
            self.leaf.heading(level, &words);
            if let Some(section) = self.open.last_mut() {
                section.has_title = true;
            }
        }
        self.between = Between::Begin;
    }
}

impl Visitor for Elements {
    fn open(&mut self, name: &str, tag: &Tag<'_>) {
        let is_within_words = self.open.last().is_some_and(|around| around.has_text);
        if let Some(around) = self.open.last_mut() {
            around.has_elements = true;
        }
        if !is_within_words {
            self.between = Between::Begin;
        } else if std::mem::take(&mut self.is_behind_data) {
            // No word goes on from a block of data into an element.
            self.words(" ");
        }
        let is_row = ROWS.contains(&name);
        if is_row && self.rows == 0 {
            self.end_line();
        }
        self.rows += usize::from(is_row);
        if name == "title" && self.title.is_none() && self.rows == 0 && !is_within_words {
            self.end_line();
            self.title = Some(self.open.len());
        }
        name.clone_into(&mut self.name);
        self.unseen += usize::from(UNSEEN.contains(&name));
        self.open.push(Open { is_row, ..Open::default() });
        for (_, value) in tag.all().filter(|(name, _)| WORDS.contains(&name.as_str())) {
            if value.contains(char::is_alphabetic) {
                self.words(&value);
                self.between = Between::Begin;
            }
        }
    }

    fn close(&mut self, name: &str) {
        self.unseen = self.unseen.saturating_sub(usize::from(UNSEEN.contains(&name)));
        self.is_behind_data = false;
        let Some(element) = self.open.pop() else { return };
        if element.is_row {
            self.rows -= 1;
            if self.rows == 0 {
                self.end_line();
            }
        }
        if self.title == Some(self.open.len()) {
            self.end_title();
        }
        // A record or a section.
        let is_group = element.has_elements && !element.has_text && !element.is_row;
        if is_group && self.rows == 0 && self.title.is_none() && self.leaf_is_behind() {
            self.end_line();
            self.is_apart = true;
        }
        self.name.clear();
        // What follows may be the rest of a sentence around it.
        if !self.open.last().is_some_and(|around| around.has_text) && self.between == Between::Nothing {
            self.between = Between::End;
        }
    }

    fn data(&mut self, text: &str) {
        self.text(text);
        self.is_behind_data = true;
    }

    fn text(&mut self, text: &str) {
        self.is_behind_data = false;
        if self.unseen > 0 {
            return;
        }
        if text.trim().is_empty() {
            if self.between == Between::Nothing && !text.is_empty() {
                self.words(" ");
            }
            return;
        }
        // Two values side by side are no words of a sentence.
        if self.between == Between::End && self.open.last().is_none_or(|element| !element.has_elements) {
            self.between = Between::Begin;
        }
        let name = std::mem::take(&mut self.name);
        if self.between == Between::Begin && !name.is_empty() && is_number(text) && self.title.is_none() {
            self.words(&name);
            self.line.push_str(": ");
        }
        self.words(text);
        if let Some(element) = self.open.last_mut() {
            element.has_text = true;
        }
    }

    fn is_done(&self) -> bool {
        self.leaf.is_full()
    }
}

impl Elements {
    /// Whether something stands before this place.
    fn leaf_is_behind(&self) -> bool {
        !self.line.is_empty() || !self.leaf.text.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::{is_xml, read};
    use crate::text::extract::html::sections;

    fn told(xml: &str) -> String {
        let leaf = read(xml.as_bytes()).unwrap().unwrap_or_default();
        let text = sections(&leaf.text, leaf.title.clone());
        let part =
            |at: &crate::text::extract::section::Section| format!("[{}] {}", at.heading, &text.text[at.range.clone()]);
        text.sections.iter().map(part).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn words_within_words_are_one_line_and_elements_beside_each_other_have_their_own() {
        assert_eq!(
            told("<a><p>The <b>red</b> lamp<i>s</i> hum.</p><p><b>Bold</b> word</p></a>"),
            "[] The red lamps hum.\nBold word"
        );
        assert_eq!(
            told("<all>\n <man><name>Ann</name>\n<age>40</age></man>\n<man><name>Bob</name><age>7</age></man></all>"),
            "[] Ann\nage: 40\n\nBob\nage: 7"
        );
        assert_eq!(
            told("<t><Row><c>Part</c><c>Left</c></Row><Row><c>Bolt</c><c>40</c></Row></t>"),
            "[] Part; Left\nBolt; c: 40"
        );
        assert_eq!(told("<a><style>p {{}}</style><b>x</b><binary>aGVsbG8=</binary></a>"), "[] x");
        assert_eq!(told("<a><![CDATA[one]]><b>two</b> H<c>2</c>O</a>"), "[] one two H2O");
        assert_eq!(told("<a>one &lt; two &amp; three<![CDATA[ <4]]></a>"), "[] one < two & three <4");
    }

    #[test]
    fn titles_are_headings_and_html_in_a_text_is_read_as_such() {
        let feed = "<rss><channel><title>House news</title><item><title>Boiler</title><description>&lt;p&gt;It &lt;b&gt;hums&lt;/b&gt;.\
                    &lt;/p&gt;</description></item><item><title>Pump</title><description>It moves.</description></item></channel></rss>";
        assert_eq!(told(feed), "[House news > Boiler] It hums.\n[House news > Pump] It moves.");
        let book = "<book><title>House</title><chapter><title>Cellar</title><para>Cold.</para><section><title>Boiler</title><para>Hot.\
                    </para></section></chapter></book>";
        assert_eq!(told(book), "[House > Cellar] Cold.\n[House > Cellar > Boiler] Hot.");
        assert_eq!(
            told("<opml><outline text='Boiler news'/><outline text='x' xmlUrl='http://x'/></opml>"),
            "[] Boiler news\nx"
        );
        let flat = "<office:document xmlns:text='urn:oasis:names:text'><text:p>It hums.</text:p></office:document>";
        assert_eq!(told(flat), "[] It hums.", "what a namespace is called is no word");
    }

    #[test]
    fn settings_without_a_word_are_none_and_pages_are_pages() {
        assert!(read(b"<a b='1'><c d='2'/></a>").unwrap().is_none());
        assert!(
            read(b"<?xml version='1.0' encoding='iso-8859-1'?><a>caf\xE9</a>")
                .unwrap()
                .unwrap()
                .text
                .contains("caf\u{e9}")
        );
        assert!(read(b"<a>\0\x01\x02</a>").is_err());
        for (ending, start, is) in [
            ("", "<?xml version='1.0'?><a/>", true),
            ("txt", "\u{feff} <?xml version='1.0'?><!-- <html> --><a/>", true),
            ("xml", "<a/>", true),
            ("txt", "<a/>", false),
            ("xml", "a", false),
            ("xml", "<?xml version='1.0'?>\n<!DOCTYPE html PUBLIC 'x'><html>", false),
            ("", "<?xml version='1.0'?><html>", false),
            ("html", "<?xml version='1.0'?><a/>", false),
        ] {
            assert_eq!(is_xml(ending, start.as_bytes()), is, "{ending} {start}");
        }
        let wide: Vec<u8> = "\u{feff}<?xml version='1.0'?><a/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(is_xml("", &wide));
    }
}
