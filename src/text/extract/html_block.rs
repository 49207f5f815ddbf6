//! HTML blocks of Markdown: the lines of raw HTML, in which nothing is a heading.
//!
//! Source: CommonMark 0.31.2, section 4.6, kinds 1 to 6. Kind 7 (any other tag alone on its line) is not recognised: it
//! cannot interrupt a paragraph, and no heading hides in it that its author did not mean.

/// How an open HTML block ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// With the line that has one of these texts, in small letters.
    Text(&'static [&'static str]),
    /// With a blank line.
    Blank,
}

/// The elements that begin a block of kind 6.
pub(super) const BLOCKS: [&str; 62] = [
    "address",
    "article",
    "aside",
    "base",
    "basefont",
    "blockquote",
    "body",
    "caption",
    "center",
    "col",
    "colgroup",
    "dd",
    "details",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "frame",
    "frameset",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hr",
    "html",
    "iframe",
    "legend",
    "li",
    "link",
    "main",
    "menu",
    "menuitem",
    "nav",
    "noframes",
    "ol",
    "optgroup",
    "option",
    "p",
    "param",
    "search",
    "section",
    "summary",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "title",
    "tr",
    "track",
    "ul",
];

/// The longest name of an element that is looked at.
const NAME_MAX: usize = 16;

/// The end of the block that this line begins, if it begins one; `content` is the line without its indent.
pub(super) fn begins(content: &str) -> Option<End> {
    let rest = content.strip_prefix('<')?;
    if rest.starts_with("!--") {
        return Some(End::Text(&["-->"]));
    }
    if rest.starts_with('?') {
        return Some(End::Text(&["?>"]));
    }
    if rest.starts_with("![CDATA[") {
        return Some(End::Text(&["]]>"]));
    }
    if rest.strip_prefix('!').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic())) {
        return Some(End::Text(&[">"]));
    }
    let closing = rest.starts_with('/');
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    let length = rest.bytes().take(NAME_MAX).take_while(u8::is_ascii_alphanumeric).count();
    let (name, after) = rest.split_at_checked(length)?;
    let name = name.to_ascii_lowercase();
    let bounded = after.is_empty() || after.starts_with([' ', '\t', '>']) || after.starts_with("/>");
    match name.as_str() {
        "pre" | "script" | "style" | "textarea" if bounded && !closing => {
            Some(End::Text(&["</pre>", "</script>", "</style>", "</textarea>"]))
        }
        name if bounded && BLOCKS.contains(&name) => Some(End::Blank),
        _ => None,
    }
}

impl End {
    /// Whether the block ends with this line, which may be its first.
    pub(super) fn is_on(self, line: &str) -> bool {
        match self {
            Self::Blank => line.trim().is_empty(),
            Self::Text([one]) => line.contains(one),
            Self::Text(texts) => {
                let small = line.to_ascii_lowercase();
                texts.iter().any(|text| small.contains(text))
            }
        }
    }
}
