//! Frames of a stream: encoding the decoded frames gives the input again, within the cap, however it was cut.

use super::fragments;
use wattle::wire::frame::{BadFrame, Decoder, put};

const CAP: usize = 300;

fn run(fragments: &[&[u8]]) -> (Vec<Vec<u8>>, usize, Result<bool, BadFrame>) {
    let (mut decoder, mut frames, mut total) = (Decoder::new(CAP), Vec::new(), 0);
    for mut fragment in fragments.iter().copied() {
        while !fragment.is_empty() {
            match decoder.feed(fragment) {
                Err(why) => return (frames, total, Err(why)),
                Ok((used, frame)) => {
                    assert!(used > 0, "progress");
                    total += used;
                    fragment = &fragment[used..];
                    frames.extend(frame);
                }
            }
        }
    }
    (frames, total, Ok(decoder.is_between()))
}

/// Asserts what the head of this file describes.
pub fn check(data: &[u8]) {
    let (frames, total, end) = run(&[data]);
    let (again, _, end_again) = run(&fragments(data));
    assert!(frames == again && end == end_again, "the result depends on how the stream was cut");
    let mut encoded = Vec::new();
    for frame in &frames {
        assert!((1..=CAP).contains(&frame.len()));
        put(&mut encoded, frame);
    }
    assert!(data.starts_with(&encoded), "a frame has one encoding");
    if end == Ok(true) {
        assert_eq!((encoded.len(), total), (data.len(), data.len()));
    }
}

/// Complete and truncated frames, and lengths above the cap.
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
