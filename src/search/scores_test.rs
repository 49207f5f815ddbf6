//! Tests of the scores of hits.

use super::*;
use crate::search::lexical::hits_test::hits;

/// The scores of texts with their cosines, in their order.
fn scores(question: &str, texts: &[(&str, f32)]) -> Vec<f32> {
    let terms = QueryTerms::new(question);
    let (mut hits, statistics) = hits(&terms, ["/0.md", ""], &texts.iter().map(|(text, _)| *text).collect::<Vec<_>>());
    hits.iter_mut().zip(texts).for_each(|(hit, (_, cosine))| hit.cosine = *cosine);
    let lacking = Lacking::of(&terms, &statistics, hits.iter());
    fused(&terms, &statistics, &lacking, hits.iter())
}

const TEXTS: [(&str, f32); 9] = [
    ("Invoice 2024-0077 of the Stadtwerke over 450 euros was paid.", 0.6),
    ("Photo 2024-0078 shows grandmother at the lake", 0.2),
    ("The PIN of the alarm is 4711", 0.6),
    ("Bus line 4712", 0.1),
    ("The lock code is 0042", 0.5),
    ("Mail number 43", 0.1),
    ("The rent is 950 euros", 0.5),
    ("Room 201 has a leak", 0.1),
    ("an old chair", 0.0),
];

#[test]
fn what_lacks_a_number_is_no_sure_answer_although_a_passage_about_something_else_has_the_number() {
    for (question, lacks, has) in [
        ("Was the invoice 2024-0078 of the Stadtwerke paid?", 0, Some(1)),
        ("Is the PIN of the alarm 4712?", 2, Some(3)),
        ("What is the lock code 0043?", 4, None),
        ("Is the rent 201 euros?", 6, Some(7)),
    ] {
        let scores = scores(question, &TEXTS);
        assert!(scores[lacks] <= SURE_WITHOUT, "{question}: {scores:?}");
        let others = (0..TEXTS.len()).filter(|at| *at != lacks && Some(*at) != has);
        assert!(others.map(|at| scores[at]).all(|score| score <= scores[lacks]), "{question}: {scores:?}");
    }
    for (question, first) in [("Was the invoice 2024-0077 of the Stadtwerke paid?", 0), ("bus line 4712", 3)] {
        let scores = scores(question, &TEXTS);
        assert!(scores[first] > 0.7 && scores.iter().all(|score| *score <= scores[first]), "{question}: {scores:?}");
    }
}

#[test]
fn what_has_another_figure_at_the_end_of_a_number_with_a_sign_in_it_is_no_sure_answer() {
    let texts = [
        ("The water meter shows 1482.7", 0.6),
        ("boiler pressure 1.4 bar", 0.6),
        ("Vaillant VUW 246/5-5", 0.5),
        ("a key and 15 lamps since 2025-04-15", 0.1),
        ("an old chair", 0.0),
        ("a lamp", 0.0),
    ];
    for (question, at) in
        [("water meter 1482.8", 0), ("1482.8", 0), ("boiler pressure 1.5 bar", 1), ("Vaillant VUW 246/5-6", 2)]
    {
        let scores = scores(question, &texts);
        assert!(scores[at] <= SURE_WITHOUT && scores.iter().all(|one| *one <= scores[at]), "{question}: {scores:?}");
    }
    for (question, at) in [("water meter 1482,7", 0), ("boiler pressure 1,4 bar", 1), ("Vaillant VUW 246-5/5", 2)] {
        let scores = scores(question, &texts);
        assert!(scores[at] > 0.5, "{question}: {scores:?}");
    }
}

#[test]
fn a_number_with_its_zeros_comes_before_the_same_without_them_which_counts_where_nothing_else_is_there() {
    for question in ["0345", "part 0345"] {
        let both =
            scores(question, &[("Mail number 345", 0.4), ("Order part 0345 for the pump", 0.2), ("a lamp", 0.0)]);
        assert!(both[1] > 0.5 && both[0] < both[1] / 2.0, "{question}: {both:?}");
    }
    let alone = scores("0345", &[("Mail number 345", 0.4), ("a part of the pump", 0.2), ("a lamp", 0.0)]);
    assert!(alone[0] > 0.5, "{alone:?}");
}

#[test]
fn what_is_only_like_the_words_of_a_short_question_is_no_sure_answer() {
    let mut texts = vec![("the lamp of the long hall is broken", 0.1); 200];
    texts.push(("A hedgehog", 0.2));
    let best = |question: &str| {
        let scores = scores(question, &texts);
        assert!(scores.iter().all(|score| *score <= scores[200]), "{question}: it is found");
        scores[200]
    };
    let like = best("hedgerow");
    assert!((0.5..SURE_BY_LIKENESS + 0.001).contains(&like), "{like}");
    assert!(best("hedgehog") > 0.8 && best("the hedgehogs") > 0.8);
}

#[test]
fn what_has_a_word_of_a_short_question_at_the_beginning_of_a_longer_one_is_not_only_like_it() {
    let mut texts = vec![("the lamp of the long hall is broken", 0.1); 200];
    texts.push(("A Stadtwerkerechnung", 0.2));
    let sure = |question: &str| scores(question, &texts)[200];
    assert!(sure("Stadtwerke") > SURE_BY_LIKENESS + 0.05, "{}", sure("Stadtwerke"));
    assert!(sure("Stadtwerkx") < SURE_BY_LIKENESS + 0.001, "{}", sure("Stadtwerkx"));
}

