//! Which losses are asked about, and what a decision changes.

use super::*;

const SOURCE: &[u8] = b"/a";

const fn at(seconds: u64) -> Instant {
    Instant::from_millis(seconds * 1000)
}

fn ids(count: u64) -> Vec<FoundDocument> {
    (0..count).map(FoundDocument::somewhere).collect()
}

/// A scan in one step.
fn scan(losses: &mut Losses, seconds: u64, whole: bool, known: u64, gone: u64, new: u64) -> Verdict {
    let mut tally = Tally { known, remaining: known - gone + new, ..Tally::default() };
    losses.add(ids(gone), &mut tally);
    losses.end(at(seconds), SOURCE, whole, 1_800_000_000).0
}

#[test]
fn more_than_half_of_a_hundred_documents_at_once_is_a_question_and_half_is_none() {
    for (known, gone, asks) in [(100, 50, false), (100, 51, true), (99, 99, false), (5000, 2501, true)] {
        let mut losses = Losses::default();
        let verdict = scan(&mut losses, 1000, true, known, gone, 0);
        let expected = if asks { Verdict::Ask(true) } else { Verdict::Remove(ids(gone)) };
        assert_eq!(verdict, expected, "{gone} of {known}");
        assert_eq!(losses.questions().count(), usize::from(asks));
    }
}

#[test]
fn a_part_of_a_source_is_judged_by_the_whole() {
    let mut losses = Losses::default();
    assert_eq!(scan(&mut losses, 1, false, 60, 11, 0), Verdict::LookAtAll, "nothing is known of the whole");
    assert_eq!(scan(&mut losses, 2, true, 1000, 0, 0), Verdict::Remove(Vec::new()));
    assert_eq!(scan(&mut losses, 3, false, 100, 100, 0), Verdict::Remove(ids(100)));
    assert_eq!(scan(&mut losses, 4, false, 1, 1, 0), Verdict::LookAtAll, "101 of 1000 within a minute");
    let more: Vec<u64> = (100..500).collect();
    let removed = more.iter().map(|doc| FoundDocument::somewhere(*doc)).collect();
    assert_eq!(misses(&mut losses, 5, true, 900, &more), Verdict::Remove(removed), "half of all");
    assert_eq!(misses(&mut losses, 6, true, 500, &[500]), Verdict::Ask(true), "501 of 1000 within a minute");
    assert_eq!(misses(&mut losses, 7, true, 500, &[500]), Verdict::Remove(Vec::new()), "the same question");
    assert_eq!(losses.questions().count(), 1);
    assert_eq!(scan(&mut losses, 8, true, 500, 0, 0), Verdict::Remove(Vec::new()), "they are back");
    assert_eq!(losses.questions().count(), 0);
    let mut slow = Losses::default();
    scan(&mut slow, 2, true, 1000, 0, 0);
    for round in 1..=8 {
        let verdict = scan(&mut slow, round * 1000, false, 20, 20, 0);
        assert_eq!(verdict, Verdict::Remove(ids(20)), "folder by folder over hours is a decision of its owner");
    }
}

#[test]
fn what_is_gone_and_does_not_fit_into_a_question_is_asked_about_next_and_never_removed_unasked() {
    let mut losses = Losses::default();
    let most = LOST_MAX as u64;
    let known = most * 10;
    scan(&mut losses, 1, true, known, 0, 0);
    assert_eq!(scan(&mut losses, 1000, true, known, most * 6, 0), Verdict::Ask(true));
    let question = losses.decided(SOURCE).unwrap();
    assert_eq!(question.gone.len(), LOST_MAX);
    // They are kept; what is left of the loss is less than half, and comes an hour later.
    let mut later = |seconds, gone: std::ops::Range<u64>| {
        let mut tally = Tally { known, remaining: known - (gone.end - gone.start), ..Tally::default() };
        losses.add(gone.map(FoundDocument::somewhere).collect(), &mut tally);
        let verdict = losses.end(at(seconds), SOURCE, true, 1_800_000_000).0;
        losses.decided(SOURCE);
        verdict
    };
    assert_eq!(later(5000, most..most * 3), Verdict::Ask(true), "and again, it does not fit");
    assert_eq!(later(9000, most * 2..most * 3), Verdict::Ask(true), "the last of it");
    let one = most * 4;
    assert_eq!(
        later(13_000, one..one + 1),
        Verdict::Remove(vec![FoundDocument::somewhere(one)]),
        "that was another loss"
    );
}

