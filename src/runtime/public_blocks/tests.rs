//! Blocks of files and passages of a store on a disk.

use super::*;
use crate::base::id::{EmbedKey, Ring};
use crate::limits::IPFS_LEAF_BYTES;
use crate::platform::disk::Sync;
use crate::store::change::{Change, NewChunk};
use crate::store::library::Library;
use crate::store::record::{Asked, FileStamp, Source};
use crate::worker::extract::content_hash;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

struct Place {
    folder: tempfile::TempDir,
    library: Library<Disk>,
    blocks: PublicBlocks,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("files")).unwrap();
        let disk = Disk::open(&folder.path().join("store"), Sync::Buffer).unwrap();
        let mut blocks = PublicBlocks::new(disk.clone());
        // This program of tests is no parser, and looks when a test says so.
        let finds: FindsSecret = |_, path, _| match path {
            path if path.ends_with(b"key.docx") => Ok(true),
            path if path.ends_with(b"busy.docx") => Err("it is busy".to_owned()),
            _ => Ok(false),
        };
        blocks.readers = Readers { needs: |path, _| path.ends_with(b".docx"), finds, begin: |_, _| {} };
        let mut place = Self { folder, library: Library::open(disk).unwrap(), blocks };
        place.ring(Ring::Public);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("files").join(name)
    }

    fn ring(&mut self, ring: Ring) {
        let path = self.path("").as_os_str().as_bytes().strip_suffix(b"/").unwrap().to_vec();
        let source = Source { path, collection: "papers".to_owned(), ring, device: 1 };
        self.library.apply(&Change::Sources(vec![source].into())).unwrap();
    }

    /// How many files are given out.
    fn files(&self, collection: Option<&str>) -> usize {
        self.blocks.files(collection).unwrap().files.len()
    }

    /// A file with one passage.
    fn file(&mut self, name: &str, bytes: &[u8], text: &str) -> Vec<u8> {
        fs::write(self.path(name), bytes).unwrap();
        let path = self.path(name).into_os_string().into_encoded_bytes();
        let stamp = FileStamp { size: bytes.len() as u64, ..FileStamp::default().on_volume(3) };
        let seen = Change::Seen { path: path.clone(), stamp, collection: "papers".to_owned(), ring: Ring::Mesh };
        let doc = self.library.apply(&seen).unwrap().doc.unwrap();
        let content = content_hash(bytes);
        let (key, heading, text) = (EmbedKey(content), String::new(), text.to_owned());
        let chunks = vec![NewChunk { key, heading, text, start: 0, end: 1 }];
        self.library.apply(&Change::Chunked { doc, stamp, content, chunks }).unwrap();
        path
    }
}

#[test]
fn a_small_file_is_one_block_and_its_passage_another() {
    let mut place = Place::new();
    let path = place.file("a.md", b"# A\n\nhello world\n", "hello world");
    let found = place.blocks.document(&path).unwrap().unwrap();
    let file = found.file.unwrap();
    assert_eq!((file.cid, file.length), (Cid::of_raw(b"# A\n\nhello world\n"), 17));
    assert_eq!(place.blocks.block(&file.cid).as_deref(), Some(&b"# A\n\nhello world\n"[..]));
    assert_eq!(found.passages, [Cid::of_raw(b"hello world")]);
    assert_eq!(place.blocks.block(&found.passages[0]).as_deref(), Some(&b"hello world"[..]));
    assert_eq!(place.blocks.block(&Cid::of_raw(b"other")), None);
    assert_eq!(place.blocks.document(b"/etc/passwd"), Ok(None));
}

#[test]
fn a_large_file_is_walked_from_its_top_and_comes_out_whole() {
    let mut place = Place::new();
    let lines: String = (0..40_000).map(|at| format!("The boiler hums {at} times.\n")).collect();
    let bytes = lines.as_bytes()[..3 * IPFS_LEAF_BYTES + 5].to_vec();
    let path = place.file("large.txt", &bytes, "large");
    let top = place.blocks.document(&path).unwrap().unwrap().file.unwrap();
    assert_eq!(top.length, bytes.len() as u64);
    let (mut walk, mut whole, mut count) = (Walk::from(top.cid, place.blocks.clone(), false), Vec::new(), 0);
    while let Some(step) = walk.step() {
        let (cid, block) = step.unwrap();
        assert!(cid.verifies(&block));
        assert_eq!(count == 0, cid == top.cid, "the top comes first");
        if count > 0 {
            whole.extend(block);
        }
        count += 1;
    }
    assert_eq!((count, whole == bytes), (5, true));
    let mut alone = Walk::from(top.cid, place.blocks.clone(), true);
    assert!(alone.step().is_some_and(|step| step.is_ok()) && alone.step().is_none());
}

