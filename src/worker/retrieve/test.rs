//! Searches of a small store with the stand-in for the model, for which texts with the same words are near.

use super::lookup::load_index;
use super::*;
use crate::base::filter::{Filter, Key};
use crate::base::fluency::Fluency;
use crate::base::hit::Found;
use crate::base::id::{DocId, Fingerprint, Ring};
use crate::embed::stand_in::StandIn;
use crate::limits::{PLACES_MAX, RESCORE};
use crate::scheduler::task::{Scan, Task};
use crate::search::indexes::Indexes;
use crate::store::change::{Change, FoundDocument, NewChunk};
use crate::store::library::Library;
use crate::store::memory::MemoryKv;
use crate::store::record::{FileStamp, Source, Sources};
use crate::store::roots::Root;
use crate::worker::extract::Content;
use crate::worker::look::{Look, Sought};
use crate::worker::run::{TaskIo, run};
use crate::worker::scan::Listing;

mod copies_test;
mod due_test;
mod earlier_test;
mod filters_test;

struct Shelf {
    library: Library<MemoryKv>,
    embedder: StandIn,
}

impl Shelf {
    fn new() -> Self {
        let mut shelf =
            Self { library: Library::open(MemoryKv::new()).unwrap(), embedder: StandIn::new(Fingerprint([7; 32])) };
        shelf.watch(&[("/", Ring::Mesh), ("/diary", Ring::Private)]);
        shelf
    }

    fn watch(&mut self, places: &[(&str, Ring)]) {
        let source = |(path, ring): &(&str, Ring)| Source {
            path: (*path).into(),
            collection: "home".into(),
            ring: *ring,
            device: 1,
        };
        self.library.apply(&Change::Sources(Sources::from(places.iter().map(source).collect::<Vec<_>>()))).unwrap();
    }

    fn add(&mut self, path: &str, ring: Ring, texts: &[&str]) -> DocId {
        let stamp = FileStamp::default();
        let (collection, path) = ("home".to_owned(), path.as_bytes().to_vec());
        let doc = self.library.apply(&Change::Seen { path, stamp, collection, ring }).unwrap().doc.unwrap();
        let chunk = |text: &&str| NewChunk {
            key: crate::embed::model::key(&self.embedder.model(), "", text),
            heading: String::new(),
            text: (*text).to_owned(),
            start: 0,
            end: 1,
        };
        let chunks = texts.iter().map(chunk).collect();
        self.library.apply(&Change::Chunked { doc, stamp, content: [doc.0.to_le_bytes()[0]; 16], chunks }).unwrap();
        while let Some(change) = self.embedding(doc) {
            self.library.apply(&change).unwrap();
        }
        doc
    }

    fn indexes(&mut self) -> Indexes {
        let mut index = load_indexes(self.library.kv()).unwrap();
        words::catch_up(&mut self.library, &mut index.words).unwrap();
        index
    }

    fn embedding(&mut self, doc: DocId) -> Option<Change> {
        let known = read::document(self.library.kv(), doc).unwrap().unwrap();
        let embedded =
            crate::worker::embed::embed(self.library.kv(), &mut self.embedder, (doc, &known), (8, 0), &|| {});
        let Outcome::Changes(changes) = embedded.unwrap() else { panic!() };
        changes
            .into_iter()
            .next()
            .filter(|change| matches!(change, Change::Embedded { vectors, .. } if !vectors.is_empty()))
    }

    /// Path and text of each hit.
    fn ask(&mut self, text: &str, count: usize, shared: bool) -> Vec<(String, String)> {
        let found = self.find(text, count, shared);
        found.hits.into_iter().map(|hit| (String::from_utf8(hit.path).unwrap(), hit.text)).collect()
    }

