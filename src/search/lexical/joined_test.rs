//! Tests of numbers whose groups one sign each joins.

use super::super::signs::Text;
use super::*;
use crate::base::hit::{SearchHit, TermFrequencies};

fn has(question: &str, text: &str) -> bool {
    let numbers = joined(question);
    assert_eq!(numbers.len(), 1, "{question}");
    let hit = SearchHit::of_text("/a.md", text, TermFrequencies::default());
    Text::of(&hit).signs().have_joined(&numbers[0])
}

#[test]
fn a_passage_has_a_number_with_any_one_sign_between_its_groups_and_an_amount_with_and_without_thousands() {
    for (question, text) in [
        ("1482.8", "the meter shows 1482.8 m3"),
        ("1482.8", "1 482,8"),
        ("2,5", "2.5bar"),
        ("2.189,61", "2189.61 EUR"),
        ("2189.61", "2 189,61 EUR"),
        ("2189.61", "2\u{A0}189,61 EUR"),
        ("2 189,61", "2.189,61 EUR"),
        ("3 189,61", "3 times 189,61 EUR"),
        ("12,500", "12500 people"),
        ("246/5-6", "VUW 246/5-6"),
        ("246/5-6", "246-5.6"),
        ("246/5-6", "24656"),
        ("246/5-6", "246 5 6"),
        ("513/2019", "UR 513 / 2019"),
        ("123-45-67", "123 45 67"),
        ("1.50", "1.5 kg"),
        ("1.5", "1,500 kg"),
        ("284.00", "284 EUR"),
        ("284.00", "284,0 EUR"),
        ("2.0", "2,00"),
        ("7.5", "007.5"),
        ("10:30", "10.30 Uhr"),
        ("10:30", "1030"),
        ("1.2.3", "v1.2.3-4"),
        ("2019-2020", "from 2019 to 2020"),
        ("10:30-11:00", "10.30 to 11.00"),
        ("12.03", "12.03.2024"),
        ("12.03", "2024-03-12"),
    ] {
        assert!(has(question, text), "{question}: {text}");
    }
}

#[test]
fn a_passage_with_another_figure_or_other_groups_does_not_have_a_number() {
    for (question, text) in [
        ("1482.8", "1482.7"),
        ("1482.8", "1482.85"),
        ("1482.8", "11482.8"),
        ("1482.8", "148.28"),
        ("1482.8", "1482 and 8"),
        ("0.4", "10.4"),
        ("0.4", "0.04"),
        ("0.4", "04"),
        ("0.4", "0.3, until 2025-04-01"),
        ("1.5", "15"),
        ("1.5", "1, 5 or 1 5"),
        ("19.85", "1985"),
        ("246/5-6", "246/5-5"),
        ("246/5-6", "246/56"),
        ("189,61", "2.189,61"),
        ("500,000", "1,500,000"),
        ("284.00", "284.61"),
        ("284.00", "2840"),
        ("2.0", "2 rooms"),
        ("2019-2020", "in 2019"),
    ] {
        assert!(!has(question, text), "{question}: {text}");
    }
}

#[test]
fn days_months_codes_counts_and_single_numbers_are_none() {
    for question in [
        "12.03.2024",
        "2024-03-12",
        "03/2024",
        "2024-03",
        "what was on 12.3. in the house",
        "RE-2024/7",
        "1.5l",
        "3-4 weeks",
        "3 rooms",
        "030 123 45",
        "1, 5",
        "",
    ] {
        assert!(joined(question).is_empty(), "{question}");
    }
    let typed: Vec<String> = joined("2 189,61 or 1482.8, not 1482.8").into_iter().map(|one| one.typed).collect();
    assert_eq!(typed, ["2 189,61", "1482.8"]);
}