#[test]
fn what_does_not_fit_is_known_to_be_gone_and_no_look_at_a_part_removes_it() {
    let (mut losses, most) = (Losses::default(), LOST_MAX as u64);
    let known = most * 10;
    scan(&mut losses, 1, true, known, 0, 0);
    assert_eq!(scan(&mut losses, 1000, true, known, most * 6, 0), Verdict::Ask(true));
    let last = DocId(most * 6 - 1);
    let sentence = losses.questions().next().unwrap().1.sentence(SOURCE, false);
    assert!(sentence.starts_with(&format!("{} of {known} documents", most * 6)), "{sentence}");
    assert!(sentence.contains("One answer is about 65536 of them"), "{sentence}");
    for is_answered in [false, true] {
        assert_eq!(losses.gone_since(last), Some(1_800_000_000), "it is not answered to other devices");
        assert_eq!(losses.gone_since(DocId(most * 6)), None);
        let part = misses(&mut losses, 2000, false, 100, &[last.0]);
        assert_eq!(part, Verdict::LookAtAll, "one of so many, answered: {is_answered}");
        assert!(losses.has_more(SOURCE));
        losses.decided(SOURCE);
    }
    let rest: Vec<u64> = (most..most + 9).collect();
    assert_eq!(misses(&mut losses, 3000, true, most * 9, &rest), Verdict::Ask(true), "all that is left of it");
    assert_eq!((losses.has_more(SOURCE), losses.gone_since(last)), (false, None), "the others are back");
    losses.decided(SOURCE);
    assert_eq!(
        misses(&mut losses, 5000, false, 100, &[last.0]),
        Verdict::Remove(vec![FoundDocument::somewhere(last.0)]),
        "another loss"
    );
}

#[test]
fn whoever_was_being_asked_is_asked_again_after_a_restart_however_little_is_gone() {
    let mut losses = Losses::default();
    assert_eq!(losses.asked_to_save(false), None);
    misses(&mut losses, 1, true, 1000, &(0..600).collect::<Vec<_>>());
    let Some(Change::Asked(asked)) = losses.asked_to_save(false) else { panic!("it is not saved") };
    assert_eq!(losses.asked_to_save(false), None, "once");
    let restarted = |watched: bool| {
        let mut losses = Losses::default();
        losses.ask_again(asked.0.clone(), |_| watched);
        losses
    };
    let none = Some(Change::Asked(Asked::default()));
    assert_eq!(restarted(false).asked_to_save(false), none, "it is watched no more");
    let mut losses = restarted(true);
    assert_eq!(misses(&mut losses, 1, false, 50, &[1]), Verdict::LookAtAll);
    assert_eq!(misses(&mut losses, 2, true, 5000, &[1, 2]), Verdict::Ask(true), "new files make it a small part");
    assert_eq!(losses.asked_to_save(false), None, "as on the disk");
    losses.decided(SOURCE);
    assert_eq!(losses.asked_to_save(true), None, "the answer is being carried out");
    assert_eq!(losses.asked_to_save(false), none);
    losses.asked_are_not_saved();
    assert_eq!(losses.asked_to_save(false), none, "the save failed");
    let mut losses = restarted(true);
    losses.decided(SOURCE);
    losses.ask_what_is_left();
    assert_eq!(misses(&mut losses, 2, true, 5000, &[2]), Verdict::Ask(true), "its answer could not be carried out");
    let mut losses = restarted(true);
    assert_eq!(misses(&mut losses, 2, true, 5000, &[]), Verdict::Remove(Vec::new()), "all are back");
    assert_eq!(losses.asked_to_save(false), none);
}

