//! Tests of numbers whose groups one sign each joins.

use super::super::signs::Text;
use super::*;
use crate::base::hit::{SearchHit, TermFrequencies};

fn has(question: &str, text: &str) -> bool {
    let numbers = grouped(question);
    assert_eq!(numbers.len(), 1, "{question}");
    let hit = SearchHit::of_text("/a.md", text, TermFrequencies::default());
    Text::of(&hit).signs().have_grouped(&numbers[0])
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
        ("10.10", "10.10.2024"),
        ("1.500", "1.5 kg"),
        ("1.500", "1500 kg"),
        ("1482.7", "2025-04-15,1482.7"),
        ("2024/25", "the season of 2024/2025"),
        ("2024/2025", "the season of 2024/25"),
        ("10.1.10.12", "the printer is at 10.1.10.12"),
        ("0151/815", "the file 151/815"),
        ("0151/815", "the file 0151/815"),
        ("09:30", "at 9:30"),
        ("089/12345", "+49 89 12345"),
        ("089/12345", "call +4989 12345"),
        ("089/12345", "(+49)89/12345"),
        ("089/12345", "+49 (0)89 12345"),
        ("0123.456.789", "123.456.789"),
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
        ("1.5", "1.4 bar, since 2024-05-01"),
        ("1.5", "1.4 bar, since 1.5.2024"),
        ("10:12", "2024-12-10"),
        ("3/4", "2024-04-03"),
        ("20:15", "the notes of 2015"),
        ("19:45", "in 1945"),
        ("20/24", "in 2024"),
        ("1.5", "1.500,25 EUR"),
        ("5.2", "1.5.2"),
        ("500.000", "500 EUR"),
        ("2024/25", "2024/2026"),
        ("10.1.10.12", "the printer is at 10.1.10.13, since 10.1.2010"),
        ("0151/815", "the file 22151/815"),
        ("0151/815", "the file +222 2151/815"),
        ("151/815", "the file +22151/815"),
        ("09:30", "at 19:30"),
        ("00/12", "the files 1 and 2"),
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
        "what was on 12.3.?",
        "what was on 12.3?",
        "Was war am 12.3",
        "12.03.2024-15.03.2024",
        "10-12.3.2024",
        "RE-2024/7",
        "1.5l",
        "3-4 weeks",
        "3 rooms",
        "030 123 45",
        "1, 5",
        "",
    ] {
        assert!(grouped(question).is_empty(), "{question}");
    }
    let typed: Vec<String> = grouped("2 189,61 or 1482.8, not 1482.8").into_iter().map(|one| one.typed).collect();
    assert_eq!(typed, ["2 189,61", "1482.8"]);
}

#[test]
fn of_a_pasted_table_only_the_first_numbers_count() {
    let table: Vec<String> = (0..500).map(|n| format!("11.{}", 100 + n)).collect();
    assert_eq!(grouped(&table.join(" x ")).len(), GROUPED_NUMBERS_MAX);
}
