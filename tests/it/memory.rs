//! The memory of a real agent: what calls take for a moment is given back.

use super::harness::{Agent, Place};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The most memory that the agent had so far, in KiB.
fn peak_kib(agent: &Agent) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", agent.child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// So many signs of base64 without an order.
fn base64(signs: usize) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut state = 7_u64;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(SIGNS[(state >> 58) as usize])
    };
    (0..signs).map(next).collect()
}

/// Makes a call so often, in so many threads at once.
fn repeat(threads: usize, times: usize, call: impl Fn() + Sync) {
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| (0..times).for_each(|_| call()));
        }
    });
}

#[test]
fn looks_at_passwords_give_their_memory_back() {
    let place = Place::new();
    let agent = place.up(&[]);
    let words = r#"{"password": "quince and plum"}"#;
    let enter = || assert_eq!(agent.call("POST", "/v1/session", words).0, 200);
    assert_eq!(agent.call("POST", "/v1/password", words).0, 200);
    enter();
    let before = peak_kib(&agent);
    // At most five are looked at that are not found right yet.
    repeat(3, 16, enter);
    let grown = peak_kib(&agent).saturating_sub(before);
    assert!(grown < 40 * 1024, "one look takes 16 MiB, and so do many: {grown} KiB more than after the first");
}

#[test]
fn files_that_are_sent_give_their_memory_back() {
    let place = Place::new();
    // Few words, so that it is read soon, and a large file.
    let picture = base64(6 << 20);
    place.write("big.md", format!("# Boiler\n\nIt stands in the cellar.\n\n![](data:image/png;base64,{picture})\n"));
    let agent = place.up(&[]);
    agent.add(&place.docs());
    agent.wait_ready(1);
    let path = place.docs().join("big.md");
    let fetch = || {
        let mut stream = TcpStream::connect(&agent.api).unwrap();
        let head = format!(
            "GET /v1/document/file?path={} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
            path.display(),
            agent.api,
            agent.token
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        // 503 while the file of before is just being put away.
        let is_file = answer.starts_with(b"HTTP/1.1 200 ") && answer.len() > picture.len();
        assert!(is_file || answer.starts_with(b"HTTP/1.1 503 "), "{} bytes", answer.len());
        is_file
    };
    let sent = AtomicUsize::new(0);
    let fetch = || {
        sent.fetch_add(usize::from(fetch()), Ordering::Relaxed);
    };
    fetch();
    let before = peak_kib(&agent);
    repeat(2, 24, fetch);
    assert!(sent.load(Ordering::Relaxed) > 24, "most of them are sent");
    let grown = peak_kib(&agent).saturating_sub(before);
    assert!(grown < 40 * 1024, "two of 6 MiB are sent at once: {grown} KiB more than after the first");
}
