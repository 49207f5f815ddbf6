//! TLS at the address for other devices, as curl sees it, and handshakes that are held back.

use super::harness::{Agent, Place, WATTLE, up_args};
use std::fs;
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use wattle::http::keys::Keys;
use wattle::http::tls::Tls;
use wattle::http::{Timeouts, serve_with};
use wattle::platform::home::Home;
use wattle::runtime::handle::NodeHandle;
use wattle::wire::x509::{is_permitted, pem};

/// A free port at an address of this machine that other devices reach; `None`, told loudly, where it has none, or no curl.
fn outside() -> Option<SocketAddr> {
    let found = if_addrs::get_if_addrs().unwrap_or_default().into_iter().map(|one| one.ip());
    let found = found.filter(|ip| ip.is_ipv4() && !ip.is_loopback()).max_by_key(|ip| is_permitted(*ip));
    let has_curl = Command::new("curl").arg("--version").output().is_ok_and(|output| output.status.success());
    let Some(ip) = found.filter(|_| has_curl) else {
        eprintln!("SKIPPED, NOT TESTED: this machine has no address that other devices reach, or no curl.");
        return None;
    };
    TcpListener::bind((ip, 0)).ok()?.local_addr().ok()
}

fn curl(args: &[&str]) -> Output {
    Command::new("curl").args(["-sS", "--max-time", "30"]).args(args).output().unwrap()
}

