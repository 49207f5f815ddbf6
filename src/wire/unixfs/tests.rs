//! Nodes of the specification, of our own making, and forged.

use super::*;
use crate::limits::IPFS_LEAF_BYTES;

/// The file of the UnixFS specification's test vectors that has several blocks: of 256 bytes, the last of two.
const LEAVES: [&str; 5] = [
    "bafkreie5noke3mb7hqxukzcy73nl23k6lxszxi5w3dtmuwz62wnvkpsscm",
    "bafkreih4ephajybraj6wnxsbwjwa77fukurtpl7oj7t7pfq545duhot7cq",
    "bafkreigu7buvm3cfunb35766dn7tmqyh2um62zcio63en2btvxuybgcpue",
    "bafkreicll3huefkc3qnrzeony7zcfo7cr3nbx64hnxrqzsixpceg332fhe",
    "bafkreifst3pqztuvj57lycamoi7z34b4emf7gawxs74nwrc2c7jncmpaqm",
];

fn file(leaves: impl IntoIterator<Item = Tree>) -> (Tree, Vec<Node>) {
    let (mut builder, mut nodes) = (FileBuilder::default(), Vec::new());
    leaves.into_iter().for_each(|leaf| builder.leaf(leaf, &mut nodes));
    let tree = builder.finish(&mut nodes);
    (tree, nodes)
}

#[test]
fn the_file_of_the_specification_has_its_name() {
    let leaf = |(cid, length): (&str, u64)| Tree { cid: cid.parse().unwrap(), total: length, length };
    let (tree, nodes) = file(LEAVES.into_iter().zip([256, 256, 256, 256, 2]).map(leaf));
    assert_eq!(tree.cid.to_string(), "bafybeigcisqd7m5nf3qmuvjdbakl5bdnh4ocrmacaqkpuh77qjvggmt2sa");
    assert_eq!((tree.length, nodes.len()), (1026, 1));
    assert!(tree.cid.verifies(&nodes[0].block));
    let links = LEAVES.map(|cid| cid.parse().unwrap()).to_vec();
    let sizes = Sizes { whole: Some(1026), parts: vec![256, 256, 256, 256, 2] };
    assert_eq!(read(&nodes[0].block), Ok(Content::File { bytes: Vec::new(), links, sizes }));
}

#[test]
fn a_file_of_one_leaf_is_that_leaf_also_where_it_is_empty() {
    for bytes in [&b""[..], b"hello world"] {
        assert_eq!(file([Tree::of_leaf(bytes)]), (Tree::of_leaf(bytes), Vec::new()));
    }
    assert_eq!(file([]).0.cid.to_string(), "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku");
}

/// How many levels of nodes lie over each leaf, all the same, and how many leaves there are.
fn depth(of: Cid, nodes: &[Node]) -> (usize, usize) {
    let Some(node) = nodes.iter().find(|node| node.cid == of) else { return (0, 1) };
    let Ok(Content::File { links, .. }) = read(&node.block) else { panic!("it is a file") };
    let below: Vec<(usize, usize)> = links.iter().map(|link| depth(*link, nodes)).collect();
    assert!(below.iter().all(|(depth, _)| *depth == below[0].0), "all leaves are at the same depth");
    (below[0].0 + 1, below.iter().map(|(_, leaves)| leaves).sum())
}

#[test]
fn trees_are_balanced_and_a_full_level_has_no_node_over_it() {
    let leaf = |number: u64| Tree { length: IPFS_LEAF_BYTES as u64, ..Tree::of_leaf(&number.to_be_bytes()) };
    let most = IPFS_LINKS_MAX as u64;
    for (leaves, levels) in [
        (2, 1),
        (most, 1),
        (most + 1, 2),
        (2 * most, 2),
        (most * most, 2),
        (most * most + 1, 3),
        (most * most + most + 1, 3),
    ] {
        let (tree, nodes) = file((0..leaves).map(leaf));
        assert_eq!(depth(tree.cid, &nodes), (levels, usize::try_from(leaves).unwrap()));
        assert_eq!(tree.length, leaves * IPFS_LEAF_BYTES as u64);
        let blocks: u64 = nodes.iter().map(|node| node.block.len() as u64).sum();
        assert_eq!(tree.total, blocks + 8 * leaves, "the size of all blocks");
    }
}