#[test]
fn many_changed_places_of_a_small_source_are_looked_at_together() {
    let mut losses = Losses::default();
    assert!(losses.is_crowd(SOURCE, CROWD_MIN) && !losses.is_crowd(SOURCE, CROWD_MIN - 1));
    scan(&mut losses, 1, true, CROWD_DOCUMENTS_MAX, 0, 0);
    assert!(!losses.is_crowd(SOURCE, CROWD_MIN));
}

#[test]
fn files_that_moved_within_the_source_are_no_loss() {
    let mut losses = Losses::default();
    assert_eq!(scan(&mut losses, 1, true, 1500, 1000, 1000), Verdict::Remove(ids(1000)));
    // The new place was scanned first, and the documents there are known already.
    assert_eq!(scan(&mut losses, 500, true, 2500, 1000, 0), Verdict::Remove(ids(1000)));
}

#[test]
fn a_decision_closes_the_question_and_the_steps_of_a_scan_add_up() {
    let mut losses = Losses::default();
    for (gone, away) in [(100, 3), (20, 0)] {
        let away =
            Away { path: b"/a/b".to_vec(), volume: 7, documents: away, ready: away, partly: 0, read: 0, unread: 0 };
        let mut tally = Tally { known: 130, remaining: 10, away: vec![away], ..Tally::default() };
        losses.add(ids(gone), &mut tally);
    }
    let (verdict, away) = losses.end(at(9), SOURCE, true, 5);
    assert_eq!((verdict, away.len()), (Verdict::Ask(true), 2));
    assert_eq!(losses.looked_at(SOURCE), Some(at(9)));
    let question = losses.decided(SOURCE).unwrap();
    assert_eq!((question.gone.len(), question.of, question.since), (120, 260, 5));
    assert_eq!((losses.decided(SOURCE), losses.questions().count()), (None, 0));
    assert_eq!(losses.poll_interval(SOURCE), Duration::from_millis(POLL_MS_MIN.max(140 * POLL_MS_PER_DOCUMENT)));
}

/// A scan that misses these documents of `known`, which are still known.
fn misses(losses: &mut Losses, seconds: u64, whole: bool, known: u64, gone: &[u64]) -> Verdict {
    let mut tally = Tally { known, remaining: known - gone.len() as u64, ..Tally::default() };
    losses.add(gone.iter().map(|doc| FoundDocument::somewhere(*doc)).collect(), &mut tally);
    losses.end(at(seconds), SOURCE, whole, 1_800_000_000).0
}

fn asked(losses: &Losses) -> Vec<u64> {
    losses.questions().flat_map(|(_, question)| question.gone.iter().map(|found| found.doc.0)).collect()
}

