//! Links and pictures of Markdown within a passage: their words stay.
//!
//! A path such as `../assets/2024/IMG_2034.jpg` is no language: it costs tokens, draws questions about other things to the
//! passage, and is of no use to somebody who reads an answer. So it goes before a text is divided, and not where a hit is
//! shown: all devices and programs see the same text. An address that can be opened (`https://…`, `mailto:…`) stays behind the
//! words of a link, in parentheses, because people look for it; a picture's never does.

/// Brackets that are open at once at most; of more the outermost count for nothing.
const OPEN_MAX: usize = 8;

/// The brackets that are open in the text that is being built.
#[derive(Default)]
pub(super) struct Brackets {
    open: Vec<Open>,
    /// Whether anything was left out.
    pub(super) changed: bool,
    /// Bytes looked at beyond the one taken, and moved: the steps of all calls together.
    looked: usize,
}

/// `[` of a link or `![` of a picture.
struct Open {
    /// Where it stands in the text that is built.
    at: usize,
    picture: bool,
}

impl Brackets {
    /// No link goes on from here: a paragraph has ended, or code begins.
    pub(super) fn close(&mut self) {
        self.open.clear();
    }

    /// Takes the bracket that `rest` begins with, and with a closing one what belongs to it; how many bytes those are, or
    /// `None` if it begins with another character. All calls for one text together look at each byte a few times at most: no
    /// search goes beyond the next bracket.
    pub(super) fn take(&mut self, rest: &str, out: &mut String) -> Option<usize> {
        if let Some((shown, length)) = embedded(rest, &mut self.looked) {
            out.push_str(shown);
            self.changed = true;
            return Some(length);
        }
        let bracket = if rest.starts_with("![") { "![" } else { rest.get(..1)? };
        match bracket {
            "[" | "![" => {
                if self.open.len() >= OPEN_MAX {
                    self.open.remove(0);
                }
                self.open.push(Open { at: out.len(), picture: bracket.len() == 2 });
            }
            "]" => {
                if let Some(length) = self.open.pop().and_then(|open| self.end(&open, &rest[1..], out)) {
                    return Some(1 + length);
                }
            }
            _ => return None,
        }
        out.push_str(bracket);
        Some(bracket.len())
    }

    /// Ends the link or picture that began there; the length of what says where it points, or `None` if it is none.
    fn end(&mut self, open: &Open, after: &str, out: &mut String) -> Option<usize> {
        let (address, length) = if let Some((place, length)) = place(after, open.picture, &mut self.looked) {
            (Some(place).filter(|place| !open.picture && can_be_opened(place)), length)
        } else {
            (None, reference(after, &mut self.looked).filter(|_| open.picture)?)
        };
        let mark = if open.picture { 2 } else { 1 };
        let shows_it = address.is_none_or(|address| out.get(open.at + mark..).is_some_and(|words| words == address));
        self.looked += out.len() - open.at;
        out.replace_range(open.at..open.at + mark, "");
        if let Some(address) = address.filter(|_| !shows_it) {
            out.push_str(" (");
            out.push_str(address);
            out.push(')');
        }
        self.changed = true;
        Some(length)
    }
}

/// The place in parentheses that a text begins with, without its title, and the length of all that. Editors write names with
/// blanks as they are; for a link that could be a remark in parentheses behind a bracket, so only a picture may have them.
fn place<'a>(text: &'a str, picture: bool, looked: &mut usize) -> Option<(&'a str, usize)> {
    let inner = text.strip_prefix('(')?;
    let mut depth = 0;
    let end = inner.char_indices().find(|(_, c)| {
        *looked += c.len_utf8();
        depth += i32::from(*c == '(');
        depth -= i32::from(*c == ')');
        depth < 0 || matches!(c, '[' | ']' | '\n')
    });
    let (end, _) = end.filter(|(_, c)| *c == ')')?;
    let inner = inner.get(..end)?.trim();
    if let Some((place, _)) = inner.strip_prefix('<').and_then(|inner| inner.split_once('>')) {
        return Some((place, end + 2));
    }
    let titled = [" \"", " '", " ("].into_iter().filter_map(|title| inner.find(title)).min();
    let place = inner.get(..titled.unwrap_or(inner.len()))?.trim_end();
    (picture || !place.contains(char::is_whitespace)).then_some((place, end + 2))
}

