//! Passages that are nothing but a title: the line of a heading below which nothing is left, or a file of front matter with a title alone. They
//! are found by that; who asks wants what stands below titles, so that they stand behind passages that have as much of the question.

use crate::base::fold::words;
use crate::base::hit::SearchHit;
use crate::limits::HEADING_BYTES_MAX;
use crate::search::lexical::terms::QueryTerms;
use std::collections::BTreeSet;

/// The part of a title's score that a passage has at least which stands before it. Chosen: a passage of the mean length has some .6 of what a title scores
/// with the same words, and one that is three times as long a third.
const NEARLY: f32 = 0.3;

/// The part of such a passage's score that the title has then. Chosen: enough to stand behind.
const BEHIND: f32 = 0.95;

/// Makes titles alone less than the best passage that says more, has as much of the question's words and is nearly as good. For each hit: its score, and
/// the hit.
pub(super) fn behind_passages<'a>(terms: &QueryTerms, hits: impl Iterator<Item = (&'a mut f32, &'a SearchHit)>) {
    let (titles, passages): (Vec<_>, Vec<_>) = hits.partition(|(_, hit)| is_title(hit));
    let held = |hit: &SearchHit| terms.held(&hit.frequencies);
    let passages: Vec<(f32, f32)> = passages.into_iter().map(|(score, hit)| (held(hit), *score)).collect();
    for (score, title) in titles {
        let held = held(title);
        let others = passages.iter().filter(|(its, _)| *its >= held).map(|(_, score)| *score);
        let best = others.fold(0.0, f32::max);
        if best >= NEARLY * *score {
            *score = score.min(BEHIND * best);
        }
    }
}

/// Whether nothing but a title stands in a passage: the words of its heading, or front matter with a title and nothing else.
fn is_title(hit: &SearchHit) -> bool {
    let text = hit.text.trim();
    if text.len() > HEADING_BYTES_MAX {
        return false;
    }
    if of_matter(text).is_some() {
        return true;
    }
    let heading: BTreeSet<String> = words(&hit.heading).collect();
    !heading.is_empty() && words(text).all(|word| heading.contains(&word))
}

/// The title of front matter that has nothing else.
fn of_matter(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("---")?.strip_suffix("---")?.trim();
    inner.strip_prefix("title:").filter(|title| !title.contains('\n'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::hit::TermFrequencies;

    #[test]
    fn a_title_alone_stands_behind_a_passage_that_has_as_much_of_the_question_and_is_nearly_as_good() {
        let terms = QueryTerms::new("pond");
        let scores = |passage: &str, score: f32| {
            let hit = |text: &str| SearchHit::of_text("/a.md", text, terms.count(["", "", text]));
            let title = SearchHit { heading: "The pond".to_owned(), ..hit("# The pond") };
            let (hits, mut scores) = ([title, hit(passage)], [0.9, score]);
            behind_passages(&terms, scores.iter_mut().zip(&hits));
            scores
        };
        assert_eq!(scores("The pond freezes in January.", 0.5), [BEHIND * 0.5, 0.5]);
        assert_eq!(scores("The pond freezes in January.", 0.1), [0.9, 0.1], "hardly an answer");
        assert_eq!(scores("The lawn is large.", 0.5), [0.9, 0.5], "it has no word of the question");
    }

    #[test]
    fn headings_and_titles_of_front_matter_alone_are_titles_and_nothing_else_is() {
        let is = |heading: &str, text: &str| {
            let hit = SearchHit::of_text("/pond.md", text, TermFrequencies::default());
            is_title(&SearchHit { heading: heading.to_owned(), ..hit })
        };
        for (heading, text) in [("Pond", "# Pond"), ("House > The Pond", "the pond"), ("", "---\ntitle: Pond\n---")] {
            assert!(is(heading, text), "{heading}: {text}");
        }
        for (heading, text) in [
            ("", "Pond"),
            ("Pond", "The pond is deep."),
            ("", "---\ntitle: Pond\nphone: 555-1234\n---"),
            ("", "---\nphone: 555-1234\n---"),
        ] {
            assert!(!is(heading, text), "{heading}: {text}");
        }
    }
}
