//! multistream-select, both ends: the verdict hangs on the bytes, not on how they were cut.

use super::pieces;
use wattle::limits::NEGOTIATION_PROPOSALS_MAX;
use wattle::wire::multistream::{BadNegotiation, Dialer, Listener};
use wattle::wire::varint;

const OURS: &[&str] = &["/one/1", "/two/2"];

/// Bytes used by the machine and what came of it.
type Verdict<T> = Result<(usize, Option<T>), BadNegotiation>;

/// Feeds piece by piece until there is a verdict.
fn run<T>(pieces: &[&[u8]], mut feed: impl FnMut(&[u8]) -> Verdict<T>) -> Verdict<T> {
    let mut total = 0;
    for piece in pieces {
        let (used, done) = feed(piece)?;
        assert!(used <= piece.len());
        total += used;
        if done.is_some() {
            return Ok((total, done));
        }
        assert_eq!(used, piece.len(), "a machine that waits for more has taken all");
    }
    Ok((total, None))
}

/// See the head of this file.
pub fn check(data: &[u8]) {
    let listen = |pieces: &[&[u8]]| {
        let (mut listener, mut out) = (Listener::new(OURS), Vec::new());
        (run(pieces, |input| listener.feed(input, &mut out)), out)
    };
    let (verdict, out) = listen(&[data]);
    assert_eq!(listen(&pieces(data)).0, verdict);
    assert!(out.len() <= 20 + 4 * NEGOTIATION_PROPOSALS_MAX + 8, "{} bytes were answered", out.len());
    if let Ok((_, Some(chosen))) = verdict {
        assert!(OURS.contains(&chosen));
        // What the listener said is what a dialler of this protocol takes for a yes, but for the refusals before.
        assert!(out.ends_with(&line(chosen)));
    }
    let dial = |pieces: &[&[u8]]| {
        let mut out = Vec::new();
        let mut dialer = Dialer::new(OURS[0], &mut out);
        run(pieces, |input| dialer.feed(input).map(|(used, agreed)| (used, agreed.then_some(()))))
    };
    let verdict = dial(&[data]);
    assert_eq!(dial(&pieces(data)), verdict);
    if let Ok((used, Some(()))) = verdict {
        assert_eq!(
            data.get(..used),
            Some(&lines(&["/multistream/1.0.0", OURS[0]])[..]),
            "there is one spelling of yes"
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

/// A dialogue of each kind.
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
