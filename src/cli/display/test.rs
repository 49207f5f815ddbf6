//! What people read.

use super::super::folders::tests::folder;
use super::super::hit::tests::hit;
use super::folds::{NEAR_MAX, NEAREST, POSSIBLE, STRONG};
use super::*;
use crate::base::finding::{Area, Finding};
use crate::http::dto::{Activity, Files, LanguagesOf, Model, ModelOf, Progress, SearchAnswer, SearchHit, SearchPlace};
use crate::node::output::{DeviceCoverage, DeviceName, SilentDevice};

fn best_found(found: &SearchResults, style: &Style) -> String {
    answered(found, style, false, None)
}

const PLAIN: Style = Style { width: 40, styled: false };

#[test]
fn hits_are_numbered_wrapped_and_shortened() {
    let files = FileCoverage { known: 203, searchable: 34, ..FileCoverage::default() };
    let all = SearchResults {
        hits: vec![hit(), hit()],
        nothing_fits: false,
        unusable: Vec::new(),
        coverage: SearchAnswer {
            asked: 3,
            answered: 2,
            silent: vec!["attic".into()],
            files,
            ..SearchAnswer::default()
        },
        ..SearchResults::default()
    };
    let text = found(&all, &PLAIN);
    let head = " 1. boiler\u{fffd}.md  0.71\n    on pi\u{fffd}[2J:\n    /home/ann/notes/boiler\u{fffd}.md\n    Cellar > Boiler\n";
    assert!(text.starts_with(head), "{text}");
    assert!(text.contains("\n 2. ") && text.contains(" …\n"));
    assert!(
        text.ends_with("2 of 3 devices answered. Silent: attic.\n169 of 203 files are not searched yet.\n"),
        "{text}"
    );
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "no control character, and no style off a terminal");
    assert!(text.lines().skip(2).take(6).all(|line| line.chars().count() <= 40));
}

#[test]
fn each_path_stands_whole_on_a_line_of_its_own_and_no_other_line_is_wider_than_the_screen() {
    let place = |n: usize| SearchPlace {
        device: "attic".into(),
        peer_id: "12D3".into(),
        path: format!("/{}/boiler {n}.md", "x".repeat(99)),
    };
    let mut hit = hit();
    hit.path = format!("/{}/{}.md", "y".repeat(200), "e\u{301}\u{301}".repeat(200));
    hit.places = (0..12).map(place).collect();
    let coverage = SearchAnswer { asked: 1, answered: 1, ..SearchAnswer::default() };
    let text = found(
        &SearchResults {
            hits: vec![hit],
            unusable: Vec::new(),
            nothing_fits: false,
            coverage,
            ..SearchResults::default()
        },
        &PLAIN,
    );
    let path = |n: usize| format!("\n    /{}/boiler {n}.md\n", "x".repeat(99));
    assert_eq!(text.matches("    also on attic:\n").count(), 1, "{text}");
    assert!((1..=3).all(|n| text.contains(&path(n))) && !text.contains(&path(4)), "{text}");
    assert!(text.contains("    and in 8 more files\n"), "{text}");
    let paths = |line: &&str| line.starts_with("    /");
    assert_eq!(text.lines().filter(paths).count(), 4, "{text}");
    assert!(text.lines().filter(|line| !paths(line)).all(|line| super::super::text::columns(line) <= 40), "{text}");
}

#[test]
fn no_hits_are_one_sentence() {
    let none = SearchResults {
        hits: Vec::new(),
        nothing_fits: false,
        unusable: Vec::new(),
        coverage: SearchAnswer { asked: 1, answered: 1, ..SearchAnswer::default() },
        ..SearchResults::default()
    };
    assert_eq!(found(&none, &PLAIN), "Nothing was found.\n");
}

