//! Searches that take longer than their deadline.

use super::*;
use crate::base::filter::Filter;
use crate::base::fluency::Fluency;
use crate::base::id::{Fingerprint, Ring};
use crate::embed::stand_in::StandIn;
use crate::search::indexes::Indexes;
use crate::store::change::{Change, NewChunk};
use crate::store::library::Library;
use crate::store::memory::MemoryKv;
use crate::store::record::{FileStamp, Source};

/// Eighty chunks, of which one is the question, with vectors; their words are not in the index yet.
fn walruses() -> (Library<MemoryKv>, Indexes, StandIn) {
    let (mut library, mut index) = (Library::open(MemoryKv::new()).unwrap(), Indexes::default());
    let mut embedder = StandIn::new(Fingerprint([7; 32]));
    let source = Source { path: b"/n".into(), collection: "home".into(), ring: Ring::Mesh, device: 1 };
    library.apply(&Change::Sources(vec![source].into())).unwrap();
    for n in 0..80 {
        let (path, collection) = (format!("/n/{n}.md").into_bytes(), "home".to_owned());
        let stamp = FileStamp::default();
        let doc = library.apply(&Change::Seen { path, stamp, collection, ring: Ring::Mesh }).unwrap().doc.unwrap();
        let text = if n == 60 { "the walrus on the ice".to_owned() } else { format!("a walrus, and {n} herrings") };
        let key = crate::embed::model::key(&embedder.model(), "", &text);
        let vector = embedder.embed(&text).unwrap().quantize();
        let chunks = vec![NewChunk { key, heading: String::new(), text, start: 0, end: 1 }];
        library.apply(&Change::Chunked { doc, stamp, content: [1; 16], chunks }).unwrap();
        let row = read::document(library.kv(), doc).unwrap().unwrap().chunks[0].row;
        let embedded = Change::Embedded { doc, model: embedder.model(), vectors: vec![(row, key, vector)] };
        index.vectors.add(&library.apply(&embedded).unwrap().added);
    }
    (library, index, embedder)
}

#[test]
fn a_search_that_is_late_answers_a_person_and_a_peer_with_the_best_of_what_it_read_and_says_so() {
    let (mut library, mut index, mut embedder) = walruses();
    let text = "the walrus on the ice";
    let embedding = embedder.embed(text).unwrap();
    let found = |index: &Indexes, library: &Library<MemoryKv>, (is_late, count, shared)| {
        let lookup = Late(InStore { index, kv: library.kv() }, is_late);
        let (text, filter) = (text.to_owned(), Filter::default());
        let embedding = embedding.clone();
        let query = Query { text, embedding, fluency: Fluency::default(), count, shared, filter, behind: None };
        let Outcome::Found(found, _) = retrieve(library.kv(), &lookup, &query).unwrap() else { panic!() };
        assert_eq!(found.hits[0].text, "the walrus on the ice", "the nearest is read first");
        found
    };
    let due = |asked| found(&index, &library, asked).words_due.searchable;
    assert_eq!(due((false, 5, false)), 80);
    assert_eq!(due((true, 5, true)), READ_LATE as u64, "another device waits too");
    assert_eq!(due((true, 5, false)), READ_LATE as u64, "no more is counted than must be");
    words::catch_up(&mut library, &mut index.words).unwrap();
    let ask = |is_late, count, shared| {
        let found = found(&index, &library, (is_late, count, shared));
        assert_eq!(found.words_due.searchable, 0);
        (found.hits.len(), found.cut_short)
    };
    assert_eq!(ask(false, 5, false), (5, false));
    assert_eq!(ask(true, 5, false), (5, true));
    assert_eq!(ask(true, 50, false), (READ_LATE, true), "no more is read than must be");
    assert_eq!(ask(true, 50, true), (READ_LATE, true), "another device gets the best so far before its own deadline");
    assert_eq!(ask(false, 50, true), (50, false));
}

#[test]
fn where_folders_are_private_no_more_records_are_looked_at_for_another_device_than_there_is_time_for() {
    let (library, index, mut embedder) = walruses();
    let question = embedder.embed("the walrus on the ice").unwrap();
    let source = |path: &str, ring| Source { path: path.into(), collection: path.to_owned(), ring, device: 1 };
    let looked = |of_n, most: usize| {
        let sources = vec![source("/n", of_n), source("/diary", Ring::Private)].into();
        let folders = Folders { sources: Some(&sources), shared: true };
        let (lookup, looked) = (InStore { index: &index, kv: library.kv() }, Cell::new(0));
        let is_late = |read: usize| {
            looked.set(read);
            read >= most
        };
        let allowed = Allowed { shared: true, only: None };
        let rows = nearest(library.kv(), &lookup, &question, (folders, allowed), &mut None, is_late);
        (rows.len(), looked.get())
    };
    assert_eq!(looked(Ring::Mesh, usize::MAX), (80, 79));
    assert_eq!(looked(Ring::Mesh, 30), (30, 30), "what was found so far");
    assert_eq!(looked(Ring::Private, 30), (0, 30), "of the private ones none");
}
