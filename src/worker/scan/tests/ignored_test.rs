//! Documents whose files patterns leave out.

use super::*;

#[test]
fn what_is_left_out_goes_without_a_question_wherever_it_lies_and_what_is_gone_is_told_apart() {
    let mut library = library_with(
        ["/home/a", "/home/build/b", "/home/build/c", "/home/buildings", "/home/x.log"].map(|path| on(5, path)).into(),
    );
    let listing = |ignored: &[&str]| Listing {
        entries: vec![on(5, "/home/a")],
        volumes: volumes(&[("/home", 5)]),
        ignored: ignored.iter().map(|path| path.as_bytes().to_vec()).collect(),
        ..Listing::default()
    };
    let outcome = compare(library.kv(), &step(None), listing(&["/home/build", "/home/x.log"])).unwrap();
    let Outcome::Scanned { changes, remarks, tally, .. } = &outcome else { panic!("{outcome:?}") };
    assert_eq!(changes.len(), 4, "{:?}", described(&outcome));
    assert!(
        remarks[0].starts_with("3 documents of /home are indexed no more: .gitignore or .wattleignore"),
        "{remarks:?}"
    );
    assert_eq!((tally.known, tally.remaining, tally.omitted.ignored.len()), (1, 1, 2));
    // On another file system it would be away.
    let elsewhere = Listing { volumes: volumes(&[("/home", 6)]), ..listing(&["/home/build"]) };
    let told = apply(&mut library, elsewhere);
    assert_eq!(told.iter().filter(|told| told.starts_with("gone")).count(), 2, "{told:?}");
    let again = compare(library.kv(), &step(None), listing(&["/home/build"])).unwrap();
    let Outcome::Scanned { remarks, .. } = again else { panic!() };
    assert!(remarks.is_empty(), "said once");
}