#[test]
fn before_any_file_is_searched_an_answer_says_that_files_are_still_being_read() {
    let none = |files| SearchResults {
        hits: Vec::new(),
        nothing_fits: false,
        unusable: Vec::new(),
        coverage: SearchAnswer { asked: 1, answered: 1, files, ..SearchAnswer::default() },
        ..SearchResults::default()
    };
    let yet = "Nothing was found yet: files are still being read.\n";
    let text = found(&none(FileCoverage::new(0, 0, 0, true)), &PLAIN);
    assert_eq!(text, format!("{yet}The folders are being looked at: no file is searched yet.\n"));
    let text = found(&none(FileCoverage::new(7, 0, 0, false)), &PLAIN);
    assert_eq!(text, format!("{yet}7 of 7 files are not searched yet.\n"));
    let text = found(&none(FileCoverage::new(7, 7, 0, true)), &PLAIN);
    assert_eq!(text, "Nothing was found.\n");
}

#[test]
fn where_all_is_read_an_answer_says_that_embedding_waits_and_why() {
    let files = FileCoverage::new(7, 0, 0, false).with_read(7);
    let why = "All files are read. Background work gives way to a question, for a moment.";
    let coverage =
        SearchAnswer { asked: 1, answered: 1, files, background: Some(why.into()), ..SearchAnswer::default() };
    let none = SearchResults {
        hits: Vec::new(),
        nothing_fits: false,
        unusable: Vec::new(),
        coverage,
        ..SearchResults::default()
    };
    let text = found(&none, &PLAIN);
    assert!(text.starts_with("Nothing was found by its words, and the passages wait"), "{text}");
    assert!(text.ends_with(&format!("\n{why}\n")) && !text.contains("being read"), "{text}");
}

#[test]
fn a_file_that_is_asked_for_and_cannot_be_used_is_told_first() {
    let unusable = vec![Unusable { path: "/a/my report.pdf".into(), reason: "PDF files cannot be read yet.".into() }];
    let coverage = SearchAnswer { asked: 1, answered: 1, unusable: 11, ..SearchAnswer::default() };
    let text = found(
        &SearchResults { hits: vec![hit()], unusable, nothing_fits: false, coverage, ..SearchResults::default() },
        &PLAIN,
    );
    let first = "/a/my report.pdf\nis there, and cannot be searched. PDF files cannot be read yet.\n\n 1. boiler";
    assert!(text.starts_with(first), "{text}");
}

#[test]
fn of_many_silent_devices_some_are_named_and_those_that_were_not_asked_are_counted() {
    let silent = vec!["attic".into(), "cellar".into()];
    let coverage = SearchAnswer { asked: 20, answered: 2, silent, not_asked: 70, ..SearchAnswer::default() };
    assert_eq!(
        found(
            &SearchResults {
                hits: Vec::new(),
                unusable: Vec::new(),
                nothing_fits: false,
                coverage,
                ..SearchResults::default()
            },
            &PLAIN
        ),
        "Nothing was found.\n2 of 20 devices answered. Silent: attic, cellar and 16 more.\n70 more devices are up and \
         were not asked: they are not linked to this one.\n"
    );
}

#[test]
fn a_device_that_cannot_answer_since_its_model_is_another_one_is_named_with_what_helps() {
    let silent =
        |device: &str, other_model| SilentDevice { device: device.into(), peer_id: "12D3".into(), other_model };
    let (silent_devices, silent) =
        (vec![silent("attic", true), silent("nas", false)], vec!["attic".into(), "nas".into()]);
    let coverage = SearchAnswer { asked: 3, answered: 1, silent, silent_devices, ..SearchAnswer::default() };
    let text = found(
        &SearchResults {
            hits: Vec::new(),
            unusable: Vec::new(),
            nothing_fits: false,
            coverage,
            ..SearchResults::default()
        },
        &PLAIN,
    );
    let says = "1 of 3 devices answered. Silent: attic, nas.\nattic cannot answer: its model is another one than here. `wattle doctor`";
    assert!(text.contains(says) && !text.contains("nas cannot"), "{text}");
}

