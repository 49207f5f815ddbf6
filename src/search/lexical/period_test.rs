//! Tests of the month or the year that a question asks for.

use super::*;

fn fit(question: &str, value: &str) -> Option<Fit> {
    Asked::of(question).map(|asked| asked.fit(&format!("Invoice: 17; Date: {value}; Paid: no")))
}

#[test]
fn a_date_is_in_the_month_that_is_asked_for_whichever_way_both_are_written() {
    for question in [
        "Which invoices were not paid in July 2024?",
        "invoices July 2024",
        "invoices of July of 2024",
        "Rechnungen im Juli 2024",
        "facturas de julio de 2024",
        "factures de juillet 2024",
        "счета за июль 2024",
        "invoices 07/2024",
        "invoices 7.2024",
        "invoices 2024-07",
        "invoices of 3 July 2024",
        "invoices in July",
        "Rechnungen im Juli",
        "paid to Falk in July 2024",
    ] {
        for date in [
            "2024-07-03",
            "2024-07-03T09:30:00",
            "2024-07-03 00:00",
            "3.7.2024",
            "03.07.24",
            "7/30/2024",
            "30/7/2024",
            "05/07/2024",
            "07/05/2024",
            "3 July 2024",
            "3. Juli 2024",
            "July 3, 2024",
            "July 2024",
            "07/2024",
        ] {
            assert_eq!(fit(question, date), Some(Fit::Inside), "{question}: {date}");
        }
        for date in ["2024-05-11", "11.05.2024", "11.5.24", "5/30/2024", "May 11, 2024", "05/2024"] {
            assert_eq!(fit(question, date), Some(Fit::Outside), "{question}: {date}");
        }
        for other in ["", "yes", "48.20", "RE-4711", "030 1234567"] {
            assert_eq!(fit(question, other), Some(Fit::Untold), "{question}: {other}");
        }
    }
    assert_eq!(fit("invoices in July 2024", "2023-07-03"), Some(Fit::Outside));
    assert_eq!(fit("invoices in July 2024", "2000"), Some(Fit::Untold), "it may be an amount");
    assert_eq!(fit("pruned in July", "July"), Some(Fit::Inside));
    assert_eq!(fit("invoices in 2024", "11.05.24"), Some(Fit::Inside));
    assert_eq!(fit("invoices in 2023", "11.05.24"), Some(Fit::Outside));
    let asked = Asked::of("invoices in July 2024").unwrap();
    assert_eq!(asked.fit("We paid on 2024-05-11"), Fit::Untold, "prose is no row");
}

#[test]
fn where_other_months_may_be_meant_or_none_is_asked_for_nothing_is_told() {
    for question in [
        "invoices since July 2024",
        "invoices since the beginning of July 2024",
        "invoices from May to July 2024",
        "invoices in May and in July",
        "Rechnungen bis Juli 2024",
        "invoices of July 2024 or later",
        "May I see it?",
        "the sun set in the west",
        "room 2024",
        "Where is the key?",
        "",
    ] {
        assert_eq!(Asked::of(question), None, "{question}");
    }
}

#[test]
fn the_words_and_numbers_by_which_a_month_is_typed_are_its_own() {
    let asked = Asked::of("invoices 07/2024").unwrap();
    for word in ["july", "juli", "2024", "07", "07/2024", "072024"] {
        assert!(asked.is_typed_by(word), "{word}");
    }
    for word in ["invoices", "may", "2023", "08/2024", "4711", ""] {
        assert!(!asked.is_typed_by(word), "{word}");
    }
    assert!(has_date("on 2024-05-11") && !has_date("2024") && !has_date("yes"));
}
