//! Questions while changes of files cannot be saved.

use super::held::answer;
use super::*;
use crate::base::filter::Filter;
use crate::base::fluency::Fluency;
use crate::base::id::{DocId, Fingerprint, Ring};
use crate::embed::stand_in::StandIn;
use crate::search::indexes::Indexes;
use crate::store::change::{Change, NewChunk};
use crate::store::library::Library;
use crate::store::memory::MemoryKv;
use crate::store::record::{FileStamp, Source};
use crate::worker::look::{Look, Looks, Sought};

#[test]
fn while_changes_cannot_be_saved_no_text_answers_whose_file_is_gone_or_changed_and_the_others_take_its_place() {
    let (mut library, mut index) = (Library::open(MemoryKv::new()).unwrap(), Indexes::default());
    let mut embedder = StandIn::new(Fingerprint([7; 32]));
    let source = Source { path: b"/n".into(), collection: "home".into(), ring: Ring::Mesh, device: 1 };
    library.apply(&Change::Sources(vec![source].into())).unwrap();
    let stamp = FileStamp::default().on_volume(3);
    let mut add = |name: &str| {
        let (path, collection) = (format!("/n/{name}.md").into_bytes(), "home".to_owned());
        let doc = library.apply(&Change::Seen { path, stamp, collection, ring: Ring::Mesh }).unwrap().doc.unwrap();
        let text = format!("the walrus {name}");
        let key = crate::embed::model::key(&embedder.model(), "", &text);
        let chunks = vec![NewChunk { key, heading: String::new(), text, start: 0, end: 1 }];
        library.apply(&Change::Chunked { doc, stamp, content: [1; 16], chunks }).unwrap();
        doc
    };
    let docs = ["there", "changed", "deleted", "asked", "away", "folder", "silent", "unread"].map(&mut add);
    let (path, collection) = (b"/n/unread.md".to_vec(), "home".to_owned());
    let newer = FileStamp { size: 9, ..stamp };
    library.apply(&Change::Seen { path, stamp: newer, collection, ring: Ring::Mesh }).unwrap();
    words::catch_up(&mut library, &mut index.words).unwrap();
    let look = |sought: Sought, _: &[Source]| -> Looks {
        let of = |path: &[u8]| match path {
            b"/n/changed.md" => Some(Look::Changed),
            b"/n/deleted.md" | b"/n/asked.md" => Some(Look::Missing(Some(3))),
            b"/n/away.md" => Some(Look::Missing(Some(4))),
            b"/n/folder.md" => Some(Look::Missing(None)),
            b"/n/silent.md" | b"/n/unread.md" => None,
            _ => Some(Look::There),
        };
        sought.into_keys().filter_map(|path| of(&path).map(|look| (path, look))).collect()
    };
    let embedding = embedder.embed("walrus").unwrap();
    let lookup = InStore { index: &index, kv: library.kv() };
    let ask = |count, shared, behind: Option<BTreeSet<DocId>>| {
        let (text, embedding) = ("walrus".to_owned(), embedding.clone());
        let query =
            Query { text, embedding, fluency: Fluency::default(), count, shared, filter: Filter::default(), behind };
        let Outcome::Found(found, vectors) = answer(library.kv(), &lookup, &mut embedder.clone(), query, look) else {
            panic!()
        };
        assert_eq!(found.hits.len(), vectors.len());
        let mut names: Vec<_> = found.hits.iter().map(|hit| hit.text.replace("the walrus ", "")).collect();
        names.sort_unstable();
        names
    };
    assert_eq!(ask(9, false, None).len(), 8, "usually a scan is about to find it");
    let told = || Some([docs[3]].into());
    assert_eq!(ask(9, false, told()), ["asked", "away", "folder", "silent", "there"]);
    assert_eq!(ask(5, false, told()).len(), 5);
    assert_eq!(ask(2, false, told()).len(), 2);
    assert_eq!(ask(9, true, Some(BTreeSet::new())), ["silent", "there"], "another device gets none that is not there");
}