#[test]
fn a_device_that_is_not_asked_since_two_devices_use_its_key_is_named_so() {
    let frozen = vec![crate::node::output::DeviceName { device: "gable".into(), peer_id: "12D3".into() }];
    let coverage = SearchAnswer { asked: 2, answered: 2, frozen, ..SearchAnswer::default() };
    let text = found(&SearchResults { coverage, ..SearchResults::default() }, &PLAIN);
    let says = "Not asked, because two devices use its key: gable. `wattle doctor` says what helps.\n";
    assert!(text.ends_with(says) && !text.contains("Silent"), "{text}");
}

#[test]
fn of_other_devices_what_they_did_not_search_is_told_with_their_names_and_that_nothing_fits() {
    let other = |device: &str, searchable| DeviceCoverage {
        device: device.into(),
        peer_id: "12D3".into(),
        files: FileCoverage { known: 40, searchable, ..FileCoverage::default() },
        unusable: u64::from(device == "shed"),
    };
    let others = vec![other("nas\u{1b}", 12), other("attic", 40), other("shed", 40)];
    let coverage = SearchAnswer { asked: 3, answered: 3, others, ..SearchAnswer::default() };
    let text =
        found(&SearchResults { hits: vec![hit()], nothing_fits: true, coverage, ..SearchResults::default() }, &PLAIN);
    assert!(text.starts_with("Nothing fits well. The nearest:\n\n 1. boiler"), "{text}");
    let told = "\nOn nas\u{fffd}: 28 of 40 files are not searched yet.\nOn shed: 1 file cannot be read; `wattle doctor` there says why.\n";
    assert!(text.ends_with(told), "{text}");
    assert!(!text.contains("attic"), "it searched everything: {text}");
}

fn spoken(collection: &str, words: &str) -> LanguagesOf {
    LanguagesOf { collection: collection.into(), words: words.into(), languages: Vec::new(), unknown_percent: 0 }
}

fn minilm() -> Model {
    Model {
        name: "all-MiniLM-L6-v2".into(),
        fingerprint: "00".into(),
        unknown_language: None,
        collections: Vec::new(),
        languages: Vec::new(),
    }
}

