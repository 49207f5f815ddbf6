//! Old stores that are read later, or not at all.

use super::*;

#[test]
fn a_store_that_cannot_be_read_is_kept_unless_it_is_known_that_nothing_is_lost_with_it() {
    let place = Place::new();
    fs::create_dir(place.root.join("usb")).unwrap();
    fs::write(place.root.join("usb/a"), "").unwrap();
    let counts = place.home.file(HomeFile::Counts);
    let docs = Mark { documents: 20, ..Mark::new(place.path("docs"), MarkKind::Kept) };
    for (is_known, says) in [(false, "may be the only copy"), (true, "can be deleted")] {
        set_aside(&place.store(), "a checksum is wrong").unwrap();
        let old = place.set_aside().pop().unwrap();
        note::write(&old, &note::Due { tries: STORE_UNENDED_MAX, ..note::Due::new("a checksum is wrong") }).unwrap();
        if is_known {
            place.home.write(HomeFile::Counts, &Marks(vec![docs.clone()]).encode()).unwrap();
        } else {
            [&counts, &counts.with_extension("copy")].into_iter().for_each(|file| drop(fs::remove_file(file)));
        }
        let what = place.start().1.unwrap().what;
        assert!(what.contains(says), "{what}");
        assert_eq!(note::holds(&old), !is_known);
    }
}

#[test]
fn a_store_that_cannot_be_read_just_now_is_read_at_a_later_start_however_often_that_was_so() {
    let place = Place::new();
    set_aside(&place.store(), "a checksum is wrong").unwrap();
    let old = Disk::open(&place.set_aside().pop().unwrap(), Sync::Buffer).unwrap();
    let counts = counted::known(&place.home);
    for _ in 0..=STORE_UNENDED_MAX {
        let (library, found) = place.start();
        let what = found.unwrap().what;
        assert!(what.contains("carried over from it at the next start: it cannot be opened just now"), "{what}");
        counted::recount(&place.home, library.kv()).unwrap();
        assert_eq!(counted::known(&place.home), counts, "what the old store had is not forgotten");
    }
    drop(old);
    let (library, found) = place.start();
    assert!(found.unwrap().what.contains(" 60 documents whose files are not there were carried over from it. "));
    place.all_answer(&library);
}

#[test]
fn what_its_owner_has_forgotten_before_a_salvage_goes_on_does_not_come_back() {
    let place = Place::new();
    set_aside(&place.store(), "a checksum is wrong").unwrap();
    let old = place.set_aside().pop().unwrap();
    // A start carried over what was kept and half of what is gone, and then the disk was full.
    let next = EACH + EACH / 2;
    let (mut library, _) = place.start();
    let away = read::marks(library.kv()).unwrap().0;
    let forget = |library: &mut Library<Disk>, kind: &str, n: usize| {
        let (doc, _) = read::document_at(library.kv(), &place.document(kind, n)).unwrap().unwrap();
        library.apply(&Change::gone(library.kv(), doc)).unwrap();
        library.apply(&Change::Purge { doc }).unwrap();
    };
    (EACH / 2..EACH).for_each(|n| forget(&mut library, "docs/gone", n));
    (0..EACH).for_each(|n| forget(&mut library, "usb/away", n));
    note::write(&old, &note::Due { next: Some(next as u64), ..note::Due::new("a checksum is wrong") }).unwrap();
    // Then its owner forgot a kept document and what is away.
    forget(&mut library, "docs/kept", 3);
    let forgotten = Mark { kind: MarkKind::Forgotten, ..away[0].clone() };
    library.apply(&Change::Marks(Marks(Vec::new()))).unwrap();
    crate::platform::salvage::forget(&place.home, &[forgotten]);
    drop(library);
    let (library, found) = place.start();
    let Finding { what, command, .. } = found.unwrap();
    assert_eq!(KINDS.map(|kind| place.answer(&library, kind).0), [EACH - 1, EACH, 0, 0], "{what}");
    assert!(what.contains(" 39 documents whose files") && command.is_some(), "{what}");
    assert_eq!(read::marks(library.kv()).unwrap(), Marks::default());
}

#[test]
fn what_went_from_a_store_into_one_that_cannot_be_read_is_carried_over_from_the_first_once_more() {
    let place = Place::new();
    let due = |next, tries| note::Due { next, tries, ..note::Due::new("a checksum is wrong") };
    set_aside(&place.store(), "a checksum is wrong").unwrap();
    let first = place.set_aside().pop().unwrap();
    place.start().0.kv().rotate().unwrap();
    set_aside(&place.store(), "a checksum is wrong").unwrap();
    let second = place.set_aside().pop().unwrap();
    note::write(&first, &due(Some(EACH as u64), 0)).unwrap();
    note::write(&second, &due(None, STORE_UNENDED_MAX)).unwrap();
    let (library, found) = place.start();
    assert!(found.unwrap().what.contains(" 60 documents whose files are not there were carried over from it. "));
    place.all_answer(&library);
}
