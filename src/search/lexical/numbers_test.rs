//! Tests of the numbers of a question that no passage has.

use super::super::hits_test::hits;
use super::*;

/// The numbers of a question that these texts do not have.
fn missing_in(question: &str, texts: &[&str]) -> Vec<String> {
    let terms = QueryTerms::new(question);
    let (hits, statistics) = hits(&terms, ["/notes/a4.md", ""], texts);
    let texts: Vec<Text<'_>> = hits.iter().map(Text::of).collect();
    let missing = missing(&terms, &statistics, &texts);
    missing.into_iter().map(|one| one.number).collect()
}

const TEXTS: [&str; 4] = [
    "Invoice RE4711 of the plumber, RE-2024-00815.",
    "Room 1204 has a leak since 12.03.2024, at level10.",
    "Spare part BX7712, or AB 1234/C, call +49 30 2345678.",
    "Locker 0042, and key 345 of the 1980s.",
];

#[test]
fn a_number_with_another_figure_or_other_letters_is_missing() {
    for (question, number) in [
        ("RE4712", "RE4712"),
        ("Is RE4712 paid?", "RE4712"),
        ("room 1999", "1999"),
        ("room 120", "120"),
        ("RE-2024-00999", "RE-2024-00999"),
        ("AB-2024-00815", "AB-2024-00815"),
        ("BX7711", "BX7711"),
        ("level70", "level70"),
        ("Who is 030 2345679?", "030 2345679"),
        ("What was on 12.03.2023?", "12.03.2023"),
    ] {
        assert_eq!(missing_in(question, &TEXTS), [number], "{question}");
    }
}

#[test]
fn a_number_that_is_typed_differently_is_there() {
    for question in [
        "RE4711",
        "re 4711",
        "re-4711",
        "re202400815",
        "2024/00815",
        "bx 7712",
        "BX-7712",
        "ab1234c",
        "AB-1234/C",
        "030 2345678",
        "0049302345678",
        "locker 42 0042",
        "0345",
        "the 1980s",
        "1980",
        "12 March 2024",
        "level 10",
        "a4.md",
        "3 rooms",
        "no number",
        "",
    ] {
        assert_eq!(missing_in(question, &TEXTS), Vec::<String>::new(), "{question}");
    }
    assert!(missing_in("RE4712", &[]).is_empty(), "nothing was found that it could be said of");
}

#[test]
fn a_number_of_joined_groups_is_told_as_it_is_typed_where_no_passage_has_all_of_it() {
    let texts = [
        "The water meter shows 1482.7 m3, and the boiler 1.4 bar, since 2025-04-15.",
        "The Vaillant VUW 246/5-5, refund of 743.18 EUR, policy 7754 3208 9912 0045",
        "IBAN DE89 3704 0044 0532 0130 00, file 151/815/08156, deed UR 512/2019",
        "The invoice of 2.189,60 EUR for 99 boxes, 15 chairs and 46 lamps",
    ];
    for (question, number) in [
        ("water meter 1482.8", "1482.8"),
        ("1482.8", "1482.8"),
        ("boiler pressure 1.5 bar", "1.5"),
        ("4.6 bar tyres", "4.6"),
        ("EpiPen 0.4 mg", "0.4"),
        ("Vaillant VUW 246/5-6", "246/5-6"),
        ("premium 284.99 EUR", "284.99"),
        ("refund 743.20", "743.20"),
        ("policy 7754 3208 9912 0046", "7754 3208 9912 0046"),
        ("IBAN DE89 3704 0044 0532 0130 01", "DE89 3704 0044 0532 0130 01"),
        ("file 151/815/08157", "151/815/08157"),
        ("deed UR 513/2019", "513/2019"),
        ("invoice 2.189,61", "2.189,61"),
        ("invoice 2 189,61", "2 189,61"),
    ] {
        assert_eq!(missing_in(question, &texts), [number], "{question}");
        let terms = QueryTerms::new(question);
        let (hits, statistics) = hits(&terms, ["/notes/a4.md", ""], &texts);
        let texts: Vec<Text<'_>> = hits.iter().map(Text::of).collect();
        assert!(!missing(&terms, &statistics, &texts)[0].is_elsewhere(), "no passage has {question}");
    }
    for question in [
        "water meter 1482,7",
        "boiler at 1,4 bar",
        "Vaillant 246-5/5",
        "refund 743,18",
        "invoice 2189.60",
        "invoice 2 189,6",
        "deed 512 / 2019",
        "water meter on 15.04.2025",
        "What was on 15.4. with the water meter?",
    ] {
        assert_eq!(missing_in(question, &texts), Vec::<String>::new(), "{question}");
    }
    for (question, text) in [
        ("plumber 089/12345", "The plumber is (089) 12345"),
        ("plumber 089/12345", "The plumber is +49 89 12345"),
        ("plumber 089/12345", "The plumber is +498912345"),
        ("file 0151/815", "The file is 151/815"),
        ("printer 10.1.10.12", "The printer is at 10.1.10.12"),
        ("What was on 12.3.?", "On 12. M\u{E4}rz the heater was mended"),
        ("What was on 12.3?", "On 12. M\u{E4}rz the heater was mended"),
    ] {
        assert_eq!(missing_in(question, &[text, "a lamp"]), Vec::<String>::new(), "{question}: {text}");
    }
    assert_eq!(missing_in("boiler pressure 1.5 bar", &["The boiler has 1.4 bar since 2024-05-01"]), ["1.5"]);
    assert_eq!(missing_in("printer 10.1.10.12", &["The printer is at 10.1.10.13"]), ["10.1.10.12"]);
    let elsewhere = "Is the PIN 1482.7?";
    assert_eq!(missing_in(elsewhere, &["The PIN is 4711", "The meter shows 1482.7"]), ["1482.7"]);
}

