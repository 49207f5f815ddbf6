//! `GET /metrics`: its form, what it counts, that its names are those of the documentation, and that nothing private is in it.

use super::{Agent, agent, status_of};
use std::collections::{BTreeMap, BTreeSet};
use wattle::limits::HTTP_BODY_MAX;

/// The text of the metrics.
fn text(agent: &Agent) -> String {
    let answer = agent.with_token("GET", "/metrics", "");
    assert!(status_of(&answer) == 200 && answer.contains("Content-Type: text/plain; version=0.0.4"), "{answer}");
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

/// The series with their values, as they stand there. Fails where the text is not in Prometheus' format.
fn read(text: &str) -> BTreeMap<&str, &str> {
    let (mut metric, mut kind) = ("", "");
    let (mut series, mut metrics, mut with_series) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            metric = help.split(' ').next().unwrap();
            assert!(metrics.insert(metric), "once each: {line}");
            assert!(help.ends_with('.'), "{line}");
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (of, is) = rest.split_once(' ').unwrap();
            kind = is;
            assert!(of == metric && ["gauge", "counter", "histogram"].contains(&kind), "{line}");
            assert_eq!(kind == "counter", metric.ends_with("_total"), "{line}");
            assert!(kind != "histogram" || metric.ends_with("_seconds"), "in base units: {line}");
        } else {
            let (of, value) = line.rsplit_once(' ').unwrap();
            let name = of.split('{').next().unwrap();
            let suffix = name.strip_prefix(metric).unwrap_or_else(|| panic!("{line}"));
            let suffixes: &[&str] = if kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
            assert!(suffixes.contains(&suffix), "{line}");
            with_series.insert(metric);
            assert!(value.parse::<f64>().is_ok() && series.insert(of, value).is_none(), "a number, once each: {line}");
        }
    }
    assert_eq!(metrics, with_series);
    series
}