    /// The paths of the hits for a question of this device or of another one, where these files are not there.
    fn paths_without(&mut self, text: &str, shared: bool, gone: &[&str]) -> Vec<String> {
        let Ok(Outcome::QueryEmbedding(embedding)) = embed_query(&mut self.embedder, text) else { panic!() };
        let index = self.indexes();
        let io = TaskIo {
            list: |_: &Scan, _: &[Source], _: &[Root]| Listing::default(),
            read: |_: &[u8], _: &[Source]| Content::Missing(0),
            lookup: &InStore { index: &index, kv: self.library.kv() },
            look: |sought: Sought, _: &[Source]| {
                let is_gone = |path: &Vec<u8>| gone.iter().any(|gone| gone.as_bytes() == path.as_slice());
                sought.into_keys().filter(is_gone).map(|path| (path, Look::Missing(None))).collect()
            },
            now: 0,
            give_way: &|| {},
        };
        let (text, filter) = (text.to_owned(), Filter::default());
        let query = Query { text, embedding, fluency: Fluency::default(), count: 9, shared, filter, behind: None };
        let task = Task::Retrieve(query);
        let Outcome::Found(found, vectors) = run(self.library.kv(), &mut self.embedder, io, task) else { panic!() };
        assert_eq!(found.hits.len(), vectors.len());
        found.hits.into_iter().map(|hit| String::from_utf8(hit.path).unwrap()).collect()
    }

    fn find(&mut self, text: &str, count: usize, shared: bool) -> Found {
        self.find_of(Filter::default(), text, count, shared)
    }

    fn find_of(&mut self, filter: Filter, text: &str, count: usize, shared: bool) -> Found {
        let Ok(Outcome::QueryEmbedding(embedding)) = embed_query(&mut self.embedder, text) else { panic!() };
        let index = self.indexes();
        let (text, fluency) = (text.to_owned(), Fluency::default());
        let query = Query { text, embedding, fluency, count, shared, filter, behind: None };
        let found = retrieve(self.library.kv(), &InStore { index: &index, kv: self.library.kv() }, &query).unwrap();
        let Outcome::Found(found, vectors) = found else { panic!() };
        assert_eq!(found.hits.len(), vectors.len());
        for (hit, vector) in found.hits.iter().zip(&vectors) {
            assert!((vector.cosine(&query.embedding) - hit.cosine).abs() < 1e-6, "the vector is that of the hit");
        }
        *found
    }
}

#[test]
fn no_answer_has_a_private_key_that_an_older_reader_indexed() {
    const KEY: &str = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
    let mut shelf = Shelf::new();
    let note = format!("The tunnel of the cellar\nPrivateKey = {KEY}\nends at the router");
    shelf.add("/notes/tunnel.md", Ring::Mesh, &[&note, "The tunnel is painted red."]);
    shelf.add("/notes/key.md", Ring::Mesh, &[&format!("PrivateKey = {KEY}\nPresharedKey = {KEY}")]);
    let here = shelf.ask("tunnel cellar PrivateKey", 9, false);
    assert!(here.iter().any(|(_, text)| text == "The tunnel of the cellar\nPrivateKey = \u{2026}\nends at the router"));
    assert!(here.iter().all(|(_, text)| !text.contains(KEY)), "{here:?}");
    let there = shelf.ask("tunnel cellar PrivateKey", 9, true);
    assert_eq!(there, [("/notes/tunnel.md".to_owned(), "The tunnel is painted red.".to_owned())]);
}

#[test]
fn a_passage_of_signs_alone_answers_unless_a_key_was_all_that_it_had() {
    let mut shelf = Shelf::new();
    shelf.add("/notes/mood.md", Ring::Mesh, &["\u{1F600} \u{1F600}"]);
    for shared in [false, true] {
        assert_eq!(shelf.ask("mood", 5, shared).len(), 1, "{shared}");
    }
}

