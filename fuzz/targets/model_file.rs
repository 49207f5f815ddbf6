//! The one file of a multilingual model: whatever its bytes are, it is refused or gives tokens and vectors within their caps.
//!
//! The hashes of a file keep out all but the one that the manifest describes; here they fit whatever the bytes are.

use sha2::{Digest, Sha256};
use std::sync::Arc;
use wattle::embed::model::{Manifest, ModelError};
use wattle::embed::reader::{Rows, Side};
use wattle::limits::DIMENSIONS;

const BLOCK: usize = 4096;
const TOKENS_MAX: usize = 64;
/// Bytes at the end that are read as a text besides.
const TEXT_BYTES: usize = 300;

/// Asserts what the head of this file describes.
pub fn check(data: &[u8]) {
    let (file, manifest) = with_sums(data);
    let Ok((mut rows, weights)) = opened(file, &manifest) else { return };
    assert!(weights.len() <= data.len() + BLOCK);
    let text = String::from_utf8_lossy(&data[data.len().saturating_sub(TEXT_BYTES)..]);
    for (side, text) in [(Side::Query, "ab a"), (Side::Passage, &text), (Side::Passage, &"ab".repeat(99))] {
        let (mut ids, mut vectors) = (Vec::new(), Vec::new());
        let read = rows.read((side, text), TOKENS_MAX, &mut ids, &mut vectors);
        assert!((2..=TOKENS_MAX).contains(&ids.len()) && ids[0] == 0 && ids[ids.len() - 1] == 2);
        assert_eq!(vectors.len(), ids.len() * DIMENSIONS);
        assert!(read.is_err() || vectors.iter().all(|value| value.is_finite()));
    }
}

/// Opens the file.
///
/// # Errors
/// As the product refuses it.
pub fn opened(file: Vec<u8>, manifest: &str) -> Result<(Rows, Vec<u8>), ModelError> {
    Rows::open(Arc::new(file), &Manifest::parse(manifest.as_bytes())?)
}

/// A file with these bytes, padded, and their sums; and the manifest that describes it.
#[must_use]
pub fn with_sums(data: &[u8]) -> (Vec<u8>, String) {
    let mut file = data.to_vec();
    file.resize(data.len().max(1).next_multiple_of(BLOCK), 0);
    let sums: Vec<u8> = file.chunks(BLOCK).flat_map(|block| Sha256::digest(block)[..8].to_vec()).collect();
    file.extend(&sums);
    let sums: String = Sha256::digest(&sums).iter().map(|byte| format!("{byte:02x}")).collect();
    let whole = serde_json::json!({ "bytes": file.len(), "sha256": "5a".repeat(32), "sums_sha256": sums });
    let rule =
        "the heading path joined with \" > \", then a newline, then the text; the text alone when there is no heading";
    let manifest = serde_json::json!({
        "name": "tiny", "dimensions": DIMENSIONS, "token_limit": TOKENS_MAX, "pooling": "mean", "normalisation": "l2",
        "prefix_rule": rule, "tokenizer": "unigram", "prefixes": {"query": "b: ", "passage": "a: "}, "mean": "reflected",
        "cosine_threshold": 0.98, "files": {"model.wme": whole},
    });
    (file, manifest.to_string())
}

/// A model of eight words, whose pieces are `▁`, `▁a`, `b` and `ab`.
#[must_use]
pub fn tiny() -> Vec<u8> {
    let node = |byte: u8, ends: bool, first_child: u32| u32::from(byte) | u32::from(ends) << 8 | first_child << 9;
    let nodes = [
        node(0, false, 1),
        node(b'a', false, 4),
        node(b'b', true, 5),
        node(0xE2, false, 5),
        node(b'b', true, 6),
        node(0x96, false, 6),
        node(0x81, true, 7),
        node(b'a', true, 8),
        node(0, false, 8),
    ];
    let u32s = |numbers: &[u32]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>();
    let f32s = |numbers: &[f32]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>();
    // Scales of one half, and codes that count.
    let rows = (0..8).flat_map(|word| (0..216).map(move |at| if at < 192 { word * 7 + at } else { at % 2 * 0x38 }));
    let mean: Vec<f32> = (0..DIMENSIONS).map(|at| at as f32 / 1000.0).collect();
    let parts: [(&str, u8, &[usize], Vec<u8>); 9] = [
        ("words", 2, &[8, 216], rows.collect()),
        ("trie.nodes", 3, &[9], u32s(&nodes)),
        ("trie.ids", 3, &[4], u32s(&[6, 7, 4, 5])),
        ("trie.scores", 0, &[4], f32s(&[-3.0, -4.0, -2.0, -5.0])),
        ("replaced.points", 3, &[2], u32s(&[9, 0xFB01])),
        ("replaced.starts", 3, &[3], u32s(&[0, 1, 3])),
        ("replaced.by", 3, &[3], u32s(&[32, 97, 98])),
        ("mean", 0, &[DIMENSIONS], f32s(&mean)),
        ("graph", 2, &[5], b"graph".to_vec()),
    ];
    let (mut head, mut body) = (b"WME2".to_vec(), Vec::new());
    head.extend(u32s(&[parts.len() as u32]));
    for (name, kind, shape, bytes) in parts {
        head.extend((name.len() as u16).to_le_bytes());
        head.extend(name.as_bytes());
        head.extend([kind, shape.len() as u8]);
        head.extend(shape.iter().flat_map(|size| (*size as u32).to_le_bytes()));
        head.extend((512 + body.len() as u64).to_le_bytes());
        body.extend(bytes);
        body.resize(body.len().next_multiple_of(64), 0);
    }
    head.resize(512, 0);
    head.extend(body);
    head
}

/// The small model, and one whose head is cut.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let tiny = tiny();
    vec![tiny[..40].to_vec(), tiny]
}