#[test]
fn a_status_reads_as_a_table_of_plain_words() {
    let mut report = StatusReport {
        peer_id: "12D3Koo".into(),
        device: "attic".into(),
        mesh: None,
        files: Files { ready: 7, chunked: 2, ..Files::default() },
        leaving: 0,
        progress: Progress { chunks: 90, vectors: 80, ..Progress::default() },
        index_bytes: IndexBytes { vectors: 2_140_000, words: 40_000 },
        peers: Vec::new(),
        model: minilm(),
        sources: vec![folder(Some(60))],
        activity: Activity {
            working: true,
            scanning: false,
            held: Some("The disk is full.".into()),
            background: Some("Background work may use the whole device.".into()),
            background_reason: None,
            panics: 2,
            store_read_s: Some(1_795_717_859),
            at_home: None,
            page: None,
            starting: None,
        },
        findings: vec![Finding { area: Area::State, what: "A file is cut short.".into(), command: None }],
    };
    let text = status(&report, &PLAIN);
    assert!(text.contains("Files      7 ready, 2 being embedded\n"), "{text}");
    assert!(text.contains("Index      2.1 MB of memory for vectors, 0.0 MB for words\n"), "{text}");
    assert!(text.contains("Watched    /home/ann/notes (collection home, ring mesh; looked at 1 minute ago)\n"));
    assert!(text.contains("Now        working\nHeld       The disk is full.\nWork       Background work may"));
    assert!(text.contains("Wrong      A file is cut short.\n"));
    let of = |language: Option<&str>| ModelOf {
        collection: "my notes".into(),
        model: "wattle-e5-s6".into(),
        version: 1,
        before: Some("all-MiniLM-L6-v2".into()),
        language: language.map(str::to_owned),
    };
    report.model.collections = vec![of(None), ModelOf { before: None, ..of(Some("German")) }];
    let text = status(&report, &PLAIN);
    let (set, back) =
        ("my notes: wattle-e5-s6, as you set it", "`wattle collection model 'my notes' --back` goes back");
    assert!(text.contains(&format!("           {set}; {back} to all-MiniLM-L6-v2\n")), "{text}");
    assert!(text.contains("my notes: wattle-e5-s6, because most of its documents are in German\n"), "{text}");
    report.model.languages = vec![spoken("home", "German, some English"), spoken("work", "English")];
    let text = status(&report, &PLAIN);
    assert!(text.contains("Languages  home: German, some English\n           work: English\n"), "{text}");
    report.model.languages[0].unknown_percent = 14;
    assert!(status(&report, &PLAIN).contains("           14 % of the documents of home are in languages that"));
    report.activity.working = false;
    assert!(status(&report, &PLAIN).contains("Now        2 files wait to be read or embedded\n"));
    report.files.chunked = 0;
    assert!(status(&report, &PLAIN).contains("Now        at rest\n"));
    (report.files.waiting, report.files.absent) = (3, 3);
    let text = status(&report, &PLAIN);
    assert!(text.contains("Files      7 ready, 3 waiting for their folder\n"), "{text}");
    assert!(text.contains("Now        at rest; 3 files wait until their folder is back\n"), "{text}");
    report.files.waiting = 4;
    let text = status(&report, &PLAIN);
    assert!(text.contains("Files      7 ready, 1 waiting to be read, 3 waiting for their folder\n"), "{text}");
    assert!(text.contains("Now        one file waits to be read or embedded\n"), "{text}");
    report.sources[0].looked_s_ago = None;
    let text = status(&report, &PLAIN);
    assert!(text.contains("Now        the first look at /home/ann/notes since the start is not over"), "{text}");
    assert!(text.contains("Defects    a task was stopped by a defect of the program 2 times"));
}

#[test]
fn an_answer_without_the_words_in_quotes_says_that_its_passages_are_only_the_nearest() {
    let text = found(&SearchResults { hits: vec![hit()], no_phrase: true, ..SearchResults::default() }, &PLAIN);
    assert!(text.starts_with("No passage has the words in quotes as they stand. The nearest:\n\n 1. "), "{text}");
}

#[test]
fn an_answer_to_a_question_with_filters_says_which_where_nothing_is_found_and_who_does_not_know_them() {
    let filters = vec!["type:pdf".to_owned(), "after:2024-01-01".to_owned()];
    let none = SearchResults { filters, unfiltered: vec!["attic".to_owned()], ..SearchResults::default() };
    let said = "Nothing was found.\nSearched with type:pdf after:2024-01-01.\nPassages of attic may be missing: an older version there knows no filters.\n";
    assert_eq!(found(&none, &PLAIN), said);
    let hits = found(&SearchResults { hits: vec![hit()], ..none }, &PLAIN);
    assert!(!hits.contains("Searched with") && hits.contains("attic may be missing"), "{hits}");
}

