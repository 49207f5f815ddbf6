//! car: parts take no more than they say, the result does not depend on how the stream was cut, and what is read is written
//! back the same.

use wattle::limits::CAR_ROOTS_MAX;
use wattle::wire::car::{Part, Reader, SECTION_BYTES_MAX, head, put};
use wattle::wire::cid::Cid;

/// Asserts what the head of this file describes.
pub fn check(data: &[u8]) {
    let (mut reader, mut rest) = (Reader::default(), data);
    loop {
        let before = reader;
        let Ok(Some((part, used))) = reader.next(rest) else { return };
        assert!(used > 0 && used <= rest.len() && used <= SECTION_BYTES_MAX);
        for cut in [used / 2, used - 1] {
            assert_eq!({ before }.next(&rest[..cut]), Ok(None), "a part of it is none");
        }
        let mut written = Vec::new();
        match &part {
            Part::Roots(roots) => {
                assert!(roots.len() <= CAR_ROOTS_MAX);
                written = head(roots);
            }
            Part::Block(cid, block) => put(&mut written, cid, block),
            Part::Other => {}
        }
        if part != Part::Other {
            let back = { before }.next(&written);
            assert_eq!(back, Ok(Some((part, written.len()))));
        }
        rest = &rest[used..];
    }
}

/// Archives without a root, with one and with many.
pub fn seeds() -> Vec<Vec<u8>> {
    let root = Cid::of_raw(b"hello world");
    let mut one = head(&[root]);
    put(&mut one, &root, b"hello world");
    put(&mut one, &Cid::of_node(&[0x0a, 0x02, 0x08, 0x01]), &[0x0a, 0x02, 0x08, 0x01]);
    // A block of another codec.
    one.extend([5, 1, 0x71, 0x12, 0x20, 0]);
    vec![head(&[]), one, head(&[root; 30])]
}