/// What curl prints of a call that is answered.
fn answered(args: &[&str]) -> String {
    let output = curl(args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn wattle(home: &Path, args: &[&str]) -> Output {
    Command::new(WATTLE).arg("--home").arg(home).args(args).output().unwrap()
}

/// An agent whose words nobody reads, as they name an address with `http://`.
struct Quiet(Child);

impl Drop for Quiet {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn without_a_word_of_its_owner_an_agent_speaks_plain_http_and_has_no_root() {
    let Some(open) = outside() else { return };
    let place = Place::new();
    fs::create_dir(place.home()).unwrap();
    fs::write(place.home().join("config.toml"), format!("[api]\nopen = \"{open}\"\n")).unwrap();
    let mut command = Command::new(WATTLE);
    command.args(up_args(&place.home(), &[]));
    let _agent = Quiet(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    let health = format!("http://{open}/healthz");
    let end = Instant::now() + Duration::from_secs(60);
    while !curl(&[&health]).status.success() {
        assert!(Instant::now() < end, "it does not answer");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(answered(&[&health]), "ok");
    let root = answered(&["-o", "/dev/null", "-w", "%{http_code}", &format!("http://{open}/v1/tls/root")]);
    assert_eq!(root, "404");
    assert!(!curl(&["-k", &format!("https://{open}/healthz")]).status.success());
    assert!(!place.home().join("tls-root").exists());
    let link = wattle(&place.home(), &["link"]);
    assert!(String::from_utf8_lossy(&link.stdout).contains(&format!("http://{open}/")), "{link:?}");
    assert_eq!(wattle(&place.home(), &["tls", "root"]).status.code(), Some(1), "there is none");
}

/// An agent with TLS on, and how curl reaches it.
struct Secured {
    place: Place,
    agent: Agent,
    /// The file of its root certificate.
    root: String,
    /// The page by the device's name.
    page: String,
    /// Where curl finds that name.
    to: String,
    token: String,
}

fn secured(open: SocketAddr) -> Secured {
    let place = Place::new();
    place.up(&[]).stop();
    let on = wattle(&place.home(), &["tls", "on"]);
    assert!(on.status.success() && String::from_utf8_lossy(&on.stdout).contains("wattle tls root"), "{on:?}");
    let config = place.home().join("config.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("[api]\n", &format!("[api]\nopen = \"{open}\"\n"))).unwrap();
    let agent = place.up(&[]);
    let root = place.path().join("root.pem").display().to_string();
    assert!(agent.cli(["tls", "root", &root]).status.success());
    assert_eq!(agent.cli(["tls", "root", &root]).status.code(), Some(1), "no file is overwritten");
    let status = agent.json(&["tls", "status", "--json"]);
    assert_eq!((&status["tls"], &status["pages"][0]), (&"on".into(), &format!("https://{open}").into()));
    let page = status["pages"][1].as_str().unwrap().to_owned();
    let name = page.trim_start_matches("https://").split(':').next().unwrap();
    let to = format!("{name}:{}:{}", open.port(), open.ip());
    let token = format!("Authorization: Bearer {}", agent.token);
    Secured { place, agent, root, page, to, token }
}

impl Secured {
    /// What curl prints of a call by the device's name, under its root.
    fn answered(&self, path: &str, more: &[&str]) -> String {
        let at = format!("{}{path}", self.page);
        answered(&[&["--cacert", &self.root, "--resolve", &self.to], more, &[&at]].concat())
    }
}

/// The status, where it leads, and the media type.
const SAID: [&str; 4] = ["-o", "/dev/null", "-w", "%{http_code} %{redirect_url} %{content_type}"];

#[test]
fn with_tls_on_the_page_is_answered_by_https_under_a_root_of_its_own_and_by_no_other_name() {
    let Some(open) = outside() else { return };
    let on = secured(open);
    assert_eq!(on.answered("/healthz", &[]), "ok");
    if is_permitted(open.ip()) {
        assert_eq!(answered(&["--cacert", &on.root, &format!("https://{open}/healthz")]), "ok");
    }
    let told = on.answered("/v1/status", &["-H", &on.token]);
    assert!(told.contains("peer_id"), "{told}");
    // Of several records, and one that is never whole.
    let plain = answered(&[&format!("http://{}/page/style.css", on.agent.api)]);
    assert_eq!(on.answered("/page/style.css", &[]), plain);
    let at = format!("{}/v1/events/stream", on.page);
    let stream = curl(&["--cacert", &on.root, "--resolve", &on.to, "-N", "-m", "4", "-H", &on.token, &at]);
    assert!(String::from_utf8_lossy(&stream.stdout).contains("event: "), "{stream:?}");
    let head = on.answered("/", &["-D", "-", "-o", "/dev/null"]).to_ascii_lowercase();
    assert!(head.contains("content-security-policy") && !head.contains("strict-transport"), "{head}");
    // Nobody trusts it without its root, by another name, or in an older protocol.
    assert_eq!(curl(&["--resolve", &on.to, &format!("{}/healthz", on.page)]).status.code(), Some(60));
    let (evil, foreign) = (
        format!("evil.example:{}:{}", open.port(), open.ip()),
        format!("https://evil.example:{}/healthz", open.port()),
    );
    assert_eq!(curl(&["--cacert", &on.root, "--resolve", &evil, &foreign]).status.code(), Some(60));
    let said = answered(&[&SAID[..], &["-k", "--resolve", &evil, &foreign]].concat());
    assert!(said.starts_with("403"), "{said}");
    let said = on.answered("/", &[&SAID[..], &["-H", "Origin: http://evil.example"]].concat());
    assert!(said.starts_with("403"), "{said}");
    assert!(!curl(&["-k", "--tls-max", "1.2", &format!("https://{open}/healthz")]).status.success());
    // Another start has another certificate, under the same root.
    on.agent.stop();
    let again = on.place.up(&[]);
    assert_eq!(answered(&["--cacert", &on.root, "--resolve", &on.to, &format!("{}/healthz", on.page)]), "ok");
    again.stop();
}

#[test]
fn with_tls_on_plain_http_leads_to_https_and_gives_the_root_and_nothing_else() {
    let Some(open) = outside() else { return };
    let on = secured(open);
    let plain = |path: &str| format!("http://{open}{path}");
    let said = |more: &[&str]| answered(&[&SAID[..], more].concat());
    assert!(said(&[&plain("/?q=tea")]).starts_with(&format!("307 https://{open}/?q=tea")));
    assert!(said(&["-I", &plain("/")]).starts_with("307"));
    assert!(said(&["-H", &on.token, &plain("/v1/status")]).starts_with("403"));
    assert!(said(&["-X", "POST", "-d", "{}", &plain("/v1/session")]).starts_with("403"));
    assert!(said(&["-H", "Host: evil.example", &plain("/")]).starts_with("403"));
    let loaded = on.place.path().join("loaded.pem").display().to_string();
    let told = answered(&["-o", &loaded, "-w", "%{http_code} %{content_type}", &plain("/v1/tls/root")]);
    assert_eq!(told, "200 application/x-x509-ca-cert");
    assert_eq!(fs::read_to_string(&loaded).unwrap(), fs::read_to_string(&on.root).unwrap());
    let link = on.agent.json(&["link", "--json"]);
    // Of an address that no certificate can be for, a phone is told the name.
    let is_at = |at: &str| link["phone"].as_str().unwrap().starts_with(&format!("https://{at}/#token="));
    assert!(
        is_at(&open.to_string()) || !is_permitted(open.ip()) && link["phone"].as_str().unwrap().contains(".local:"),
        "{link}"
    );
    assert!(link["here"].as_str().unwrap().starts_with("http://127.0.0.1:"), "{link}");
    let qr = on.agent.cli(["tls", "root", "--qr"]);
    assert!(String::from_utf8_lossy(&qr.stdout).contains(&plain("/v1/tls/root")), "{qr:?}");
    let home = on.place.home();
    let secret = fs::read_to_string(home.join("tls-root")).unwrap()[..64].to_owned();
    assert!(!on.agent.log().contains(&secret) && !String::from_utf8_lossy(&qr.stdout).contains(&secret));
    on.agent.stop();
    assert!(wattle(&home, &["tls", "off"]).status.success());
    let link = wattle(&home, &["link"]);
    assert!(String::from_utf8_lossy(&link.stdout).contains(&format!("http://{open}/#token=")), "{link:?}");
}

#[test]
fn openssl_takes_what_is_made_for_a_server_of_the_home_and_for_nothing_else() {
    let openssl = Command::new("openssl").arg("version").output();
    if !openssl.is_ok_and(|output| output.status.success()) {
        return eprintln!("SKIPPED, NOT TESTED: there is no openssl.");
    }
    let folder = tempfile::tempdir().unwrap();
    let home = Home::at(folder.path());
    let root = home.tls_root().unwrap();
    let names = wattle::wire::x509::Names::of("attic", IpAddr::from([192, 168, 1, 4]));
    let leaf = root.leaf(&names, 1_796_000_000).unwrap();
    let file = |name: &str, der: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, pem(der)).unwrap();
        path.display().to_string()
    };
    let (root, leaf) = (file("root.pem", root.certificate()), file("leaf.pem", leaf.certificate()));
    let verifies = |more: &[&str]| {
        let checks = ["verify", "-x509_strict", "-purpose", "sslserver", "-attime", "1796000001", "-CAfile", &root];
        Command::new("openssl").args(checks).args(more).arg(&leaf).output().unwrap().status.success()
    };
    assert!(verifies(&["-verify_hostname", "attic.local"]) && verifies(&["-verify_ip", "192.168.1.4"]));
    assert!(!verifies(&["-verify_hostname", "attic"]) && !verifies(&["-verify_ip", "192.168.1.5"]));
    let shown = Command::new("openssl").args(["x509", "-noout", "-text", "-in", &root]).output().unwrap();
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    for part in ["CA:TRUE, pathlen:0", "Name Constraints: critical", "DNS:home.arpa", "IP:192.168.0.0/255.255.0.0"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[test]
fn a_handshake_that_is_held_back_is_cut_like_a_request() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::at(folder.path());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let tls = Tls::new(home.tls_root().unwrap(), "attic", address).unwrap();
    let keys = Keys::load(folder.path(), home.token().unwrap());
    let (node, _driver) = NodeHandle::new();
    let short = Duration::from_millis(400);
    let timeouts = Timeouts { arrive: short, idle: short, answer: short };
    let _server = serve_with(listener, node, keys, timeouts, Some(tls)).unwrap();
    // A record of 512 bytes, with the head of a client's hello in it.
    let hello = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3];
    let held: [(&[u8], &[u8]); 5] =
        [(&[], &[]), (&[0x16], &[]), (&hello, &[]), (&hello, &[7]), (b"GET / HTTP/1.1\r\n", b"x")];
    for (begin, drip) in held {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        stream.write_all(begin).unwrap();
        let since = Instant::now();
        let is_open = |stream: &mut TcpStream| {
            let read = stream.read(&mut [0; 512]);
            !matches!(read, Ok(0))
                && (drip.is_empty() || stream.write_all(drip).is_ok())
                && !read.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset)
        };
        while is_open(&mut stream) {
            assert!(since.elapsed() < Duration::from_secs(5), "{begin:?} {drip:?} is still open");
        }
        assert!(since.elapsed() > Duration::from_millis(300), "{begin:?} {drip:?} had the time of a request");
    }
    // A garbled one is no reason to wait, and the next caller is served.
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    stream.write_all(&[0x16, 3, 1, 0, 4, 9, 0, 0, 0]).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert_eq!(answer.first(), Some(&0x15), "an alert: {answer:?}");
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 307"), "{answer}");
}
