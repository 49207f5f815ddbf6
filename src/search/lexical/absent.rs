//! Words of a short question of which no passage has any: what is shown for them is like them, or fits by its meaning.
//!
//! A word that is typed wrongly is found by what is like it, and so is one that no document has: `hedgerow` finds hedgehogs. Nobody can tell
//! these apart, so it is said. Of a question in another language than the documents it is not: each of its words is in none of them. In a
//! question of a word or two the language is seldom known; that something found is like the word speaks for the same one.

use super::analysis::languages_of;
use super::bm25::unknown;
use super::inflection::are_forms_of_one;
use super::signs::Text;
use super::terms::QueryTerms;
use super::token::is_unspaced;
use crate::base::file_name;
use crate::base::fold::words as words_of;
use crate::base::hit::{CorpusStatistics, SearchHit};
use crate::limits::SHORT_QUESTION_WORDS;

/// Letters of a word of which it is said, at least.
const LETTERS: usize = 4;

/// Letters at the end of a word that its forms differ in, and letters before them from which on it is looked for within longer words. Chosen: with fewer it
/// stands in words that have nothing to do with it.
const END: usize = 1;
const WITHIN_FROM: usize = 6;

/// Hits whose languages are looked at: to tell one costs as much as to count a text.
const LANGUAGES_OF: usize = 16;

/// The words of a short question of which no passage has any, as it is counted, nor one of these hits at the beginning of a longer word.
#[must_use]
pub fn absent<'a>(
    terms: &QueryTerms,
    statistics: &CorpusStatistics,
    hits: impl Iterator<Item = &'a SearchHit>,
) -> Vec<String> {
    let words = unknown(terms, statistics);
    let texts: Vec<Text<'_>> = hits.map(Text::of).collect();
    if !is_only_like(terms, &words, &texts) || !is_in_their_language(terms, &words, &texts) {
        return Vec::new();
    }
    words.into_iter().map(|at| terms.word(at).to_owned()).collect()
}

/// Whether a hit has each word of a question in a form that is likely to be of the same word, or within a longer one: a row of a table is too short for its language to
/// be known, so that its words may be cut otherwise than the question's.
#[must_use]
pub fn has_other_forms(terms: &QueryTerms, hit: &SearchHit) -> bool {
    let name = file_name::words(&hit.path);
    let parts: [&str; 3] = [&name, &hit.heading, &hit.text];
    let its: Vec<String> = parts.into_iter().flat_map(words_of).collect();
    let is_within = |one: &str, word: &str| {
        let stem: String = word.chars().take(word.chars().count().saturating_sub(END)).collect();
        stem.chars().count() >= WITHIN_FROM && one.contains(&stem)
    };
    let has = |word: &str| its.iter().any(|one| are_forms_of_one(one, word) || is_within(one, word));
    let mut words = terms.looked_up().map(|(at, _)| terms.word(at)).peekable();
    words.peek().is_some() && words.all(has)
}

