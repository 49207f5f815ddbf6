//! Filters that are typed as words of a question.

use super::{Filter, Key};
use crate::base::quote::{quoted, quoted_at};

/// A question without the filters in it, and those. A filter is a word that begins with one of the names, a colon and a value:
/// `path:notes`, `path:"my notes"`. Nothing in quotation marks is one, and neither are words with other names, such as `re:invent`, and
/// addresses (`https://…`): they are searched for.
///
/// # Errors
/// A sentence with an example: a filter has a bad value.
pub fn read(question: &str) -> Result<(String, Filter), String> {
    let (mut rest, mut filter) = (String::with_capacity(question.len()), Filter::default());
    let quotations = quoted(question);
    let mut at = 0;
    while let Some(text) = question.get(at..).filter(|text| !text.is_empty()) {
        let blank = text.len() - text.trim_start().len();
        if blank > 0 {
            rest.push_str(&text[..blank]);
            at += blank;
            continue;
        }
        let is_quoted = quotations.iter().any(|quotation| quotation.place.contains(&at));
        let end = at + text.find(char::is_whitespace).unwrap_or(text.len());
        let Some((key, from)) = key(text).filter(|_| !is_quoted) else {
            rest.push_str(&question[at..end]);
            at = end;
            continue;
        };
        let from = at + from;
        let (value, after) = match quoted_at(question, from) {
            Some(quotation) => (quotation.inner, quotation.place.end),
            None => (&question[from..end], end),
        };
        if value.is_empty() || value.starts_with("//") {
            rest.push_str(&question[at..end]);
            at = end;
            continue;
        }
        let value = if key == Key::Path { value } else { value.trim_end_matches([',', ';', '.', '?', '!', ')']) };
        let bad = |why| format!("{why} Between quotation marks {} is searched for as it stands.", &question[at..after]);
        filter.add(key, value).map_err(bad)?;
        at = after;
    }
    let rest = if filter.is_empty() { question.trim() } else { rest.trim() };
    Ok((rest.to_owned(), filter))
}

/// The filter that a text begins with, and where its value begins.
fn key(text: &str) -> Option<(Key, usize)> {
    let (name, _) = text.split_once(':')?;
    let key = Key::ALL.into_iter().find(|key| key.name().eq_ignore_ascii_case(name))?;
    Some((key, name.len() + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_taken_out_of_a_question_wherever_they_stand() {
        let (question, filter) = read("type:pdf heating bill Path:\"my notes/2024\" after:2024-01?").unwrap();
        assert_eq!(question.split_whitespace().collect::<Vec<_>>(), ["heating", "bill"]);
        assert_eq!(filter.told(), ["path:\"my notes/2024\"", "type:pdf", "after:2024-01-01"]);
        let (question, filter) = read("bill collection:home device:attic before:2025").unwrap();
        assert_eq!((question.as_str(), filter.told().len()), ("bill", 3));
        assert_eq!(read("type:pdf").unwrap().0, "");
        assert_eq!(read("what \"north side\" path:\u{201C}a b\u{201D}").unwrap().0, "what \"north side\"");
    }

    #[test]
    fn other_words_with_colons_and_what_stands_in_quotes_are_searched_for() {
        for question in [
            "what was shown at re:invent 2019",
            "see https://example.org/type:pdf and path://x",
            "the log says \"type:error before:noon\" twice",
            "(\"a type:pdf b\")",
            "the path: over the hill",
            "mytype:pdf, note:type:x, std::path::Path",
            "10:30 or 2:1",
            "  spaces   stay  ",
        ] {
            assert_eq!(read(question), Ok((question.trim().to_owned(), Filter::default())));
        }
    }

    #[test]
    fn a_bad_value_gets_an_example_and_how_to_search_for_the_word() {
        let why = read("what happened before:noon").unwrap_err();
        let help = "before:2024-01-15, before:2024-01 or before:2024. Between quotation marks before:noon is searched for as it stands.";
        assert!(why.ends_with(help), "{why}");
        assert!(read("x type:a/b").unwrap_err().contains("type:pdf"));
    }
}
