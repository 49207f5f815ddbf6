//! Public documents: by their CIDs over HTTP, and in archives.

use super::harness::{Agent, Place};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Output;
use wattle::wire::car::{Part, Reader};
use wattle::wire::cid::Cid;

const HEATING: &str = "# Boiler\n\nThe manual of the boiler is in the cellar.\n";
const DIARY: &str = "Today the boiler was mended.\n";

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

/// A call without a token.
fn asked(agent: &Agent, method: &str, path: &str, headers: &str) -> Answer {
    let mut stream = TcpStream::connect(&agent.api).unwrap();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{headers}\r\n", agent.api);
    stream.write_all(head.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let (head, body) = (String::from_utf8(bytes[..end + 2].to_vec()).unwrap(), bytes[end + 4..].to_vec());
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let body = if head.contains("chunked") && method != "HEAD" { unchunked(&body) } else { body };
    Answer { status, head, body }
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|two| two == b"\r\n").unwrap();
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..line]).unwrap(), 16).unwrap();
        rest = &rest[line + 2..];
        if length == 0 {
            return body;
        }
        body.extend(&rest[..length]);
        rest = &rest[length + 2..];
    }
}

/// A text, and below it many letters that nobody reads.
fn plan() -> String {
    let mut text = "# The plan of the garden\n\nThe plan of the garden is drawn below.\n\n".to_owned();
    let (letters, mut state) = (b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 7_u64);
    while text.len() < 600_000 {
        for _ in 0..76 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push(char::from(letters[(state >> 58) as usize]));
        }
        text.push('\n');
    }
    text
}

/// An agent with a public collection of two files, and a diary of one.
fn place() -> (Place, Agent) {
    let place = Place::new();
    place.write("open/heating.md", HEATING);
    place.write("open/garden/plan.md", plan());
    place.write("diary/today.md", DIARY);
    fs::create_dir(place.home()).unwrap();
    fs::write(place.home().join("config.toml"), "[ipfs]\ngateway = true\n").unwrap();
    let open = place.docs().join("open").display().to_string();
    let agent = place.up(&["--no-mdns", "--collection", "open", &open]);
    let diary = place.docs().join("diary").display().to_string();
    assert!(agent.cli(["add", &diary, "--collection", "diary", "--ring", "private"]).status.success());
    agent.wait_ready(3);
    (place, agent)
}

fn publish(agent: &Agent) {
    let done = agent.cli(["collection", "ring", "open", "public", "--confirm", "open"]);
    assert!(done.status.success(), "{}", error_of(&done));
}

fn error_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn cid_of(agent: &Agent, place: &Place, name: &str) -> serde_json::Value {
    agent.json(&["cid", &place.docs().join(name).display().to_string(), "--json"])
}

#[test]
fn a_collection_becomes_public_only_by_who_repeats_its_name_and_is_private_again_at_once() {
    let (place, agent) = place();
    let heating = format!("/ipfs/{}?format=raw", Cid::of_raw(HEATING.as_bytes()));
    assert_eq!(asked(&agent, "GET", &heating, "").status, 404, "nothing is public yet");
    let refused = agent.cli(["collection", "ring", "open", "public"]);
    assert!(!refused.status.success() && error_of(&refused).contains("--confirm open"), "{}", error_of(&refused));
    assert!(
        error_of(&agent.cli(["cid", &place.docs().join("open/heating.md").display().to_string()])).contains("public")
    );
    publish(&agent);
    assert_eq!(agent.json(&["collection", "list", "--json"])[1]["ring"], "public");
    assert!(fs::read_to_string(place.home().join("config.toml")).unwrap().contains("ring = \"public\""));
    assert!(agent.search("Where is the manual of the boiler?")[0].ends_with("heating.md"), "it is searched as before");
    cid_of(&agent, &place, "open/heating.md");
    assert_eq!(asked(&agent, "GET", &heating, "").status, 200);
    place.write("more/a.md", "Nobody said that this is for everybody.\n");
    let more = place.docs().join("more").display().to_string();
    let refused = agent.cli(["add", &more, "--collection", "open"]);
    assert!(error_of(&refused).contains("is public"), "{}", error_of(&refused));
    assert!(agent.cli(["collection", "ring", "open", "mesh"]).status.success());
    assert_eq!(asked(&agent, "GET", &heating, "").status, 404);
    // A start with what config.toml says.
    publish(&agent);
    agent.stop();
    let agent = place.up(&[]);
    agent.wait_ready(3);
    assert_eq!(asked(&agent, "GET", &heating, "").status, 200);
}