#[test]
fn only_the_documents_of_a_question_wait_and_a_later_deletion_goes_at_once() {
    let burst: Vec<u64> = (0..600).collect();
    let with = |more: &[u64]| [&burst[..], more].concat();
    let mut losses = Losses::default();
    assert_eq!(misses(&mut losses, 1, true, 1000, &burst), Verdict::Ask(true));
    assert_eq!(
        misses(&mut losses, 2, false, 1, &[700]),
        Verdict::Remove(vec![FoundDocument::somewhere(700)]),
        "a look at its place"
    );
    assert_eq!(
        misses(&mut losses, 3, true, 999, &with(&[701])),
        Verdict::Remove(vec![FoundDocument::somewhere(701)]),
        "or at all"
    );
    assert_eq!(misses(&mut losses, 4, false, 600, &burst), Verdict::Remove(Vec::new()), "these wait still");
    assert_eq!(asked(&losses), burst);
    let rest: Vec<u64> = (800..900).collect();
    assert_eq!(misses(&mut losses, 5, false, 100, &rest), Verdict::LookAtAll, "that is no file here and there");
    assert_eq!(misses(&mut losses, 5, true, 998, &with(&rest)), Verdict::Ask(false), "the rest of the burst");
    assert_eq!(asked(&losses), with(&rest));
    let one = [with(&rest), vec![900]].concat();
    assert_eq!(
        misses(&mut losses, 500, true, 998, &one),
        Verdict::Remove(vec![FoundDocument::somewhere(900)]),
        "hours later"
    );
    let all = [with(&rest), (600..700).chain(901..1000).collect()].concat();
    assert_eq!(misses(&mut losses, 900, true, 997, &all), Verdict::Ask(true), "another great loss");
    assert_eq!(losses.questions().next().unwrap().1.gone.len(), all.len());
}

#[test]
fn a_question_counts_what_is_asked_about_and_not_what_went_or_was_renamed_before() {
    let mut losses = Losses::default();
    assert_eq!(scan(&mut losses, 1, true, 164, 2, 2), Verdict::Remove(ids(2)), "two files get another name");
    let all: Vec<u64> = (2..166).collect();
    assert_eq!(misses(&mut losses, 9, true, 164, &all), Verdict::Ask(true));
    let of = |losses: &Losses| losses.questions().map(|(_, asked)| (asked.gone.len() as u64, asked.of)).next().unwrap();
    assert_eq!(of(&losses), (164, 164));
    let more: Vec<u64> = (2..200).collect();
    assert_eq!(misses(&mut losses, 10, true, 198, &more), Verdict::Ask(false), "what was found, and went as well");
    assert_eq!(of(&losses), (198, 198));
}

#[test]
fn a_question_says_how_many_documents_went_before_it_was_asked() {
    let mut losses = Losses::default();
    assert_eq!(misses(&mut losses, 1, true, 600, &[]), Verdict::Remove(Vec::new()));
    let part = |from: u64| (from..from + 150).collect::<Vec<_>>();
    for (seconds, known, from) in [(4, 600, 0), (8, 450, 150)] {
        assert!(matches!(misses(&mut losses, seconds, true, known, &part(from)), Verdict::Remove(_)), "a quarter");
    }
    assert_eq!(misses(&mut losses, 12, true, 300, &part(300)), Verdict::Ask(true));
    let said = losses.questions().next().unwrap().1.sentence(SOURCE, false);
    assert!(
        said.contains(" 300 more documents went within the minute before") && said.contains("are removed"),
        "{said}"
    );
    assert_eq!(misses(&mut losses, 14, true, 300, &part(300)), Verdict::Remove(Vec::new()), "the same question");
    let said = losses.questions().next().unwrap().1.sentence(SOURCE, false);
    assert!(said.contains(" 300 more documents went"), "{said}");
}

#[test]
fn a_question_ends_for_each_file_that_is_back() {
    let burst: Vec<u64> = (0..600).collect();
    let mut losses = Losses::default();
    misses(&mut losses, 1, true, 1000, &burst);
    losses.are_back(&[DocId(0), DocId(700)].into());
    assert_eq!(asked(&losses), burst[1..]);
    assert_eq!(misses(&mut losses, 2, true, 1000, &burst[300..]), Verdict::Remove(Vec::new()));
    assert_eq!(asked(&losses), burst[300..]);
    assert!(losses.asks(SOURCE));
    losses.are_back(&burst.iter().map(|doc| DocId(*doc)).collect());
    assert!(!losses.asks(SOURCE));
}