/// Whether a question is short, and no passage has any of its words, nor one of these hits at the beginning of a longer word: what they have of words
/// is only like them. Beside a word that is there, another one may be missing in the right passage as well.
pub(super) fn is_only_like(terms: &QueryTerms, unknown: &[usize], texts: &[Text<'_>]) -> bool {
    let has_one = |text: &Text<'_>| unknown.iter().any(|at| text.signs().have_word(terms.word(*at)));
    has_only_unknown(terms, unknown) && !texts.iter().any(has_one)
}

/// Whether a question is short, and no passage has any of its words, which are plain ones, as they are counted.
fn has_only_unknown(terms: &QueryTerms, unknown: &[usize]) -> bool {
    let mut words = terms.looked_up().map(|(at, _)| at);
    !terms.is_empty() && is_short(terms) && words.all(|at| unknown.contains(&at) && is_plain(terms.word(at)))
}

fn is_short(terms: &QueryTerms) -> bool {
    terms.looked_up().count() <= SHORT_QUESTION_WORDS
}

/// Whether a word has letters alone: numbers are told otherwise, names of files have points, and of scripts without spaces there are groups of
/// letters.
fn is_plain(word: &str) -> bool {
    word.chars().count() >= LETTERS && word.chars().all(char::is_alphabetic) && !is_unspaced(word)
}

/// Whether the question is in a language of most hits: surely, or as something in them is like one of these words.
fn is_in_their_language(terms: &QueryTerms, words: &[usize], texts: &[Text<'_>]) -> bool {
    let asked = terms.languages();
    let shares =
        |text: &&Text<'_>| languages_of(&text.hit.heading, &text.hit.text).iter().any(|one| asked.contains(one));
    let looked_at = texts.len().min(LANGUAGES_OF);
    let sharing = texts.iter().take(LANGUAGES_OF).filter(shares).count();
    let is_like = |text: &Text<'_>| {
        let hit = text.hit;
        let name = file_name::words(&hit.path);
        let parts: [&str; 3] = [&name, &hit.heading, &hit.text];
        terms.nearly(words, parts).iter().any(|like| *like > 0.0)
    };
    // Small words beside the others tell the language of a short question.
    let is_sure = asked.len() == 1 && terms.looked_up().count() < terms.len();
    sharing > 0 && sharing * 2 >= looked_at && (is_sure || texts.iter().any(is_like))
}

#[cfg(test)]
mod tests {
    use super::super::hits_test::hits;
    use super::*;

    fn absent_in(question: &str, texts: &[&str]) -> Vec<String> {
        let terms = QueryTerms::new(question);
        let (hits, statistics) = hits(&terms, ["/notes/boiler.md", "boiler"], texts);
        absent(&terms, &statistics, hits.iter())
    }

    const TEXTS: [&str; 3] = [
        "The hedgehog lives in the garden of the neighbours, and it was there in the spring.",
        "There is sparse light in the attic, where the heater was, and the rainwater of the roof.",
        "This is what they said of the house: it should have been sold to them in the summer.",
    ];

    #[test]
    fn a_word_of_a_short_question_that_no_passage_has_is_told() {
        for (question, words) in
            [("hedgerow", &["hedgerow"][..]), ("What was the hedgerow and the chapel?", &["hedgerow", "chapel"])]
        {
            assert_eq!(absent_in(question, &TEXTS), words, "{question}");
        }
    }

    #[test]
    fn nothing_is_told_of_other_forms_small_words_names_of_files_numbers_longer_questions_beside_a_word_that_is_there_and_where_the_language_is_unknown()
     {
        for question in [
            "hedgehogs",
            "the heaters",
            "rain water",
            "rain",
            "hedgerow rain",
            "What was the hedgerow and the rain?",
            "where is it",
            "boiler.md",
            "boiler",
            "zucchini",
            "AB1234",
            "the hedgerow, the garden, the house and the attic",
            "Where is the hedgerow of the garden?",
            "???",
            "",
        ] {
            assert_eq!(absent_in(question, &TEXTS), Vec::<String>::new(), "{question}");
        }
    }

    #[test]
    fn a_hit_may_have_words_in_other_forms_than_those_that_are_counted() {
        let has = |question: &str| {
            let terms = QueryTerms::new(question);
            let (hits, _) = hits(&terms, ["/0.csv", ""], &["Sache: Waschmaschine; Raum: Heizungskeller"]);
            has_other_forms(&terms, &hits[0])
        };
        assert!(has("Waschmaschinen") && has("Maschinen") && has("Waschmaschinen in Heizungskellern"));
        assert!(!has("Waschbecken") && !has("hedgerow") && !has("Waschmaschinen Trockner") && !has(""));
    }

    #[test]
    fn nothing_is_told_of_a_question_in_another_language_than_the_passages() {
        for question in ["Wo ist denn die Hecke?", "Wann war das mit der Kapelle?", "где колодец", "生垣"] {
            assert_eq!(absent_in(question, &TEXTS), Vec::<String>::new(), "{question}");
        }
        assert!(absent_in("hedgerow", &[]).is_empty());
    }
}