#[test]
fn a_file_that_changed_has_no_blocks_and_never_wrong_ones() {
    let mut place = Place::new();
    let path = place.file("a.md", b"first text", "first");
    let top = place.blocks.document(&path).unwrap().unwrap().file.unwrap();
    fs::write(place.path("a.md"), b"other text").unwrap();
    assert_eq!(place.blocks.block(&top.cid), None);
    let mut walk = Walk::from(top.cid, place.blocks.clone(), false);
    assert_eq!((walk.step(), walk.step()), (Some(Err(top.cid)), None));
    fs::remove_file(place.path("a.md")).unwrap();
    assert_eq!(place.blocks.block(&top.cid), None);
    // Once it was read again, the new bytes have theirs.
    let path = place.file("a.md", b"another text", "another");
    let now = place.blocks.document(&path).unwrap().unwrap().file.unwrap();
    assert_eq!(place.blocks.block(&now.cid).as_deref(), Some(&b"another text"[..]));
    // A link in the place of the file is not followed.
    fs::copy(place.path("a.md"), place.path("b.md")).unwrap();
    fs::remove_file(place.path("a.md")).unwrap();
    std::os::unix::fs::symlink(place.path("b.md"), place.path("a.md")).unwrap();
    assert_eq!(place.blocks.block(&now.cid), None);
}

#[test]
fn what_is_not_public_any_more_is_not_given_out_from_that_moment_on() {
    let mut place = Place::new();
    let path = place.file("a.md", b"text", "passage");
    let found = place.blocks.document(&path).unwrap().unwrap();
    let cids = [found.file.unwrap().cid, found.passages[0]];
    assert!(cids.iter().all(|cid| place.blocks.block(cid).is_some()));
    for ring in [Ring::Mesh, Ring::Private] {
        place.ring(ring);
        assert!(cids.iter().all(|cid| place.blocks.block(cid).is_none()), "{ring:?}");
        assert!(place.files(None) == 0);
        assert_eq!(place.blocks.document(&path), Ok(None));
    }
    place.ring(Ring::Public);
    assert_eq!(place.files(Some("Papers")), 1);
    assert!(place.files(Some("other")) == 0);
    assert!(cids.iter().all(|cid| place.blocks.block(cid).is_some()));
}

#[test]
fn a_file_with_a_secret_is_withheld_also_where_no_passage_has_it() {
    let mut place = Place::new();
    let secret = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
    let path = place.file("a.md", format!("Notes\n\n{secret}\n").as_bytes(), "Notes");
    let found = place.blocks.document(&path).unwrap().unwrap();
    assert_eq!((found.file, found.passages, found.state), (None, Vec::new(), State::Withheld));
    assert_eq!(place.blocks.block(&Cid::of_raw(b"Notes")), None);
    // In other letters, and where only a passage has it, as one of an earlier reader.
    let wide: Vec<u8> = format!("\u{feff}Notes\n\n{secret}\n").encode_utf16().flat_map(u16::to_le_bytes).collect();
    place.file("b.txt", &wide, "Notes in wide letters");
    place.file("c.md", b"packed away", secret);
    let files = place.blocks.files(None).unwrap();
    assert_eq!((files.files.len(), files.left_out), (0, LeftOut { withheld: 3, ..LeftOut::default() }));
}

#[test]
fn a_document_in_which_a_parser_finds_a_secret_is_withheld_and_one_that_it_cannot_look_at_now_waits() {
    let mut place = Place::new();
    for name in ["key.docx", "busy.docx", "plain.docx"] {
        place.file(name, format!("{name} of words").as_bytes(), "words");
    }
    let left_out = |withheld, unread| LeftOut { withheld, unread, ..LeftOut::default() };
    let files = place.blocks.files(None).unwrap();
    assert_eq!((files.files.len(), files.left_out), (0, left_out(0, 3)), "nobody looked at any");
    place.blocks.look_at_packed(usize::MAX);
    let files = place.blocks.files(None).unwrap();
    assert_eq!((files.files.len(), files.left_out), (1, left_out(1, 1)));
    assert!(files.files[0].path.ends_with(b"plain.docx"));
    assert_eq!(place.blocks.block(&Cid::of_raw(b"key.docx of words")), None);
    // As soon as it can be looked at, it is given out.
    place.blocks.readers.finds = |_, _, _| Ok(false);
    place.blocks.look_at_packed(usize::MAX);
    assert_eq!(place.blocks.files(None).unwrap().left_out, left_out(1, 0));
    // A file with bytes that were looked at under this name is not looked at again.
    place.blocks.readers.finds = |_, _, _| Err("nobody looks any more".to_owned());
    fs::create_dir(place.path("moved")).unwrap();
    place.file("moved/key.docx", b"key.docx of words", "words");
    place.file("moved/plain.docx", b"plain.docx of words", "words");
    let files = place.blocks.files(None).unwrap();
    assert_eq!((files.files.len(), files.left_out), (3, left_out(2, 0)));
}

