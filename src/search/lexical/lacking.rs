//! What the hits of a question lack of it: its numbers (`numbers`), and all of its words (`absent`). It is looked for once for all hits, in their
//! order, so that for all numbers and words that are looked for here each text is folded once at most. Who looks for something else, as
//! `absent`, folds it again.

use super::absent::is_only_like;
use super::bm25::unknown;
use super::numbers::{Missing, lack_codes, missing};
use super::signs::Text;
use super::terms::QueryTerms;
use crate::base::hit::{CorpusStatistics, SearchHit};

/// What the hits of a question lack of it. The default is nothing: that of an index of which some cannot be read, as what was not read may have
/// all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lacking {
    /// The numbers and codes that none of them has, or none together with another word of the question.
    pub missing: Vec<Missing>,
    /// Which of them are limited by that.
    pub limited: Limited,
    /// Whether the question is short, and what they have of its words is only like them.
    pub is_only_like: bool,
    /// Whether the question has words in quotes that none of them has as they stand. Who looks at the hits of all devices tells it.
    pub no_phrase: bool,
}

/// Which hits are limited by what they lack: for each of them, whether it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Limited {
    /// None: there is no number that is missing, and no code that only some have.
    #[default]
    None,
    /// Those that lack the numbers that are missing.
    ByNumber(Vec<bool>),
    /// Those that lack a code that others have, where no number is missing.
    ByCode(Vec<bool>),
}

impl Lacking {
    /// What these hits lack, by the statistics of all devices that they are of.
    #[must_use]
    pub fn of<'a>(
        terms: &QueryTerms,
        statistics: &CorpusStatistics,
        hits: impl Iterator<Item = &'a SearchHit>,
    ) -> Self {
        let texts: Vec<Text<'_>> = hits.map(Text::of).collect();
        let is_only_like = is_only_like(terms, &unknown(terms, statistics), &texts);
        let missing = missing(terms, statistics, &texts);
        if missing.is_empty() {
            let limited = lack_codes(terms, &texts).map_or(Limited::None, Limited::ByCode);
            return Self { missing, limited, is_only_like, no_phrase: false };
        }
        // A hit that has the number of another thing has what was asked for by it.
        let are_there = missing.iter().all(Missing::is_elsewhere);
        let lacks = |text: &Text<'_>| !are_there || missing.iter().all(|number| number.is_lacked_by(text));
        let limited = Limited::ByNumber(texts.iter().map(lacks).collect());
        Self { missing, limited, is_only_like, no_phrase: false }
    }
}

#[cfg(test)]
mod tests {
    use super::super::hits_test::hits;
    use super::super::signs::folded;
    use super::*;

    #[test]
    fn a_text_is_folded_once_however_many_numbers_are_asked_for_and_not_at_all_without_a_number() {
        let of = |question: &str, texts: &[&str]| {
            let terms = QueryTerms::new(question);
            let (hits, statistics) = hits(&terms, ["/0.md", ""], texts);
            let before = folded::count();
            (Lacking::of(&terms, &statistics, hits.iter()), folded::count() - before)
        };
        let pumps = ["The pump needs RX-4100", "The pump needs RX-4107", "The pump needs RX-4114", "A lamp"];
        let (lacking, folded) = of("Which pump needs RX4100, RX4107 or RX4114?", &pumps);
        assert_eq!((lacking, folded <= pumps.len()), (Lacking::default(), true), "no hit has all of them: {folded}");
        let (lacking, folded) = of("Which pump needs RX4107?", &pumps);
        assert_eq!((lacking.missing.len(), lacking.limited), (0, Limited::ByCode(vec![true, false, true, true])));
        assert!((1..=pumps.len()).contains(&folded), "{folded}");
        let (lacking, folded) = of("Which pump needs RX4100, RX9107, RX9114, RX9121 or RX9128?", &pumps);
        let all = Limited::ByNumber(vec![true; 4]);
        assert_eq!((lacking.missing.len(), lacking.limited, folded), (4, all, pumps.len()));
        let lines = ["The PIN is 9", "Bus line RX-4100", "Bus line RX-4107", "Bus line RX-4114"];
        let (lacking, folded) = of("Is the PIN RX4100, RX4107 or RX4114?", &lines);
        assert!(lacking.missing.len() == 3 && lacking.missing.iter().all(Missing::is_elsewhere), "{lacking:?}");
        assert_eq!((lacking.limited, folded), (Limited::ByNumber(vec![true, false, false, false]), lines.len()));
        assert_eq!(of("Which pump needs what?", &pumps), (Lacking::default(), 0));
    }
}
