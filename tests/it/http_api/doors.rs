//! Who holds a connection: silent clients, slow ones, many at once.

use super::agent_with;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use wattle::http::Timeouts;

#[test]
fn a_client_that_falls_silent_or_drips_is_dropped_in_bounded_time() {
    let short = Duration::from_millis(300);
    let agent = agent_with(Timeouts { arrive: short, idle: short, answer: short });
    let dropped = |begin: &[u8], drip: &[u8]| {
        let mut stream = TcpStream::connect(agent.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        stream.write_all(begin).unwrap();
        let mut answer = [0; 4096];
        // At most five seconds of reads that wait 20 ms each.
        let mut open = |stream: &mut TcpStream| match stream.read(&mut answer) {
            Ok(0) => false,
            Ok(_) => true,
            Err(error) => matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        };
        let closed = (0..250)
            .map(|_| open(&mut stream) && (drip.is_empty() || stream.write_all(drip).is_ok()))
            .any(|open| !open);
        assert!(closed, "still open after {:?}", String::from_utf8_lossy(begin));
        agent.serves_the_next_caller();
    };
    let half =
        format!("POST /v1/search HTTP/1.1\r\nHost: localhost\r\n{}\r\nContent-Length: 900\r\n\r\n{{", agent.bearer());
    dropped(b"", b"");
    dropped(b"GET / HTTP/1.1\r\nHost: loc", b"");
    dropped(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ", b"x");
    dropped(half.as_bytes(), b"");
    dropped(half.as_bytes(), b" ");
    dropped(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", b"");
}

#[test]
fn a_hundred_connections_at_once_are_all_answered_and_silent_ones_do_not_block_others() {
    let agent = agent_with(Timeouts { arrive: Duration::from_millis(500), ..Timeouts::default() });
    let request = format!("GET /v1/status HTTP/1.1\r\nHost: localhost\r\n{}\r\n\r\n", agent.bearer());
    let ask = |_| {
        let mut stream = TcpStream::connect(agent.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        stream
    };
    let streams: Vec<_> = (0..100).map(ask).collect();
    for mut stream in streams {
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut head = [0; 15];
        stream.read_exact(&mut head).unwrap();
        assert_eq!(&head, b"HTTP/1.1 200 OK");
    }
    agent.serves_the_next_caller();
    let silent: Vec<_> = (0..100).map(|_| TcpStream::connect(agent.address).unwrap()).collect();
    agent.serves_the_next_caller();
    drop(silent);
    agent.serves_the_next_caller();
}

#[test]
fn silent_connections_never_keep_out_who_has_the_token() {
    // They may stay silent for ten minutes: only the room that is made for others ends them.
    let agent = agent_with(Timeouts { arrive: Duration::from_secs(600), ..Timeouts::default() });
    let status = format!("GET /v1/status HTTP/1.1\r\nHost: localhost\r\n{}\r\n\r\n", agent.bearer());
    let answered = |stream: &mut TcpStream| {
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(status.as_bytes()).unwrap();
        // Head and body may come in parts; the stand-in's status ends so.
        let mut answer = Vec::new();
        while !answer.ends_with(b"\"findings\":[]}") {
            let mut part = [0; 1024];
            let read = stream.read(&mut part).unwrap();
            assert!(read > 0, "closed after {}", String::from_utf8_lossy(&answer));
            answer.extend_from_slice(&part[..read]);
        }
        assert!(answer.starts_with(b"HTTP/1.1 200 OK"), "{}", String::from_utf8_lossy(&answer));
    };
    let mut kept = TcpStream::connect(agent.address).unwrap();
    answered(&mut kept);
    let mut silent: Vec<TcpStream> = Vec::new();
    for round in 0..5 {
        silent.extend((0..70).map(|_| TcpStream::connect(agent.address).unwrap()));
        // Half a request is as silent as none.
        silent.iter_mut().rev().take(20).for_each(|stream| stream.write_all(b"GET / HT").unwrap_or_default());
        agent.serves_the_next_caller();
        answered(&mut kept);
        assert_eq!(silent.len(), 70 * (round + 1), "all are held open by their client");
    }
}

#[test]
fn bodies_that_are_held_back_never_keep_out_others_and_one_that_arrives_slowly_is_answered() {
    // They may stay away for ten minutes: only the room that is made for others ends them.
    let agent = agent_with(Timeouts { arrive: Duration::from_secs(600), ..Timeouts::default() });
    let head = |length: usize| {
        format!("POST /v1/search HTTP/1.1\r\nHost: localhost\r\n{}\r\nContent-Length: {length}\r\n\r\n", agent.bearer())
    };
    let mut held: Vec<TcpStream> = Vec::new();
    let ask = |body: usize| {
        let mut stream = TcpStream::connect(agent.address).unwrap();
        stream.write_all(head(body).as_bytes()).unwrap();
        stream
    };
    for _ in 0..3 {
        held.extend((0..70).map(|_| ask(1000)));
        held.iter_mut().for_each(|stream| stream.write_all(b" ").unwrap_or_default());
        agent.serves_the_next_caller();
    }
    // Those before it have waited longer.
    let body = format!(r#"{{"query": "x"{}}}"#, " ".repeat(40_000));
    let mut slow = ask(body.len());
    for part in body.as_bytes().chunks(4000) {
        slow.write_all(part).unwrap();
        held.extend((0..3).map(|_| ask(1000)));
        agent.serves_the_next_caller();
    }
    slow.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut status = [0; 15];
    slow.read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 200 OK");
}

#[test]
fn a_body_that_arrives_steadily_has_more_time_than_one_that_does_not() {
    let short = Duration::from_millis(400);
    let agent = agent_with(Timeouts { arrive: short, ..Timeouts::default() });
    let body = format!(r#"{{"query": "x"{}}}"#, " ".repeat(30_000));
    let mut stream = TcpStream::connect(agent.address).unwrap();
    let head = format!(
        "POST /v1/search HTTP/1.1\r\nHost: localhost\r\n{}\r\nContent-Length: {}\r\n\r\n",
        agent.bearer(),
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // Twice as long in all as a request may take that makes no progress.
    for part in body.as_bytes().chunks(3000) {
        std::thread::sleep(Duration::from_millis(80));
        stream.write_all(part).unwrap();
    }
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut status = [0; 15];
    stream.read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 200 OK");
}
