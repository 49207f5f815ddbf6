//! Front matter: the metadata that tools such as Hugo, Pandoc, Obsidian and Jekyll keep at the top of a Markdown file.
//!
//! YAML stands between `---` and `---` or `...`, TOML between `+++` lines. A `---` may also be a thematic break, so that
//! YAML is told by what it holds: one key at least, and no line that cannot be YAML.
//!
//! Its keys, comments and values are in no passage, but for the title, which people search for: it becomes a line of the first words of the
//! text. A heading it is not, since nobody sees it as one.

use super::heading::plain_words;
use super::section::Section;
use crate::limits::{FRONT_MATTER_LINES_MAX, HEADING_RAW_MAX};
use std::ops::Range;

/// Where the text begins after the front matter; 0 if there is none. Blank lines before it are part of it.
pub(super) fn end(text: &str) -> usize {
    let mut at = 0;
    let mut lines = text.split_inclusive('\n').take(FRONT_MATTER_LINES_MAX);
    let fence = loop {
        let Some(line) = lines.next() else { return 0 };
        at += line.len();
        match line.trim_start_matches('\u{feff}').trim_end() {
            "" => {}
            fence @ ("---" | "+++") => break fence,
            _ => return 0,
        }
    };
    let mut yaml = Yaml::default();
    for line in lines {
        at += line.len();
        let line = line.trim_end();
        match (fence, line) {
            ("+++", "+++") => return at,
            ("---", "---" | "...") => return if yaml.has_key { at } else { 0 },
            ("---", line) if !yaml.takes(line) => return 0,
            _ => {}
        }
    }
    0
}

/// The text without its front matter, with the title of that above the words of the first section that has some, and the sections of it; `None` if
/// there is no title, no section, or a heading above these words says the same. A passage of the title alone would answer nothing, and stand above
/// those that do.
pub(super) fn with_title(text: &str, sections: &[Section]) -> Option<(String, Vec<Section>)> {
    let end = end(text);
    let (matter, body) = text.split_at_checked(end)?;
    let raw = matter.get(title(matter)?)?;
    let words = plain_words(raw.get(..raw.floor_char_boundary(HEADING_RAW_MAX))?);
    // What would make the line a heading, a list, a fence or a tag.
    let words = words.trim_start_matches(|c: char| !c.is_alphanumeric());
    let has_words = |at: &Section| text.get(at.range.clone()).is_some_and(|it| it.contains(char::is_alphanumeric));
    let first = sections.iter().position(has_words).unwrap_or(0);
    let Section { heading, range } = sections.get(first)?;
    if words.is_empty() || heading.split(" > ").any(|heading| heading == words) {
        return None;
    }
    // Before the indent of the line, which tells code.
    let at = text.get(end..range.start)?.trim_end_matches([' ', '\t']).len();
    let (before, rest) = body.split_at_checked(at)?;
    let line = format!("{words}\n\n");
    let moved = |(number, section): (usize, &Section)| {
        let Range { start, end: to } = section.range;
        let from = if number == first { at } else { start.saturating_sub(end) + shift(number > first, &line) };
        let to = to.saturating_sub(end) + shift(number >= first, &line);
        Section { heading: section.heading.clone(), range: from..to }
    };
    let sections = sections.iter().enumerate().map(moved).collect();
    Some((format!("{before}{line}{rest}"), sections))
}

/// By how much what stands behind a line that was put in is moved.
const fn shift(is_behind: bool, line: &str) -> usize {
    if is_behind { line.len() } else { 0 }
}

/// Where the title stands in front matter; `None` if it has none, or one of several lines.
fn title(matter: &str) -> Option<Range<usize>> {
    let mut at = 0;
    for line in matter.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let Some((key, value)) = line.split_once([':', '=']) else { continue };
        if !key.trim_matches(['"', '\'', ' ']).eq_ignore_ascii_case("title") || key.starts_with([' ', '\t']) {
            continue;
        }
        let value = value.trim();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let words = match quote {
            Some(quote) => value.get(1..)?.split_once(quote)?.0,
            None => value.split_once(" #").map_or(value, |(words, _)| words).trim_end(),
        };
        if words.is_empty() || words.starts_with(['|', '>', '[', '{']) {
            return None;
        }
        let begins = start + line.find(words)?;
        return Some(begins..begins + words.len());
    }
    None
}

