//! Tags of HTML within Markdown, and its own links and pictures: of tags only those of known elements are taken out, so that
//! `<ann@home.test>`, `List<String>` and `a < b` stay, and nothing in code.

use super::fence::CodeLines;
use super::html_scan::{INLINE, Part, Scan};
use super::link::Brackets;

/// Markdown without the tags of known elements and without comments, with entities as their characters, and with the words
/// of its links and pictures; `None` if there are none of these. It begins with the beginning of a line.
pub(super) fn without_tags(body: &str) -> Option<String> {
    plain(body, &mut Scan::new(body, false))
}

fn plain(body: &str, scan: &mut Scan<'_>) -> Option<String> {
    if !body.contains(['<', '&', '[']) {
        return None;
    }
    let mut out = String::with_capacity(body.len());
    let mut code = CodeLines::new();
    let (mut changed, mut gap, mut brackets) = (false, false, Brackets::default());
    while scan.at() < body.len() {
        if scan.at() == 0 || body.as_bytes()[scan.at() - 1] == b'\n' {
            let line = scan.rest().split_inclusive('\n').next().unwrap_or_default();
            let is_code = code.takes(line);
            if is_code || line.trim().is_empty() {
                brackets.close();
            }
            if is_code {
                out.push_str(scan.take(line.len()));
                continue;
            }
        }
        // What a tag divided stays divided.
        if gap && !scan.rest().starts_with('<') {
            gap = false;
            let divides = !scan.rest().starts_with(char::is_whitespace) && !out.ends_with(char::is_whitespace);
            out.push_str(if divides && !out.is_empty() { " " } else { "" });
        }
        if let Some(literal) = scan.literal() {
            out.push_str(literal);
            continue;
        }
        if let Some(length) = brackets.take(scan.rest(), &mut out) {
            let _ = scan.take(length);
            continue;
        }
        let before = scan.at();
        match scan.next(true) {
            Some(Part::Text(c)) => {
                changed |= scan.at() - before != c.len_utf8();
                out.push(c);
            }
            Some(Part::Tag { name, .. }) => {
                changed = true;
                gap = gap || name == "br" || !INLINE.contains(&name.as_str());
            }
            None => {
                changed = true;
                break;
            }
        }
    }
    (changed || brackets.changed).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::{Scan, plain, without_tags};

    #[test]
    fn only_tags_of_known_elements_are_taken_out_and_none_of_code() {
        for (body, plain) in [
            (
                "<p align=\"center\">\n  <img src=\"a.png\">\n</p>\nThe <b>red</b> lamp<br>blinks.",
                "\n  \n\nThe red lamp blinks.",
            ),
            ("one<!-- two\nthree --> four", "one four"),
            ("Tom &amp; Ann&#39;s &lt;3 &ouml;", "Tom & Ann's <3 \u{F6}"),
            ("H<sub>2</sub>O<script>x = '<b>';</script>!", "H2O!"),
            ("<details><summary>More</summary>text</details>", "More text"),
            ("```\n<b>\n```\n<b>x</b>", "```\n<b>\n```\nx"),
            ("```a <b>``` <b>b</b>\n<i>c</i>", "```a <b>``` b\nc"),
            ("- ```\n  <b>\n  ```\n- <b>x</b>", "- ```\n  <b>\n  ```\n- x"),
            ("<b>x</b>\n\n    <b>code</b>\n", "x\n\n    <b>code</b>\n"),
            (
                "![The *red* lamp](a.png)\n\n```\n![a](b)\n```\n`![a](b)` \\![a](b)",
                "The *red* lamp\n\n```\n![a](b)\n```\n`![a](b)` \\!a",
            ),
        ] {
            assert_eq!(without_tags(body).as_deref(), Some(plain), "{body:?}");
        }
        for body in [
            "Mail <ann@home.test>, see <https://a.test/?a=1&b=2>, `List<b>` and List<String>, a < b > c",
            "```html\n<p>code</p>\n```\n",
            "1. ~~~\n   <b>\n   ~~~\n",
            "    <b>code</b>\n",
            "~~~\n<b>\n```\n<i>\n~~~\n",
            "#include <time.h> & more",
            "\\<b> stays, and so does ``a ` <b>``",
            "<!-- never closed",
            "<b never closed",
            "[a\n\nb](c) ![\n```\n](d)\n```\n",
            "\\[a](b) [a\\](b) [ ] [x][y]",
        ] {
            assert_eq!(without_tags(body), None, "{body:?}");
        }
    }

    #[test]
    fn the_steps_are_linear_whatever_the_text_is() {
        let ticks: String = (1..400).map(|length| format!("{} ", "`".repeat(length))).collect();
        let parts = [
            "[", "![](", "](a", "<a", "<!--", "<script>", "&#", "`", "``", "` ``", "<p ", "</title", "<p \"", "<b>",
            "<p \n", "- ``` ",
        ];
        for text in parts
            .map(|part| part.repeat(4000))
            .into_iter()
            .chain([format!("{ticks}<"), format!("<{ticks}\n").repeat(3)])
        {
            let mut scan = Scan::new(&text, false);
            let _ = plain(&text, &mut scan);
            assert!(scan.looked <= 4 * text.len(), "{} steps for {:?}", scan.looked, &text[..16]);
        }
    }
}
