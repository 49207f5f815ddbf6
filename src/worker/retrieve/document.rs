//! The text of one document as it was read, passage by passage, for who wants to see what a hit stands in.

use super::candidate::without_keys;
use super::file_of;
use crate::base::file_name;
use crate::base::id::Row;
use crate::base::media::told_reason;
use crate::limits::{DOCUMENT_PASSAGES_MAX, PASSAGES_BEFORE, SAME_NAME_MAX};
use crate::store::kv::{KvError, KvRead};
use crate::store::read;
use crate::store::record::DocState;

/// One passage of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassageText {
    /// The headings above it, as of a hit.
    pub heading: String,
    /// Its text, as of a hit.
    pub text: String,
}

/// Where a part of a document begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// With the passage of this number, counted from 0.
    At(usize),
    /// Some passages before that of this row; at the beginning where the document has no such passage any more.
    Before(Row),
}

impl From<usize> for Begin {
    fn from(number: usize) -> Self {
        Self::At(number)
    }
}

/// A part of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentPart {
    /// The passages, in the order of the text.
    pub passages: Vec<PassageText>,
    /// The number of the first of them, counted from 0.
    pub from: usize,
    /// How many the document has.
    pub of: usize,
    /// The number of the first one that follows; `None` at the end.
    pub next: Option<usize>,
}

/// At most `DOCUMENT_PASSAGES_MAX` passages of the document at this path, from there on; `None` where no
/// document at it answers questions: it is not known, gone, being forgotten, or was not read. Of no other passage the text is read.
///
/// # Errors
/// Any `KvError`.
pub fn part(kv: &impl KvRead, path: &[u8], begin: impl Into<Begin>) -> Result<Option<DocumentPart>, KvError> {
    let Some((_, mut doc)) = read::document_at(kv, path)? else { return Ok(None) };
    let chunks = core::mem::take(&mut doc.chunks);
    if chunks.is_empty() || file_of(doc, &read::marks(kv)?).is_none() {
        return Ok(None);
    }
    let place_of = |row: Row| chunks.iter().position(|place| place.row == row).unwrap_or_default();
    let from = match begin.into() {
        Begin::At(number) => number,
        Begin::Before(row) => place_of(row).saturating_sub(PASSAGES_BEFORE),
    };
    let mut passages = Vec::new();
    for place in chunks.iter().skip(from).take(DOCUMENT_PASSAGES_MAX) {
        let chunk = read::chunk(kv, place.row)?.and_then(|chunk| without_keys(chunk, false));
        passages.extend(chunk.map(|chunk| PassageText { heading: chunk.heading, text: chunk.text }));
    }
    let next = from.saturating_add(DOCUMENT_PASSAGES_MAX);
    Ok(Some(DocumentPart { passages, from, of: chunks.len(), next: (next < chunks.len()).then_some(next) }))
}

/// Why no text of the document at this path is there, as a sentence: it waits to be read, or cannot be used. `None` where none is known here, or
/// it is gone or being forgotten.
///
/// # Errors
/// Any `KvError`.
pub fn unread(kv: &impl KvRead, path: &[u8]) -> Result<Option<String>, KvError> {
    let Some((_, doc)) = read::document_at(kv, path)? else { return Ok(None) };
    let why = match &doc.state {
        DocState::Waiting => "The file at this path waits to be read.".to_owned(),
        DocState::Refused(reason) => format!("The file at this path is not used. {}", told_reason(path, reason)),
        DocState::Parked(parked) => {
            format!("The file at this path was tried again and again, and is not used: {}", parked.why())
        }
        DocState::Chunked { .. } | DocState::Ready | DocState::Tombstoned => return Ok(None),
    };
    Ok(file_of(doc, &read::marks(kv)?).map(|_| why))
}

/// Paths, and after which one the next page begins.
type Page = (Vec<Vec<u8>>, Option<Vec<u8>>);

/// The paths of at most `max` documents that answer questions, after this path, in their order; and where the next page begins, if
/// there may be one.
///
/// # Errors
/// Any `KvError`.
pub fn paths(kv: &impl KvRead, after: Option<&[u8]>, max: usize) -> Result<Page, KvError> {
    let marks = read::marks(kv)?;
    let page = read::documents_under(kv, b"/", after, max)?;
    let next = page.last().filter(|_| page.len() >= max).map(|(_, doc)| doc.path.clone());
    let is_read = |state: &DocState| matches!(state, DocState::Chunked { .. } | DocState::Ready);
    let found = page.into_iter().filter(|(_, doc)| is_read(&doc.state));
    Ok((found.filter_map(|(_, doc)| file_of(doc, &marks)).map(|(path, _)| path).collect(), next))
}