#[test]
fn a_question_that_is_the_name_of_a_file_that_cannot_be_used_is_told_so_and_no_other_device_is() {
    let mut shelf = Shelf::new();
    shelf.add("/notes/a.md", Ring::Mesh, &["the hedge"]);
    let (path, stamp) = (b"/house/Report 2024.pdf".to_vec(), FileStamp::default());
    let seen = Change::Seen { path: path.clone(), stamp, collection: "home".to_owned(), ring: Ring::Mesh };
    let doc = shelf.library.apply(&seen).unwrap().doc.unwrap();
    assert!(shelf.find("report 2024.pdf", 5, false).unusable.is_empty(), "it was not read yet");
    let reason = "PDF files cannot be read yet.".to_owned();
    shelf.library.apply(&Change::Refused { doc, stamp, reason: reason.clone(), keep: false }).unwrap();
    for question in ["report 2024.pdf", "Report 2024", "report-2024"] {
        let found = shelf.find(question, 5, false);
        assert_eq!(found.unusable, [UnusableFile { path: path.clone(), reason: reason.clone() }], "{question}");
        assert_eq!(found.hits.len(), 1);
        assert!(shelf.find(question, 5, true).unusable.is_empty(), "paths of this kind leave the device in no answer");
    }
    assert!(shelf.find("where is the hedge", 5, false).unusable.is_empty());
    shelf.library.apply(&Change::gone(shelf.library.kv(), doc)).unwrap();
    assert!(shelf.find("report 2024.pdf", 5, false).unusable.is_empty(), "it is gone");
}

#[test]
fn a_text_of_many_copies_takes_the_place_of_one() {
    let mut shelf = Shelf::new();
    for n in 0..40 {
        shelf.add(&format!("/copies/{n}.md"), Ring::Mesh, &["the hedge is cut in summer"]);
    }
    for n in 0..12 {
        shelf.add(&format!("/other/{n}.md"), Ring::Mesh, &[&format!("the hedge of neighbour {n}")]);
    }
    let found = shelf.ask("the hedge is cut in summer", 10, false);
    let texts: BTreeSet<_> = found.iter().map(|(_, text)| text).collect();
    assert_eq!(texts.len(), 10);
    assert_eq!(found.iter().filter(|(path, _)| path.starts_with("/copies")).count(), PLACES_MAX);
}

#[test]
fn a_question_that_is_a_name_finds_the_file_whatever_is_in_it() {
    let mut shelf = Shelf::new();
    let long = "all about the boiler manual and its many pages of text";
    for n in 0..300 {
        shelf.add(&format!("/notes/{n}.md"), Ring::Mesh, &[&format!("{long} {n}")]);
    }
    let manual = shelf.add("/house/Boiler_Manual.md", Ring::Mesh, &["zigzag", "press here"]);
    for question in ["boiler manual", "Boiler_Manual.md", "where is boiler_manual.md?"] {
        assert_eq!(shelf.ask(question, 5, false)[0].0, "/house/Boiler_Manual.md", "{question}");
    }
    shelf.library.apply(&Change::gone(shelf.library.kv(), manual)).unwrap();
    assert!(shelf.ask("boiler manual", 5, false).iter().all(|(path, _)| path.starts_with("/notes")), "it is gone");
}

#[test]
fn a_document_of_no_watched_folder_answers_nothing() {
    let mut shelf = Shelf::new();
    shelf.add("/stray/hedge.md", Ring::Mesh, &["the hedge is cut in summer"]);
    shelf.add("/notes/a.md", Ring::Mesh, &["the hedge is green"]);
    for shared in [false, true] {
        shelf.watch(&[("/notes", Ring::Mesh)]);
        assert_eq!(shelf.ask("hedge", 5, shared), [("/notes/a.md".to_owned(), "the hedge is green".to_owned())]);
        shelf.watch(&[]);
        assert_eq!(shelf.ask("hedge", 5, shared), []);
    }
}

#[test]
fn another_device_finds_no_private_file_by_its_name_either() {
    let mut shelf = Shelf::new();
    shelf.add("/diary/secret.md", Ring::Private, &["dear diary"]);
    shelf.add("/notes/a.md", Ring::Mesh, &["the hedge"]);
    assert_eq!(shelf.ask("secret", 5, false)[0].0, "/diary/secret.md");
    assert_eq!(shelf.ask("secret", 5, true), [("/notes/a.md".to_owned(), "the hedge".to_owned())]);
}

