//! Another model over vectors of all versions of their record: none is lost, and each is the same after going back.

use super::*;
use crate::store::change::Remade;
use crate::store::library::sample_test;
use crate::store::record::Vector;

const OLD: Fingerprint = Fingerprint([7; 32]);
const NEW: Fingerprint = Fingerprint([8; 32]);
/// The versions of the record whose vectors count.
const VERSIONS: u8 = 4;

/// The bytes of a vector as they stood in stores of that version.
fn fixture(version: u8) -> Vec<u8> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/records");
    std::fs::read(folder.join(format!("v{version}/vector"))).unwrap()
}

/// A library with a document, each of whose chunks has a vector of another version.
fn library() -> (Library<MemoryKv>, DocId) {
    let (mut library, doc) = sample_test::library(OLD, (0..VERSIONS).map(|n| (EmbedKey([n; 16]), "a text")));
    let values = Embedding::new(OLD, &[1.0; DIMENSIONS]).unwrap().quantize();
    let vectors = (0..VERSIONS).map(|n| (Row(n.into()), EmbedKey([n; 16]), values.clone())).collect();
    library.apply(&Change::Embedded { doc, model: OLD, vectors }).unwrap();
    let mut batch = Batch::new();
    (0..VERSIONS).for_each(|n| batch.put(Space::Vector, keys::row(Row(n.into())), fixture(n + 1)));
    library.kv().commit(batch).unwrap();
    (library, doc)
}

fn made(library: &Library<MemoryKv>, row: Row) -> Vector {
    read::made(library.kv(), row).unwrap().unwrap()
}

#[test]
fn no_vector_of_any_version_is_lost_with_another_model_and_each_is_the_same_after_going_back() {
    let (mut library, doc) = library();
    let rows = || (0..VERSIONS).map(|n| Row(n.into()));
    let before: Vec<Vector> = rows().map(|row| made(&library, row)).collect();
    assert!(before.iter().all(|vector| vector.model == OLD.into() && !vector.is_stale));
    assert_eq!(before.iter().map(|vector| vector.by).collect::<Vec<_>>(), [0, 9, 0, 9]);

    library.bind(NEW, &[]).unwrap();
    library.apply(&Change::Outdated { doc }).unwrap();
    let kept = rows().map(|row| Vector { is_stale: false, ..made(&library, row) });
    assert_eq!((kept.collect::<Vec<_>>(), library.commit().counts.vectors), (before.clone(), 0), "each answers on");

    let values = Embedding::new(NEW, &[-1.0; DIMENSIONS]).unwrap().quantize();
    let remade = |n: u8, old: u8, new: u8, vector| Remade {
        row: Row(n.into()),
        before: EmbedKey([n + old; 16]),
        key: EmbedKey([n + new; 16]),
        vector,
    };
    let rows_of_new = (0..VERSIONS).map(|n| remade(n, 0, 100, Some(values.clone()))).collect();
    library.apply(&Change::Remade { doc, model: NEW, at: 1, rows: rows_of_new }).unwrap();
    assert!(rows().all(|row| made(&library, row).model == NEW.into()));
    let retired = read::retired(library.kv()).unwrap();
    assert_eq!(retired.iter().map(|row| made(&library, *row)).collect::<Vec<_>>(), before, "each is kept");

    library.bind(OLD, &[]).unwrap();
    library.apply(&Change::Outdated { doc }).unwrap();
    let back = (0..VERSIONS).map(|n| remade(n, 100, 0, None)).collect();
    library.apply(&Change::Remade { doc, model: OLD, at: 2, rows: back }).unwrap();
    let after: Vec<Vector> = rows().map(|row| made(&library, row)).collect();
    assert_eq!(
        (after, library.commit().counts.live_vectors()),
        (before, 4),
        "and back again, without its text being embedded"
    );
}
