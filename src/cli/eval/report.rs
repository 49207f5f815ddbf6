//! What an evaluation found, for people and for programs.

use super::agents::Firsts;
use super::certainty::{self, Certainty, RANGES};
use super::metrics::Figures;
use crate::base::count::{count, plural};
use serde::Serialize;
use std::collections::BTreeMap;

/// The figures of the three answers to a question, or the means over several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Compared {
    /// By words alone.
    pub(super) lexical: Figures,
    /// By meaning alone.
    pub(super) vector: Figures,
    /// Both together.
    pub(super) fused: Figures,
}

/// One way of answering: its name, and its figures of a question.
type Way = (&'static str, fn(&Compared) -> &Figures);

/// The three ways in the order of the table.
const WAYS: [Way; 3] = [
    ("lexical", |compared| &compared.lexical),
    ("vector", |compared| &compared.vector),
    ("fused", |compared| &compared.fused),
];

/// One judged question.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Judged {
    /// Its id.
    pub(super) id: String,
    /// The kinds of questions that it is one of.
    pub(super) kinds: Vec<String>,
    /// Its figures.
    pub(super) figures: Compared,
    /// The first answers to it, with its relevant documents and without them.
    pub(super) firsts: Firsts,
}

/// The report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Report {
    documents: usize,
    refused: usize,
    passages: u64,
    questions: usize,
    agents: usize,
    #[serde(flatten)]
    means: Compared,
    /// The means of each kind of questions; empty where the set has no kinds.
    kinds: BTreeMap<String, Compared>,
    /// How many first answers are right, by their score.
    scores: [Certainty; RANGES],
    per_query: BTreeMap<String, Compared>,
}

/// How many documents there are, how many of them the product refuses, and how many passages and agents.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// Documents.
    pub(super) documents: usize,
    /// Those of them that are refused.
    pub(super) refused: usize,
    /// Passages.
    pub(super) passages: u64,
    /// Agents.
    pub(super) agents: usize,
}

impl Report {
    /// Of all judged questions.
    pub(super) fn new(sizes: Sizes, judged: Vec<Judged>) -> Self {
        let mut kinds: BTreeMap<String, Vec<Compared>> = BTreeMap::new();
        for one in &judged {
            for kind in &one.kinds {
                kinds.entry(kind.clone()).or_default().push(one.figures);
            }
        }
        let all: Vec<Compared> = judged.iter().map(|one| one.figures).collect();
        Self {
            documents: sizes.documents,
            refused: sizes.refused,
            passages: sizes.passages,
            questions: all.len(),
            agents: sizes.agents,
            means: means(&all),
            kinds: kinds.into_iter().map(|(kind, all)| (kind, means(&all))).collect(),
            scores: certainty::certainties(judged.iter().flat_map(|one| one.firsts).flatten()),
            per_query: judged.into_iter().map(|one| (one.id, one.figures)).collect(),
        }
    }

    /// For people: a table.
    pub(super) fn text(&self) -> String {
        let counted = |number: usize, noun| count(number as u64, noun);
        let mut text = format!(
            "{} in {}, {}, {}.\n",
            counted(self.documents, "document"),
            count(self.passages, "passage"),
            counted(self.questions, "question"),
            counted(self.agents, "agent")
        );
        if self.refused > 0 {
            let verb = plural(self.refused as u64, "is", "are");
            text += &format!("{} of the documents {verb} refused and cannot be found.\n", self.refused);
        }
        let wide = self.kinds.keys().map(|kind| kind.chars().count()).max().unwrap_or_default();
        text += "\n";
        row(&mut text, ("", wide), "", &["nDCG@10", "R@5", "R@10", "R@100", "MRR@10"].map(str::to_owned));
        table(&mut text, "", wide, &self.means);
        for (kind, means) in &self.kinds {
            table(&mut text, kind, wide, means);
        }
        text + "\n" + certainty::text(&self.scores).as_str()
    }
}

fn means(all: &[Compared]) -> Compared {
    let mean = |of: fn(&Compared) -> &Figures| Figures::mean(all.iter().map(of));
    let [(_, lexical), (_, vector), (_, fused)] = WAYS;
    Compared { lexical: mean(lexical), vector: mean(vector), fused: mean(fused) }
}

fn table(text: &mut String, kind: &str, wide: usize, means: &Compared) {
    for (name, figures) in WAYS {
        row(text, (kind, wide), name, &figures(means).each().map(|figure| format!("{figure:.3}")));
    }
}

/// One row; the kind of questions takes so much room, and none where there are no kinds.
fn row(text: &mut String, (kind, wide): (&str, usize), name: &str, figures: &[String]) {
    let gap = if wide > 0 { "  " } else { "" };
    *text += &format!("{kind:wide$}{gap}{name:8}");
    figures.iter().for_each(|figure| *text += &format!(" {figure:>7}"));
    *text += "\n";
}

#[cfg(test)]
mod tests {
    use super::super::metrics::Relevant;
    use super::*;

    fn judged(id: &str, kinds: &[&str], lists: [&[&str]; 3]) -> Judged {
        let relevant = Relevant::from([("a".to_owned(), 1.0)]);
        let [lexical, vector, fused] = lists.map(|ranked| Figures::of(ranked, &relevant).unwrap());
        let kinds = kinds.iter().map(|kind| (*kind).to_owned()).collect();
        Judged { id: id.to_owned(), kinds, figures: Compared { lexical, vector, fused }, firsts: [None; 2] }
    }

    const SIZES: Sizes = Sizes { documents: 3, refused: 1, passages: 4, agents: 1 };

    #[test]
    fn the_json_has_the_means_of_each_list_and_the_figures_of_each_question() {
        let all =
            vec![judged("q1", &["date"], [&["a"], &["b"], &["b", "a"]]), judged("q2", &[], [&["b"], &["a"], &["a"]])];
        let json = serde_json::to_value(Report::new(SIZES, all)).unwrap();
        assert_eq!(json["lexical"]["ndcg10"], 0.5);
        assert_eq!(json["fused"]["mrr10"], 0.75);
        assert_eq!(json["per_query"]["q1"]["lexical"]["r100"], 1.0);
        assert_eq!(json["per_query"]["q2"]["lexical"]["r5"], 0.0);
        assert_eq!(json["kinds"]["date"]["vector"]["r10"], 0.0);
        assert_eq!((&json["questions"], &json["refused"]), (&2.into(), &1.into()));
    }

    #[test]
    fn people_read_a_table_with_a_part_for_each_kind() {
        let text = Report::new(SIZES, vec![judged("q1", &["date"], [&["a"], &[], &["b", "a"]])]).text();
        let expected =
            "3 documents in 4 passages, 1 question, 1 agent.\n1 of the documents is refused and cannot be found.\n";
        assert!(text.starts_with(expected), "{text}");
        assert!(text.contains("\ndate  fused      0.631   1.000   1.000   1.000   0.500\n"), "{text}");
        let plain = Report::new(Sizes { refused: 0, ..SIZES }, vec![judged("q1", &[], [&["a"], &[], &["a"]])]).text();
        assert!(plain.contains("\nvector     0.000   0.000   0.000   0.000   0.000\n"), "{plain}");
        let (head, row) = (plain.lines().nth(2).unwrap(), plain.lines().nth(3).unwrap());
        assert_eq!(head.len(), row.len(), "{plain}");
    }
}
