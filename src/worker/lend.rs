//! Work that travels: the texts of this device that others embed.

mod known;
mod leaving;

use crate::base::id::{DocId, Fingerprint, Row};
use crate::embed::model::key;
use crate::limits::{GRANT_BYTES_MAX, LEASE_CHUNKS_MAX};
use crate::scheduler::offload::lendable::{HomeTexts, Lendable, LendableChunks};
use crate::scheduler::task::Outcome;
use crate::store::kv::{Kv, KvError, KvRead};
use crate::store::models::Wanted;
use crate::store::read;
use crate::store::record::{Chunk, Document};
use crate::wire::work::LentText;
use crate::worker::look::{Look, Looks};
use leaving::{Paths, may_leave};
use std::collections::BTreeSet;

/// What makes the draw of known texts, if some are wanted, and the rows that another device is to confirm.
type Vouched<'a> = (Option<u64>, &'a [Row]);

/// The chunks without a vector of these documents, at most so many. Those of the ring `private`, those of files that are not there, and those with what looks like a key,
/// leave the device in no case; a text whose vector is stored for another chunk is not listed, because it needs no embedding, and neither is one that
/// is embedded here only (`home`), or had a vector of another model. None of these takes the place of another one. `look`: which of these files are there, whatever
/// the store says; one that gives no answer may be there or not, and is not listed.
///
/// # Errors
/// Any `KvError`; the step can be done again.
pub(super) fn list(
    kv: &impl Kv,
    model: Fingerprint,
    (documents, most, (seed, unconfirmed)): (&[(DocId, usize)], usize, Vouched<'_>),
    home: &HomeTexts,
    look: impl FnOnce(BTreeSet<Vec<u8>>) -> Looks,
) -> Result<Outcome, KvError> {
    // Vectors, and who vouches for them, are of one moment.
    let kv = &kv.snapshot();
    let (sources, marks) = (read::sources(kv)?, read::marks(kv)?);
    // A file that is away, or gone, may have been moved into a private folder.
    let is_away = |doc: &Document| marks.0.iter().any(|mark| mark.is_about(&doc.path, doc.stamp.volume()));
    let is_there = |doc: &Document| doc.stamp.kept_since().is_none() && !is_away(doc);
    let is_shared =
        |doc: &Document| sources.of(&doc.path).is_some_and(|source| source.ring.is_shared()) && is_there(doc);
    let wanted = Wanted::read(kv)?;
    // Other devices embed with the home's model.
    let is_of_model = |doc: &Document| wanted.of(&doc.path).is_none_or(|mark| mark == model.into()) && is_shared(doc);
    let (mut listed, mut paths) = (LendableChunks::default(), Paths::new());
    for (id, lent) in documents {
        let Some(doc) = read::document(kv, *id)?.filter(is_of_model) else { continue };
        if listed.chunks.len() >= most {
            listed.unreached.push(*id);
            continue;
        }
        paths.insert(*id, doc.path.clone());
        // Those that are lent already are among them.
        let room = lent + LEASE_CHUNKS_MAX.min(most.saturating_sub(listed.chunks.len()));
        let without = lendable(kv, (*id, &doc), room + 1, (&model, home))?;
        if without.len() > room {
            listed.longer.push(*id);
        }
        for (row, chunk) in without.into_iter().take(room) {
            let text = LentText { heading: chunk.heading, text: chunk.text };
            listed.chunks.push(Lendable { doc: *id, row, key: chunk.key, text });
        }
    }
    if seed.is_some() || !unconfirmed.is_empty() {
        let known = known::Lookup::new(kv, model, is_shared)?;
        listed.known = seed.map(|seed| known.by_chance(seed, &mut paths)).transpose()?.unwrap_or_default();
        listed.unconfirmed = known.of_rows(unconfirmed, &mut paths)?;
    }
    let looks = look(paths.values().cloned().collect());
    let is_there = |doc: DocId| paths.get(&doc).and_then(|path| looks.get(path)) == Some(&Look::There);
    listed.chunks.retain(|chunk| is_there(chunk.doc));
    listed.known.retain(|known| is_there(known.chunk.doc));
    listed.unconfirmed.retain(|known| is_there(known.chunk.doc));
    listed.longer.retain(|doc| is_there(*doc));
    Ok(Outcome::Lendable(listed))
}

/// Up to so many chunks of a document that others may embed. Those that they may not take no place, however many they are.
fn lendable(
    kv: &impl KvRead,
    (id, doc): (DocId, &Document),
    most: usize,
    (model, home): (&Fingerprint, &HomeTexts),
) -> Result<Vec<(Row, Chunk)>, KvError> {
    let mut looked_at = most;
    loop {
        let without = read::missing(kv, doc, looked_at)?;
        let is_all = without.len() < looked_at;
        let mut found = Vec::new();
        for (row, chunk) in without {
            let may = !home.has(id, &chunk.key)
                && key(model, &chunk.heading, &chunk.text) == chunk.key
                && may_leave([&chunk.heading, &chunk.text])
                && chunk.heading.len() + chunk.text.len() <= GRANT_BYTES_MAX;
            if may && found.len() < most && read::vector_of(kv, &chunk.key)?.is_none() {
                found.push((row, chunk));
            }
        }
        if is_all || found.len() == most {
            return Ok(found);
        }
        looked_at *= 4;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::{PeerKey, Ring};
    use crate::embed::Embedder;
    use crate::embed::stand_in::StandIn;
    use crate::limits::KNOWN_MAX;
    use crate::store::change::{Change, FoundDocument, NewChunk};
    use crate::store::library::Library;
    use crate::store::memory::MemoryKv;
    use crate::store::record::{FileStamp, Mark, MarkKind, Marks, Source, Sources};
    use crate::worker::embed;

    const MODEL: Fingerprint = Fingerprint([7; 32]);

    /// All files are there.
    fn there(paths: BTreeSet<Vec<u8>>) -> Looks {
        paths.into_iter().map(|path| (path, Look::There)).collect()
    }

    fn add(library: &mut Library<MemoryKv>, path: &str, texts: &[&str]) -> DocId {
        let (path, stamp, collection) = (path.as_bytes().to_vec(), FileStamp::default(), "home".to_owned());
        // What a document was when it was learnt decides nothing.
        let seen = Change::Seen { path, stamp, collection, ring: Ring::Mesh };
        let doc = library.apply(&seen).unwrap().doc.unwrap();
        let chunk = |text: &&str| NewChunk {
            key: key(&MODEL, "", text),
            heading: String::new(),
            text: (*text).to_owned(),
            start: 0,
            end: 1,
        };
        let chunks = texts.iter().map(chunk).collect();
        library.apply(&Change::Chunked { doc, stamp, content: [1; 16], chunks }).unwrap();
        doc
    }

    #[test]
    fn texts_of_private_folders_and_what_looks_like_a_key_are_lent_to_nobody() {
        let mut library = Library::open(MemoryKv::new()).unwrap();
        let source = |path: &str, ring| Source { path: path.into(), collection: path.to_owned(), ring, device: 1 };
        let sources = vec![source("/notes", Ring::Mesh), source("/notes/diary", Ring::Private)];
        library.apply(&Change::Sources(Sources::from(sources))).unwrap();
        let key_text = "PrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
        let docs = [
            add(&mut library, "/notes/a.md", &["the hedge", key_text, "the fence"]),
            add(&mut library, "/notes/diary/b.md", &["dear diary"]),
            add(&mut library, "/elsewhere/c.md", &["of no watched folder"]),
        ];
        let lent = |library: &Library<MemoryKv>, most| match list(
            library.kv(),
            MODEL,
            (&docs.map(|doc| (doc, 0)), most, (None, &[])),
            &HomeTexts::default(),
            there,
        )
        .unwrap()
        {
            Outcome::Lendable(LendableChunks { chunks, .. }) => {
                chunks.into_iter().map(|chunk| (chunk.doc, chunk.text.text)).collect::<Vec<_>>()
            }
            other => panic!("{other:?}"),
        };
        let all = [(docs[0], "the hedge".to_owned()), (docs[0], "the fence".to_owned())];
        assert_eq!(lent(&library, 9), all);
        assert_eq!(lent(&library, 1), all[..1]);
        let hedge = LentText { heading: String::new(), text: "the hedge".to_owned() };
        let made = embed::lent(&mut StandIn::new(MODEL), [hedge].iter(), &|| {});
        let Ok(Outcome::Embedded(vectors)) = made else { panic!("{made:?}") };
        let doc = read::document(library.kv(), docs[0]).unwrap().unwrap();
        let vectors = vec![(doc.chunks[0].row, key(&MODEL, "", "the hedge"), vectors[0].clone())];
        library.apply(&Change::Embedded { doc: docs[0], model: MODEL, vectors }).unwrap();
        assert_eq!(lent(&library, 9), all[1..], "what has a vector needs none");
        let Outcome::Lendable(LendableChunks { known, .. }) =
            list(library.kv(), MODEL, (&[], 9, (Some(0), &[])), &HomeTexts::default(), there).unwrap()
        else {
            panic!()
        };
        let known: Vec<_> = known.into_iter().map(|known| known.chunk.text.text).collect();
        assert_eq!(known, ["the hedge"], "and tells an honest device from others");
        let (row, key) = (doc.chunks[2].row, key(&MODEL, "", "the fence"));
        let stored = read::vector(library.kv(), doc.chunks[0].row).unwrap().unwrap();
        let vectors = vec![(row, key, stored.values)];
        library.apply(&Change::Unproven { by: PeerKey([2; 32]), model: MODEL, vectors }).unwrap();
        assert_eq!(lent(&library, 9), all[1..], "one that nobody has vouched for is none");
        let known = list(library.kv(), MODEL, (&[], 9, (Some(0), &[])), &HomeTexts::default(), there).unwrap();
        assert!(
            matches!(known, Outcome::Lendable(LendableChunks { known, .. }) if known.len() == 1),
            "and tells nothing about others"
        );
        let proven = Change::Proven { doc: docs[0], by: PeerKey([2; 32]), checks: 1, rows: vec![(row, key)] };
        library.apply(&proven).unwrap();
        let Outcome::Lendable(LendableChunks { known, .. }) =
            list(library.kv(), MODEL, (&[], 9, (Some(0), &[])), &HomeTexts::default(), there).unwrap()
        else {
            panic!()
        };
        let mut by: Vec<_> = known.into_iter().map(|known| known.by).collect();
        by.sort_unstable();
        assert_eq!(by, [None, Some(PeerKey([2; 32]))], "who made it is known");
        let (path, volume, since) = (b"/notes".to_vec(), 0, 60);
        let away = Mark { path, volume, since, documents: 1, partly: 0, read: 0, unread: 1, kind: MarkKind::Away };
        library.apply(&Change::Marks(Marks(vec![away]))).unwrap();
        assert!(lent(&library, 9).is_empty(), "what is away may have been moved into a private folder");
        let known = list(library.kv(), MODEL, (&[], 9, (Some(0), &[])), &HomeTexts::default(), there).unwrap();
        assert!(matches!(known, Outcome::Lendable(LendableChunks { known, .. }) if known.is_empty()));
    }

    #[test]
    fn what_may_not_be_lent_hides_nothing_of_its_document_that_may() {
        let mut library = Library::open(MemoryKv::new()).unwrap();
        let source = Source { path: b"/notes".into(), collection: "home".to_owned(), ring: Ring::Mesh, device: 1 };
        library.apply(&Change::Sources(Sources::from(vec![source]))).unwrap();
        let key_text = |n| format!("{n} PrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=");
        let texts = (0..80).map(key_text).chain((0..80).map(|n| format!("home {n}")));
        let texts: Vec<String> = texts.chain((0..70).map(|n| format!("text {n}"))).collect();
        let doc = add(&mut library, "/notes/a.md", &texts.iter().map(String::as_str).collect::<Vec<_>>());
        let failed: BTreeSet<_> = (0..80).map(|n| key(&MODEL, "", &format!("home {n}"))).collect();
        let lent = |home: &HomeTexts| match list(library.kv(), MODEL, (&[(doc, 0)], 9_999, (None, &[])), home, there)
            .unwrap()
        {
            Outcome::Lendable(LendableChunks { chunks, longer, .. }) => {
                (chunks.len(), chunks.iter().all(|chunk| chunk.text.text.starts_with("text")), longer.len())
            }
            other => panic!("{other:?}"),
        };
        let mut home = HomeTexts { failed, ..HomeTexts::default() };
        assert_eq!(lent(&home), (LEASE_CHUNKS_MAX, true, 1));
        home.wanted.insert(doc);
        assert_eq!(lent(&home), (LEASE_CHUNKS_MAX, false, 1), "another device is to try what failed here");
    }

    #[test]
    fn what_is_kept_without_its_file_is_lent_to_nobody() {
        let mut library = Library::open(MemoryKv::new()).unwrap();
        let source = Source { path: b"/notes".into(), collection: "home".to_owned(), ring: Ring::Mesh, device: 1 };
        library.apply(&Change::Sources(Sources::from(vec![source]))).unwrap();
        let doc = add(&mut library, "/notes/kept.md", &["the kept gate"]);
        let lent = |library: &Library<MemoryKv>| match list(
            library.kv(),
            MODEL,
            (&[(doc, 0)], 9, (None, &[])),
            &HomeTexts::default(),
            there,
        )
        .unwrap()
        {
            Outcome::Lendable(LendableChunks { chunks, .. }) => chunks.len(),
            other => panic!("{other:?}"),
        };
        assert_eq!(lent(&library), 1);
        let found = FoundDocument::new(doc, &read::document(library.kv(), doc).unwrap().unwrap());
        library.apply(&Change::Kept { found, since: 60 }).unwrap();
        assert_eq!(lent(&library), 0, "it may be in a private folder by now");
    }

    #[test]
    fn any_text_may_be_drawn_whose_vector_is_known_wherever_its_row_is_and_none_that_is_owed_a_check() {
        let mut library = Library::open(MemoryKv::new()).unwrap();
        let source = Source { path: b"/notes".into(), collection: "home".to_owned(), ring: Ring::Mesh, device: 1 };
        library.apply(&Change::Sources(Sources::from(vec![source]))).unwrap();
        let texts: Vec<String> = (0..600).map(|n| format!("the text {n}")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let doc = add(&mut library, "/notes/a.md", &texts);
        let chunks = read::document(library.kv(), doc).unwrap().unwrap().chunks;
        let values = StandIn::new(MODEL).embed("x").unwrap().quantize();
        let vectors: Vec<_> =
            chunks.iter().zip(&texts).map(|(chunk, text)| (chunk.row, key(&MODEL, "", text), values.clone())).collect();
        // The first third is owed a check, the second has no vector any more, and the last is this device's.
        let (by, owed) = (PeerKey([2; 32]), vectors[..200].to_vec());
        let rows = owed.iter().map(|(row, key, _)| (*row, *key)).collect();
        library.apply(&Change::Unproven { by, model: MODEL, vectors: owed }).unwrap();
        library.apply(&Change::Vouched { doc, by, checks: 10, rows }).unwrap();
        library.apply(&Change::Embedded { doc, model: MODEL, vectors: vectors[400..].to_vec() }).unwrap();
        let mut drawn = std::collections::BTreeSet::new();
        for seed in 0..60 {
            let Outcome::Lendable(listed) =
                list(library.kv(), MODEL, (&[], 9, (Some(seed), &[])), &HomeTexts::default(), there).unwrap()
            else {
                panic!()
            };
            assert_eq!(listed.known.len(), KNOWN_MAX, "seed {seed}");
            drawn.extend(listed.known.into_iter().map(|known| known.chunk.row));
        }
        assert!(drawn.iter().all(|row| *row >= chunks[400].row), "{drawn:?}");
        // By its row one that is owed a check is read too, to be confirmed; one without a vector is not, and none of a folder that is private by now.
        let rows = [chunks[7].row, chunks[300].row, chunks[401].row];
        let read = |library: &Library<MemoryKv>| match list(
            library.kv(),
            MODEL,
            (&[], 9, (None, &rows)),
            &HomeTexts::default(),
            there,
        )
        .unwrap()
        {
            Outcome::Lendable(LendableChunks { known, unconfirmed, .. }) if known.is_empty() => {
                unconfirmed.into_iter().map(|known| (known.chunk.row, known.by)).collect::<Vec<_>>()
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(read(&library), [(rows[0], Some(by)), (rows[2], None)]);
        let source = Source { path: b"/notes".into(), collection: "home".to_owned(), ring: Ring::Private, device: 1 };
        library.apply(&Change::Sources(Sources::from(vec![source]))).unwrap();
        assert_eq!(read(&library), []);
        assert!(drawn.len() > 150, "{} of 200", drawn.len());
    }

    #[test]
    fn a_text_whose_file_is_not_there_is_lent_to_nobody_though_no_scan_has_found_that_yet() {
        let mut library = Library::open(MemoryKv::new()).unwrap();
        let source = Source { path: b"/notes".into(), collection: "home".to_owned(), ring: Ring::Mesh, device: 1 };
        library.apply(&Change::Sources(Sources::from(vec![source]))).unwrap();
        let docs =
            [add(&mut library, "/notes/a.md", &["the hedge"]), add(&mut library, "/notes/moved.md", &["the diary"])];
        let known = add(&mut library, "/notes/moved_too.md", &["the letter"]);
        let row = read::document(library.kv(), known).unwrap().unwrap().chunks[0].row;
        let vector = StandIn::new(MODEL).embed("the letter").unwrap().quantize();
        let vectors = vec![(row, key(&MODEL, "", "the letter"), vector)];
        library.apply(&Change::Embedded { doc: known, model: MODEL, vectors }).unwrap();
        let lent = |look: &dyn Fn(BTreeSet<Vec<u8>>) -> Looks| {
            let docs = docs.map(|doc| (doc, 0));
            let listed = list(library.kv(), MODEL, (&docs, 9, (Some(0), &[])), &HomeTexts::default(), look).unwrap();
            let Outcome::Lendable(LendableChunks { chunks, known, .. }) = listed else { panic!("{listed:?}") };
            (chunks.into_iter().map(|chunk| chunk.text.text).collect::<Vec<_>>(), known.len())
        };
        let is_moved = |path: &[u8]| path.starts_with(b"/notes/moved");
        assert_eq!(lent(&there), (vec!["the hedge".to_owned(), "the diary".to_owned()], 1));
        let missing = |path: Vec<u8>| (path.clone(), if is_moved(&path) { Look::Missing(None) } else { Look::There });
        assert_eq!(
            lent(&|paths: BTreeSet<Vec<u8>>| paths.into_iter().map(missing).collect()),
            (vec!["the hedge".to_owned()], 0)
        );
        let silent = |paths: BTreeSet<Vec<u8>>| there(paths).into_iter().filter(|(path, _)| !is_moved(path)).collect();
        assert_eq!(lent(&silent), (vec!["the hedge".to_owned()], 0), "it may be anywhere");
    }
}
