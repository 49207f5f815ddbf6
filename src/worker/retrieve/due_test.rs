//! What is about to be removed answers nobody and takes no place, and what has no words in the index yet is told.

use super::*;
use crate::base::hit::WordsDue;
use crate::base::id::EmbedKey;

/// Many notes of one folder, which are nearer to the question than the one of another.
fn radiators() -> Shelf {
    let mut shelf = Shelf::new();
    shelf.watch(&[("/rad", Ring::Mesh), ("/keepme", Ring::Mesh)]);
    for n in 0..RESCORE + 200 {
        shelf.add(&format!("/rad/{n}.md"), Ring::Mesh, &[&format!("Bleed the radiator in autumn, valve {n}")]);
    }
    shelf.add(
        "/keepme/one.md",
        Ring::Mesh,
        &["Autumn is when the plumber comes to bleed what hums, and the radiator too"],
    );
    shelf
}

/// Whether the note that is kept answers, and nothing else, by indexes that were loaded before what `forget` does, and by those loaded after it.
fn only_the_kept_note_answers(shelf: &mut Shelf, forget: impl Fn(&mut Shelf)) {
    const QUESTION: &str = "Bleed the radiator in autumn";
    let mut before = shelf.indexes();
    forget(shelf);
    before.words.set_audiences(words::audiences(shelf.library.kv()).unwrap());
    let after = load_indexes(shelf.library.kv()).unwrap();
    let Ok(Outcome::QueryEmbedding(embedding)) = embed_query(&mut shelf.embedder, QUESTION) else { panic!() };
    for index in [before, after, shelf.indexes()] {
        for (text, shared) in [(QUESTION, false), (QUESTION, true), ("\"radiator\"", false)] {
            let (filter, fluency, embedding) = (Filter::default(), Fluency::default(), embedding.clone());
            let query = Query { text: text.to_owned(), embedding, fluency, count: 9, shared, filter, behind: None };
            let found =
                retrieve(shelf.library.kv(), &InStore { index: &index, kv: shelf.library.kv() }, &query).unwrap();
            let Outcome::Found(found, _) = found else { panic!() };
            let paths: Vec<_> = found.hits.iter().map(|hit| String::from_utf8_lossy(&hit.path)).collect();
            assert_eq!(paths, ["/keepme/one.md"], "{text}, {shared}");
        }
    }
}

#[test]
fn files_of_a_folder_that_is_watched_no_more_take_no_place_of_others_while_they_are_removed() {
    let mut shelf = radiators();
    only_the_kept_note_answers(&mut shelf, |shelf| shelf.watch(&[("/keepme", Ring::Mesh)]));
    shelf.watch(&[("/rad", Ring::Mesh)]);
    assert_eq!(shelf.ask("Bleed the radiator in autumn", 9, false).len(), 9, "it is watched again");
}

#[test]
fn a_file_that_was_moved_out_of_a_folder_that_is_watched_no_more_answers() {
    let mut shelf = Shelf::new();
    shelf.watch(&[("/rad", Ring::Mesh), ("/keepme", Ring::Mesh)]);
    let doc = shelf.add("/rad/a.md", Ring::Mesh, &["Bleed the radiator in autumn"]);
    let mut index = shelf.indexes();
    shelf.watch(&[("/keepme", Ring::Mesh)]);
    index.words.set_audiences(words::audiences(shelf.library.kv()).unwrap());
    let known = read::document(shelf.library.kv(), doc).unwrap().unwrap();
    shelf.library.apply(&Change::gone(shelf.library.kv(), doc)).unwrap();
    let (path, stamp) = (b"/keepme/a.md".to_vec(), FileStamp::default());
    let seen = Change::Seen { path, stamp, collection: "home".to_owned(), ring: Ring::Mesh };
    let new = shelf.library.apply(&seen).unwrap().doc.unwrap();
    let text = "Bleed the radiator in autumn".to_owned();
    let key = crate::embed::model::key(&shelf.embedder.model(), "", &text);
    let chunks = vec![NewChunk { key, heading: String::new(), text, start: 0, end: 1 }];
    let applied = shelf.library.apply(&Change::Chunked { doc: new, stamp, content: known.content, chunks }).unwrap();
    assert!(applied.returned);
    words::follow(shelf.library.kv(), &mut index.words, &applied);
    let Ok(Outcome::QueryEmbedding(embedding)) = embed_query(&mut shelf.embedder, "radiator") else { panic!() };
    assert!(!index.nearest(&embedding, 9, Allowed::default()).is_empty());
}

#[test]
fn files_of_a_place_that_is_forgotten_take_no_place_of_others_while_they_are_removed() {
    let mark = Mark::new(b"/rad".to_vec(), MarkKind::Forgotten);
    only_the_kept_note_answers(&mut radiators(), |shelf| {
        shelf.library.apply(&Change::Marks(Marks(vec![mark.clone()]))).unwrap();
    });
}

#[test]
fn files_whose_words_are_not_in_the_index_yet_are_counted_and_of_another_device_only_the_shared_ones() {
    let mut shelf = Shelf::new();
    shelf.add("/notes/old.md", Ring::Mesh, &["The old boiler hums."]);
    let mut index = shelf.indexes();
    shelf.add("/notes/a.md", Ring::Mesh, &["The boiler hums.", "It is green.", "It is in the cellar."]);
    shelf.add("/diary/b.md", Ring::Private, &["I hum."]);
    let (path, stamp) = (b"/notes/c.md".to_vec(), FileStamp::default());
    let seen = Change::Seen { path, stamp, collection: "home".to_owned(), ring: Ring::Mesh };
    let doc = shelf.library.apply(&seen).unwrap().doc.unwrap();
    let (text, heading) = ("It waits to be embedded.".to_owned(), String::new());
    let chunks = vec![NewChunk { key: EmbedKey([9; 16]), heading, text, start: 0, end: 1 }];
    shelf.library.apply(&Change::Chunked { doc, stamp, content: [9; 16], chunks }).unwrap();
    let Ok(Outcome::QueryEmbedding(embedding)) = embed_query(&mut shelf.embedder, "boiler") else { panic!() };
    let due = |shelf: &Shelf, index: &Indexes, shared| {
        let (filter, embedding) = (Filter::default(), embedding.clone());
        let (text, fluency) = ("boiler".to_owned(), Fluency::default());
        let query = Query { text, embedding, fluency, count: 9, shared, filter, behind: None };
        let found = retrieve(shelf.library.kv(), &InStore { index, kv: shelf.library.kv() }, &query).unwrap();
        let Outcome::Found(found, _) = found else { panic!() };
        found.words_due
    };
    assert_eq!(due(&shelf, &index, false), WordsDue { searchable: 2, read: 1 });
    assert_eq!(due(&shelf, &index, true), WordsDue { searchable: 1, read: 1 });
    words::catch_up(&mut shelf.library, &mut index.words).unwrap();
    assert_eq!(due(&shelf, &index, false), WordsDue::default());
}
