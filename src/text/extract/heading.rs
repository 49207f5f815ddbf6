//! A heading's text without its markup.

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
            '&' if entity(rest).is_some() => {
                let (c, after) = entity(rest).unwrap_or(('&', rest));
                words.push(c);
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

/// The character of the entity of which `rest` is the part behind `&`, and the text after it.
fn entity(rest: &str) -> Option<(char, &str)> {
    let (name, after) = rest.split_once(';')?;
    let c = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" | "#39" | "#x27" => '\'',
        "nbsp" => ' ',
        _ => return None,
    };
    Some((c, after))
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
            ("a < b > c", "a < b > c"),
            ("Line<br/>two", "Linetwo"),
            ("", ""),
        ] {
            assert_eq!(plain_words(raw), words, "{raw:?}");
        }
    }
}