#[test]
fn words_of_the_file_name_and_words_in_another_form_count() {
    let mut shelf = Shelf::new();
    for n in 0..120 {
        shelf.add(&format!("/n/{n}.md"), Ring::Mesh, &[&format!("on page {n} we read of walls")]);
    }
    shelf.add("/house/boiler.md", Ring::Mesh, &["on page we read of walls"]);
    assert_eq!(shelf.ask("boiler walls", 3, false)[0].0, "/house/boiler.md");
    shelf.add("/nfd.md", Ring::Mesh, &["Mu\u{308}llers Wand on page we read of walls"]);
    assert_eq!(shelf.ask("walls of M\u{FC}llers", 3, false)[0].0, "/nfd.md");
}

#[test]
fn private_texts_that_are_nearer_keep_no_shared_one_from_another_device() {
    let mut shelf = Shelf::new();
    let text = "the boiler has its valve behind the shelf";
    shelf.add("/house.md", Ring::Mesh, &[text]);
    let private: Vec<String> = (0..RESCORE + 50).map(|note| format!("boiler pin {note}")).collect();
    let private: Vec<&str> = private.iter().map(String::as_str).collect();
    shelf.add("/diary/pins.md", Ring::Private, &private);
    assert_eq!(shelf.ask("boiler pin 7", 3, false)[0].0, "/diary/pins.md");
    assert_eq!(shelf.ask("boiler pin 7", 3, true), [("/house.md".to_owned(), text.to_owned())]);
    let (indexes, question) = (shelf.indexes(), shelf.embedder.embed("boiler pin 7").unwrap());
    assert_eq!(indexes.nearest(&question, RESCORE, true.into()).len(), 1, "the scan itself leaves them out");
}

#[test]
fn a_vector_of_another_device_answers_no_question_before_a_check_vouches_for_it() {
    let mut shelf = Shelf::new();
    let fence = shelf.add("/home/fence.md", Ring::Mesh, &["mend the fence in spring"]);
    let doc = read::document(shelf.library.kv(), fence).unwrap().unwrap();
    let chunk = read::chunk(shelf.library.kv(), doc.chunks[0].row).unwrap().unwrap();
    let vector = read::vector(shelf.library.kv(), doc.chunks[0].row).unwrap().unwrap();
    let mut other = Shelf::new();
    let stamp = FileStamp::default();
    let (path, collection) = (b"/home/fence.md".to_vec(), "home".to_owned());
    let doc = other.library.apply(&Change::Seen { path, stamp, collection, ring: Ring::Mesh }).unwrap().doc.unwrap();
    let new = NewChunk { key: chunk.key, heading: String::new(), text: chunk.text, start: 0, end: 1 };
    other.library.apply(&Change::Chunked { doc, stamp, content: [1; 16], chunks: vec![new] }).unwrap();
    let row = read::document(other.library.kv(), doc).unwrap().unwrap().chunks[0].row;
    let by = crate::base::id::PeerKey([2; 32]);
    let vectors = vec![(row, chunk.key, vector.values)];
    other.library.apply(&Change::Unproven { by, model: shelf.embedder.model(), vectors }).unwrap();
    assert_eq!(load_index(other.library.kv()).unwrap().models(), []);
    let by_words = other.find("the fence", 9, false);
    assert_eq!((by_words.hits.len(), by_words.hits[0].cosine), (1, 0.0), "its words answer, and not the vector");
    other.library.apply(&Change::Proven { doc, by, checks: 1, rows: vec![(row, chunk.key)] }).unwrap();
    assert_eq!(load_index(other.library.kv()).unwrap().models()[0].1, 1);
    assert_eq!(other.ask("the fence", 9, false).len(), 1);
}

