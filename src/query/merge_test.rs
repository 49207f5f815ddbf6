//! Tests of the merge of several devices' results.

use super::*;
use crate::base::hit::CorpusStatistics;
use crate::base::id::Row;

const PEER: PeerKey = PeerKey([1; 32]);
const OTHER: PeerKey = PeerKey([2; 32]);

fn found(terms: &QueryTerms, texts: &[(&str, f32)]) -> Found {
    let hits: Vec<SearchHit> = (0..)
        .zip(texts)
        .map(|(row, (text, cosine))| SearchHit {
            row: Row(row),
            path: format!("/{row}.md").into_bytes(),
            heading: String::new(),
            text: (*text).to_owned(),
            cosine: *cosine,
            frequencies: terms.count(["", "", text]),
            absence: None,
            doc: None,
        })
        .collect();
    let statistics = CorpusStatistics::of(terms.len(), hits.iter().map(|hit| &hit.frequencies));
    Found { statistics, hits, ..Found::default() }
}

/// The merge with what these lists lack.
fn merge(question: &Question, lists: Vec<(Option<PeerKey>, Found)>, count: usize) -> Vec<Merged> {
    let lacking = lacking(question, &lists);
    super::merge(question, lists, &lacking, count)
}

/// The numbers and codes of the question that are told.
fn missing_numbers(question: &Question, lists: &[(Option<PeerKey>, Found)]) -> Vec<Missing> {
    lacking(question, lists).missing
}

#[test]
fn the_best_of_all_devices_come_first_and_twins_once_with_their_places() {
    let terms = QueryTerms::new("violin");
    let here = found(&terms, &[("the violin", 0.5), ("a lamp", 0.4), ("the\n violin ", 0.5)]);
    let there = found(&terms, &[("my violin", 0.9), ("the violin", 0.5)]);
    let merged = merge(&"violin".into(), vec![(Some(PEER), there), (None, here)], 3);
    let texts: Vec<_> = merged.iter().map(|m| (m.device, m.hit.text.as_str())).collect();
    assert_eq!(texts, [(Some(PEER), "my violin"), (None, "the violin"), (None, "a lamp")]);
    assert!(merged.windows(2).all(|pair| pair[0].score >= pair[1].score));
    let place = |device: Option<PeerKey>, path: &str| (device, path.as_bytes().to_vec());
    assert_eq!(merged[1].places, [place(None, "/0.md"), place(None, "/2.md"), place(Some(PEER), "/1.md")]);
    assert_eq!(merged[2].places, [place(None, "/1.md")]);
}

#[test]
fn a_text_in_hundreds_of_files_is_one_hit() {
    let terms = QueryTerms::new("violin");
    let texts: Vec<_> = (0..90).map(|n| if n % 9 == 0 { ("a lamp", 0.2) } else { ("the violin", 0.5) }).collect();
    let merged = merge(&"violin".into(), vec![(None, found(&terms, &texts))], 10);
    assert_eq!(merged.iter().map(|m| m.hit.text.as_str()).collect::<Vec<_>>(), ["the violin", "a lamp"]);
    assert_eq!(merged[0].places.len(), PLACES_MAX);
}

/// The paths of each of two hits for three notes of the stove: two of different days, and one with another part. `of` has the device of
/// each, and its cosine.
fn folded_paths(question: &str, of: [(Option<PeerKey>, f32); 3]) -> Vec<Vec<String>> {
    paths_of(question, of, 2)
}

fn paths_of(question: &str, of: [(Option<PeerKey>, f32); 3], count: usize) -> Vec<Vec<String>> {
    let terms = QueryTerms::new(question);
    let note = |day: &str, part: &str| {
        format!("{day}. The stove was cleaned, and its door needs part {part} before the next winter comes, he said.")
    };
    let texts = [note("2024-03-05", "AB-12"), note("2024-03-06", "AB-12"), note("2024-03-05", "AB-13")];
    let lists = (0..).zip(&texts).zip(of).map(|((at, text), (device, cosine))| {
        let mut found = found(&terms, &[(text.as_str(), cosine)]);
        found.hits[0].path = format!("{at}").into_bytes();
        (device, found)
    });
    let merged = merge(&question.into(), lists.collect(), count);
    let path = |place: &Place| String::from_utf8(place.1.clone()).unwrap();
    merged.iter().map(|one| one.places.iter().map(path).collect()).collect()
}