/// The length of a `[reference]` that a text begins with.
fn reference(text: &str, looked: &mut usize) -> Option<usize> {
    let inner = text.strip_prefix('[')?;
    let end = next_bracket(inner, looked).filter(|at| inner[*at..].starts_with(']'))?;
    Some(end + 2)
}

/// The words of a picture as Obsidian writes it, `![[folder/boiler room.png|the boiler]]`, and its length. A size in place of
/// words (`|300x200`) is none.
fn embedded<'a>(text: &'a str, looked: &mut usize) -> Option<(&'a str, usize)> {
    let inner = text.strip_prefix("![[")?;
    let end = next_bracket(inner, looked).filter(|at| inner[*at..].starts_with("]]"))?;
    let (place, words) = inner[..end].rsplit_once('|').unwrap_or((&inner[..end], ""));
    let is_size = words.chars().all(|c| c.is_ascii_digit() || c == 'x');
    let name = place.rsplit('/').next().unwrap_or(place);
    Some((if is_size { name } else { words }, end + 5))
}

/// Where the next bracket or the end of the line is.
fn next_bracket(text: &str, looked: &mut usize) -> Option<usize> {
    let at = text.find(['[', ']', '\n']);
    *looked += at.unwrap_or(text.len());
    at
}

fn can_be_opened(place: &str) -> bool {
    place.contains("://") || place.starts_with("mailto:") || place.starts_with("tel:")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text as it is shown, with links and pictures only.
    fn shown(text: &str) -> String {
        with_steps(text).0
    }

    /// The same, and the steps that it took.
    fn with_steps(text: &str) -> (String, usize) {
        let (mut brackets, mut out, mut rest) = (Brackets::default(), String::new(), text);
        while let Some(c) = rest.chars().next() {
            let length = brackets.take(rest, &mut out).unwrap_or_else(|| {
                out.push(c);
                c.len_utf8()
            });
            rest = &rest[length..];
        }
        assert_eq!(brackets.changed, out != text, "{text}");
        (out, brackets.looked)
    }

    #[test]
    fn of_pictures_the_words_stay_and_of_links_an_address_that_can_be_opened_too() {
        for (text, expected) in [
            ("![The boiler](img/IMG_2034.jpg)", "The boiler"),
            ("a ![The boiler](<my img/a b.jpg> \"Title\") b", "a The boiler b"),
            ("![The boiler](my photo of it.jpg)", "The boiler"),
            ("![](img/IMG_2034.jpg) Above.", " Above."),
            ("![x](https://a.test/b_(c).png 'x')!", "x!"),
            ("![The boiler][fig] and ![lamp][]", "The boiler and lamp"),
            ("![[scans/boiler room.png]]", "boiler room.png"),
            ("![[boiler.png|300]] ![[boiler.png|the boiler]]", "boiler.png the boiler"),
            ("See [the notes](./boiler.md#reset), [above](#a).", "See the notes, above."),
            ("See [the shop](https://a.test/x).", "See the shop (https://a.test/x)."),
            (
                "[https://a.test](https://a.test) [Ann](mailto:ann@home.test)",
                "https://a.test Ann (mailto:ann@home.test)",
            ),
            ("[![build](https://a.test/b.svg)](https://a.test/ci)", "build (https://a.test/ci)"),
            ("[[1]](notes.md)", "[1]"),
            ("![Gr\u{FC}n \u{1F511}](a.png)\u{1F511}", "Gr\u{FC}n \u{1F511}\u{1F511}"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
        for kept in [
            "- [ ] buy milk\n- [x] fetch Ann",
            "matrix[i][j] and list[0]",
            "[sic](a remark of the editor)",
            "[note]: https://a.test/x",
            "[[Boiler]] and [^1]",
            "![not closed](img/a.png",
            "![not closed",
            "](a) ] )",
            "[a\n](b\n)",
        ] {
            assert_eq!(shown(kept), kept);
        }
    }

    #[test]
    fn many_brackets_cost_no_more_than_their_number() {
        for part in
            ["[", "![", "]", "](", "![](", "[![](", "![[", "![][", "(", "[a](b", "![a][b", "[a](b)", "[[](b)", "![[a"]
        {
            let text = part.repeat(20_000);
            let (shown, steps) = with_steps(&text);
            assert!(shown.len() <= 2 * text.len(), "{part}");
            assert!(steps <= 2 * OPEN_MAX * text.len(), "{steps} steps for {} bytes of {part}", text.len());
        }
    }
}
