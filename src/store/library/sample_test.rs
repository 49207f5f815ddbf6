//! A library with one document, for tests of what becomes of its vectors.

use super::Library;
use crate::base::id::{DocId, EmbedKey, Fingerprint, Ring};
use crate::store::change::{Change, NewChunk};
use crate::store::memory::MemoryKv;
use crate::store::record::{FileStamp, Source, Sources};

/// A library of the first start with this model, with a document of these texts and their keys, which nobody has embedded yet.
pub(crate) fn library<'a>(
    model: Fingerprint,
    texts: impl IntoIterator<Item = (EmbedKey, &'a str)>,
) -> (Library<MemoryKv>, DocId) {
    let mut library = Library::open(MemoryKv::new()).unwrap();
    library.bind(model, &[]).unwrap();
    let source = Source { path: b"/d".into(), collection: "home".into(), ring: Ring::Mesh, device: 1 };
    library.apply(&Change::Sources(Sources::from(vec![source]))).unwrap();
    let (path, stamp, collection) = (b"/d/a.md".into(), FileStamp::default(), "home".to_owned());
    let doc = library.apply(&Change::Seen { path, stamp, collection, ring: Ring::Mesh }).unwrap().doc.unwrap();
    let chunk = |(key, text): (EmbedKey, &str)| NewChunk {
        key,
        heading: String::new(),
        text: text.to_owned(),
        start: 0,
        end: 1,
    };
    let chunks = texts.into_iter().map(chunk).collect();
    library.apply(&Change::Chunked { doc, stamp, content: [1; 16], chunks }).unwrap();
    (library, doc)
}