#[test]
fn folders_that_are_renamed_there_and_back_are_no_loss_however_often() {
    let mut losses = Losses::default();
    let (known, moved) = (5000, 1200);
    scan(&mut losses, 1, true, known, 0, 0);
    for round in 0..4 {
        // Renamed while the look was under way, so that it found them under neither name; then they are back.
        let gone: Vec<u64> = (moved * round..moved * (round + 1)).collect();
        let verdict = misses(&mut losses, 10 + 5 * round, true, known, &gone);
        let removed = gone.iter().map(|doc| FoundDocument::somewhere(*doc)).collect();
        assert_eq!(verdict, Verdict::Remove(removed), "round {round}: a quarter of all");
        losses.are_back(&gone.into_iter().map(DocId).collect());
        assert_eq!(scan(&mut losses, 12 + 5 * round, false, 100, 0, 0), Verdict::Remove(Vec::new()));
    }
    assert_eq!(losses.questions().count(), 0);
    assert_eq!(scan(&mut losses, 40, true, known, moved, 0), Verdict::Remove(ids(moved)));
    let rest: Vec<u64> = (moved..3000).collect();
    assert_eq!(misses(&mut losses, 41, true, known - moved, &rest), Verdict::Ask(true), "what stays away adds up");
}

/// A scan of a source with so many usable documents and files that are not usable, which misses these documents.
fn beside_photos(losses: &mut Losses, seconds: u64, whole: bool, (known, photos): (u64, u64), gone: &[u64]) -> Verdict {
    let (known, left) = (known + photos, known + photos - gone.len() as u64);
    let mut tally = Tally { known, remaining: left, unusable: photos, listed: left, ..Tally::default() };
    losses.unusable = photos;
    losses.add(gone.iter().map(|doc| FoundDocument::somewhere(*doc)).collect(), &mut tally);
    losses.end(at(seconds), SOURCE, whole, 1_800_000_000).0
}

#[test]
fn files_that_are_not_usable_are_neither_lost_nor_left() {
    let all: Vec<u64> = (0..120).collect();
    let mut losses = Losses::default();
    assert_eq!(beside_photos(&mut losses, 1, true, (120, 120), &all), Verdict::Ask(true));
    let sentence = losses.questions().next().unwrap().1.sentence(SOURCE, false);
    assert!(sentence.starts_with("120 of 120 documents of /a are gone"), "{sentence}");
    assert_eq!(losses.expected(SOURCE), Some(240), "all are in the index");
    assert_eq!(losses.poll_interval(SOURCE), Duration::from_millis(POLL_MS_MIN.max(240 * POLL_MS_PER_DOCUMENT)));
    for (known, gone) in [(99, 99), (120, 60)] {
        let mut losses = Losses::default();
        let verdict = beside_photos(&mut losses, 1, true, (known, 5000), &all[..gone]);
        assert!(matches!(verdict, Verdict::Remove(_)), "{gone} of {known}: {verdict:?}");
    }
}

#[test]
fn files_that_turned_out_not_to_be_usable_since_the_look_at_all_are_no_part_of_the_whole() {
    let all: Vec<u64> = (0..120).collect();
    let mut losses = Losses::default();
    // At the first look nobody knows what will be usable.
    scan(&mut losses, 1, true, 0, 0, 5120);
    losses.unusable = 5000;
    assert_eq!(misses(&mut losses, 200, false, 120, &all), Verdict::LookAtAll);
    assert_eq!(beside_photos(&mut losses, 201, true, (120, 5000), &all), Verdict::Ask(true));
    // Where they are in another source, one look at all of this one tells.
    let mut losses = Losses::default();
    scan(&mut losses, 1, true, 0, 0, 5120);
    losses.unusable = 5000;
    assert_eq!(misses(&mut losses, 200, false, 120, &all), Verdict::LookAtAll);
    assert!(matches!(misses(&mut losses, 201, true, 5120, &all), Verdict::Remove(_)));
    let more: Vec<u64> = (200..320).collect();
    assert!(matches!(misses(&mut losses, 400, false, 120, &more), Verdict::Remove(_)), "it is known by now");
}