#[test]
fn a_folder_names_its_files_and_an_empty_one_has_its_well_known_name() {
    let mut nodes = Vec::new();
    let empty = folder(&BTreeMap::new(), &mut nodes).unwrap();
    assert_eq!(empty.cid.to_string(), "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354");
    let file = Tree::of_leaf(b"hello world");
    let entries = BTreeMap::from([("b.txt".to_owned(), file), ("a".to_owned(), empty)]);
    let tree = folder(&entries, &mut nodes).unwrap();
    let content = read(&nodes.last().unwrap().block).unwrap();
    assert_eq!(content, Content::Folder(vec![("a".to_owned(), empty.cid), ("b.txt".to_owned(), file.cid)]));
    assert_eq!(tree.cid, nodes.last().unwrap().cid);
    let many: BTreeMap<String, Tree> = (0..50_000).map(|number| (format!("{number:06}"), file)).collect();
    assert_eq!(folder(&many, &mut nodes), Err(FullFolder));
}

#[test]
fn what_is_no_file_or_folder_is_refused() {
    assert_eq!(read(b""), Err(BadNode::Form), "a node without data");
    assert_eq!(read(&[0x0a, 0x02, 0x08, 0x04]), Err(BadNode::Kind), "a link of a file system");
    assert_eq!(read(&[0x0a, 0x02, 0x08, 0x05]), Err(BadNode::Kind), "shards");
    assert_eq!(read(&[0x0a, 0x09, 0x08]), Err(BadNode::Form), "cut off");
    let mut name = Vec::new();
    protobuf::put_bytes(&mut name, 1, &Cid::of_raw(b"x").to_bytes());
    protobuf::put_bytes(&mut name, 2, &[0xff]);
    let mut node = Vec::new();
    protobuf::put_bytes(&mut node, 2, &name);
    protobuf::put_bytes(&mut node, 1, &[0x08, 0x01]);
    assert_eq!(read(&node), Err(BadNode::Name));
    let inside = [0x0a, 0x07, 0x08, 0x02, 0x12, 0x03, b'a', b'b', b'c'];
    let sizes = Sizes::default();
    assert_eq!(read(&inside), Ok(Content::File { bytes: b"abc".to_vec(), links: Vec::new(), sizes }));
}

/// A node of a file with "ab" in it and this many links to a block of one byte.
fn claiming(whole: Option<u64>, parts: &[u64], links: usize, packed: bool) -> Vec<u8> {
    let (mut block, mut link, mut data) = (Vec::new(), Vec::new(), Vec::new());
    protobuf::put_bytes(&mut link, 1, &Cid::of_raw(b"x").to_bytes());
    (0..links).for_each(|_| protobuf::put_bytes(&mut block, 2, &link));
    protobuf::put_value(&mut data, 1, FILE);
    protobuf::put_bytes(&mut data, 2, b"ab");
    whole.into_iter().for_each(|whole| protobuf::put_value(&mut data, 3, whole));
    if packed {
        let list: Vec<u8> = parts.iter().map(|part| u8::try_from(*part).unwrap()).collect();
        protobuf::put_bytes(&mut data, 4, &list);
    } else {
        parts.iter().for_each(|part| protobuf::put_value(&mut data, 4, *part));
    }
    protobuf::put_bytes(&mut block, 1, &data);
    block
}

#[test]
fn sizes_that_do_not_add_up_within_a_node_are_refused() {
    for (whole, parts, links) in [
        (Some(4), &[1, 1][..], 2),
        (None, &[1, 1], 2),
        (Some(2), &[], 0),
        (None, &[], 0),
        // Only the blocks below can tell.
        (Some(1 << 60), &[], 2),
        (None, &[], 2),
    ] {
        let read = read(&claiming(whole, parts, links, false));
        let sizes = Sizes { whole, parts: parts.to_vec() };
        assert!(matches!(&read, Ok(Content::File { sizes: said, .. }) if *said == sizes), "{read:?}");
    }
    for (whole, parts, links) in [
        (Some(1 << 60), &[1, 1][..], 2),
        (Some(1 << 60), &[], 0),
        (Some(4), &[1], 2),
        (Some(4), &[1, 1], 0),
        (Some(3), &[1, 1], 2),
        (Some(1), &[u64::MAX, 2], 2),
    ] {
        assert_eq!(read(&claiming(whole, parts, links, false)), Err(BadNode::Sizes), "{whole:?} {parts:?}");
    }
    let packed = read(&claiming(Some(5), &[1, 2], 2, true));
    assert!(matches!(&packed, Ok(Content::File { sizes, .. }) if sizes.parts == [1, 2]), "{packed:?}");
    assert_eq!(read(&claiming(Some(5), &[1, 1], 2, true)), Err(BadNode::Sizes));
}