#[test]
fn copies_with_another_date_line_are_one_hit_and_notes_with_another_number_are_not() {
    let here = [(None, 0.6), (None, 0.5), (None, 0.4)];
    assert_eq!(folded_paths("stove", here), [&["0", "1"][..], &["2"]]);
    assert_eq!(folded_paths("which part does the stove need?", here), [&["0", "1"][..], &["2"]]);
    assert_eq!(folded_paths("when was the stove cleaned?", here), [["0"], ["1"]]);
    assert_eq!(folded_paths("stove", here.map(|(_, cosine)| (Some(PEER), cosine))), [&["0", "1"][..], &["2"]]);
}

#[test]
fn equal_texts_under_headings_with_other_figures_are_hits_of_their_own_in_one_file_too() {
    let question = "how is the valve cleaned?";
    let terms = QueryTerms::new(question);
    let text =
        "The valve is taken out, cleaned with vinegar, and put back with a new ring before the pump is switched on.";
    let mut list = found(&terms, &[(text, 0.6), (text, 0.5), (text, 0.4)]);
    for (hit, heading) in list.hits.iter_mut().zip(["AB-1234", "AB-1235", "AB-1234"]) {
        (hit.path, hit.heading) = (b"/parts.md".to_vec(), heading.to_owned());
    }
    let merged = merge(&question.into(), vec![(None, list)], 2);
    assert_eq!(merged.iter().map(|one| one.hit.heading.as_str()).collect::<Vec<_>>(), ["AB-1234", "AB-1235"]);
}

#[test]
fn copies_have_places_that_nothing_better_takes() {
    let here = [(None, 0.6), (None, 0.5), (None, 0.4)];
    assert_eq!(paths_of("stove", here, 3), [["0"], ["1"], ["2"]], "one place was free");
    let terms = QueryTerms::new("violin");
    let violin =
        |day: u8| format!("2024-03-0{day}. The violin was mended and has new strings, all four of them, he said.");
    let texts = [violin(1), violin(2), violin(3), "a lamp".to_owned(), "a lamp of glass".to_owned()];
    let list: Vec<_> =
        texts.iter().zip([0.6, 0.5, 0.4, 0.0, 0.0]).map(|(text, cosine)| (text.as_str(), cosine)).collect();
    let merged = merge(&"violin".into(), vec![(None, found(&terms, &list))], 2);
    assert_eq!(merged.iter().map(|one| one.hit.path.as_slice()).collect::<Vec<_>>(), [b"/0.md", b"/1.md"]);
    assert_eq!(
        merged.iter().map(|one| one.places.len()).collect::<Vec<_>>(),
        [2, 1],
        "the third is told with the first"
    );
}

#[test]
fn no_device_has_its_words_told_as_those_of_another_one_s_file() {
    let [peer, other] = [Some(PEER), Some(OTHER)];
    assert_eq!(folded_paths("stove", [(peer, 0.6), (other, 0.5), (None, 0.4)]), [["0"], ["1"]]);
    assert_eq!(folded_paths("stove", [(None, 0.6), (other, 0.5), (None, 0.4)]), [&["0", "1"][..], &["2"]]);
    let own_is_shown = folded_paths("stove", [(peer, 0.6), (None, 0.5), (None, 0.4)]);
    assert_eq!(own_is_shown, [&["1", "0"][..], &["2"]], "this device's own words are shown");
}

#[test]
fn the_file_that_has_the_name_of_the_question_comes_first() {
    let terms = QueryTerms::new("boiler");
    let mut here = found(&terms, &[("boiler boiler", 0.9), ("press the left button", 0.1), ("and then wait", 0.2)]);
    for at in [1, 2] {
        here.hits[at].path = b"/manuals/Boiler.md".to_vec();
    }
    let merged = merge(&"boiler".into(), vec![(None, here)], 3);
    let texts: Vec<_> = merged.iter().map(|m| m.hit.text.as_str()).collect();
    assert_eq!(texts, ["and then wait", "boiler boiler", "press the left button"], "only its best chunk is lifted");
    assert!(merged[0].score <= 1.0);
}

