//! The measures of one question's answer, as trec_eval and BEIR compute them.

use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The measures of one question, or their means.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Metrics {
    /// Normalised discounted cumulative gain of the first ten (Järvelin and Kekäläinen, 2002), with the grades themselves as gains.
    ndcg10: f64,
    /// Parts of the right documents among the first 5, 10 and 100.
    recall: [f64; 3],
    /// 1 by the place of the first right document among the first ten.
    mrr10: f64,
}

/// The depths of the recall.
const DEPTHS: [usize; 3] = [5, 10, 100];

impl Metrics {
    /// Of a list of documents, best first, and the grades of the right ones.
    pub(super) fn of(ranked: &[String], relevant: &BTreeMap<String, u32>) -> Self {
        let grade = |id: &String| relevant.get(id).copied().unwrap_or_default();
        let gain = |(at, grade): (usize, u32)| f64::from(grade) / ((at + 2) as f64).log2();
        let dcg: f64 = ranked.iter().take(10).map(grade).enumerate().map(gain).sum();
        let mut best: Vec<u32> = relevant.values().copied().collect();
        best.sort_unstable_by(|a, b| b.cmp(a));
        let ideal: f64 = best.into_iter().take(10).enumerate().map(gain).sum();
        let right = relevant.values().filter(|grade| **grade > 0).count();
        let found = |depth: usize| ranked.iter().take(depth).filter(|id| grade(id) > 0).count();
        let first = ranked.iter().take(10).position(|id| grade(id) > 0);
        Self {
            ndcg10: if ideal > 0.0 { dcg / ideal } else { 0.0 },
            recall: DEPTHS.map(|depth| found(depth) as f64 / right.max(1) as f64),
            mrr10: first.map_or(0.0, |at| 1.0 / (at + 1) as f64),
        }
    }

    pub(super) fn json(&self) -> Value {
        let [r5, r10, r100] = self.recall;
        json!({ "ndcg10": self.ndcg10, "r5": r5, "r10": r10, "r100": r100, "mrr10": self.mrr10 })
    }

    pub(super) fn line(&self, name: &str) -> String {
        let [r5, r10, r100] = self.recall;
        format!("{name:<8} {:>8.4} {r5:>6.4} {r10:>6.4} {r100:>6.4} {:>7.4}\n", self.ndcg10, self.mrr10)
    }
}

/// The means over all questions.
pub(super) fn mean(all: impl Iterator<Item = Metrics>) -> Metrics {
    let mut sum = Metrics::default();
    let mut count = 0_u32;
    for one in all {
        count += 1;
        sum.ndcg10 += one.ndcg10;
        sum.mrr10 += one.mrr10;
        sum.recall.iter_mut().zip(one.recall).for_each(|(sum, one)| *sum += one);
    }
    let count = f64::from(count.max(1));
    Metrics { ndcg10: sum.ndcg10 / count, recall: sum.recall.map(|sum| sum / count), mrr10: sum.mrr10 / count }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_measures_are_those_that_a_hand_computes() {
        let relevant = BTreeMap::from([("a".to_owned(), 1), ("b".to_owned(), 2), ("c".to_owned(), 0)]);
        let ranked: Vec<String> = ["x", "a", "c", "b"].map(str::to_owned).into();
        let of = Metrics::of(&ranked, &relevant);
        // 1/log2(3) + 2/log2(5) over 2/log2(2) + 1/log2(3).
        assert!((of.ndcg10 - (0.630_93 + 0.861_35) / (2.0 + 0.630_93)).abs() < 1e-4, "{of:?}");
        assert_eq!((of.recall, of.mrr10), ([1.0; 3], 0.5));
        let none = Metrics::of(&[], &relevant);
        assert_eq!((none.ndcg10, none.recall, none.mrr10), (0.0, [0.0; 3], 0.0));
        let far: Vec<String> = (0..20).map(|n| format!("x{n}")).chain(["a".to_owned()]).collect();
        let far = Metrics::of(&far, &relevant);
        assert_eq!((far.ndcg10, far.recall, far.mrr10), (0.0, [0.0, 0.0, 0.5], 0.0));
        let both = mean([of, none].into_iter());
        assert!((both.mrr10 - 0.25).abs() < 1e-9 && (both.recall[0] - 0.5).abs() < 1e-9);
    }
}
