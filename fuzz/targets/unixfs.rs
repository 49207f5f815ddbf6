//! unixfs: what is read of a node is in it, and the nodes that we make are read back.

use std::collections::BTreeMap;
use wattle::wire::unixfs::{Content, FileBuilder, Tree, folder, read};

/// Asserts what the head of this file describes.
pub fn check(data: &[u8]) {
    match read(data) {
        Ok(Content::File { bytes, links, sizes }) => {
            assert!(bytes.len() + 34 * links.len() + sizes.parts.len() <= data.len());
            assert!(sizes.parts.is_empty() || sizes.parts.len() == links.len());
            let sum = sizes.parts.iter().try_fold(bytes.len() as u64, |sum, part| sum.checked_add(*part));
            assert!(sizes.parts.is_empty() || sizes.whole.is_none_or(|whole| sum == Some(whole)));
        }
        Ok(Content::Folder(entries)) => {
            let names: usize = entries.iter().map(|(name, _)| name.len()).sum();
            assert!(names + 34 * entries.len() <= data.len());
        }
        Err(_) => {}
    }
}

/// A file of two leaves, a folder with it, an empty folder, a file inside a node, and one that claims 2^60 bytes.
pub fn seeds() -> Vec<Vec<u8>> {
    let (mut builder, mut nodes) = (FileBuilder::default(), Vec::new());
    builder.leaf(Tree::of_leaf(b"hello "), &mut nodes);
    builder.leaf(Tree::of_leaf(b"world"), &mut nodes);
    let file = builder.finish(&mut nodes);
    let empty = folder(&BTreeMap::new(), &mut nodes).unwrap();
    folder(&BTreeMap::from([("a".to_owned(), file), ("b".to_owned(), empty)]), &mut nodes).unwrap();
    let mut seeds: Vec<Vec<u8>> = nodes.into_iter().map(|node| node.block).collect();
    seeds.push(vec![0x0a, 0x07, 0x08, 0x02, 0x12, 0x03, b'a', b'b', b'c']);
    let mut claims = vec![0x0a, 0x11, 0x08, 0x02, 0x12, 0x03, b'a', b'b', b'c', 0x18];
    claims.extend([0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]);
    seeds.push(claims);
    seeds
}
