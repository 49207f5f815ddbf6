//! Whoever tries tokens is told to wait, and nobody else is; and a body in pieces has the bound that another one has.

use super::{agent, refused, status_of};

#[test]
fn the_sixth_wrong_token_in_a_minute_is_told_when_to_come_again_and_the_owner_is_let_in_meanwhile() {
    let agent = agent();
    let wrong = |number: usize| agent.get("/v1/status", &[&format!("Authorization: Bearer {number:064x}")]);
    for number in 0..5 {
        refused(&agent, &wrong(number), 401);
    }
    for number in 5..9 {
        let told = wrong(number);
        refused(&agent, &told, 429);
        let header = told.lines().find_map(|line| line.strip_prefix("Retry-After: ")).unwrap();
        assert!((1..=60).contains(&header.trim().parse::<u64>().unwrap()), "{told}");
        assert_eq!(told.matches("Retry-After:").count(), 1, "{told}");
        assert!(!told.contains("WWW-Authenticate"), "{told}");
    }
    // No token is no try, and the page itself needs none.
    refused(&agent, &agent.get("/v1/status", &[]), 401);
    assert_eq!(status_of(&agent.get("/", &[])), 200);
    assert_eq!(status_of(&agent.with_token("GET", "/v1/status", "")), 200);
    // A call in OpenAI's shape is told so in that shape.
    let lines = [format!("Authorization: Bearer {:064x}", 10)];
    let told = agent.get("/v1/models", &[&lines[0]]);
    assert!(status_of(&told) == 429 && told.contains("rate_limit_exceeded"), "{told}");
}

#[test]
fn a_body_in_pieces_is_refused_for_its_size_as_another_one_is() {
    let agent = agent();
    let piece = format!("{:x}\r\n{}\r\n", 4_000, " ".repeat(4_000));
    let bearer = agent.bearer();
    let head = format!(
        "POST /v1/search HTTP/1.1\r\nHost: {}\r\n{bearer}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        agent.address
    );
    let told = agent.send(format!("{head}{}0\r\n\r\n", piece.repeat(17)).as_bytes());
    assert!(status_of(&told) == 413 && told.contains("at most 65536 bytes are read"), "{told}");
    let told = agent.send(format!("{head}{}0\r\n\r\n", piece.repeat(2)).as_bytes());
    assert!(status_of(&told) == 400 && !told.contains("too large"), "{told}");
}