/// The paths of at most `max` documents that answer questions and whose path ends with these names of a folder and file, in their order; and
/// whether there are or may be more. Of one file name `SAME_NAME_MAX` documents are looked at.
///
/// # Errors
/// Any `KvError`.
pub fn ending(kv: &impl KvRead, end: &[u8], max: usize) -> Result<(Vec<Vec<u8>>, bool), KvError> {
    let (marks, tail) = (read::marks(kv)?, [&b"/"[..], end].concat());
    let named = read::documents_named(kv, file_name::key(end), SAME_NAME_MAX)?;
    let are_all = named.len() < SAME_NAME_MAX;
    let fitting = named.into_iter().filter(|(_, doc)| doc.path.ends_with(&tail) && !doc.chunks.is_empty());
    let mut found: Vec<Vec<u8>> = fitting.filter_map(|(_, doc)| file_of(doc, &marks)).map(|(path, _)| path).collect();
    found.sort();
    found.dedup();
    let more = found.len() > max || !are_all;
    found.truncate(max);
    Ok((found, more))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::{EmbedKey, Ring};
    use crate::store::change::{Change, NewChunk};
    use crate::store::library::Library;
    use crate::store::memory::MemoryKv;
    use crate::store::record::{FileStamp, Source};

    fn library(chunks: usize) -> Library<MemoryKv> {
        let mut library = Library::open(MemoryKv::new()).unwrap();
        let source = Source { path: b"/n".into(), collection: "home".into(), ring: Ring::Mesh, device: 1 };
        library.apply(&Change::Sources(vec![source].into())).unwrap();
        let (path, collection, stamp) = (b"/n/a.md".to_vec(), "home".to_owned(), FileStamp::default().on_volume(3));
        let doc = library.apply(&Change::Seen { path, stamp, collection, ring: Ring::Mesh }).unwrap().doc.unwrap();
        let chunk = |n: usize| NewChunk {
            key: EmbedKey([u8::try_from(n).unwrap(); 16]),
            heading: "A".to_owned(),
            text: format!("passage {n}"),
            start: u32::try_from(n).unwrap(),
            end: u32::try_from(n).unwrap() + 1,
        };
        let chunks = (0..chunks).map(chunk).collect();
        library.apply(&Change::Chunked { doc, stamp, content: [1; 16], chunks }).unwrap();
        library
    }

    #[test]
    fn documents_that_were_read_are_listed_page_by_page() {
        let mut library = library(1);
        for path in [b"/n/b.md", b"/n/c.md"] {
            let (path, collection, stamp) = (path.to_vec(), "home".to_owned(), FileStamp::default().on_volume(3));
            library.apply(&Change::Seen { path, stamp, collection, ring: Ring::Mesh }).unwrap();
        }
        let (first, next) = paths(library.kv(), None, 2).unwrap();
        assert_eq!((first, next.as_deref()), (vec![b"/n/a.md".to_vec()], Some(&b"/n/b.md"[..])), "b was not read yet");
        assert_eq!(paths(library.kv(), next.as_deref(), 2).unwrap(), (Vec::new(), None));
    }

    #[test]
    fn documents_are_found_by_the_end_of_their_path_whole_name_by_whole_name() {
        let mut library = library(1);
        for path in [&b"/n/b/a.md"[..], b"/n/b/xa.md", b"/n/B/a.txt", b"/n/c/b/a.md"] {
            let (path, collection, stamp) = (path.to_vec(), "home".to_owned(), FileStamp::default().on_volume(3));
            let doc = library.apply(&Change::Seen { path, stamp, collection, ring: Ring::Mesh }).unwrap().doc.unwrap();
            let (heading, text) = (String::new(), "text".to_owned());
            let chunks = vec![NewChunk { key: EmbedKey([7; 16]), heading, text, start: 0, end: 1 }];
            library.apply(&Change::Chunked { doc, stamp, content: [1; 16], chunks }).unwrap();
        }
        let (path, collection, stamp) = (b"/n/d/a.md".to_vec(), "home".to_owned(), FileStamp::default().on_volume(3));
        library.apply(&Change::Seen { path, stamp, collection, ring: Ring::Mesh }).unwrap();
        let of = |end: &[u8], max| {
            let (found, more) = ending(library.kv(), end, max).unwrap();
            (found.into_iter().map(|path| String::from_utf8(path).unwrap()).collect::<Vec<_>>().join(" "), more)
        };
        let all = "/n/a.md /n/b/a.md /n/c/b/a.md";
        assert_eq!(of(b"a.md", 9), (all.to_owned(), false), "d was not read yet");
        assert_eq!(of(b"a.md", 2), ("/n/a.md /n/b/a.md".to_owned(), true));
        assert_eq!(of(b"c/b/a.md", 2), ("/n/c/b/a.md".to_owned(), false));
        for none in [&b"/a.md"[..], b"n/c/a.md", b".md", b"a", b"", b"b/"] {
            assert_eq!(of(none, 9), (String::new(), false), "{}", String::from_utf8_lossy(none));
        }
    }

    #[test]
    fn a_document_is_read_in_order_and_in_bounded_parts() {
        let library = library(DOCUMENT_PASSAGES_MAX + 2);
        let first = part(library.kv(), b"/n/a.md", 0).unwrap().unwrap();
        assert_eq!((first.passages.len(), first.of), (DOCUMENT_PASSAGES_MAX, DOCUMENT_PASSAGES_MAX + 2));
        assert_eq!((first.passages[0].text.as_str(), first.passages[0].heading.as_str()), ("passage 0", "A"));
        let last = part(library.kv(), b"/n/a.md", first.next.unwrap()).unwrap().unwrap();
        assert_eq!((last.passages.len(), last.next), (2, None));
        assert!(part(library.kv(), b"/n/a.md", usize::MAX).unwrap().unwrap().passages.is_empty());
    }

    #[test]
    fn the_part_around_a_passage_begins_some_passages_before_it_wherever_it_stands() {
        let library = library(2 * DOCUMENT_PASSAGES_MAX);
        let (_, doc) = read::document_at(library.kv(), b"/n/a.md").unwrap().unwrap();
        for at in [0, 1, PASSAGES_BEFORE, 100, 2 * DOCUMENT_PASSAGES_MAX - 1] {
            let found = part(library.kv(), b"/n/a.md", Begin::Before(doc.chunks[at].row)).unwrap().unwrap();
            assert_eq!(found.from, at.saturating_sub(PASSAGES_BEFORE));
            assert_eq!(found.passages[at - found.from].text, format!("passage {at}"));
            assert_eq!(found.of, 2 * DOCUMENT_PASSAGES_MAX);
        }
        let changed = part(library.kv(), b"/n/a.md", Begin::Before(Row(u64::MAX))).unwrap().unwrap();
        assert_eq!((changed.from, changed.passages.len()), (0, DOCUMENT_PASSAGES_MAX));
    }

    #[test]
    fn what_is_not_known_or_was_not_read_is_no_document() {
        assert_eq!(part(library(1).kv(), b"/n/b.md", 0).unwrap(), None);
        assert_eq!(part(library(1).kv(), b"/n", 0).unwrap(), None);
        assert_eq!(part(library(0).kv(), b"/n/a.md", 0).unwrap(), None);
    }

    #[test]
    fn of_a_file_that_waits_or_cannot_be_used_it_is_said_why_it_has_no_text() {
        let mut library = library(1);
        let told = |library: &Library<MemoryKv>, path: &[u8]| unread(library.kv(), path).unwrap();
        assert_eq!(told(&library, b"/n/a.md"), None, "it was read");
        assert_eq!(told(&library, b"/n/c.bin"), None, "it is not known");
        let (path, collection, stamp) = (b"/n/c.bin".to_vec(), "home".to_owned(), FileStamp::default().on_volume(3));
        let doc = library.apply(&Change::Seen { path, stamp, collection, ring: Ring::Mesh }).unwrap().doc.unwrap();
        assert_eq!(told(&library, b"/n/c.bin").as_deref(), Some("The file at this path waits to be read."));
        let reason = "The file is not text.".to_owned();
        library.apply(&Change::Refused { doc, stamp, reason, keep: false }).unwrap();
        let why = "The file at this path is not used. The file is not text.";
        assert_eq!(told(&library, b"/n/c.bin").as_deref(), Some(why));
    }
}