#[test]
fn one_other_device_has_at_most_half_of_the_first_ten_places_or_of_a_shorter_answer() {
    let terms = QueryTerms::new("violin");
    let names: Vec<String> = (0..40).map(|n| format!("violin number {n}")).collect();
    let there: Vec<_> = names[..20].iter().map(|name| (name.as_str(), 0.9)).collect();
    let here: Vec<_> = names[20..].iter().map(|name| (name.as_str(), 0.87)).collect();
    let lists = || vec![(Some(PEER), found(&terms, &there)), (None, found(&terms, &here))];
    let of_peer = |merged: &[Merged]| merged.iter().filter(|m| m.device == Some(PEER)).count();
    let ten = merge(&"violin".into(), lists(), 10);
    assert_eq!((ten.len(), of_peer(&ten)), (10, 5));
    for (count, most) in [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (9, 5)] {
        let few = merge(&"violin".into(), lists(), count);
        assert_eq!((few.len(), of_peer(&few)), (count, most), "of an answer of {count}");
    }
    let alone = merge(&"violin".into(), vec![(Some(PEER), found(&terms, &there)), (None, Found::default())], 3);
    assert_eq!(of_peer(&alone), 3, "it alone has something");
    let twenty = merge(&"violin".into(), lists(), 20);
    assert_eq!((of_peer(&twenty[..10]), of_peer(&twenty[10..])), (5, 10), "the rest follows by score");
    let alone = merge(&"violin".into(), vec![(Some(PEER), found(&terms, &there)), (None, Found::default())], 10);
    assert_eq!(of_peer(&alone), 10, "it alone has something");
    let two = vec![(Some(PEER), found(&terms, &there)), (Some(OTHER), found(&terms, &here))];
    assert_eq!(of_peer(&merge(&"violin".into(), two, 10)), 5);
    let few = vec![(Some(PEER), found(&terms, &there)), (None, found(&terms, &here[..2]))];
    assert_eq!(of_peer(&merge(&"violin".into(), few, 10)), 8, "places that nobody else can take");
}

#[test]
fn a_place_is_given_to_another_device_only_for_what_fits_and_is_nearly_as_good() {
    let terms = QueryTerms::new("violin");
    let names: Vec<String> = (0..40).map(|n| format!("passage number {n}")).collect();
    let first_ten = |there: f32, here: f32| {
        let of = |names: &[String], cosine| {
            found(&terms, &names.iter().map(|name| (name.as_str(), cosine)).collect::<Vec<_>>())
        };
        let lists = vec![(Some(PEER), of(&names[..20], there)), (None, of(&names[20..], here))];
        let merged = merge(&"violin".into(), lists, 10);
        merged.iter().map(|m| m.device == Some(PEER)).collect::<Vec<_>>()
    };
    assert_eq!(first_ten(0.35, 0.09), [true; 10], "noise stands behind what fits");
    assert_eq!(first_ten(0.9, 0.7), [true; 10], "it fits, and is weaker");
    assert_eq!(first_ten(0.3, 0.19), [true; 10], "it is near, and does not fit");
    let shared = [true, true, true, true, true, false, false, false, false, false];
    assert_eq!(first_ten(0.9, 0.85), shared, "it fits and is as good but for a little");
    assert_eq!(first_ten(0.15, 0.1), [true; 10], "where nothing fits, the score alone counts");
}

#[test]
fn an_answer_fits_by_its_meaning_by_words_or_by_a_name_and_otherwise_not() {
    let fits = |question: &str, text: &str, cosine: f32| {
        let found = found(&QueryTerms::new(question), &[(text, cosine), ("a lamp", 0.1)]);
        any_fits(&merge(&question.into(), vec![(None, found)], 5))
    };
    assert!(!fits("Where is my violin?", "buy a watch", 0.25), "hardly nearer than what is far");
    assert!(fits("Where is my violin?", "the fiddle is in the attic", 0.5));
    assert!(fits("violin", "the violin", 0.0), "a rare word has no meaning that a vector could be near to");
    assert!(!fits("old violin in the dusty attic", "an old watch", 0.1), "one word of four");
    assert!(fits("0.md", "buy a watch", 0.0), "the file is named");
    assert!(!any_fits(&[]));
}