#[test]
fn metrics_have_help_and_type_and_name_nothing_private() {
    let agent = agent();
    agent.with_token("POST", "/v1/search", r#"{"query": "where is the boiler"}"#);
    agent.with_token("GET", "/v1/document?path=/home/anna/secret.md", "");
    let text = text(&agent);
    let series = read(&text);
    assert_eq!(series["wattle_files{state=\"ready\"}"], "0");
    assert!(series["process_resident_memory_bytes"].parse::<f64>().unwrap() > 1e6, "{text}");
    for private in ["attic", "12D3", "boiler", "anna", agent.token.reveal(), "127.0.0.1"] {
        assert!(!text.contains(private), "{private}: {text}");
    }
    for (path, word) in [("/readyz", "ready"), ("/healthz", "ok")] {
        let answer = agent.get(path, &[]);
        let is_text = answer.contains("Content-Type: text/plain; charset=utf-8\r\n");
        assert!(is_text && answer.ends_with(&format!("\r\n\r\n{word}")), "{answer}");
    }
}

#[test]
fn requests_are_counted_by_the_tables_row_and_by_why_they_were_refused() {
    let agent = agent();
    agent.get("/page/app.js", &[]);
    agent.get("/page/style.css", &[]);
    agent.get("/page/secret-of-anna", &[]);
    agent.get("/healthz", &["Origin: http://evil.example"]);
    agent.get("/", &["Host: evil.example"]);
    agent.get("/v1/status", &[]);
    agent.with_token("POST", "/v1/nothing/anna", "");
    agent.with_token("PUT", "/v1/status", "");
    agent.with_token("POST", "/v1/search", &" ".repeat(HTTP_BODY_MAX + 1));
    let wrong = |number: usize| format!("Authorization: Bearer {number:064x}");
    (0..7).for_each(|number| drop(agent.get("/v1/tasks", &[&wrong(number)])));
    let text = text(&agent);
    let series = read(&text);
    let requests = |method: &str, route: &str, class: &str| {
        let of = format!("wattle_http_requests_total{{method=\"{method}\",route=\"{route}\",class=\"{class}\"}}");
        series.get(of.as_str()).copied()
    };
    assert_eq!(requests("GET", "/page/{file}", "2xx"), Some("2"), "{text}");
    assert_eq!(requests("GET", "/page/{file}", "4xx"), Some("1"));
    assert_eq!(requests("GET", "/healthz", "4xx"), Some("1"));
    assert_eq!(requests("GET", "/v1/status", "4xx"), Some("1"));
    assert_eq!(requests("GET", "/v1/tasks", "4xx"), Some("7"));
    assert_eq!(requests("other", "other", "4xx"), Some("2"), "no such path, and no such method");
    assert_eq!(requests("GET", "/v1/energy", "2xx"), None);
    let took = |what: &str| {
        let of = format!("wattle_http_request_duration_seconds_{what}");
        series[of.as_str()]
    };
    assert_eq!(took("count{method=\"GET\",route=\"/page/{file}\"}"), "3");
    assert_eq!(took("bucket{method=\"GET\",route=\"/page/{file}\",le=\"+Inf\"}"), "3");
    let buckets: Vec<u64> = series
        .iter()
        .filter(|(of, _)| {
            of.starts_with("wattle_http_request_duration_seconds_bucket{method=\"GET\",route=\"/page/{file}\"")
        })
        .map(|(_, count)| count.parse().unwrap())
        .collect();
    assert!(buckets.len() == 7 && buckets.iter().all(|count| *count <= 3), "{buckets:?}");
    let refused = |reason: &str| series[format!("wattle_http_refused_total{{reason=\"{reason}\"}}").as_str()];
    assert_eq!([refused("host"), refused("origin"), refused("too_large")], ["1"; 3], "{text}");
    assert_eq!(
        [refused("unauthorised"), refused("throttled")],
        ["6", "2"],
        "a missing token, five wrong ones, and two more"
    );
    assert_eq!([refused("forbidden"), refused("busy")], ["0"; 2]);
    assert!(!text.contains("anna") && !text.contains("style.css"), "a path that was sent is no label: {text}");
}

#[test]
fn questions_texts_connections_and_streams_are_counted() {
    let agent = agent();
    agent.with_token("POST", "/v1/search", r#"{"query": "a"}"#);
    let call = r#"{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "search", "arguments": {"query": "b"}}}"#;
    let version = "MCP-Protocol-Version: 2025-06-18".to_owned();
    let lines = [agent.bearer(), "Accept: application/json, text/event-stream".to_owned(), version];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let answer = agent.call("POST", "/mcp", &lines, call);
    assert_eq!(status_of(&answer), 200, "{answer}");
    agent.with_token("POST", "/v1/search", r#"{"query": ""}"#);
    agent.with_token("POST", "/embed", r#"{"inputs": ["one two", "three"]}"#);
    let stream = format!("GET /v1/events/stream HTTP/1.1\r\nHost: localhost\r\n{}\r\n\r\n", agent.bearer());
    let mut open = std::net::TcpStream::connect(agent.address).unwrap();
    std::io::Write::write_all(&mut open, stream.as_bytes()).unwrap();
    std::io::Read::read_exact(&mut open, &mut [0; 15]).unwrap();
    let text = text(&agent);
    let series = read(&text);
    assert_eq!(series["wattle_questions_total{result=\"answered\"}"], "2", "one over /mcp: {text}");
    assert_eq!(series["wattle_questions_total{result=\"refused\"}"], "0", "what is no question was none");
    assert_eq!(series["wattle_questions_total{result=\"unknown\"}"], "0", "nobody asked for what is none");
    assert_eq!(series["wattle_question_duration_seconds_count"], "2");
    assert_eq!(series["wattle_question_devices_asked_total"], "2");
    assert_eq!(series["wattle_question_devices_silent_total"], "0");
    assert_eq!(series["wattle_program_embeddings_total"], "2");
    assert_eq!(series["wattle_program_embedding_tokens_total"], "3");
    assert_eq!(series["wattle_http_event_streams"], "1");
    assert!(series["wattle_http_connections"].parse::<u64>().unwrap() >= 2, "the stream's and this one: {text}");
}

/// Names of metrics in a text, without what a histogram's series have behind them.
fn names(text: &str) -> BTreeSet<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words =
        text.split(|c: char| !is_name(c)).filter(|word| word.starts_with("wattle_") || word.starts_with("process_"));
    let bare = |word: &str| {
        let of_histogram =
            word.strip_suffix("_bucket").or_else(|| word.strip_suffix("_count")).or_else(|| word.strip_suffix("_sum"));
        of_histogram.unwrap_or(word).to_owned()
    };
    words.map(bare).collect()
}

#[test]
fn the_documentation_and_the_dashboard_name_the_metrics_that_there_are() {
    let product = [
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/http/api/metrics.rs")),
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/http/api/metrics/traffic.rs")),
    ];
    let is_literal = |line: &&str| line.contains("\"wattle_") || line.contains("\"process_");
    let of_code = product.iter().flat_map(|text| text.split("#[cfg(test)]").next().unwrap().lines().filter(is_literal));
    let there: BTreeSet<String> = of_code.flat_map(names).collect();
    assert!(there.len() > 25, "{there:?}");
    let documented = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/api.md"));
    let (_, documented) = documented.split_once("## Metrics").unwrap();
    assert_eq!(names(documented), there, "docs/api.md, \"Metrics\"");
    let dashboard: serde_json::Value =
        serde_json::from_str(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/grafana.json"))).unwrap();
    let mut drawn = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().unwrap() {
            drawn.extend(names(target["expr"].as_str().unwrap()));
        }
    }
    assert!(drawn.is_subset(&there), "{:?}", drawn.difference(&there));
    assert!(drawn.contains("wattle_http_request_duration_seconds") && drawn.contains("wattle_questions_total"));
}
