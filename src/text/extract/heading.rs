//! A heading's text without its markup.

use super::entity;

/// The words of a heading: `*` and `` ` `` are removed, `[text](url)` and `![text](url)` become `text`, `\*` becomes `*`,
/// `&amp;` becomes `&`, and white space a single space. Tags, comments and a final `{#anchor .class}` are left out.
pub(super) fn plain_words(raw: &str) -> String {
    let raw = without_attributes(raw.trim());
    let mut words = String::with_capacity(raw.len());
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        let rest = chars.as_str();
        match c {
            '\\' if rest.starts_with(|c: char| c.is_ascii_punctuation()) => words.extend(chars.next()),
            '*' | '`' => {}
            '!' if rest.starts_with('[') && after_link(rest).is_some() => {}
            '[' if after_link(rest).is_some() => {}
            ']' if link_end(rest).is_some() => chars = link_end(rest).unwrap_or(rest).chars(),
            '<' if after_tag(rest).is_some() => chars = after_tag(rest).unwrap_or(rest).chars(),
            '&' if entity::read(rest).is_some() => {
                let (c, after) = entity::read(rest).unwrap_or(('&', rest));
                words.extend((!c.is_whitespace()).then_some(c));
                if c.is_whitespace() && !words.is_empty() && !words.ends_with(' ') {
                    words.push(' ');
                }
                chars = after.chars();
            }
            c if c.is_whitespace() && (words.is_empty() || words.ends_with(' ')) => {}
            c if c.is_whitespace() => words.push(' '),
            c if c.is_control() || c == '\u{feff}' => {}
            c => words.push(c),
        }
    }
    words.truncate(words.trim_end().len());
    words
}

/// The words of a title of HTML, in which tags are text.
pub(super) fn title_words(raw: &str) -> String {
    let mut words = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        let (c, after) = entity::read(after).filter(|_| c == '&').unwrap_or((c, after));
        rest = after;
        if c.is_whitespace() {
            words.push_str(if words.is_empty() || words.ends_with(' ') { "" } else { " " });
        } else if !c.is_control() {
            words.push(c);
        }
    }
    words.truncate(words.trim_end().len());
    words
}

/// The heading without the attributes of Pandoc and its kin at its end.
fn without_attributes(raw: &str) -> &str {
    let Some((before, attributes)) = raw.strip_suffix('}').and_then(|raw| raw.rsplit_once('{')) else { return raw };
    if attributes.starts_with(['#', '.', ':']) && !before.is_empty() { before.trim_end() } else { raw }
}

/// The text after the link of which `rest` is the part behind `[`; `None` if it is no link.
fn after_link(rest: &str) -> Option<&str> {
    link_end(rest.split_once(']')?.1)
}

/// The text after the `(url)` or `[reference]` that `rest` begins with.
fn link_end(rest: &str) -> Option<&str> {
    let close = match rest.as_bytes().first()? {
        b'(' => ')',
        b'[' => ']',
        _ => return None,
    };
    rest.split_once(close).map(|(_, after)| after)
}

/// The text after the tag or comment of which `rest` is the part behind `<`; `None` for an address or a comparison.
fn after_tag(rest: &str) -> Option<&str> {
    if let Some(comment) = rest.strip_prefix("!--") {
        return comment.split_once("-->").map(|(_, after)| after);
    }
    let name = rest.strip_prefix('/').unwrap_or(rest);
    let (tag, after) = name.split_once('>')?;
    let known = tag.starts_with(|c: char| c.is_ascii_alphabetic()) && !tag.contains([':', '@', '<']);
    let attributes = tag.find([' ', '/']).is_none_or(|at| tag[at..].contains('=') || tag.ends_with('/'));
    (known && (attributes || tag.contains("=\""))).then_some(after)
}

#[cfg(test)]
mod tests {
    use super::plain_words;

    #[test]
    fn markup_in_a_heading_is_removed() {
        for (raw, words) in [
            ("The *big*  `x_y` [link](http://a/b) ![pic][1] C\\# a[0] \t", "The big x_y link pic C# a[0]"),
            ("Heating {#heating .unnumbered}", "Heating"),
            ("A set {a, b}", "A set {a, b}"),
            ("<a name=\"x\"></a>Heating <!-- omit in toc -->", "Heating"),
            ("Mail <ann@home.test> or <https://a.test>", "Mail <ann@home.test> or <https://a.test>"),
            ("Tom &amp; Ann&nbsp;&lt;3", "Tom & Ann <3"),
            ("B&ouml;den&#10;&ndash; &#8222;a&#8220;", "B\u{F6}den \u{2013} \u{201E}a\u{201C}"),
            ("a < b > c", "a < b > c"),
            ("Line<br/>two", "Linetwo"),
            ("", ""),
        ] {
            assert_eq!(plain_words(raw), words, "{raw:?}");
        }
    }
}