#[test]
fn the_gateway_gives_verified_blocks_of_public_documents_and_no_others() {
    let (place, agent) = place();
    publish(&agent);
    let heating = cid_of(&agent, &place, "open/heating.md");
    let cid = heating["cid"].as_str().unwrap();
    assert_eq!(cid, Cid::of_raw(HEATING.as_bytes()).to_string(), "the name that `ipfs add` gives the file");
    let raw = asked(&agent, "GET", &format!("/ipfs/{cid}?format=raw"), "");
    assert_eq!((raw.status, raw.body.as_slice()), (200, HEATING.as_bytes()), "{}", raw.head);
    let etag = format!("\"{cid}.raw\"");
    for part in ["Content-Type: application/vnd.ipld.raw\r\n", "immutable", &etag, "nosniff", ".bin\""] {
        assert!(raw.head.contains(part), "{part}: {}", raw.head);
    }
    let by_header = asked(&agent, "GET", &format!("/ipfs/{cid}"), "Accept: application/vnd.ipld.raw\r\n");
    assert_eq!((by_header.status, by_header.body), (200, HEATING.as_bytes().to_vec()));
    let known = asked(&agent, "GET", &format!("/ipfs/{cid}?format=raw"), &format!("If-None-Match: {etag}\r\n"));
    assert_eq!((known.status, known.body.len()), (304, 0));
    let head = asked(&agent, "HEAD", &format!("/ipfs/{cid}?format=raw"), "");
    assert!(head.status == 200 && head.body.is_empty() && head.head.contains("Content-Length: "), "{}", head.head);
    let passage = heating["passages"][0].as_str().unwrap();
    let text = asked(&agent, "GET", &format!("/ipfs/{passage}?format=raw"), "");
    assert!(text.status == 200 && passage.parse::<Cid>().unwrap().verifies(&text.body), "{}", text.head);
    assert!(String::from_utf8(text.body).unwrap().contains("manual of the boiler"));
    let diary = Cid::of_raw(DIARY.as_bytes());
    for (path, status) in [
        (format!("/ipfs/{diary}?format=raw"), 404),
        (format!("/ipfs/{diary}?format=car"), 404),
        (format!("/ipfs/{}?format=raw", Cid::of_raw(DIARY.trim_end().as_bytes())), 404),
        ("/ipfs/nonsense?format=raw".to_owned(), 400),
        (format!("/ipfs/{cid}?format=tar"), 400),
        (format!("/ipfs/{cid}"), 400),
    ] {
        let answer = asked(&agent, "GET", &path, "");
        assert_eq!(answer.status, status, "{path}: {}", answer.head);
        assert!(!answer.body.is_empty() && answer.head.contains("no-store"), "{path}: {}", answer.head);
    }
    // Pages of others read nothing by a browser of this home.
    let foreign = asked(&agent, "GET", &format!("/ipfs/{cid}?format=raw"), "Origin: http://example.org\r\n");
    assert_eq!(foreign.status, 403);
    assert_eq!(asked(&agent, "GET", "/v1/cid?path=/", "").status, 401, "which documents there are is not told");
    assert_eq!(asked(&agent, "GET", "/v1/export", "").status, 401);
}