/// What the lines of a mapping so far allow next.
#[derive(Default)]
struct Yaml {
    has_key: bool,
    /// Brackets of a list or mapping that is still open.
    open: usize,
    /// The quotation mark of a text that goes on over several lines.
    quote: Option<char>,
}

impl Yaml {
    /// Whether YAML may go on with this line.
    fn takes(&mut self, line: &str) -> bool {
        let body = line.trim_start();
        if let Some(quote) = self.quote {
            if body.ends_with(quote) {
                self.quote = None;
            }
            return true;
        }
        if self.open > 0 {
            self.count(body);
            return true;
        }
        // An indented line goes on with a key's value, which may be any text.
        if body.is_empty() || body.starts_with('#') || (self.has_key && body.len() < line.len()) {
            return true;
        }
        let value = match key_value(body) {
            Some(value) => {
                self.has_key = true;
                value.trim()
            }
            // An item of the list above.
            None if self.has_key && (body == "-" || body.starts_with("- ")) => body.trim_start_matches(['-', ' ']),
            None => return matches!(body.as_bytes(), [b'}' | b']' | b'%', ..]),
        };
        match value.chars().next() {
            Some(quote @ ('"' | '\'')) if value.len() == 1 || !value.ends_with(quote) => {
                // A quotation that ends before a comment, or one that goes on.
                self.quote = (value.matches(quote).count() % 2 == 1).then_some(quote);
            }
            Some('[' | '{') => self.count(value),
            _ => {}
        }
        true
    }

    fn count(&mut self, part: &str) {
        for c in part.chars() {
            match c {
                '[' | '{' => self.open += 1,
                ']' | '}' => self.open = self.open.saturating_sub(1),
                _ => {}
            }
        }
    }
}

