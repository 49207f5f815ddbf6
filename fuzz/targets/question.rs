//! Questions as people type them: phrases in quotation marks and filters, whatever the text is.

use wattle::base::filter::{Matcher, read};
use wattle::base::quote::quoted;
use wattle::limits::{FILTER_VALUE_BYTES_MAX, FILTER_VALUES_MAX, PHRASE_WORDS_LOOKED_UP, QUESTION_BYTES_MAX};
use wattle::search::lexical::phrase::Phrases;

/// Asserts what the head of this file describes.
pub fn check(data: &[u8]) {
    let Ok(question) = core::str::from_utf8(data) else { return };
    let mut end = 0;
    for one in quoted(question) {
        assert!(one.place.start >= end && one.inner.len() < one.place.len());
        assert!(question.get(one.place.clone()).is_some_and(|whole| whole.contains(one.inner)));
        end = one.place.end;
    }
    if question.len() <= QUESTION_BYTES_MAX {
        let phrases = Phrases::of(question);
        assert!(phrases.looked_up().len() <= PHRASE_WORDS_LOOKED_UP);
        assert_eq!(phrases.are_in(["", "", ""]), phrases.is_empty());
    }
    let Ok((rest, filter)) = read(question) else { return };
    assert!(rest.len() <= question.len());
    let lists = [&filter.collections, &filter.devices, &filter.paths, &filter.types];
    assert!(lists.iter().all(|list| list.len() <= FILTER_VALUES_MAX));
    assert!(lists.iter().all(|list| list.iter().all(|value| (1..=FILTER_VALUE_BYTES_MAX).contains(&value.len()))));
    let matcher = Matcher::new(&filter);
    let fits = matcher.takes_path(data);
    assert!(fits || !filter.takes_all_files());
    // What is told of the filters reads as the same ones, but for marks within their values.
    if lists.iter().all(|list| list.iter().all(|value| value.chars().all(char::is_alphanumeric))) {
        assert_eq!(read(&filter.told().join(" ")).map(|(_, filter)| filter), Ok(filter.clone()));
    }
}

/// One of each kind.
pub fn seeds() -> Vec<Vec<u8>> {
    [
        "moss on the \"north side\" of \u{201E}der Stra\u{DF}e\u{201C} \u{AB}x y\u{BB} \u{300C}\u{4EAC}\u{5927}\u{300D}",
        "12\" and 14\" pipes type:pdf,docx path:\"my notes/*\"",
        "bill collection:home device:attic after:2024-01 before:2025-06-03 re:invent https://example.org",
        "(\"type:error\") Path:**/[a-z]?.md type:.PDF!",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}
