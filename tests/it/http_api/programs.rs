//! The calls of programs that were written for other servers: OpenAI's, Ollama's, text-embeddings-inference's.

use super::{Agent, agent, status_of};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::time::Duration;
use wattle::base::id::Fingerprint;
use wattle::embed::Embedder;
use wattle::embed::stand_in::StandIn;
use wattle::limits::{DIMENSIONS, EMBED_BODY_MAX, EMBED_CALLS_MAX, EMBED_TEXTS_MAX};

/// The body of an answer.
fn body(answer: &str) -> Value {
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

fn post(agent: &Agent, path: &str, asked: &Value) -> (u16, Value) {
    let answer = agent.with_token("POST", path, &asked.to_string());
    (status_of(&answer), body(&answer))
}

fn vector(text: &str) -> Vec<f64> {
    let embedding = StandIn::new(Fingerprint([7; 32])).embed(text).unwrap();
    embedding.values().iter().map(|value| f64::from(*value)).collect()
}

fn is_near(answer: &Value, text: &str) -> bool {
    let numbers: Vec<f64> = answer.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect();
    numbers.len() == DIMENSIONS && numbers.iter().zip(vector(text)).all(|(a, b)| (a - b).abs() < 1e-6)
}

#[test]
fn each_client_gets_the_vectors_of_its_texts_in_its_own_shape() {
    let agent = agent();
    let (status, openai) =
        post(&agent, "/v1/embeddings", &json!({ "model": "stand-in", "input": ["one two", "three"] }));
    assert_eq!((status, openai["data"].as_array().unwrap().len()), (200, 2), "{openai}");
    assert!(is_near(&openai["data"][0]["embedding"], "one two") && is_near(&openai["data"][1]["embedding"], "three"));
    assert_eq!(openai["usage"], json!({ "prompt_tokens": 3, "total_tokens": 3 }));
    let (_, ollama) = post(&agent, "/api/embed", &json!({ "model": "stand-in:latest", "input": "one two" }));
    assert!(is_near(&ollama["embeddings"][0], "one two") && ollama["prompt_eval_count"] == 2, "{ollama}");
    let (_, tei) = post(&agent, "/embed", &json!({ "inputs": "three" }));
    assert!(is_near(&tei[0], "three"));
    let models = body(&agent.with_token("GET", "/v1/models", ""));
    assert_eq!(models["data"][0]["id"], "stand-in");
    let tags = body(&agent.with_token("GET", "/api/tags", ""));
    assert_eq!(
        (&tags["models"][0]["name"], &tags["models"][0]["digest"]),
        (&json!("stand-in"), &json!("07".repeat(32)))
    );
}

#[test]
fn each_client_reads_what_was_wrong_in_its_own_shape() {
    let agent = agent();
    let no_token = |path| body(&agent.call("POST", path, &[], "{}"));
    assert_eq!(no_token("/v1/embeddings")["error"]["code"], "invalid_api_key");
    assert!(no_token("/api/embed")["error"].is_string() && no_token("/embed")["error_type"].is_string());
    let (status, other) = post(&agent, "/v1/embeddings", &json!({ "model": "gpt", "input": "a" }));
    assert_eq!((status, &other["error"]["code"]), (404, &json!("model_not_found")));
    assert!(other["error"]["message"].as_str().unwrap().contains("stand-in"), "the model that there is: {other}");
    let texts = vec!["a"; EMBED_TEXTS_MAX + 1];
    assert_eq!(post(&agent, "/v1/embeddings", &json!({ "model": "stand-in", "input": texts })).0, 400);
    assert_eq!(post(&agent, "/embed", &json!({ "inputs": texts })).0, 413);
    let empty = json!({ "model": "stand-in", "input": vec![""; EMBED_TEXTS_MAX] });
    let (status, same) = post(&agent, "/api/embed", &empty);
    let vectors = same["embeddings"].as_array().unwrap();
    assert!(status == 200 && vectors.len() == EMBED_TEXTS_MAX && vectors.iter().all(|vector| *vector == vectors[0]));
    assert_eq!(post(&agent, "/v1/embeddings", &empty).0, 400, "OpenAI takes no empty text");
    let (_, none) = post(&agent, "/api/embed", &json!({ "model": "stand-in", "input": "" }));
    assert_eq!(none["embeddings"], json!([]));
    let long = "word ".repeat(300);
    let (status, told) = post(&agent, "/v1/embeddings", &json!({ "model": "stand-in", "input": ["a", long] }));
    assert!(status == 400 && told["error"]["message"].as_str().unwrap().contains("Text 1 has 300 tokens"), "{told}");
    assert_eq!(post(&agent, "/embed", &json!({ "inputs": long })).0, 413);
    assert_eq!(post(&agent, "/embed", &json!({ "inputs": long, "truncate": true })).0, 200);
    assert_eq!(post(&agent, "/api/embed", &json!({ "model": "stand-in", "input": long, "truncate": false })).0, 400);
    assert_eq!(post(&agent, "/api/embed", &json!({ "model": "stand-in", "input": long })).1["prompt_eval_count"], 254);
    let head = |length: usize| {
        format!("POST /embed HTTP/1.1\r\nHost: localhost\r\n{}\r\nContent-Length: {length}\r\n\r\n", agent.bearer())
    };
    let large = [head(EMBED_BODY_MAX + 1).into_bytes(), vec![b' '; EMBED_BODY_MAX + 1]].concat();
    let told = agent.send(&large);
    assert!(status_of(&told) == 413 && body(&told)["error_type"] == "Validation", "{told}");
    agent.serves_the_next_caller();
}

#[test]
fn as_many_calls_as_fit_are_taken_and_one_more_is_told_when_to_come_again() {
    let agent = agent();
    agent.holds_texts.store(true, Ordering::Relaxed);
    let call = format!(
        "POST /embed HTTP/1.1\r\nHost: localhost\r\n{}\r\nContent-Length: 15\r\n\r\n{{\"inputs\": \"a\"}}",
        agent.bearer()
    );
    let open = || {
        let mut stream = TcpStream::connect(agent.address).unwrap();
        stream.write_all(call.as_bytes()).unwrap();
        stream
    };
    let held: Vec<TcpStream> = (0..EMBED_CALLS_MAX).map(|_| open()).collect();
    let asked = |path, body: &str| agent.with_token("POST", path, body);
    let openai = r#"{"model": "stand-in", "input": "a"}"#;
    // The last of them is read within a moment; meanwhile one whose body is not all there is told as soon as there is no room.
    let head = |path: &str| {
        format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{}\r\nContent-Length: 90\r\n\r\n{{", agent.bearer())
    };
    let told = |path| {
        let mut stream = TcpStream::connect(agent.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        stream.write_all(head(path).as_bytes()).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8(answer).unwrap()
    };
    let full = (0..200).map(|_| told("/v1/embeddings")).find(|answer| !answer.is_empty()).unwrap();
    assert!(full.contains("Retry-After: 1\r\n") && body(&full)["error"]["code"] == "rate_limit_exceeded", "{full}");
    assert_eq!(status_of(&asked("/embed", r#"{"inputs": "a"}"#)), 429);
    assert_eq!(status_of(&asked("/api/embed", openai)), 503);
    agent.serves_the_next_caller();
    agent.holds_texts.store(false, Ordering::Relaxed);
    drop(held);
    assert!((0..200).any(|_| status_of(&asked("/v1/embeddings", openai)) == 200), "their room is free again");
}

#[test]
fn a_call_of_many_texts_is_answered_whole_and_beside_one_of_the_largest_no_other_large_one_is_taken() {
    let agent = agent();
    let texts = |count: usize| (0..count).map(|n| format!("text {n}")).collect::<Vec<_>>();
    // More than some clients send at once, such as LangChain's hundreds.
    let (status, all) = post(&agent, "/v1/embeddings", &json!({ "model": "stand-in", "input": texts(500) }));
    assert_eq!((status, all["data"].as_array().map(Vec::len)), (200, Some(500)));
    assert!(is_near(&all["data"][499]["embedding"], "text 499"));
    agent.holds_texts.store(true, Ordering::Relaxed);
    let body = json!({ "inputs": texts(EMBED_TEXTS_MAX) }).to_string();
    let head = format!("POST /embed HTTP/1.1\r\nHost: localhost\r\n{}\r\n", agent.bearer());
    let told = || {
        let mut stream = TcpStream::connect(agent.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        stream.write_all(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes()).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8(answer).unwrap()
    };
    // The first of them is read within a moment.
    let full = (0..20).map(|_| told()).find(|answer| !answer.is_empty()).expect("a second one is not taken");
    assert!(status_of(&full) == 429 && full.contains("Retry-After: 1\r\n"), "{full}");
    agent.holds_texts.store(false, Ordering::Relaxed);
    assert_eq!(status_of(&agent.with_token("POST", "/embed", r#"{"inputs": "a"}"#)), 200, "a small one is taken");
}

#[test]
fn calls_whose_bodies_do_not_arrive_keep_no_other_one_out() {
    let agent = agent();
    let half = format!("POST /embed HTTP/1.1\r\nHost: localhost\r\n{}\r\nContent-Length: 90\r\n\r\n{{", agent.bearer());
    let open = || {
        let mut stream = TcpStream::connect(agent.address).unwrap();
        stream.write_all(half.as_bytes()).unwrap();
        stream
    };
    let _held: Vec<TcpStream> = (0..EMBED_CALLS_MAX + 2).map(|_| open()).collect();
    // Long after the last of them was read.
    for _ in 0..100 {
        let answer = agent.with_token("POST", "/v1/embeddings", r#"{"model": "stand-in", "input": "a"}"#);
        assert_eq!(status_of(&answer), 200, "{answer}");
    }
}
