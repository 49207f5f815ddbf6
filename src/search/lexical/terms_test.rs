//! Texts are counted by those of their words alone that begin as a word of the question.

use super::*;
use crate::search::lexical::language::KNOWN;

/// How often the forms of the question are in a text, by all of its terms.
fn by_all_terms(terms: &QueryTerms, text: &str) -> Vec<u16> {
    let analysis = of_parts(["", "", text]);
    let mut counts = vec![0; terms.len()];
    for (form, indexes) in &terms.forms {
        indexes.iter().for_each(|at| counts[*at] = counts[*at].max(analysis.terms.get(form).copied().unwrap_or(0)));
    }
    counts
}

#[test]
fn what_is_counted_is_what_all_terms_of_the_text_have() {
    let texts = [
        ("lying dying ties", "The dog lies there, is dying to go out, and lying he tied the ropes that a tie has."),
        (
            "école eau horloge",
            "Les élèves de l'école boivent de l'eau quand l'horloge sonne, et l\u{2019}\u{E9}cole est loin d'ici.",
        ),
        (
            "Straße Übung Äpfel",
            "Auf der STRASSE sind die Übungen schwer, und der Apfel liegt neben den Äpfeln der Straßen.",
        ),
        ("كتاب مدرسة", "الكتاب في المدرسة والكتب على الطاولة، وكان المعلم يقرأ كتابا جديدا للطلاب في المدارس."),
        ("வீடு", "வீடுகளில் மக்கள் வாழ்கிறார்கள், அந்த வீட்டின் கதவு பெரியது."),
        ("дом книги", "В доме лежали книги, и домов с книгами было много на этой улице."),
        (
            "INV-20394 030 123 45 67 12.03.2024",
            "Paid on 12 March 2024: invoice inv20394, call 0301234567 or +49 30 1234567.",
        ),
        ("東京 駅", "東京駅の前で会いましょう。"),
        ("\u{C9}COLE e\u{301}cole", "une E\u{301}COLE et une ecole"),
    ];
    for (question, text) in texts {
        let terms = QueryTerms::new(question);
        let counts = terms.count(["", "", text]);
        assert_eq!(counts.counts.as_slice(), by_all_terms(&terms, text), "{question}");
        assert!(counts.counts.iter().any(|count| *count > 0), "{question}");
        assert_eq!(counts.length, of_parts(["", "", text]).length, "{question}");
    }
}

#[test]
fn stems_begin_as_their_words_in_all_languages_but_those_that_are_said_not_to() {
    const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzßàáâãäåæçèéêëìíîïñòóôõöøùúûüýăâîșțşţğıőűœ\
                           абвгдежзийклмнопрстуфхцчшщъыьэюяёαβγδεζηθικλμνξοπρστυφχψωάέήίόύώ";
    const ENDS: [&str; 26] = [
        "",
        "s",
        "y",
        "ing",
        "ying",
        "ies",
        "ied",
        "ed",
        "ly",
        "ational",
        "heiten",
        "en",
        "ement",
        "issement",
        "ando",
        "zione",
        "lerin",
        "ları",
        "iessä",
        "okat",
        "ului",
        "arna",
        "ениями",
        "ость",
        "ματα",
        "ήσαμε",
    ];
    for (language, ..) in KNOWN.iter().filter(|(language, ..)| language.keeps_beginnings()) {
        for first in LETTERS.chars() {
            for (middle, end) in ["", "e", "nat", "ра", "λο"].iter().flat_map(|middle| ENDS.map(|end| (middle, end)))
            {
                let word = format!("{first}{middle}{end}");
                let (stem, whole) = (fold(&language.stem(&word)).into_owned(), fold(&word).into_owned());
                assert_eq!(stem.chars().next(), whole.chars().next(), "{language:?}: {word}");
            }
        }
    }
}

#[test]
fn stems_begin_with_the_two_letters_of_their_words_in_the_languages_that_are_said_to_keep_them() {
    const ENDS: [&str; 22] = [
        "", "s", "y", "ing", "ying", "ies", "ied", "ed", "ly", "ational", "heiten", "en", "er", "em", "ement",
        "issement", "ando", "zione", "amos", "eria", "os", "able",
    ];
    for (language, ..) in KNOWN.iter().filter(|(language, ..)| language.keeps_pairs()) {
        assert!(language.keeps_beginnings());
        for (first, second) in ('a'..='z').flat_map(|first| ('a'..='z').map(move |second| (first, second))) {
            for (middle, end) in ["", "e", "nat"].iter().flat_map(|middle| ENDS.map(|end| (middle, end))) {
                let stem = fold(&language.stem(&format!("{first}{second}{middle}{end}"))).into_owned();
                let mut letters = stem.chars();
                assert_eq!(letters.next(), Some(first), "{language:?}: {first}{second}{middle}{end}");
                let kept = letters.next().is_none_or(|kept| kept == second) || second == 'y';
                assert!(kept, "{language:?}: {first}{second}{middle}{end} is {stem}");
            }
        }
    }
}

#[test]
fn a_name_is_counted_whether_its_letters_are_typed_as_one_or_as_two_and_another_word_is_not() {
    for (question, text) in [
        ("Juergen Mueller", "Anruf von J\u{FC}rgen M\u{FC}ller aus K\u{F6}ln"),
        ("phone number of juergen mueller", "Name: J\u{FC}rgen M\u{FC}ller; Telefon: 0221 4711"),
        ("J\u{FC}rgen M\u{FC}ller", "Anruf von Juergen Mueller aus Koeln"),
        ("Soeren Kjaer", "S\u{F8}ren Kj\u{E6}r called"),
        ("S\u{F8}ren Kj\u{E6}r", "Soeren Kjaer called"),
        ("Haakon", "H\u{E5}kon called"),
        ("Hauptstrasse", "Sie wohnt in der Hauptstra\u{DF}e"),
        ("Hauptstra\u{DF}e", "Sie wohnt in der Hauptstrasse"),
    ] {
        let terms = QueryTerms::new(question);
        let names: Vec<usize> =
            terms.looked_up().map(|(at, _)| at).filter(|at| !["phone", "number"].contains(&terms.word(*at))).collect();
        let found = terms.count(["", "", text]);
        let counts = found.counts.as_slice();
        assert!(names.iter().all(|at| counts[*at] == 1), "{question}: {counts:?}");
    }
    for (question, text) in [
        ("guest", "a gust of wind"),
        ("The blue lamp is in the hall, and it works", "a blu ray disc"),
        ("poets", "p\u{F6}ts"),
        ("Haas", "he has it"),
    ] {
        let found = QueryTerms::new(question).count(["", "", text]);
        let has_letter = text.contains('\u{F6}');
        assert_eq!(found.counts.iter().any(|count| *count > 0), has_letter, "{question}");
    }
}
