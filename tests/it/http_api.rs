//! The HTTP API as any program can reach it: raw TCP against the real server, with a stand-in driver behind it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, atomic::AtomicBool, atomic::Ordering};
use std::time::Duration;
use wattle::base::hit::FileCoverage;
use wattle::base::id::{DocId, Fingerprint, Ring};
use wattle::embed::stand_in::StandIn;
use wattle::http::client::{Client, Failure};
use wattle::http::{Server, Timeouts, keys::Keys, serve};
use wattle::limits::{HTTP_BODY_MAX, HTTP_HEAD_MAX};
use wattle::mesh::update::Said;
use wattle::node::input::Request;
use wattle::node::output::{Narrowed, Problem, RankedHit, Response, Uncovered};
use wattle::node::status::{FromDriver, Status, WorkStatus};
use wattle::platform::home::{Home, Token};
use wattle::runtime::embeds::Embeds;
use wattle::runtime::handle::NodeHandle;
use wattle::store::{audit::Audit, counts::StoreCounts, record::NamedModel};

mod doors;
mod mcp;
mod metrics;
mod page;
mod programs;
mod routes;
mod schemas;
mod sessions;
mod tokens;
mod tries;

struct Agent {
    address: SocketAddr,
    token: Token,
    home: tempfile::TempDir,
    server: Server,
    holds_texts: Arc<AtomicBool>,
}

fn agent() -> Agent {
    agent_with(Timeouts::default())
}

fn agent_with(timeouts: Timeouts) -> Agent {
    let home = tempfile::tempdir().unwrap();
    let token = Home::at(home.path()).token().unwrap();
    let (node, driver) = NodeHandle::new();
    smol::spawn(async move {
        while let Ok(call) = driver.recv().await {
            let _ = call.reply.send(respond(call.request)).await;
        }
    })
    .detach();
    let (embeds, texts) = Embeds::new("stand-in", Fingerprint([7; 32]));
    let node = node.with_embeds(embeds);
    let holds_texts = Arc::<AtomicBool>::default();
    let holds = Arc::clone(&holds_texts);
    smol::spawn(async move {
        while let Ok(text) = texts.recv().await {
            while holds.load(Ordering::Relaxed) {
                smol::Timer::after(std::time::Duration::from_millis(5)).await;
            }
            text.answer(&mut StandIn::new(Fingerprint([7; 32])));
        }
    })
    .detach();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = serve(listener, node, Keys::load(home.path(), token.clone()), timeouts).unwrap();
    Agent { address: server.address(), token, home, server, holds_texts }
}

fn respond(request: Request) -> Response {
    match request {
        Request::Add(new) if new.ring == Some(Ring::Private) => {
            Response::refused(Problem::Conflict, "It is watched already.")
        }
        Request::Add(_) => Response::Added,
        // As the node does: "diary" is remembered.
        Request::Regroup(_) => Response::Regrouped("diary".to_owned()),
        Request::Forget(path) => Response::Done(format!("{} is forgotten.", String::from_utf8_lossy(&path))),
        Request::ForgetKept(path) => {
            Response::Done(format!("What is kept of {} is forgotten.", String::from_utf8_lossy(&path)))
        }
        Request::Decide(Some(DocId(7)), decided) => Response::Done(format!("{decided:?} 7.")),
        Request::Decide(..) => Response::refused(Problem::Conflict, "No task is parked."),
        Request::Keep(_) => Response::refused(Problem::Conflict, "There is nothing to decide."),
        Request::Mesh(_) | Request::Pairing(_) | Request::Stop => {
            Response::refused(Problem::Conflict, "The stand-in belongs to no mesh.")
        }
        Request::Audit => Response::Audit(Audit::default()),
        Request::AskWhy => Response::Asked(0),
        Request::Update(said) => Response::Turn(said == Said::Wants),
        Request::Embed(_) => Response::Embedded(None),
        Request::Search { question, .. } => {
            let (device, path) = ("attic".into(), b"/a/\xff.md".to_vec());
            let hit = RankedHit {
                device,
                peer_id: "12D3".into(),
                path,
                heading: "H".into(),
                text: question,
                snippet: Vec::new(),
                score: 0.5,
                absence: None,
                passage: None,
                gone_since: None,
                places: Vec::new(),
            };
            Response::Hits {
                hits: vec![hit],
                asked: 1,
                answered: 1,
                silent: Vec::new(),
                not_asked: 0,
                nothing_else: Vec::new(),
                frozen: Vec::new(),
                uncovered: Uncovered::default(),
                files: FileCoverage::default(),
                others: Vec::new(),
                fits: true,
                narrowed: Narrowed::default(),
                unusable: (2, Vec::new()),
                held: None,
            }
        }
        Request::Status => Response::Status(Box::new(Status {
            peers: Vec::new(),
            gossip: Vec::new(),
            driver: FromDriver::default(),
            peer_id: "12D3KooTest".into(),
            device: "attic".into(),
            counts: StoreCounts::default(),
            sources: Vec::new(),
            mesh: Some("ab".repeat(32)),
            model: NamedModel { name: "stand-in".into(), fingerprint: Fingerprint([7; 32]) },
            foreign: None,
            work: WorkStatus::default(),
            findings: Vec::new(),
        })),
    }
}