#[test]
fn an_archive_begins_with_its_root_and_has_the_whole_file() {
    let (place, agent) = place();
    publish(&agent);
    let named = cid_of(&agent, &place, "open/garden/plan.md");
    let root: Cid = named["cid"].as_str().unwrap().parse().unwrap();
    let answer = asked(&agent, "GET", &format!("/ipfs/{root}?format=car"), "");
    assert!(answer.status == 200 && answer.head.contains("application/vnd.ipld.car; version=1"), "{}", answer.head);
    let (mut reader, mut rest, mut cids, mut file) =
        (Reader::default(), &answer.body[..], Vec::new(), Vec::<u8>::new());
    while let Some((part, used)) = reader.next(rest).unwrap() {
        match part {
            Part::Roots(roots) => assert_eq!(roots, [root]),
            Part::Block(cid, block) => {
                assert!(cid.verifies(block));
                cids.push(cid);
                if cid != root {
                    file.extend(block);
                }
            }
            Part::Other => panic!("another block"),
        }
        rest = &rest[used..];
    }
    assert!(rest.is_empty() && cids[0] == root && cids.len() == 4, "a node and three leaves: {cids:?}");
    assert!(file == plan().into_bytes());
    let alone = asked(&agent, "GET", &format!("/ipfs/{root}?format=car&dag-scope=block"), "");
    assert!(alone.status == 200 && alone.body.len() < 1000);
    let head = asked(&agent, "HEAD", &format!("/ipfs/{root}?format=car"), "");
    assert_eq!((head.status, head.body.len()), (200, 0));
    // A file that changed has no blocks of before.
    place.write("open/garden/plan.md", plan().replace("garden", "meadow"));
    assert_ne!(asked(&agent, "GET", &format!("/ipfs/{}?format=raw", cids[1]), "").status, 200);
}

#[test]
fn what_is_exported_is_imported_byte_by_byte_and_nothing_private_is() {
    let (place, agent) = place();
    let car = place.path().join("open.car").display().to_string();
    let none = agent.cli(["export", "--car", &car]);
    assert!(!none.status.success() && error_of(&none).contains("public"), "{}", error_of(&none));
    assert!(!place.path().join("open.car").exists(), "nothing is left of it");
    publish(&agent);
    let done = agent.json(&["export", "--car", &car, "--collection", "open", "--json"]);
    assert!(done["blocks"].as_u64().unwrap() >= 6, "{done}");
    let again = agent.cli(["export", "--car", &car]);
    assert!(error_of(&again).contains("is not overwritten"), "{}", error_of(&again));
    let diary = agent.cli(["export", "--car", &format!("{car}.2"), "--collection", "diary"]);
    assert!(!diary.status.success());
    let nix = agent.cli(["export", "--car", &format!("{car}.3"), "--collection", "nix"]);
    let why = error_of(&nix);
    assert!(
        !nix.status.success() && why.contains("no collection \"nix\" here; there are ") && why.contains("open"),
        "{why}"
    );
    assert!(!place.path().join("open.car.3").exists(), "nothing is left of it");
    let archive = fs::read(&car).unwrap();
    assert!(!archive.windows(DIARY.len()).any(|part| part == DIARY.as_bytes()));
    // The root is one that others fetch.
    let root = done["root"].as_str().unwrap();
    let folder = asked(&agent, "GET", &format!("/ipfs/{root}?format=car"), "");
    assert!(folder.status == 200 && folder.body == archive, "the same blocks in the same order");

    let folder = place.path().join("open");
    let done = agent.json(&["import", "--car", &car, "--json"]);
    assert_eq!((&done["files"], &done["left_out"]), (&serde_json::json!(2), &serde_json::json!([])), "{done}");
    assert_eq!(fs::read_to_string(folder.join("heating.md")).unwrap(), HEATING);
    assert!(fs::read_to_string(folder.join("garden/plan.md")).unwrap() == plan());
    let again = agent.cli(["import", "--car", &car]);
    assert!(!again.status.success() && error_of(&again).contains("is there already"), "{}", error_of(&again));
    let mut broken = archive;
    let last = broken.len() - 1;
    broken[last] ^= 1;
    fs::write(&car, broken).unwrap();
    let to = place.path().join("broken").display().to_string();
    let told = agent.cli(["import", "--car", &car, "--to", &to]);
    let text = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(!told.status.success() && text.contains("1 file ") && text.contains("Left out: "), "{text}");
}