/// The value of a line that is `key: value` or `key:`. Keys of front matter are short: a sentence with a colon is none.
fn key_value(line: &str) -> Option<&str> {
    let (key, value) = match line.chars().next()? {
        quote @ ('"' | '\'') => {
            let (key, rest) = line.get(1..)?.split_once(quote)?;
            (key, rest.trim_start().strip_prefix(':')?)
        }
        _ => line.split_once(':')?,
    };
    let key = key.trim_end();
    let is_key = !key.is_empty()
        && key.split_whitespace().count() <= 4
        && key.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.' | '/' | '@' | '$'));
    (is_key && (value.is_empty() || value.starts_with([' ', '\t']))).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::{Section, end, title, with_title};

    /// The sections with the title, of a text with these.
    fn titled(text: &str, parts: &[(&str, &str)]) -> Option<Vec<(String, String)>> {
        let section = |(heading, part): &(&str, &str)| {
            let start = text.rfind(part).unwrap();
            Section { heading: (*heading).to_owned(), range: start..start + part.len() }
        };
        let sections: Vec<Section> = parts.iter().map(section).collect();
        let (titled, sections) = with_title(text, &sections)?;
        assert!(titled.len() <= text.len() && !titled.contains("title"), "{titled:?}");
        Some(sections.into_iter().map(|at| (at.heading, titled[at.range].to_owned())).collect())
    }

    #[test]
    fn the_title_becomes_a_line_above_the_first_words_and_no_heading() {
        let matter = "---\n# note\ntitle: '# Cellar'\n---\n";
        for (body, parts, told) in [
            ("\nEleven.\n", &[("", "Eleven.")][..], &[("", "Cellar\n\nEleven.")][..]),
            ("# Wine\r\nTwelve.\n", &[("Wine", "Twelve.")], &[("Wine", "Cellar\n\nTwelve.")]),
            (
                "# Wine\n## Red\nTwelve.\n## White\nThirteen.",
                &[("Wine > Red", "Twelve."), ("Wine > White", "Thirteen.")],
                &[("Wine > Red", "Cellar\n\nTwelve."), ("Wine > White", "Thirteen.")],
            ),
            (
                "***\n# Wine\nTwelve.",
                &[("", "***"), ("Wine", "Twelve.")],
                &[("", "***"), ("Wine", "Cellar\n\nTwelve.")],
            ),
            ("\n    let a = 1;\n", &[("", "let a = 1;")], &[("", "Cellar\n\n    let a = 1;")]),
        ] {
            let pair = |(heading, part): &(&str, &str)| ((*heading).to_owned(), (*part).to_owned());
            let told: Vec<(String, String)> = told.iter().map(pair).collect();
            assert_eq!(titled(&format!("{matter}{body}"), parts), Some(told), "{body:?}");
        }
        for (text, parts) in [
            ("---\ntitle: Cellar\n---\n# *Cellar* #\nEleven.\n", &[("Cellar", "Eleven.")][..]),
            ("---\ntitle: Cellar\n---\n# Cellar\n## Wine\nEleven.\n", &[("Cellar > Wine", "Eleven.")]),
            ("---\ntitle: Cellar\n---\n\n", &[]),
            ("---\ntitle: '##'\n---\nEleven.\n", &[("", "Eleven.")]),
            ("---\ntags: [a]\n---\nEleven.\n", &[("", "Eleven.")]),
            ("Eleven.\n", &[("", "Eleven.")]),
        ] {
            assert_eq!(titled(text, parts), None, "{text:?}");
        }
    }

    #[test]
    fn a_title_is_what_stands_behind_its_key() {
        for (matter, words) in [
            ("---\ntags: [a]\ntitle: The red lamp # draft\n---\n", Some("The red lamp")),
            ("---\nTitle: \"Boiler: the manual\" # old\n---\n", Some("Boiler: the manual")),
            ("+++\ntitle = 'Pond'\n+++\n", Some("Pond")),
            ("---\r\ntitle: Pond\r\n---\r\n", Some("Pond")),
            ("---\nsubtitle: x\nparams:\n  title: y\n---\n", None),
            ("---\ntitle: |\n  several\n---\n", None),
            ("---\ntitle:\n---\n", None),
            ("---\ntitle: \"never closed\n---\n", None),
            ("", None),
        ] {
            assert_eq!(title(matter).map(|at| &matter[at]), words, "{matter:?}");
        }
    }

    fn body(text: &str) -> &str {
        &text[end(text)..]
    }

    #[test]
    fn keys_comments_blank_lines_and_values_of_any_form_are_front_matter() {
        for matter in [
            "---\ntitle: A\n---\n",
            "\n---\ntitle: A\n---\n",
            "---\n# from the template\ntitle: A\n---\n",
            "---\n\ntitle: A\n\n---\n",
            "---\n\n# one\n\n# two\nTitle With Words: A\n...\n",
            "---\ntags:\n- wine\n- cellar\ntitle: A # B\n---\n",
            "---\ntags: [wine,\ncellar]\ntitle: A\n---\n",
            "---\ntext: |\n  # no heading\n  any words\n\n  more\nlast: 1\n---\n",
            "---\n\"quoted key\": 'one\n\n# still the text'\nlast: 1\n---\n",
            "---\nurl: http://a.b/c\nempty:\n---   \n",
            "---\r\ntitle: A\r\n---\r\n",
            "---\nschl\u{FC}ssel: \u{FC}\n---\n",
            "+++\ntitle = \"A\"\n# comment\n[params]\n+++\n",
        ] {
            assert_eq!(body(&format!("{matter}# B\ntext")), "# B\ntext", "{matter:?}");
        }
    }

    #[test]
    fn a_thematic_break_begins_no_front_matter() {
        for text in [
            "---\n\nAn introduction.\n\n---\nmore",
            "---\n# Heading\n\nSome text without a colon.\n\n---\n",
            "---\nnever: closed\n# A\nb",
            "---\n- item\n---\n",
            "---\nThis is a long sentence with a colon: it goes on.\n---\n",
            "+++\nnever closed\n",
            "text\n---\ntitle: A\n---\n",
            "---\n---\n",
            "",
        ] {
            assert_eq!(end(text), 0, "{text:?}");
        }
    }
}
