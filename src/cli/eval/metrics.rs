//! The figures of one question, and their means: how far up its documents stand.

use serde::Serialize;
use std::collections::BTreeMap;

/// How well a document answers, by its id: those that answer at all.
pub(super) type Relevant = BTreeMap<String, f64>;

/// The figures of one list, of one question or the mean of several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Figures {
    /// Normalised discounted cumulative gain of the first ten (Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR
    /// techniques", 2002, with the gain of trec_eval: the score itself).
    pub(super) ndcg10: f64,
    /// The part of the relevant documents that is among the first five.
    pub(super) r5: f64,
    /// Among the first ten.
    pub(super) r10: f64,
    /// Among the first hundred.
    pub(super) r100: f64,
    /// One over the place of the first relevant one, 0 beyond the tenth.
    pub(super) mrr10: f64,
}

impl Figures {
    /// Of documents in this order, each once. A question without relevant documents has no figures.
    pub(super) fn of(ranked: &[&str], relevant: &Relevant) -> Option<Self> {
        if relevant.is_empty() {
            return None;
        }
        let gain = |document: &&str| relevant.get(*document).copied().unwrap_or_default();
        let found = |most: usize| {
            ranked.iter().take(most).filter(|document| relevant.contains_key(**document)).count() as f64
                / relevant.len() as f64
        };
        let mut best: Vec<f64> = relevant.values().copied().collect();
        best.sort_by(|a, b| b.total_cmp(a));
        let first = ranked.iter().take(10).position(|document| relevant.contains_key(*document));
        Some(Self {
            ndcg10: discounted(ranked.iter().map(gain)) / discounted(best.into_iter()),
            r5: found(5),
            r10: found(10),
            r100: found(100),
            mrr10: first.map_or(0.0, |place| 1.0 / (place + 1) as f64),
        })
    }

    /// The mean of the figures of all questions.
    pub(super) fn mean<'a>(all: impl Iterator<Item = &'a Self>) -> Self {
        let (mut sum, mut count) = (Self::default(), 0.0_f64);
        for one in all {
            count += 1.0;
            for (sum, one) in sum.each_mut().into_iter().zip(one.each()) {
                *sum += one;
            }
        }
        sum.each_mut().into_iter().for_each(|sum| *sum /= count.max(1.0));
        sum
    }

    /// All of them, in the order of the table.
    pub(super) const fn each(&self) -> [f64; 5] {
        [self.ndcg10, self.r5, self.r10, self.r100, self.mrr10]
    }

    const fn each_mut(&mut self) -> [&mut f64; 5] {
        [&mut self.ndcg10, &mut self.r5, &mut self.r10, &mut self.r100, &mut self.mrr10]
    }
}

/// The gains of the first ten, each divided by the logarithm of its place.
fn discounted(gains: impl Iterator<Item = f64>) -> f64 {
    (2_u32..).zip(gains.take(10)).map(|(place, gain)| gain / f64::from(place).log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relevant(documents: &[(&str, f64)]) -> Relevant {
        documents.iter().map(|(id, score)| ((*id).to_owned(), *score)).collect()
    }

    fn near(figures: Figures, expected: [f64; 5]) {
        let is_near = figures.each().iter().zip(expected).all(|(a, b)| (a - b).abs() < 5e-5);
        assert!(is_near, "{figures:?} is not {expected:?}");
    }

    #[test]
    fn the_figures_are_those_computed_by_hand() {
        // Relevant at places 2 and 4 of three: DCG = 1/log2(3) + 1/log2(5) = 0.63093 + 0.43068 = 1.06161;
        // ideal = 1 + 0.63093 + 1/log2(4) = 2.13093.
        let three = relevant(&[("a", 1.0), ("b", 1.0), ("c", 1.0)]);
        let figures = Figures::of(&["x", "a", "y", "b"], &three).unwrap();
        near(figures, [0.49819, 2.0 / 3.0, 2.0 / 3.0, 2.0 / 3.0, 0.5]);
        let figures = Figures::of(&["a", "b", "c"], &three).unwrap();
        near(figures, [1.0; 5]);
        near(Figures::of(&[], &three).unwrap(), [0.0; 5]);
    }

    #[test]
    fn a_document_that_answers_better_weighs_more() {
        // DCG = 1/1 + 2/log2(3) = 2.26186; ideal = 2 + 1/log2(3) = 2.63093.
        let figures = Figures::of(&["good", "best"], &relevant(&[("best", 2.0), ("good", 1.0)])).unwrap();
        near(figures, [0.85972, 1.0, 1.0, 1.0, 1.0]);
    }

    #[test]
    fn each_figure_ends_at_its_own_place() {
        let names: Vec<String> = (1..=200).map(|place| place.to_string()).collect();
        let ranked: Vec<&str> = names.iter().map(String::as_str).collect();
        let at = |places: &[&str]| {
            Figures::of(&ranked, &places.iter().map(|place| ((*place).to_owned(), 1.0)).collect()).unwrap()
        };
        near(at(&["5"]), [1.0 / 6.0_f64.log2(), 1.0, 1.0, 1.0, 0.2]);
        near(at(&["6"]), [1.0 / 7.0_f64.log2(), 0.0, 1.0, 1.0, 1.0 / 6.0]);
        near(at(&["10"]), [1.0 / 11.0_f64.log2(), 0.0, 1.0, 1.0, 0.1]);
        near(at(&["11"]), [0.0, 0.0, 0.0, 1.0, 0.0]);
        near(at(&["100", "101"]), [0.0, 0.0, 0.0, 0.5, 0.0]);
    }

    #[test]
    fn with_more_relevant_documents_than_ten_ten_are_enough_for_a_full_gain() {
        let many: Relevant = (0..22).map(|n| (n.to_string(), 1.0)).collect();
        let ranked: Vec<String> = (0..10).map(|n| n.to_string()).collect();
        let figures = Figures::of(&ranked.iter().map(String::as_str).collect::<Vec<_>>(), &many).unwrap();
        near(figures, [1.0, 5.0 / 22.0, 10.0 / 22.0, 10.0 / 22.0, 1.0]);
    }

    #[test]
    fn a_mean_is_over_the_questions_that_are_judged() {
        let one = relevant(&[("a", 1.0)]);
        let figures = [Figures::of(&["a"], &one).unwrap(), Figures::of(&["x"], &one).unwrap()];
        near(Figures::mean(figures.iter()), [0.5; 5]);
        assert_eq!(Figures::of(&["a"], &Relevant::new()), None);
        near(Figures::mean([].iter()), [0.0; 5]);
    }
}