#[test]
fn the_gateway_is_off_unless_its_owner_switched_it_on_and_says_how() {
    let place = Place::new();
    place.write("heating.md", HEATING);
    let agent = place.up(&["--no-mdns", "--collection", "open", &place.docs().display().to_string()]);
    agent.wait_ready(1);
    publish(&agent);
    let cid = cid_of(&agent, &place, "heating.md")["cid"].as_str().unwrap().to_owned();
    let answer = asked(&agent, "GET", &format!("/ipfs/{cid}?format=raw"), "");
    assert_eq!(answer.status, 404);
    assert!(String::from_utf8(answer.body).unwrap().contains("ipfs.gateway = true"));
    // The same document, by a path out of a folder and back.
    let docs = place.docs();
    let around = docs.join("..").join(docs.file_name().unwrap()).join("heating.md").display().to_string();
    assert_eq!(agent.json(&["cid", &around, "--json"])["cid"], cid.as_str());
    assert!(agent.cli(["show", &around]).status.success());
    let folder = agent.cli(["cid", &docs.display().to_string()]);
    assert_eq!(folder.status.code(), Some(1));
    assert!(error_of(&folder).contains("is a folder. Name a document in it"), "{}", error_of(&folder));
}

#[test]
fn names_with_control_characters_are_exported_and_imported_as_they_are_and_act_on_no_terminal() {
    let place = Place::new();
    let (red, two) = ("esc\u{1b}[31mred.md", "two\nlines\u{9b}2J.md");
    place.write(red, HEATING);
    place.write(two, "The apples of the garden are ripe in September.\n");
    let agent = place.up(&["--no-mdns", "--collection", "open", &place.docs().display().to_string()]);
    agent.wait_ready(2);
    publish(&agent);
    let car = place.path().join("open.car").display().to_string();
    assert!(agent.cli(["export", "--car", &car]).status.success());
    let to = place.path().join("to\u{1b}[2J").display().to_string();
    let imported = agent.cli(["import", "--car", &car, "--to", &to]);
    assert!(imported.status.success(), "{imported:?}");
    assert_eq!(fs::read_to_string(Path::new(&to).join(red)).unwrap(), HEATING);
    assert!(Path::new(&to).join(two).exists());
    assert_eq!(fs::read_dir(place.path()).unwrap().filter(is_unfinished).count(), 0);
    let red = place.docs().join(red).display().to_string();
    for words in [
        &["search", "boiler"][..],
        &["search", "apples", "--json"],
        &["status"],
        &["folders"],
        &["doctor"],
        &["cid", &red],
        &["show", &red],
        &["add", &to],
        &["forget", &red],
        &["import", "--car", &car, "--to", &to],
        &["export", "--car", &to],
        &["show", "none\u{1b}[2J"],
    ] {
        let done = agent.cli(words);
        for said in [&done.stdout, &done.stderr] {
            let said = String::from_utf8_lossy(said).into_owned();
            assert!(!said.chars().any(|c| c.is_control() && c != '\n'), "{words:?}: {said:?}");
        }
    }
}

/// Whether this is what an import works in.
fn is_unfinished(entry: &std::io::Result<fs::DirEntry>) -> bool {
    entry.as_ref().unwrap().file_name().to_string_lossy().starts_with(".wattle-import")
}

#[test]
fn an_import_that_finds_nothing_leaves_nothing_and_a_killed_one_goes_with_the_next() {
    let (place, agent) = place();
    publish(&agent);
    let car = place.path().join("open.car").display().to_string();
    assert!(agent.cli(["export", "--car", &car]).status.success());
    let archive = fs::read(&car).unwrap();
    let to = place.path().join("new");
    // The head and the root alone: each file is missing.
    fs::write(&car, &archive[..archive.len().min(200)]).unwrap();
    fs::create_dir_all(place.path().join(".wattle-import-1/part")).unwrap();
    let nothing = agent.cli(["import", "--car", &car, "--to", to.to_str().unwrap()]);
    let told = format!("{}{}", String::from_utf8_lossy(&nothing.stdout), error_of(&nothing));
    assert!(nothing.status.code() == Some(1) && !told.contains("wattle add"), "{told}");
    assert!(!to.exists(), "{told}");
    assert_eq!(fs::read_dir(place.path()).unwrap().filter(is_unfinished).count(), 0, "{told}");
}