#[test]
fn plain_files_do_not_wait_for_packed_ones_and_a_stranger_has_few_looked_at() {
    let mut place = Place::new();
    place.blocks.readers.finds = |_, _, _| Ok(false);
    place.blocks.readers.begin = PublicBlocks::look_at_packed;
    place.file("a.md", b"plain", "plain words");
    for n in 0..3 {
        place.file(&format!("{n}.docx"), format!("packed {n}").as_bytes(), "packed words");
    }
    let packed = |place: &Place| {
        let blocks = (0..3).filter_map(|n| place.blocks.held(&Cid::of_raw(format!("packed {n}").as_bytes())));
        blocks.count()
    };
    assert!(place.blocks.block(&Cid::of_raw(b"plain")).is_some(), "the first question finds it");
    assert_eq!(place.blocks.held(&Cid::of_raw(b"packed words")), None, "nor its passages, before anybody looked");
    let known = |place: &Place| 3 - place.blocks.not_looked_at(&place.blocks.table()).len();
    assert_eq!((known(&place), packed(&place)), (PUBLIC_LOOKED_AT_MAX, 0));
    assert_eq!(place.blocks.block(&Cid::of_raw(b"none")), None);
    assert_eq!(known(&place), PUBLIC_LOOKED_AT_MAX, "so soon after the other none is looked at");
    assert_eq!(
        place.files(None),
        1 + PUBLIC_LOOKED_AT_MAX,
        "an owner is told what is there, and has the others looked at"
    );
    assert_eq!((known(&place), place.files(None), packed(&place)), (3, 4, 3));
}

#[test]
fn bytes_that_the_agent_did_not_read_have_no_names() {
    let mut place = Place::new();
    let path = place.file("a.md", b"first text", "first");
    fs::write(place.path("a.md"), b"other text, which nobody looked at").unwrap();
    let found = place.blocks.document(&path).unwrap().unwrap();
    assert_eq!((found.file, found.state), (None, State::Unread));
    assert_eq!(place.blocks.block(&Cid::of_raw(b"other text, which nobody looked at")), None);
    assert_eq!(place.blocks.files(None).unwrap().left_out, LeftOut { unread: 1, ..LeftOut::default() });
}

#[test]
fn a_file_that_could_not_be_read_for_a_moment_is_given_out_as_soon_as_it_can() {
    let mut place = Place::new();
    let path = place.file("a.md", b"first text", "first");
    fs::remove_file(place.path("a.md")).unwrap();
    assert_eq!(place.blocks.document(&path).unwrap().unwrap().state, State::Unread);
    fs::write(place.path("a.md"), b"first text").unwrap();
    assert_eq!(place.blocks.document(&path).unwrap().unwrap().state, State::Given, "the store did not change");
}

#[test]
fn who_asks_while_the_table_is_made_is_told_so_and_an_owner_waits() {
    let mut place = Place::new();
    place.file("a.md", b"one", "a");
    let cid = Cid::of_raw(b"one");
    let under_way = place.blocks.begin(false).unwrap();
    assert_eq!((place.blocks.find(&cid), place.blocks.block(&cid)), (Found::Busy, None));
    let (blocks, asked) = (place.blocks.clone(), cid);
    #[expect(clippy::disallowed_methods, reason = "a test's own thread")]
    let owner = std::thread::spawn(move || {
        let files = blocks.files(None).unwrap().files.len();
        (files, blocks.find(&asked))
    });
    drop(under_way);
    assert_eq!(owner.join().unwrap(), (1, Found::Block(b"one".to_vec())));
    assert_eq!(place.blocks.find(&Cid::of_raw(b"two")), Found::Missing);
}

#[test]
fn a_commit_that_changes_no_document_makes_no_new_table_for_strangers() {
    let mut place = Place::new();
    place.file("a.md", b"one", "a");
    assert_eq!(place.files(None), 1);
    let kv = place.blocks.disk.snapshot();
    let (before, number) = Seen::of(&kv).unwrap();
    place.library.apply(&Change::Asked(Asked(vec![b"/elsewhere".to_vec()]))).unwrap();
    let (after, later) = Seen::of(&place.blocks.disk.snapshot()).unwrap();
    assert!(before == after && number < later);
    place.file("b.md", b"two", "b");
    assert!(Seen::of(&place.blocks.disk.snapshot()).unwrap().0 != after);
}

#[test]
fn strangers_have_the_disk_looked_at_now_and_then_only() {
    let mut place = Place::new();
    assert_eq!(place.blocks.block(&Cid::of_raw(b"one")), None);
    place.file("a.md", b"one", "a");
    assert_eq!(place.blocks.block(&Cid::of_raw(b"one")), None, "it was looked at just now");
    assert_eq!(place.files(None), 1, "an owner's question looks at once");
    assert!(place.blocks.block(&Cid::of_raw(b"one")).is_some());
}