#[test]
fn a_number_that_only_a_passage_about_something_else_has_is_missing() {
    let texts = [
        "Invoice 2024-0077 of the Stadtwerke over 450 euros was paid.",
        "Photo 2024-0078 shows grandmother at the lake",
        "The PIN of the alarm is 4711",
        "Bus line 4712",
        "The lock code is 0042",
        "Mail number 43",
        "The rent is 950 euros",
        "Room 201 has a leak since 12 March 2024",
    ];
    for (question, number) in [
        ("Was the invoice 2024-0078 of the Stadtwerke paid?", "2024-0078"),
        ("Is the PIN of the alarm 4712?", "4712"),
        ("What is the lock code 0043?", "0043"),
        ("Is the rent 201 euros?", "201"),
        ("Was the rent paid on 12 March 2024?", "12 March 2024"),
    ] {
        assert_eq!(missing_in(question, &texts), [number], "{question}");
    }
    for question in [
        "Was the invoice 2024-0077 of the Stadtwerke paid?",
        "the foto 2024-0078",
        "Is the bus line 4712 late?",
        "4712",
        "2024-0078",
        "Is it 4712?",
        "Wie spät ist Linie 4712?",
        "What leaks in room 201?",
        "The leak of 12.03.2024",
    ] {
        assert_eq!(missing_in(question, &texts), Vec::<String>::new(), "{question}");
    }
    assert!(missing_in("part 0345", &["Order part 0345 for the pump", "Mail number 345"]).is_empty());
}

#[test]
fn a_hit_that_has_a_number_of_another_thing_does_not_lack_it() {
    let terms = QueryTerms::new("Is the PIN 4712?");
    let (hits, statistics) = hits(&terms, ["/0.md", ""], &["The PIN is 4711", "Bus line 4712"]);
    let texts: Vec<Text<'_>> = hits.iter().map(Text::of).collect();
    let missing = missing(&terms, &statistics, &texts);
    assert!(missing.len() == 1 && missing[0].is_elsewhere());
    assert!(missing[0].is_lacked_by(&texts[0]) && !missing[0].is_lacked_by(&texts[1]));
}

#[test]
fn a_month_or_a_year_that_a_row_has_in_a_date_of_another_form_is_not_missing() {
    let rows = ["Invoice: RE-1; Date: 11.5.24; Paid: no", "Invoice: RE-2; Date: 12.6.24; Paid: no"];
    for question in ["invoices 05/2024", "invoices in May 2024", "invoices in 2024"] {
        assert_eq!(missing_in(question, &rows), Vec::<String>::new(), "{question}");
    }
    assert_eq!(missing_in("invoices 05/2023", &rows), ["05/2023"]);
    assert_eq!(missing_in("invoices 05/2024", &["The invoice of 11.5.24 is not paid"]), ["05/2024"], "prose is no row");
}
