//! The bundle of the page and the stream of events, against the real server.

use super::{agent, agent_with, status_of};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use wattle::http::Timeouts;
use wattle::limits::STREAMS_MAX;

fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let head = answer.split("\r\n\r\n").next()?;
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

#[test]
fn a_file_of_the_page_is_sent_once_and_a_browser_that_has_it_is_told_so() {
    let agent = agent();
    for (path, media_type) in [
        ("/", "text/html"),
        ("/page/app.js", "text/javascript"),
        ("/page/style.css", "text/css"),
        ("/page/icon.svg", "image/svg+xml"),
        ("/page/manifest.webmanifest", "application/manifest+json"),
    ] {
        let answer = agent.get(path, &[]);
        assert_eq!(status_of(&answer), 200, "{path}");
        assert!(header(&answer, "Content-Type").unwrap().starts_with(media_type), "{path}");
        assert!(header(&answer, "Content-Security-Policy").is_some() && !answer.contains("no-store"), "{path}");
        let tag = header(&answer, "ETag").or_else(|| header(&answer, "Etag")).unwrap();
        let again = agent.get(path, &[&format!("If-None-Match: {tag}")]);
        assert_eq!(status_of(&again), 304, "{again}");
        assert!(again.ends_with("\r\n\r\n"), "no body: {again}");
        assert_eq!(status_of(&agent.get(path, &["If-None-Match: \"other\""])), 200, "{path}");
    }
    for path in ["/page/index.html", "/page/x.js", "/page/..%2fCargo.toml", "/page/app.js/"] {
        let status = status_of(&agent.get(path, &[]));
        assert!(matches!(status, 401 | 404), "{path}: {status}");
    }
}

fn follow(agent: &super::Agent) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(agent.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let request = format!("GET /v1/events/stream HTTP/1.1\r\nHost: {}\r\n{}\r\n\r\n", agent.address, agent.bearer());
    stream.write_all(request.as_bytes()).unwrap();
    BufReader::new(stream)
}

/// Reads until a line that begins like this.
fn until(stream: &mut BufReader<TcpStream>, start: &str) -> String {
    loop {
        let mut line = String::new();
        assert!(stream.read_line(&mut line).unwrap() > 0, "the stream ended before {start}");
        if line.starts_with(start) {
            return line;
        }
    }
}

#[test]
fn a_stream_tells_the_status_at_once_lives_longer_than_an_answer_may_take_and_only_so_many_are_open() {
    let answer = Duration::from_millis(700);
    let agent = agent_with(Timeouts { answer, ..Timeouts::default() });
    let began = Instant::now();
    let mut streams: Vec<_> = (0..STREAMS_MAX).map(|_| follow(&agent)).collect();
    for stream in &mut streams {
        assert!(until(stream, "HTTP/1.1").contains(" 200 "));
        until(stream, "event: status");
        let data = until(stream, "data: ");
        assert!(data.contains(r#""device":"attic""#), "{data}");
    }
    assert!(until(&mut follow(&agent), "HTTP/1.1").contains(" 503 "), "one more is refused");
    // Nothing changes at the stand-in: the next that comes is the comment that the agent lives.
    until(&mut streams[0], ":");
    assert!(began.elapsed() > answer);
    drop(streams);
    agent.serves_the_next_caller();
    assert_eq!(status_of(&agent.get("/v1/events/stream", &[])), 401);
}
