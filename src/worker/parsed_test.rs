//! Documents whose text a parser process has extracted, or has not.

use super::extract::Content;
use super::look::{Looks, Sought};
use super::run::{TaskIo, run};
use super::scan::Listing;
use crate::base::id::{DocId, Fingerprint, Ring};
use crate::embed::stand_in::StandIn;
use crate::scheduler::task::{Outcome, Scan, Task};
use crate::search::indexes::Indexes;
use crate::store::change::Change;
use crate::store::kv::KvRead;
use crate::store::library::Library;
use crate::store::memory::MemoryKv;
use crate::store::read;
use crate::store::record::{DocState, FileStamp, Source};
use crate::store::roots::Root;
use crate::text::extract::section::{Section, Text};
use crate::worker::retrieve::InStore;

const STAMP: FileStamp = FileStamp { size: 9, modified_ns: 1, changed_ns: 1, inode: 1 };
const CONTENT: [u8; 16] = [5; 16];

fn library() -> (Library<MemoryKv>, DocId) {
    let mut library = Library::open(MemoryKv::new()).unwrap();
    let (collection, path) = ("home".to_owned(), b"/docs/a.pdf".to_vec());
    library.apply(&Change::Seen { path: path.clone(), stamp: STAMP, collection, ring: Ring::Mesh }).unwrap();
    let doc = read::document_at(library.kv(), &path).unwrap().unwrap().0;
    (library, doc)
}

fn read_as(kv: &MemoryKv, doc: DocId, content: Content) -> Outcome {
    let io = TaskIo {
        list: |_: &Scan, _: &[Source], _: &[Root]| Listing::default(),
        read: |_: &[u8], _: &[Source]| content,
        lookup: &InStore { index: &Indexes::default(), kv },
        look: |_: Sought, _: &[Source]| Looks::new(),
        now: 0,
        give_way: &|| {},
    };
    run(kv, &mut StandIn::new(Fingerprint([7; 32])), io, Task::Read { doc })
}

fn state(kv: &impl KvRead, doc: DocId) -> DocState {
    read::document(kv, doc).unwrap().unwrap().state
}

#[test]
fn a_text_from_elsewhere_is_chunked_like_any_other() {
    let (mut library, doc) = library();
    let sections = vec![Section { heading: "Page 7".to_owned(), range: 0..17 }];
    let text = Ok(Text { text: "Herons at the pond".to_owned(), sections });
    let outcome = read_as(library.kv(), doc, Content::Extracted { text, content: CONTENT, stamp: STAMP });
    let Outcome::Changes(changes) = outcome else { panic!("{outcome:?}") };
    let [Change::Chunked { content: CONTENT, chunks, .. }] = &changes[..] else { panic!("{changes:?}") };
    assert_eq!((chunks[0].heading.as_str(), chunks[0].text.as_str()), ("Page 7", "Herons at the pon"));
    changes.iter().for_each(|change| drop(library.apply(change).unwrap()));
    assert!(matches!(state(library.kv(), doc), DocState::Chunked { .. }));
}

#[test]
fn a_document_that_crashed_its_parser_is_refused_until_its_file_or_the_reader_changes() {
    let (mut library, doc) = library();
    library.reread(4).unwrap();
    let text = Err("its parser crashed (signal 11). It is tried again when the file changes".to_owned());
    let outcome = read_as(library.kv(), doc, Content::Extracted { text, content: CONTENT, stamp: STAMP });
    let Outcome::Changes(changes) = outcome else { panic!("{outcome:?}") };
    changes.iter().for_each(|change| drop(library.apply(change).unwrap()));
    let DocState::Refused(reason) = state(library.kv(), doc) else { panic!("it is not refused") };
    assert_eq!(reason, "Its parser crashed (signal 11). It is tried again when the file changes.");
    assert!(!super::extract::was_not_read(&reason), "an audit does not have it read again");
    library.reread(4).unwrap();
    assert!(matches!(state(library.kv(), doc), DocState::Refused(_)), "a start of the same version changes nothing");
    library.reread(5).unwrap();
    assert_eq!(state(library.kv(), doc), DocState::Waiting, "another version tries");
}

#[test]
fn a_parser_that_the_device_interrupted_is_a_failed_attempt_and_changes_nothing() {
    let (library, doc) = library();
    let outcome = read_as(library.kv(), doc, Content::Interrupted("its parser was ended from outside".to_owned()));
    assert!(matches!(outcome, Outcome::Failed(why) if why == "its parser was ended from outside"));
    assert_eq!(state(library.kv(), doc), DocState::Waiting);
}