impl Agent {
    fn send(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(bytes).unwrap();
        rest(stream)
    }

    /// One request with these header lines; the agent's own Host unless they have one.
    fn get(&self, path: &str, lines: &[&str]) -> String {
        self.call("GET", path, lines, "")
    }

    fn call(&self, method: &str, path: &str, lines: &[&str], body: &str) -> String {
        let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        if !lines.iter().any(|line| line.starts_with("Host:")) {
            head += &format!("Host: {}\r\n", self.address);
        }
        lines.iter().for_each(|line| head += &format!("{line}\r\n"));
        self.send(format!("{head}\r\n{body}").as_bytes())
    }

    fn bearer(&self) -> String {
        format!("Authorization: Bearer {}", self.token.reveal())
    }

    fn with_token(&self, method: &str, path: &str, body: &str) -> String {
        self.call(method, path, &[&self.bearer()], body)
    }

    fn serves_the_next_caller(&self) {
        assert_eq!(status_of(&self.get("/v1/status", &[&self.bearer()])), 200, "the next caller is served");
    }

    fn client(&self) -> Client {
        Client::new(self.address, self.home.path()).unwrap()
    }
}

/// Everything until the server closes. A reset after the answer counts as a close.
fn rest(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let mut part = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut part) {
        answer.extend_from_slice(&part[..read]);
    }
    String::from_utf8(answer).unwrap()
}

