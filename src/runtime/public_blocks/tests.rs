//! Blocks of files and passages of a store on a disk.

use super::*;
use crate::base::id::{EmbedKey, Ring};
use crate::limits::IPFS_LEAF_BYTES;
use crate::platform::disk::Sync;
use crate::store::change::{Change, NewChunk};
use crate::store::library::Library;
use crate::store::record::{FileStamp, Source};
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
        let blocks = PublicBlocks::new(disk.clone());
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

    /// A file with one passage.
    fn file(&mut self, name: &str, bytes: &[u8], text: &str) -> Vec<u8> {
        fs::write(self.path(name), bytes).unwrap();
        let path = self.path(name).into_os_string().into_encoded_bytes();
        let stamp = FileStamp { size: bytes.len() as u64, ..FileStamp::default().on_volume(3) };
        let seen = Change::Seen { path: path.clone(), stamp, collection: "papers".to_owned(), ring: Ring::Mesh };
        let doc = self.library.apply(&seen).unwrap().doc.unwrap();
        let mut content = [0; 16];
        content.copy_from_slice(&Cid::of_raw(bytes).to_bytes()[4..20]);
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
    let found = place.blocks.document(&path).unwrap();
    let file = found.file.unwrap();
    assert_eq!((file.cid, file.length), (Cid::of_raw(b"# A\n\nhello world\n"), 17));
    assert_eq!(place.blocks.block(&file.cid).as_deref(), Some(&b"# A\n\nhello world\n"[..]));
    assert_eq!(found.passages, [Cid::of_raw(b"hello world")]);
    assert_eq!(place.blocks.block(&found.passages[0]).as_deref(), Some(&b"hello world"[..]));
    assert_eq!(place.blocks.block(&Cid::of_raw(b"other")), None);
    assert_eq!(place.blocks.document(b"/etc/passwd"), None);
}

#[test]
fn a_large_file_is_walked_from_its_top_and_comes_out_whole() {
    let mut place = Place::new();
    let bytes: Vec<u8> = (0..3 * IPFS_LEAF_BYTES + 5).map(|at| (at / 7 % 251).to_le_bytes()[0]).collect();
    let path = place.file("large.bin", &bytes, "large");
    let top = place.blocks.document(&path).unwrap().file.unwrap();
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
    let top = place.blocks.document(&path).unwrap().file.unwrap();
    fs::write(place.path("a.md"), b"other text").unwrap();
    assert_eq!(place.blocks.block(&top.cid), None);
    let mut walk = Walk::from(top.cid, place.blocks.clone(), false);
    assert_eq!((walk.step(), walk.step()), (Some(Err(top.cid)), None));
    fs::remove_file(place.path("a.md")).unwrap();
    assert_eq!(place.blocks.block(&top.cid), None);
    // Once it was read again, the new bytes have theirs.
    let path = place.file("a.md", b"another text", "another");
    let now = place.blocks.document(&path).unwrap().file.unwrap();
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
    let found = place.blocks.document(&path).unwrap();
    let cids = [found.file.unwrap().cid, found.passages[0]];
    assert!(cids.iter().all(|cid| place.blocks.block(cid).is_some()));
    for ring in [Ring::Mesh, Ring::Private] {
        place.ring(ring);
        assert!(cids.iter().all(|cid| place.blocks.block(cid).is_none()), "{ring:?}");
        assert!(place.blocks.files(None).is_empty());
        assert_eq!(place.blocks.document(&path), None);
    }
    place.ring(Ring::Public);
    assert_eq!(place.blocks.files(Some("Papers")).len(), 1);
    assert!(place.blocks.files(Some("other")).is_empty());
    assert!(cids.iter().all(|cid| place.blocks.block(cid).is_some()));
}

#[test]
fn a_file_with_a_secret_is_withheld_also_where_no_passage_has_it() {
    let mut place = Place::new();
    let secret = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
    let path = place.file("a.md", format!("Notes\n\n{secret}\n").as_bytes(), "Notes");
    let found = place.blocks.document(&path).unwrap();
    assert_eq!((found.file, found.passages, found.is_withheld), (None, Vec::new(), true));
    assert_eq!(place.blocks.block(&Cid::of_raw(b"Notes")), None);
    assert!(place.blocks.files(None).is_empty());
}

#[test]
fn strangers_have_the_disk_looked_at_now_and_then_only() {
    let mut place = Place::new();
    assert_eq!(place.blocks.block(&Cid::of_raw(b"one")), None);
    place.file("a.md", b"one", "a");
    assert_eq!(place.blocks.block(&Cid::of_raw(b"one")), None, "it was looked at just now");
    assert_eq!(place.blocks.files(None).len(), 1, "an owner's question looks at once");
    assert!(place.blocks.block(&Cid::of_raw(b"one")).is_some());
}
