//! Frames of our streams: what comes out spells what went in, within the cap, however it was cut.

use super::pieces;
use wattle::wire::frame::{BadFrame, Decoder, put};

const CAP: usize = 300;

fn run(pieces: &[&[u8]]) -> (Vec<Vec<u8>>, usize, Result<bool, BadFrame>) {
    let (mut decoder, mut frames, mut total) = (Decoder::new(CAP), Vec::new(), 0);
    for mut piece in pieces.iter().copied() {
        while !piece.is_empty() {
            match decoder.feed(piece) {
                Err(why) => return (frames, total, Err(why)),
                Ok((used, frame)) => {
                    assert!(used > 0, "it moves on");
                    total += used;
                    piece = &piece[used..];
                    frames.extend(frame);
                }
            }
        }
    }
    (frames, total, Ok(decoder.is_between()))
}

/// See the head of this file.
pub fn check(data: &[u8]) {
    let (frames, total, end) = run(&[data]);
    let (again, _, end_again) = run(&pieces(data));
    assert!(frames == again && end == end_again, "it hangs on how the stream was cut");
    let mut spelt = Vec::new();
    for frame in &frames {
        assert!((1..=CAP).contains(&frame.len()));
        put(&mut spelt, frame);
    }
    assert!(data.starts_with(&spelt), "a frame has one spelling");
    if end == Ok(true) {
        assert_eq!((spelt.len(), total), (data.len(), data.len()));
    }
}

/// Some frames, whole and broken off.
pub fn seeds() -> Vec<Vec<u8>> {
    let frames = |lengths: &[usize]| {
        let mut bytes = Vec::new();
        lengths.iter().for_each(|length| put(&mut bytes, &vec![7; *length]));
        bytes
    };
    let mut half = frames(&[200]);
    half.truncate(100);
    vec![frames(&[1, 2, 3]), frames(&[127, 128, 300]), frames(&[301]), half, vec![0x80, 0x80, 0x80, 0x80, 1]]
}