#[test]
fn weak_passages_are_counted_where_there_are_better_ones_and_a_pipe_gets_all() {
    let scored = |score| SearchHit { score, path: format!("/{score}.md"), ..hit() };
    let results = |scores: &[f32]| SearchResults {
        hits: scores.iter().copied().map(scored).collect(),
        ..SearchResults::default()
    };
    let some = results(&[0.8, 0.2, 0.19, 0.25, 0.05]);
    let terminal = Style { width: 80, styled: false };
    let folded = best_found(&some, &terminal);
    assert!(folded.contains("\n2 weaker ones: --all shows them.\n"), "{folded}");
    assert!(folded.contains(" 4. 0.25.md") && !folded.contains("0.19") && !folded.contains("0.05"), "{folded}");
    assert!(best_found(&results(&[0.8, 0.1]), &terminal).contains("1 weaker one: --all shows it."));
    for (all, style) in [(&some, Style { width: usize::MAX, styled: false }), (&results(&[0.1, 0.05]), terminal)] {
        assert_eq!(best_found(all, &style), found(all, &style));
    }
    let none_fits = SearchResults { nothing_fits: true, ..results(&[0.1, 0.05]) };
    assert_eq!(best_found(&none_fits, &terminal), found(&none_fits, &terminal));
    assert!(found(&some, &terminal).contains("0.05.md") && !found(&some, &terminal).contains("weaker"));
    let page = include_str!("../../http/page/hits.js");
    let same = format!("STRONG = {STRONG}, POSSIBLE = {POSSIBLE}, NEAR_MAX = {NEAR_MAX}, NEAREST = {NEAREST};");
    assert!(page.contains(&same), "the page folds by the same figures");
}

#[test]
fn beside_a_best_hit_that_is_not_strong_stand_those_that_are_nearly_as_good_and_of_what_does_not_fit_three() {
    let shown = |scores: &[f32], nothing_fits| {
        let hits = scores.iter().map(|score| SearchHit { score: *score, ..hit() }).collect();
        let found = SearchResults { hits, nothing_fits, ..SearchResults::default() };
        super::folds::shown(&found).iter().filter(|is_shown| **is_shown).count()
    };
    // What was asked for had 0.15 below a wrong 0.21.
    assert_eq!(shown(&[0.21, 0.15, 0.11, 0.1], false), 3);
    assert_eq!(shown(&[0.69, 0.34, 0.19], false), 2, "less than half of it is folded, unless it is possible");
    assert_eq!(shown(&[0.7, 0.19], false), 1, "a strong one stands alone");
    assert_eq!(shown(&[0.15; 12], false), 5);
    assert_eq!(shown(&[0.3; 12], false), 12, "what is possible is always shown");
    assert_eq!(shown(&[0.03; 10], true), 3);
    assert_eq!(shown(&[0.03; 2], true), 2);
    assert_eq!(shown(&[], true), 0);
    let ten = SearchResults {
        hits: vec![SearchHit { score: 0.03, ..hit() }; 10],
        nothing_fits: true,
        ..SearchResults::default()
    };
    let text = best_found(&ten, &Style { width: 80, styled: false });
    assert!(text.starts_with("Nothing fits well. The nearest:\n\n 1. ") && text.contains("\n 3. "), "{text}");
    assert!(!text.contains("\n 4. ") && text.contains("\n7 weaker ones: --all shows them.\n"), "{text}");
}

#[test]
fn a_device_that_is_not_asked_has_nothing_else_of_what_was_asked_for() {
    let nothing_else = vec![DeviceName { device: "cellar".into(), peer_id: "12D3".into() }];
    let coverage = SearchAnswer { asked: 1, answered: 1, nothing_else, ..SearchAnswer::default() };
    for (filters, of) in [
        (&[] as &[&str], ""),
        (&["type:pdf"], ""),
        (&["collection:haus", "type:pdf"], " of the collection haus"),
        (&["collection:haus", "collection:\"my notes\""], " of the collections haus, \"my notes\""),
    ] {
        let filters = filters.iter().map(|filter| (*filter).to_owned()).collect();
        let text = found(&SearchResults { coverage: coverage.clone(), filters, ..SearchResults::default() }, &PLAIN);
        let says = format!("Not asked, because it shares nothing{of} that is not here too: cellar.");
        assert!(text.contains(&says), "{text}");
    }
}

#[test]
fn an_answer_says_that_folders_are_not_looked_at_yet() {
    let says = "The first look at /home/ann/notes since the start is not over yet; more files may be found.";
    assert_eq!(more_to_find(&[folder(Some(3)), folder(None)]).as_deref(), Some(says));
    assert_eq!(more_to_find(&[folder(Some(3))]), None);
}
