//! What a score means: of the first answers with such a score, how many are right.

use serde::Serialize;

/// Ranges of the score, each as wide as the others.
pub(super) const RANGES: usize = 10;

/// The first answer to a question: its score, 0 to 1, and whether it is right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct First {
    /// Its score.
    pub(super) score: f32,
    /// Whether it is a relevant document.
    pub(super) is_right: bool,
}

/// The first answers with a score in one range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Certainty {
    /// The least score of the range.
    from: f32,
    /// Answers.
    answers: usize,
    /// The right ones of them.
    right: usize,
}

/// The ranges from the lowest to the highest, with the answers in each.
pub(super) fn certainties(answers: impl Iterator<Item = First>) -> [Certainty; RANGES] {
    let mut ranges = [Certainty::default(); RANGES];
    for (at, range) in ranges.iter_mut().enumerate() {
        range.from = at as f32 / RANGES as f32;
    }
    for First { score, is_right } in answers {
        let at = ranges.iter().rposition(|range| score >= range.from).unwrap_or_default();
        if let Some(range) = ranges.get_mut(at) {
            range.answers += 1;
            range.right += usize::from(is_right);
        }
    }
    ranges
}

/// For people: a line for each range that has answers.
pub(super) fn text(ranges: &[Certainty]) -> String {
    let row = |range: &Certainty| {
        let share = range.right as f32 / range.answers as f32;
        format!("{:.1}    {:>7} {:>7} {share:>7.2}\n", range.from, range.answers, range.right)
    };
    let rows: String = ranges.iter().filter(|range| range.answers > 0).map(row).collect();
    format!(
        "First answers by score, each question asked with its relevant documents and without them:\nscore  answers   right   share\n{rows}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_in_the_range_of_their_score() {
        let first = |score, is_right| First { score, is_right };
        let ranges =
            certainties([first(0.95, true), first(1.0, false), first(0.0, false), first(0.35, true)].into_iter());
        let counts = ranges.map(|range| (range.answers, range.right));
        assert_eq!((counts[0], counts[3], counts[9]), ((1, 0), (1, 1), (2, 1)));
        assert_eq!(counts.iter().map(|(answers, _)| answers).sum::<usize>(), 4);
        let text = text(&ranges);
        assert!(text.contains("\n0.9          2       1    0.50\n") && text.lines().count() == 5, "{text}");
    }
}
