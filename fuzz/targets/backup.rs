//! The file of a backup: whatever the bytes, the reader comes to an end, and what it takes for whole is written again as it was.

use wattle::store::backup::{Head, Item, Reader, Writer};
use wattle::store::kv::Space;

/// Asserts what the head of this file describes.
pub fn check(data: &[u8]) {
    let Ok(mut reader) = Reader::new(data) else { return };
    let mut items = Vec::new();
    loop {
        match reader.next_item() {
            Ok(Some(item)) => items.push(item),
            Ok(None) => break,
            Err(_) => return,
        }
    }
    let again = written(reader.head(), &items);
    let mut reader = Reader::new(&again[..]).unwrap();
    let mut read = Vec::new();
    while let Some(item) = reader.next_item().unwrap() {
        read.push(item);
    }
    assert_eq!(read, items);
}

fn written(head: &Head, items: &[Item]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), head).unwrap();
    for item in items {
        match item {
            Item::File(name, content) => writer.file(name, content).unwrap(),
            Item::Pairs(space, pairs) => writer.pairs(*space, pairs).unwrap(),
        }
    }
    writer.end().unwrap()
}

/// An empty one, and one with a file and pairs.
pub fn seeds() -> Vec<Vec<u8>> {
    let head = Head { made_s: 1_800_000_000, model: [7; 32], documents: 1, chunks: 1, vectors: 0 };
    let pairs = vec![(vec![0], vec![0; 8]), (vec![0, 0, 0, 0, 0, 0, 0, 1], b"a chunk".to_vec())];
    let items = [Item::File("config.toml".to_owned(), b"[node]\n".to_vec()), Item::Pairs(Space::Chunk, pairs)];
    vec![written(&head, &[]), written(&head, &items)]
}
