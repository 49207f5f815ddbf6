//! multistream-select, both ends: the result depends on the bytes, not on how they were cut.

use super::fragments;
use wattle::limits::NEGOTIATION_PROPOSALS_MAX;
use wattle::wire::multistream::{BadNegotiation, Dialer, Listener};
use wattle::wire::varint;

const OURS: &[&str] = &["/one/1", "/two/2"];

/// The bytes that the machine used, and its result.
type Outcome<T> = Result<(usize, Option<T>), BadNegotiation>;

/// Feeds the fragments until there is a result.
fn run<T>(fragments: &[&[u8]], mut feed: impl FnMut(&[u8]) -> Outcome<T>) -> Outcome<T> {
    let mut total = 0;
    for fragment in fragments {
        let (used, done) = feed(fragment)?;
        assert!(used <= fragment.len());
        total += used;
        if done.is_some() {
            return Ok((total, done));
        }
        assert_eq!(used, fragment.len(), "a machine without a result uses all input");
    }
    Ok((total, None))
}

/// Asserts what the head of this file describes.
pub fn check(data: &[u8]) {
    let listen = |fragments: &[&[u8]]| {
        let (mut listener, mut out) = (Listener::new(OURS), Vec::new());
        (run(fragments, |input| listener.feed(input, &mut out)), out)
    };
    let (outcome, out) = listen(&[data]);
    assert_eq!(listen(&fragments(data)).0, outcome);
    assert!(out.len() <= 20 + 4 * NEGOTIATION_PROPOSALS_MAX + 8, "{} bytes were answered", out.len());
    if let Ok((_, Some(chosen))) = outcome {
        assert!(OURS.contains(&chosen));
        // The output ends with the agreement, after any refusals.
        assert!(out.ends_with(&line(chosen)));
    }
    let dial = |fragments: &[&[u8]]| {
        let mut out = Vec::new();
        let mut dialer = Dialer::new(OURS[0], &mut out);
        run(fragments, |input| dialer.feed(input).map(|(used, agreed)| (used, agreed.then_some(()))))
    };
    let outcome = dial(&[data]);
    assert_eq!(dial(&fragments(data)), outcome);
    if let Ok((used, Some(()))) = outcome {
        assert_eq!(
            data.get(..used),
            Some(&lines(&["/multistream/1.0.0", OURS[0]])[..]),
            "an agreement has one encoding"
        );
    }
}

fn line(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    varint::put(&mut bytes, text.len() as u64 + 1);
    bytes.extend(text.as_bytes());
    bytes.push(b'\n');
    bytes
}

fn lines(texts: &[&str]) -> Vec<u8> {
    texts.iter().flat_map(|text| line(text)).collect()
}

/// Negotiations that succeed, are refused, and exceed a cap.
pub fn seeds() -> Vec<Vec<u8>> {
    let long = "x".repeat(200);
    let many: Vec<&str> = [&["/multistream/1.0.0"][..], &["/no/1"; 40]].concat();
    [
        &["/multistream/1.0.0", "/one/1"][..],
        &["/multistream/1.0.0", "ls", "/three/3", "/two/2"],
        &["/multistream/1.0.0", "na"],
        &["/multistream/1.0.0", &long, "/one/1"],
        &many,
    ]
    .map(lines)
    .to_vec()
}
