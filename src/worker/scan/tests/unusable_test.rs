//! Files that are not usable: nothing of them is lost, and nothing is left.

use super::*;

#[test]
fn files_that_are_not_usable_are_counted_apart_unless_they_have_text_of_before() {
    let mut library = library_of(&["/home/a.jpg", "/home/b.jpg", "/home/c.md", "/home/d.md", "/home/e.md"]);
    let stamp = entry("/home/a.jpg", 1).stamp;
    let refused = |doc: u64, keep: bool| Change::Refused {
        doc: DocId(doc),
        stamp,
        reason: "The file is not text.".to_owned(),
        keep,
    };
    let chunk = NewChunk { key: EmbedKey([1; 16]), heading: String::new(), text: "text".into(), start: 0, end: 4 };
    let read = Change::Chunked { doc: DocId(2), stamp, content: [1; 16], chunks: vec![chunk] };
    for change in [refused(0, false), refused(1, false), read, refused(2, true)] {
        library.apply(&change).unwrap();
    }
    let there =
        |names: &[&str]| Listing { entries: names.iter().map(|name| entry(name, 1)).collect(), ..Listing::default() };
    let all = there(&["/home/a.jpg", "/home/b.jpg", "/home/c.md", "/home/d.md", "/home/e.md"]);
    let counted = |tally: &Tally| (tally.known, tally.remaining, tally.unusable);
    let whole = tally(compare(library.kv(), &step(None), all).unwrap());
    assert_eq!(counted(&whole), (5, 5, 2), "what is not read yet may be usable");
    let away = Listing { holes: vec![b"/home".to_vec()], ..Listing::default() };
    let away = tally(compare(library.kv(), &step(None), away).unwrap());
    assert_eq!(counted(&away), (5, 5, 2));
    let some = there(&["/home/b.jpg", "/home/c.md", "/home/d.md", "/home/e.md"]);
    let gone = tally(compare(library.kv(), &step(None), some).unwrap());
    assert_eq!((counted(&gone), gone.empty), ((4, 4, 1), 1));
    assert_eq!(apply(&mut library, there(&[])).len(), 5);
}