#[test]
fn one_word_that_many_passages_have_makes_no_strong_answer_to_a_question_of_several() {
    let question = "Where is the key of the pump in the garden?";
    let mut texts = vec![("the garden of the neighbours is large and green", 0.1); 11];
    texts.extend([("the key of the pump hangs in the cellar", 0.1); 30]);
    texts.extend([("the lamp of the long hall is broken", 0.1); 38]);
    let best = |text: &str| {
        let mut texts = texts.clone();
        texts.push((text, 0.2));
        let scores = scores(question, &texts);
        assert!(scores.iter().all(|score| *score <= scores[79]), "{text}: {scores:?}");
        scores[79]
    };
    let one = best("Garden, garden, garden");
    assert!((0.1..0.5).contains(&one), "{one}");
    assert!(best("The garden pump and its key") > 0.7);
    let mut rare = vec![("the key of the pump hangs in the cellar", 0.1); 30];
    rare.extend([("the lamp of the long hall is broken", 0.1); 48]);
    rare.push(("Garden, garden, garden", 0.2));
    assert!(scores(question, &rare)[78] > 0.7, "a word that no other passage has tells what is meant");
    let page = include_str!("../http/page/hits.js");
    assert!(page.contains("STRONG = 0.7,") && NOT_STRONG < 0.7, "the page calls no such hit strong");
}

#[test]
fn the_row_of_a_table_that_has_what_is_named_is_surer_than_prose_and_the_order_stays() {
    let note = "the lamp of the long hall is broken, and nobody knows where the ladder stands by now, as it was lent to the \
        people of the second floor in spring and never came back to us";
    let of = |first: &str| {
        let mut texts = vec![(first, 0.1); 1];
        texts.extend([(note, 0.2); 4]);
        texts.extend([(note, 0.1); 40]);
        scores("Was hat der Tierarzt gekostet?", &texts)
    };
    let row = of("Date: 2024-03-02; Payee: Tierarzt Falk; Purpose: vaccination of the tomcat; Amount: -48.20");
    let prose = of(&format!("The Tierarzt was here, and {note}"));
    assert!(prose[0] < 0.3 && (0.3..0.7).contains(&row[0]), "{} {}", prose[0], row[0]);
    for scores in [&row, &prose] {
        assert!(scores[0] > scores[1] && scores[1] > scores[5], "{scores:?}");
    }
}

#[test]
fn rows_of_another_month_or_that_say_what_the_question_denies_are_no_sure_answers_and_stand_behind_those_that_fit() {
    let row = |date: &str, paid: &str| format!("Invoice: RE; Supplier: Elektro Wagner; Date: {date}; Paid: {paid}");
    let rows = [row("2024-05-11", "no"), row("2024-07-09", "yes"), row("2024-07-03", "no")];
    let note = "the lamp of the long hall is broken, and nobody knows where the ladder stands by now, as it was lent";
    let of = |count: usize| {
        let first = rows.iter().take(count).map(|row| (row.as_str(), 0.5));
        let texts: Vec<(&str, f32)> = first.chain([(note, 0.1); 40]).collect();
        scores("Which invoices were not paid in July 2024?", &texts)
    };
    let [all, wrong] = [3, 2].map(of);
    for scores in [&all, &wrong] {
        assert!(scores[..2].iter().all(|score| *score < SURE_WITHOUT + 0.001), "{scores:?}");
    }
    assert!(all[2] > SURE_WITHOUT && all[2] > all[0] && all[2] > all[1], "{all:?}");
    let untold = "Tool: saw; Owner: Elektro Wagner; Lent to: Anna";
    let mut texts = vec![(untold, 0.5)];
    texts.extend([(note, 0.1); 40]);
    let [open, plain] =
        ["Which saw of Elektro Wagner was not returned to Anna?", "Which saw of Elektro Wagner has Anna?"]
            .map(|question| scores(question, &texts)[0]);
    assert!(open < 0.7 && plain > 0.7, "whether it was returned cannot be told: {open} {plain}");
}

#[test]
fn what_has_the_code_of_the_question_comes_before_what_has_another_one() {
    let texts = [
        ("Error codes. F.28 means that the burner did not light; what an error means is told here.", 0.7),
        ("Error E18: the drain pump is blocked.", 0.3),
        ("If it shows E15, water is in the base.", 0.2),
        ("an old chair", 0.0),
    ];
    for (question, right) in
        [("what does error E18 mean", 1), ("error code E18", 1), ("what is error E15", 2), ("error E15", 2)]
    {
        let scores = scores(question, &texts);
        assert!((0..4).all(|at| at == right || scores[at] < scores[right]), "{question}: {scores:?}");
    }
}

#[test]
fn only_what_is_limited_is_made_less_and_in_its_order() {
    let mut scores = [0.9, 0.8, 0.4];
    limit(&mut scores, &[true, false, true], 0.45);
    assert_eq!(scores, [0.45, 0.8, 0.2]);
    limit(&mut scores, &[true, true, true], 0.9);
    assert_eq!(scores, [0.45, 0.8, 0.2]);
}