fn status_of(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

#[track_caller]
fn refused(agent: &Agent, answer: &str, status: u16) {
    assert_eq!(status_of(answer), status, "{answer}");
    assert!(!answer.contains(agent.token.reveal()), "the token is never repeated");
    // One sentence, in the shape that the path's clients read.
    assert!([r#"{"error":""#, r#"{"error":{""#].iter().any(|begin| answer.contains(begin)), "{answer}");
    assert!(answer.contains("Cache-Control: no-store") && !answer.contains("Access-Control-Allow"), "{answer}");
    agent.serves_the_next_caller();
}

#[test]
fn a_foreign_or_missing_host_is_refused_even_with_the_token() {
    let agent = agent();
    for host in ["Host: evil.example", "Host: evil.example:7780", "Host: 192.168.1.9:7780", "Host: 127.0.0.1.nip.io"] {
        refused(&agent, &agent.get("/v1/status", &[host, &agent.bearer()]), 403);
        refused(&agent, &agent.get("/", &[host]), 403);
        refused(&agent, &agent.get("/healthz", &[host]), 403);
    }
    refused(&agent, &agent.send(b"GET / HTTP/1.0\r\n\r\n"), 403);
    // HTTP/1.1 without a Host, or with two, is malformed (RFC 9112, section 3.2): the parser refuses it.
    let malformed = agent.send(b"GET / HTTP/1.1\r\n\r\n");
    assert_eq!(status_of(&malformed), 400);
    assert!(!malformed.contains("\r\nDate:"), "the parser would write none before 1970, but panic: {malformed}");
    assert!(agent.get("/", &[]).contains("\r\nDate: "));
    assert_eq!(status_of(&agent.get("/", &["Host: localhost", "Host: evil.example"])), 400);
    assert_eq!(status_of(&agent.get("http://evil.example/", &[])), 400);
    for host in ["Host: localhost:1", "Host: LOCALHOST.", "Host: [::1]:9"] {
        assert_eq!(status_of(&agent.get("/v1/status", &[host, &agent.bearer()])), 200, "{host}");
    }
}

#[test]
fn a_foreign_origin_is_refused_even_with_the_token() {
    let agent = agent();
    for line in
        ["Origin: http://evil.example", "Origin: null", "Origin: https://127.0.0.1", "Sec-Fetch-Site: cross-site"]
    {
        refused(&agent, &agent.get("/v1/status", &[line, &agent.bearer()]), 403);
        refused(&agent, &agent.get("/", &[line]), 403);
        refused(&agent, &agent.call("OPTIONS", "/v1/search", &[line, "Access-Control-Request-Method: POST"], ""), 403);
    }
    let own = format!("Origin: http://{}", agent.address);
    assert_eq!(status_of(&agent.get("/v1/status", &[&own, "Sec-Fetch-Site: same-origin", &agent.bearer()])), 200);
}

#[test]
fn every_call_but_the_page_and_healthz_needs_the_token() {
    let agent = agent();
    let wrong = format!("Authorization: Bearer {}", "0".repeat(64));
    let scheme = agent.bearer().replace("Bearer", "Basic");
    let twice = [agent.bearer(), agent.bearer()];
    for (method, path) in
        [("GET", "/v1/status"), ("POST", "/v1/search"), ("POST", "/v1/add"), ("GET", "/x"), ("PUT", "/")]
    {
        refused(&agent, &agent.call(method, path, &[], "{}"), 401);
        refused(&agent, &agent.call(method, path, &[&wrong], "{}"), 401);
        refused(&agent, &agent.call(method, path, &[&scheme], "{}"), 401);
        refused(&agent, &agent.call(method, path, &[&twice[0], &twice[1]], "{}"), 401);
        refused(&agent, &agent.call(method, &format!("{path}?token={}", agent.token.reveal()), &[], "{}"), 401);
    }
    assert!(agent.get("/healthz", &[]).ends_with("\r\n\r\nok"));
}

#[test]
fn the_page_needs_no_token_and_its_policy_lets_nothing_else_in() {
    let agent = agent();
    let page = agent.get("/", &[]);
    assert_eq!(status_of(&page), 200);
    let policy = page.lines().find(|line| line.starts_with("Content-Security-Policy: ")).unwrap();
    for rule in
        ["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"]
    {
        assert!(policy.contains(rule), "{policy}");
    }
    assert!(!policy.contains("unsafe-inline") && !page.contains("http://") && !page.contains("https://"));
    for header in ["X-Content-Type-Options: nosniff", "Referrer-Policy: no-referrer", "Cache-Control: no-cache"] {
        assert!(page.contains(header), "{header}");
    }
    assert!(
        page.contains(r#"name="viewport""#) && !page.contains(agent.token.reveal()) && !page.contains("12D3KooTest")
    );
}

#[test]
fn the_calls_answer_with_their_public_json() {
    let agent = agent();
    let status = agent.with_token("GET", "/v1/status", "");
    assert!(status.ends_with(concat!(
        r#"{"peer_id":"12D3KooTest","device":"attic","mesh":"abababababababababababababababababababababababababababababababab","files":{"waiting":0,"chunked":0,"ready":0,"refused":0},"leaving":0,"#,
        r#""chunks":0,"vectors":0,"passages":{"all":0,"embedded":0,"waiting":0,"lent":0,"unchecked":0,"set_aside":0},"pace":{"devices":0,"per_minute":null,"left_s":null,"held":0},"index_bytes":{"vectors":0,"words":0},"peers":[],"model":{"name":"stand-in","fingerprint":"0707070707070707070707070707070707070707070707070707070707070707"},"#,
        r#""sources":[],"working":false,"scanning":false,"held":null,"background":null,"background_reason":null,"panics":0,"store_read_s":null,"findings":[]}"#
    )), "{status}");
    let found = agent.with_token("POST", "/v1/search", r#"{"query": " where? "}"#);
    assert!(
        found.ends_with(
            r#"{"hits":[{"device":"attic","peer_id":"12D3","path":"file:///a/%FF.md","text":"where?","snippet":[],"score":0.5,"heading":"H"}],"coverage":{"asked":1,"answered":1,"uncovered":{"documents":0,"elsewhere":0,"unknown_devices":0},"files":{"known":0,"searchable":0,"away":0,"scanning":false},"unusable":2,"background":null}}"#
        ),
        "{found}"
    );
    let doctor = agent.with_token("GET", "/v1/doctor", "");
    assert!(doctor.contains(r#"{"clean":true,"counted":{"files":"#) && doctor.contains(r#""faults":[]"#), "{doctor}");
    let home = std::fs::canonicalize(agent.home.path()).unwrap();
    let add = |ring: &str| {
        agent.with_token("POST", "/v1/add", &format!(r#"{{"path": "{}/.", "ring": "{ring}"}}"#, home.display()))
    };
    assert!(add("mesh").ends_with(&format!(r#"{{"added":"{}"}}"#, home.display())));
    refused(&agent, &add("private"), 409);
    refused(&agent, &add("public"), 400);
}

#[test]
fn a_malformed_request_is_refused_in_one_sentence() {
    let agent = agent();
    let long = format!(r#"{{"query": "{}"}}"#, "x".repeat(5000));
    for body in [
        "",
        "{",
        "[]",
        r#"{"query": ""}"#,
        r#"{"query": 1}"#,
        r#"{"query": "x", "k": 0}"#,
        r#"{"query": "x", "k": 1e9}"#,
        "\u{0}",
        &long,
    ] {
        refused(&agent, &agent.with_token("POST", "/v1/search", body), 400);
    }
    for path in ["notes", "/no/such/place", "/dev/null"] {
        refused(&agent, &agent.with_token("POST", "/v1/add", &format!(r#"{{"path": "{path}"}}"#)), 400);
    }
    refused(&agent, &agent.with_token("GET", "/v1/search", ""), 405);
    refused(&agent, &agent.with_token("POST", "/", ""), 405);
    refused(&agent, &agent.with_token("GET", "/v2", ""), 404);
}

#[test]
fn a_body_of_one_byte_too_many_is_refused_and_the_sentence_arrives() {
    let agent = agent();
    let body = |bytes: usize| format!(r#"{{"query": "x"{}}}"#, " ".repeat(bytes - 14));
    assert_eq!(status_of(&agent.with_token("POST", "/v1/search", &body(HTTP_BODY_MAX))), 200);
    refused(&agent, &agent.with_token("POST", "/v1/search", &body(HTTP_BODY_MAX * 80)), 413);
    let told = agent.with_token("POST", "/v1/search", &body(HTTP_BODY_MAX + 1));
    assert!(status_of(&told) == 413 && told.contains("A question in it has at most 4096"), "{told}");
    refused(&agent, &agent.call("POST", "/v1/search", &[], &body(HTTP_BODY_MAX * 8)), 401);
    // A client that sends all before it reads.
    let told = agent.with_token("POST", "/mcp", &body(50_000_000));
    assert!(status_of(&told) == 413 && told.contains("at most 65536 bytes are read"), "{told}");
}

#[test]
fn garbage_and_endless_heads_end_the_connection_and_nothing_else() {
    let agent = agent();
    for garbage in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"[..],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"CONNECT evil.example:443 HTTP/1.1\r\n\r\n",
    ] {
        let status = status_of(&agent.send(garbage));
        assert!(status == 0 || (400..=501).contains(&status), "{status}");
        agent.serves_the_next_caller();
    }
    let endless = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}", "x".repeat(HTTP_HEAD_MAX * 2));
    assert_eq!(status_of(&agent.send(endless.as_bytes())), 0);
    agent.serves_the_next_caller();
}

#[test]
fn the_command_lines_client_reads_the_agents_answers() {
    let agent = agent();
    let client = agent.client();
    smol::block_on(async {
        assert_eq!(client.status().await.unwrap().read.device, "attic");
        let found = client.search("where?", 3).await.unwrap();
        assert_eq!((found.read.hits[0].text.as_str(), &found.json["coverage"]["asked"]), ("where?", &1.into()));
        assert!(client.doctor().await.unwrap().read.clean);
        let home = std::fs::canonicalize(agent.home.path()).unwrap();
        let added = client.add(home.to_str().unwrap(), Some("home"), Some(Ring::Mesh)).await.unwrap();
        assert_eq!((added.path.as_str(), added.forgotten), (home.to_str().unwrap(), None));
        let already = Failure::NotDone("It is watched already.".into());
        assert_eq!(client.add(home.to_str().unwrap(), Some("home"), Some(Ring::Private)).await.unwrap_err(), already);
    });
}

#[test]
fn no_agent_another_agent_and_a_stopped_agent_are_distinguished() {
    let (ours, theirs) = (agent(), agent());
    let other = Client::new(theirs.address, ours.home.path()).unwrap();
    let Err(Failure::NotDone(why)) = smol::block_on(other.status()) else {
        panic!("it accepted the token of another agent")
    };
    assert!(why.contains("api-token") && !why.contains(ours.token.reveal()), "{why}");
    let (client, empty) = (ours.client(), tempfile::tempdir().unwrap());
    smol::block_on(ours.server.stop());
    assert!(matches!(smol::block_on(client.status()), Err(Failure::NoAgent(why)) if why.contains("wattle up")));
    assert!(
        matches!(Client::new(theirs.address, empty.path()), Err(Failure::NoAgent(why)) if why.contains("wattle up"))
    );
}