#[test]
fn another_number_is_no_sure_answer_and_stays_the_nearest() {
    let texts = [
        "Invoice RE4711 of the plumber is paid",
        "Room 1204 has a leak",
        "Invoice AB-2024-0815",
        "spare part BX7712",
        "the pump runs at level10",
        "a lamp",
        "an old chair",
        "the key of the shed",
    ];
    let best = |question: &str, near: usize| {
        let of = |(at, text): (usize, &&'static str)| (*text, if at == near { 0.5 } else { 0.1 });
        let texts: Vec<(&str, f32)> = texts.iter().enumerate().map(of).collect();
        let lists = || vec![(None, found(&QueryTerms::new(question), &texts))];
        let merged = merge(&question.into(), lists(), 3);
        (merged[0].hit.text.clone(), merged[0].score, missing_numbers(&question.into(), &lists()))
    };
    for (question, near) in [
        ("RE4712", 0),
        ("Is RE4712 paid?", 0),
        ("room 1999", 1),
        ("room 1205", 1),
        ("AB-2024-0999", 2),
        ("BX7711", 3),
        ("level70", 4),
    ] {
        let (text, score, numbers) = best(question, near);
        assert_eq!(text, texts[near], "{question}: the nearest is shown");
        assert!(score < 0.2 && numbers.len() == 1, "{question}: {score} {numbers:?}");
        let is_bare = !question.contains(' ');
        assert!(!is_bare || score < FITS_FROM, "{question}: nothing fits: {score}");
    }
    for (question, near) in [("RE4711", 0), ("Is RE4711 paid?", 0), ("room 1204", 1), ("AB20240815", 2), ("bx7712", 3)]
    {
        let (text, score, numbers) = best(question, near);
        assert!(text == texts[near] && score > 0.7 && numbers.is_empty(), "{question}: {text} {score} {numbers:?}");
    }
    for (question, near) in [("BX 7712", 3), ("bx-7712", 3), ("ab 2024 0815", 2)] {
        let (text, score, numbers) = best(question, near);
        assert!(text == texts[near] && numbers.is_empty(), "{question}: {text} {score} {numbers:?}");
    }
}

#[test]
fn a_number_whose_zeros_are_left_out_in_the_only_passage_that_has_it_is_found_and_not_missing() {
    let question = "0345";
    let mut texts = vec![("a locker in the long hall", 0.4); 8];
    texts.push(("the key 345 hangs behind the door", 0.1));
    let terms = QueryTerms::new(question);
    let mut list = found(&terms, &texts);
    assert_eq!(list.statistics.document_frequencies.last(), Some(&1), "it is looked up in this form too");
    // The passage is none of the hits: that it is there is known all the same.
    list.hits.pop();
    assert!(missing_numbers(&question.into(), &[(None, list)]).is_empty());
}

#[test]
fn a_number_that_only_a_passage_about_something_else_has_is_told_unless_the_index_cannot_be_read() {
    let question = Question::from("Is the PIN of the alarm 4712?");
    let mut list = found(&question.terms(), &[("The PIN of the alarm is 4711", 0.6), ("Bus line 4712", 0.1)]);
    let missing = missing_numbers(&question, &[(None, list.clone())]);
    assert_eq!(
        told_missing(&missing),
        ["None of the passages found has \"4712\" together with another telling word of the question."]
    );
    let first =
        |list: &Found| merge(&question, vec![(None, list.clone())], 3).iter().map(|one| one.score).fold(0.0, f32::max);
    assert!(first(&list) <= 0.5, "{}", first(&list));
    list.unread = true;
    assert!(missing_numbers(&question, &[(None, list.clone())]).is_empty(), "what was not read may have it");
    list.hits.pop();
    assert!(missing_numbers(&question, &[(None, list)]).is_empty(), "nor is it told that nobody has it");
}

#[test]
fn nothing_is_limited_while_some_of_the_index_cannot_be_read() {
    let first = |question: &str, texts: &[(&str, f32)], unread: bool| {
        let question = Question::from(question);
        let list = Found { unread, ..found(&question.terms(), texts) };
        let merged = merge(&question, vec![(None, list)], 3);
        (merged[0].hit.text.clone(), merged[0].score)
    };
    let texts = [
        ("What an error means: error E17 means that the burner did not light.", 0.9),
        ("Error E18: the drain pump of the old machine in the cellar is blocked.", 0.0),
        ("a lamp", 0.0),
        ("an old chair", 0.0),
    ];
    let question = "what does error E18 mean";
    assert!(
        first(question, &texts, false).0.starts_with("Error E18"),
        "what has the code comes before all that lack it"
    );
    assert!(first(question, &texts, true).0.starts_with("What an error"), "what was not read may have it");
    let mut texts = vec![("the lamp of the long hall is broken", 0.1); 200];
    texts.push(("A hedgehog", 0.2));
    let [read, unread] = [false, true].map(|unread| first("hedgerow", &texts, unread));
    assert_eq!((read.0.as_str(), unread.0.as_str()), ("A hedgehog", "A hedgehog"));
    assert!(read.1 < 0.601 && unread.1 > 0.65, "{} {}", read.1, unread.1);
    let is_only_like = |change: fn(&mut Found)| {
        let question = Question::from("hedgerow");
        let mut list = found(&question.terms(), &texts);
        change(&mut list);
        lacking(&question, &[(Some(PEER), list)]).is_only_like
    };
    assert!(is_only_like(|_| ()));
    assert!(!is_only_like(|list| list.cut_short = true) && !is_only_like(|list| list.words_due.searchable = 1));
}

#[test]
fn words_that_no_passage_has_are_told_in_one_sentence() {
    let told = |question: &str, change: fn(&mut Found)| {
        let question = Question::from(question);
        let texts = [("The hedgehog lives in the garden of the house, and it was there in the spring.", 0.4)];
        let mut list = found(&question.terms(), &texts);
        change(&mut list);
        told_absent(&question, &[(None, list)])
    };
    let one = "No passage that was searched has \"Hedgerow\": what is shown is like it, or fits by its meaning.";
    assert_eq!(told("Hedgerow?", |_| ()).as_deref(), Some(one));
    let two = "No passage that was searched has \"hedgerow\" or \"chapel\": what is shown is like them, or fits by its meaning.";
    assert_eq!(told("Where is the hedgerow of the chapel?", |_| ()).as_deref(), Some(two));
    assert_eq!(told("Where is the hedgerow of the garden?", |_| ()), None, "beside a word that is there");
    assert_eq!(told("hedgehogs", |_| ()), None);
    let changes: [fn(&mut Found); 3] =
        [|list| list.unread = true, |list| list.cut_short = true, |list| list.words_due.searchable = 1];
    for change in changes {
        assert_eq!(told("hedgerow", change), None, "a passage that was not looked at may have it");
    }
}

#[test]
fn of_many_numbers_that_are_missing_the_first_are_named_and_the_others_counted_and_only_of_what_was_found() {
    let told = |numbers: usize| {
        let list: Vec<String> = (0..numbers).map(|n| format!("RX{}", 4100 + 7 * n)).collect();
        let question = Question::from(list.join(" and ").as_str());
        let lists = [(None, found(&question.terms(), &[("a lamp", 0.1), ("an old chair", 0.1)]))];
        told_missing(&missing_numbers(&question, &lists))
    };
    let one = "None of the passages found has \"RX4100\", in whichever way it is typed.";
    assert_eq!(told(1), [one]);
    assert_eq!(told(MISSING_NAMED_MAX).len(), MISSING_NAMED_MAX);
    let many = told(MISSING_NAMED_MAX + 1);
    assert_eq!(many.last().unwrap(), "1 more number or code of the question is in none of them either.");
    let many = told(40);
    assert!(many.len() == MISSING_NAMED_MAX + 1 && many[0] == one, "{many:?}");
    assert!(many[MISSING_NAMED_MAX].starts_with("37 more numbers or codes of the question are in none"), "{many:?}");
}

#[test]
fn the_form_that_is_asked_for_comes_first_of_what_is_nearly_as_good_and_only_then() {
    let question = "How do I get air out of the heaters?";
    let first = |other: f32| {
        let terms = QueryTerms::new(question);
        let texts = [
            ("the valve of the old heater is stuck", other),
            ("the valve of the old heaters is stuck", 0.5),
            ("a lamp", 0.1),
        ];
        merge(&question.into(), vec![(None, found(&terms, &texts))], 3)[0].hit.text.contains("heaters")
    };
    assert!(first(0.5) && !first(0.9));
}

#[test]
fn what_has_the_phrase_in_its_text_is_the_answer_and_else_the_nearest() {
    let question = "moss on the \"north side\"";
    let terms = QueryTerms::new(question);
    let there = || found(&terms, &[("moss on the side to the north", 0.9), ("moss, moss and moss", 0.95)]);
    let here = found(&terms, &[("a lamp on the north side", 0.1), ("moss on the north sides", 0.8)]);
    let lists = vec![(Some(PEER), there()), (None, here)];
    assert!(!lacking(&question.into(), &lists).no_phrase);
    let merged = merge(&question.into(), lists, 5);
    assert_eq!(merged.iter().map(|m| m.hit.text.as_str()).collect::<Vec<_>>(), ["a lamp on the north side"]);
    assert!(have_phrases(question, &merged));
    let lists = vec![(Some(PEER), there())];
    assert!(lacking(&question.into(), &lists).no_phrase);
    assert!(!lacking(&"moss on the north side".into(), &lists).no_phrase, "nothing is in quotes");
    let nearest = merge(&question.into(), lists, 5);
    assert!(nearest.len() == 2 && !have_phrases(question, &nearest));
    assert!(nearest[0].score < 0.41, "another order is no sure answer: {}", nearest[0].score);
    let lists = vec![(None, Found { unread: true, ..there() })];
    assert!(!lacking(&question.into(), &lists).no_phrase, "what was not read may have it");
    let unread = merge(&question.into(), lists, 5);
    assert!(unread[0].score > 0.41, "what was not read may have it: {}", unread[0].score);
}

#[test]
fn without_lists_the_answer_is_empty() {
    assert!(merge(&"x".into(), Vec::new(), 3).is_empty());
}