#[test]
fn another_device_gets_no_text_of_a_file_that_is_not_there_though_no_scan_has_found_that_yet() {
    let mut shelf = Shelf::new();
    shelf.watch(&[("/", Ring::Mesh)]);
    shelf.add("/a.md", Ring::Mesh, &["the pangolin clause"]);
    let kept = shelf.add("/kept.md", Ring::Mesh, &["the pangolin clause of old"]);
    shelf.add("/moved.md", Ring::Mesh, &["the pangolin clause once more"]);
    let found = FoundDocument::new(kept, &read::document(shelf.library.kv(), kept).unwrap().unwrap());
    shelf.library.apply(&Change::Kept { found, since: 60 }).unwrap();
    let gone = ["/moved.md", "/kept.md"];
    let mut others = shelf.paths_without("pangolin clause", true, &gone);
    others.sort_unstable();
    assert_eq!(others, ["/a.md", "/kept.md"], "its owner keeps the one");
    assert_eq!(shelf.paths_without("pangolin clause", false, &gone).len(), 3, "a person here is told of all");
}

#[test]
fn a_text_whose_file_cannot_be_read_any_more_says_so_and_is_for_this_device_only() {
    let mut shelf = Shelf::new();
    let closed = shelf.add("/notes/closed.md", Ring::Mesh, &["the walrus of the cellar"]);
    shelf.add("/notes/open.md", Ring::Mesh, &["the walrus of the attic"]);
    let (path, stamp) = (b"/notes/closed.md".to_vec(), FileStamp { changed_ns: 9, ..FileStamp::default() });
    shelf.library.apply(&Change::Seen { path, stamp, collection: "home".to_owned(), ring: Ring::Mesh }).unwrap();
    let reason = "It cannot be read: Permission denied (os error 13).".to_owned();
    shelf.library.apply(&Change::Refused { doc: closed, stamp, reason, keep: true }).unwrap();
    let hits = shelf.find("walrus", 9, false).hits;
    let of = |path: &[u8]| hits.iter().find(|hit| hit.path == path).unwrap().absence;
    assert_eq!((of(b"/notes/closed.md"), of(b"/notes/open.md")), (Some(Absence::Unreadable), None));
    assert_eq!(shelf.ask("walrus", 9, true), [("/notes/open.md".to_owned(), "the walrus of the attic".to_owned())]);
}

#[test]
fn what_is_away_or_kept_without_its_file_is_for_this_device_only_where_it_has_private_folders() {
    let mut shelf = Shelf::new();
    let kept = shelf.add("/notes/kept.md", Ring::Mesh, &["the walrus of the cellar"]);
    shelf.add("/notes/there.md", Ring::Mesh, &["the walrus of the attic"]);
    shelf.add("/stick/away.md", Ring::Mesh, &["the walrus of the barn"]);
    let found = FoundDocument::new(kept, &read::document(shelf.library.kv(), kept).unwrap().unwrap());
    shelf.library.apply(&Change::Kept { found, since: 60 }).unwrap();
    let (path, volume, since) = (b"/stick".to_vec(), 0, 60);
    let away = Mark { path, volume, since, documents: 1, partly: 0, read: 0, unread: 0, kind: MarkKind::Kept };
    shelf.library.apply(&Change::Marks(Marks(vec![away]))).unwrap();
    let found = |shelf: &mut Shelf, shared, count| {
        let mut paths: Vec<String> = shelf.ask("walrus", count, shared).into_iter().map(|(path, _)| path).collect();
        paths.sort();
        paths
    };
    let all = ["/notes/kept.md", "/notes/there.md", "/stick/away.md"];
    assert_eq!(found(&mut shelf, false, 9), all);
    assert_eq!(found(&mut shelf, true, 9), all[1..2]);
    assert_eq!(found(&mut shelf, true, 1), all[1..2], "what is withheld takes nobody's place");
    shelf.watch(&[("/", Ring::Mesh)]);
    assert_eq!(found(&mut shelf, true, 9), all, "nowhere could they be private");
}

#[test]
fn every_passage_with_the_words_in_quotes_is_found_however_many_have_them_apart() {
    let mut shelf = Shelf::new();
    // Nearer to the question, and with its words more often.
    for n in 0..150 {
        let text = format!("north moss north, roof, side moss side, number {n}");
        shelf.add(&format!("/notes/{n}.md"), Ring::Mesh, &[&text]);
    }
    let far = "He walked for an hour and a half along the long fence until he came to the North Side of the old town, and there he sat down.";
    shelf.add("/notes/walk.md", Ring::Mesh, &[far]);
    shelf.add("/notes/sides.md", Ring::Mesh, &["the north sides"]);
    shelf.add("/diary/walk.md", Ring::Private, &["I sat on the north side."]);
    let paths = |hits: Vec<(String, String)>| hits.into_iter().map(|(path, _)| path).collect::<BTreeSet<String>>();
    let question = "moss roof \u{201C}north side\u{201D}";
    let of = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect::<BTreeSet<String>>();
    assert_eq!(paths(shelf.ask(question, 9, false)), of(&["/notes/walk.md", "/diary/walk.md"]));
    assert_eq!(paths(shelf.ask(question, 9, true)), of(&["/notes/walk.md"]), "a private one answers no other device");
    assert_eq!(shelf.ask("moss roof north side", 9, false).len(), 9, "without quotes the nearest");
    assert_eq!(shelf.ask("\"side of moss\"", 9, false).len(), 9, "nobody has it: the nearest, and the asker says so");
    let small = shelf.ask("\"and there he\"", 9, false);
    assert_eq!(paths(small), of(&["/notes/walk.md"]), "small words count");
}

#[test]
fn a_filter_leaves_room_for_all_that_fits_however_much_nearer_the_others_are() {
    let mut shelf = Shelf::new();
    for n in 0..450 {
        shelf.add(&format!("/notes/{n}.md"), Ring::Mesh, &[&format!("boiler pump boiler pump number {n}")]);
    }
    for n in 0..3 {
        shelf.add(
            &format!("/bills/{n}.pdf"),
            Ring::Mesh,
            &[&format!("A long letter {n} about the roof, in which a pump is named once.")],
        );
    }
    shelf.add("/diary/boiler.pdf", Ring::Private, &["boiler pump"]);
    shelf.add("/bills/none.pdf", Ring::Mesh, &["Nothing of it is in here."]);
    let of = |key: Key, value: &str| {
        let mut filter = Filter::default();
        filter.add(key, value).unwrap();
        filter
    };
    let all = shelf.find("boiler pump", 9, false);
    assert!(all.hits.iter().all(|hit| !hit.path.starts_with(b"/bills")), "without a filter they are far behind");
    let paths = |found: &Found| {
        found.hits.iter().map(|hit| String::from_utf8(hit.path.clone()).unwrap()).collect::<BTreeSet<String>>()
    };
    for filter in [of(Key::Type, "pdf"), of(Key::Path, "*.pdf")] {
        let here = shelf.find_of(filter.clone(), "boiler pump", 9, false);
        assert_eq!(here.statistics, all.statistics, "a word is as rare as without a filter");
        assert_eq!(paths(&here).len(), 5, "{:?}", paths(&here));
        let there = paths(&shelf.find_of(filter.clone(), "boiler pump", 9, true));
        assert!(there.len() == 4 && !there.contains("/diary/boiler.pdf"), "{there:?}");
        let phrase = shelf.find_of(filter, "\"a pump is named\"", 9, false);
        assert_eq!(paths(&phrase).len(), 3, "phrases too");
    }
    assert_eq!(shelf.find_of(of(Key::Collection, "home"), "boiler pump", 9, false).hits.len(), 9);
    assert_eq!(shelf.find_of(of(Key::Collection, "diary"), "boiler pump", 9, false).hits, []);
    assert_eq!(shelf.find_of(of(Key::After, "2024"), "boiler pump", 9, false).hits, [], "they are of 1970");
    assert_eq!(shelf.find_of(of(Key::Before, "1971"), "boiler pump", 9, false).hits.len(), 9);
    let named = shelf.find_of(of(Key::Type, "md"), "boiler.pdf", 9, false);
    assert!(named.hits.iter().all(|hit| hit.path.ends_with(b".md")), "a name that is asked for must fit too");
}
