//! Parsers that misbehave, each in a process of its own: this test program once more, with the name of a document for its deed.

use super::Parsers;
use super::running::Program;
use super::sandbox::Bounds;
use super::serve::serve;
use crate::base::time::Duration;
use crate::store::record::FileStamp;
use crate::text::extract::section::{Section, Text};
use crate::text::extract::{Refusal, extract};
use crate::worker::extract::{Content, content_hash};
use rustix::process::{Pid, Signal, kill_process};
use rustix::stdio::dup2_stdout;
use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::hint::black_box;
use std::io::Write;
use std::net::{TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread::{Builder, park};

const AS_PARSER: &str = "WATTLE_TEST_PARSER";
/// The process that started this one, as it was before the sandbox.
static PARENT: AtomicI32 = AtomicI32::new(0);
const STAMP: FileStamp = FileStamp { size: 9, modified_ns: 1, changed_ns: 1, inode: 1 };
/// Bytes that are parsed in a process.
const BYTES: &[u8] = b"PK\x03\x04binary\0";
const BOUNDS: Bounds = Bounds { memory: 96 << 20, cpu_s: 1 };

fn text(text: String) -> Result<Text, Refusal> {
    let range = 0..text.len();
    Ok(Text { text, sections: vec![Section { heading: String::new(), range }] })
}

/// What each of these said that must not be possible.
fn attempts() -> String {
    #[expect(clippy::disallowed_methods, reason = "a test of what a parser may not do")]
    let tried: [(&str, Result<(), String>); 9] = [
        ("read", fs::read("/etc/passwd").map(drop).map_err(|error| error.to_string())),
        ("write", fs::write("/tmp/wattle-parser-was-here", "x").map_err(|error| error.to_string())),
        ("delete", fs::remove_file("/tmp/wattle-parser-may-not").map_err(|error| error.to_string())),
        ("list", fs::read_dir("/").map(drop).map_err(|error| error.to_string())),
        ("tcp", TcpStream::connect("127.0.0.1:9").map(drop).map_err(|error| error.to_string())),
        ("udp", UdpSocket::bind("127.0.0.1:0").map(drop).map_err(|error| error.to_string())),
        ("unix", UnixStream::pair().map(drop).map_err(|error| error.to_string())),
        ("program", Command::new("/bin/true").spawn().map(drop).map_err(|error| error.to_string())),
        ("thread", Builder::new().spawn(|| ()).map(drop).map_err(|error| error.to_string())),
    ];
    let parent = Pid::from_raw(PARENT.load(Ordering::Relaxed)).map(|parent| kill_process(parent, Signal::CONT));
    let mut said: Vec<String> = tried.into_iter().map(|(what, done)| format!("{what}: {done:?}")).collect();
    said.push(format!("signal: {:?}", parent.map(|done| done.map_err(|error| error.to_string()))));
    #[expect(clippy::disallowed_methods, reason = "a test of what a parser is given")]
    let variables = std::env::vars_os().filter(|(name, _)| name != AS_PARSER).count();
    said.push(format!("environment: {variables}"));
    said.join("\n")
}

fn nested(depth: usize) -> usize {
    if black_box(depth) == usize::MAX { 0 } else { black_box(nested(depth + 1)) + 1 }
}

fn misbehave(name: &str, bytes: &[u8]) -> Result<Text, Refusal> {
    match name {
        "panics" => panic!("on a part of the document"),
        "aborts" => std::process::abort(),
        "nests" => text(nested(0).to_string()),
        "loops" => loop {
            black_box(bytes);
        },
        "waits" => loop {
            park();
        },
        "allocates" => text(String::from_utf8(vec![b'a'; 200 << 20]).unwrap()),
        "grows" => {
            let mut kept = Vec::new();
            loop {
                kept.push(black_box(vec![1_u8; 1 << 20]));
            }
        }
        "answers much" => text("a".repeat(33 << 20)),
        "chatters" => loop {
            let _ = std::io::stderr().write_all(&[b'x'; 1000]);
        },
        "prints" => {
            std::io::stdout().write_all(&[b'x'; 1000]).unwrap();
            text("Herons.".to_owned())
        }
        "ranges" => Ok(Text { text: "a".to_owned(), sections: vec![Section { heading: String::new(), range: 5..9 }] }),
        "attempts" => text(attempts()),
        "well" => text("Herons.".to_owned()),
        _ => extract(name, bytes),
    }
}

/// Not a test: the process that the tests start. Its standard output is libtest's, so that the pipe for the answer is elsewhere until now.
#[test]
#[expect(clippy::disallowed_methods, reason = "how the tests tell this process that it is one of theirs")]
fn the_process_that_the_other_tests_start() {
    if std::env::var_os(AS_PARSER).is_none() {
        return;
    }
    let parent = rustix::process::getppid().map_or(0, |parent| parent.as_raw_nonzero().get());
    PARENT.store(parent, Ordering::Relaxed);
    let answers = OpenOptions::new().write(true).open("/proc/self/fd/3").unwrap();
    dup2_stdout(&answers).unwrap();
    drop(answers);
    let code = serve(misbehave);
    #[expect(clippy::exit, reason = "so that libtest does not go on in the sandbox")]
    std::process::exit(i32::from(code != ExitCode::SUCCESS));
}

/// Parsers of this test program. The mark tells their processes from those of other tests.
fn parsers(mark: &str, wall: Duration) -> Parsers {
    let this = std::env::current_exe().unwrap().into_os_string();
    let name = "platform::child::test::the_process_that_the_other_tests_start";
    let mut arguments: Vec<OsString> = vec!["-c".into(), "exec \"$0\" \"$@\" 3>&1 1>/dev/null".into(), this];
    arguments.extend(["--exact", name, "--test-threads=1", "--nocapture", "--skip", mark].map(OsString::from));
    let environment = vec![(AS_PARSER.into(), "1".into())];
    Parsers::new(Program { path: "/bin/sh".into(), arguments, environment }, BOUNDS, wall)
}

fn quick() -> Parsers {
    parsers("unmarked", Duration::from_secs(60))
}

fn of(parsers: &Parsers, name: &str) -> Content {
    let path = format!("/home/ann/{name}");
    parsers.content(path.as_bytes(), Content::Bytes(BYTES.to_vec(), STAMP)).0
}

fn refused(parsers: &Parsers, name: &str) -> String {
    match of(parsers, name) {
        Content::Extracted { text: Err(why), content, stamp: STAMP } if content == content_hash(BYTES) => why,
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn each_way_to_misbehave_is_named_and_the_next_document_is_read() {
    let parsers = quick();
    let again = "It is tried again when the file changes, or with a newer parser";
    let cases = [
        ("panics", "its parser crashed (src/platform/child/test.rs:"),
        ("aborts", "its parser crashed (signal 6)."),
        ("nests", "its parser crashed ("),
        ("loops", "its parser used more than 1 seconds of computing time."),
        ("allocates", "its parser needed more memory than the 96 MiB that it gets."),
        ("grows", "its parser needed more memory than the 96 MiB that it gets."),
        ("chatters", "its parser wrote more than 64 KiB of messages."),
        ("ranges", "its parser gave an answer that is none."),
    ];
    for (name, says) in cases {
        let why = refused(&parsers, name);
        assert!(why.starts_with(says) && why.ends_with(again), "{name}: {why}");
        assert!(!why.contains("part of the document"), "{why}");
        assert!(matches!(of(&parsers, "well"), Content::Extracted { text: Ok(text), .. } if text.text == "Herons."));
    }
    assert!(matches!(of(&parsers, "prints"), Content::Extracted { text: Ok(text), .. } if text.text == "Herons."));
    assert_eq!(
        refused(&parsers, "a.bin"),
        "the end of the file is missing; copy or download it again",
        "what the real parser says"
    );
    assert_eq!(refused(&parsers, "answers much"), "its text has more than 33554432 bytes");
    assert!(children("unmarked").is_empty(), "none is left, and no zombie");
}

#[test]
fn a_parser_tells_whether_a_secret_stands_in_a_document_and_one_that_fails_withholds_it() {
    let parsers = quick();
    let key = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
    let words = "The boiler in the cellar hums.";
    let note = format!("{words}\\par {key}\\par {words}").into_bytes();
    let rich = |text: &[u8]| [&b"{\\rtf1\\ansi "[..], text, b"}"].concat();
    assert_eq!(parsers.finds_secret(b"/home/ann/a.rtf", &rich(&note)), Ok(true));
    assert_eq!(parsers.finds_secret(b"/home/ann/a.rtf", &rich(words.as_bytes())), Ok(false));
    assert_eq!(parsers.finds_secret(b"/home/ann/a.bin", BYTES), Ok(true), "what cannot be read");
    assert_eq!(parsers.finds_secret(b"/home/ann/a.txt", &note), Ok(false), "it is looked at without a parser");
    parsers.stop();
    assert!(parsers.finds_secret(b"/home/ann/a.rtf", &rich(&note)).is_err());
}

#[test]
fn a_parser_reaches_no_file_no_network_and_no_process() {
    let parsers = quick();
    let sandbox = parsers.look().unwrap();
    println!("{sandbox}");
    let content = of(&parsers, "attempts");
    let Content::Extracted { text: Ok(text), .. } = content else { panic!("it comes to its end: {content:?}") };
    for line in text.text.lines().filter(|line| !line.starts_with("environment")) {
        let is_kept = line.starts_with("signal") && !sandbox.filtered && sandbox.landlock < 6;
        assert!(line.contains("Err(") || is_kept, "{}", text.text);
    }
    assert!(text.text.ends_with("environment: 0") || text.text.contains("environment: 1"), "{}", text.text);
    assert!(!fs::exists("/tmp/wattle-parser-was-here").unwrap());
}

#[test]
fn a_parser_that_waits_is_ended_with_its_time_and_counts_as_one_that_comes_to_no_end() {
    let parsers = parsers("waits", Duration::from_secs(2));
    assert!(refused(&parsers, "waits").starts_with("its parser came to no end in 2 seconds."));
    assert!(children("waits").is_empty());
}

/// The processes with this mark that this one has started; with the empty one those that have ended and are not waited for.
fn children(mark: &str) -> Vec<Pid> {
    let own = rustix::process::getpid().as_raw_nonzero().to_string();
    let pids = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().into_string().ok());
    let is_one = |pid: &String| {
        let read = |file: &str| fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
        let stat = String::from_utf8_lossy(&read("stat")).into_owned();
        let mut rest = stat.rsplit_once(") ").map_or("", |(_, rest)| rest).split(' ');
        let (state, parent) = (rest.next(), rest.next());
        // One that has ended has no command line any more: it may be of another test.
        let is_marked = || read("cmdline").split(|byte| *byte == 0).any(|word| word == mark.as_bytes());
        parent == Some(&own) && if mark.is_empty() { state == Some("Z") } else { is_marked() }
    };
    pids.filter(is_one).filter_map(|pid| Pid::from_raw(pid.parse().ok()?)).collect()
}

#[test]
fn a_parser_that_is_killed_from_outside_or_with_the_agent_says_nothing_of_its_document() {
    let parsers = parsers("killed", Duration::from_secs(60));
    let running = |parsers: &Parsers| {
        let parsers = parsers.clone();
        Builder::new().spawn(move || of(&parsers, "waits")).unwrap()
    };
    let parsing = running(&parsers);
    let found = std::iter::repeat_with(|| children("killed")).find(|found| !found.is_empty()).unwrap();
    kill_process(found[0], Signal::KILL).unwrap();
    let content = parsing.join().unwrap();
    assert!(matches!(&content, Content::Interrupted(why) if why.contains("ended from outside")), "{content:?}");
    assert!(matches!(of(&parsers, "well"), Content::Extracted { text: Ok(_), .. }), "others are read");

    let parsing = running(&parsers);
    let _ = std::iter::repeat_with(|| children("killed")).find(|found| !found.is_empty());
    parsers.stop();
    let content = parsing.join().unwrap();
    assert_eq!(content, Content::Interrupted("its parser was ended with the agent".to_owned()));
    assert!(children("killed").is_empty());
    // Those of other tests are waited for within moments too.
    let reaped = (0..5_000).any(|_| children("").is_empty());
    assert!(reaped, "one that has ended is not waited for");
}

#[test]
fn where_no_process_can_be_started_the_document_is_tried_later_and_text_needs_none() {
    let nowhere = Program { path: "/no/such/program".into(), arguments: Vec::new(), environment: Vec::new() };
    let parsers = Parsers::new(nowhere, BOUNDS, Duration::from_secs(60));
    let content = of(&parsers, "well");
    assert!(matches!(&content, Content::Failed(why) if why.starts_with("no process can be started")), "{content:?}");
    assert!(parsers.look().is_err());
    let plain = || Content::Bytes(b"Herons.\n".to_vec(), STAMP);
    assert_eq!(parsers.content(b"/a.txt", plain()), (plain(), Duration::ZERO));
    assert_eq!(parsers.content(b"/a.txt", Content::Missing(0)), (Content::Missing(0), Duration::ZERO));
}

#[test]
fn a_document_does_not_wait_for_the_parser_of_another_one_that_takes_long_and_text_waits_for_none() {
    let parsers = parsers("turn", Duration::from_secs(600));
    let (waits, soon) = (parsers.clone(), |name: &str, bytes: &[u8]| {
        parsers.content(format!("/{name}").as_bytes(), Content::Bytes(bytes.to_vec(), STAMP)).0
    });
    let parsing = Builder::new().spawn(move || of(&waits, "waits")).unwrap();
    let _ = std::iter::repeat_with(|| children("turn")).find(|found| !found.is_empty());
    assert_eq!(soon("well", BYTES), Content::NoTurn);
    assert_eq!(soon("a.txt", b"Herons.\n"), Content::Bytes(b"Herons.\n".to_vec(), STAMP));
    kill_process(children("turn")[0], Signal::KILL).unwrap();
    assert!(matches!(parsing.join().unwrap(), Content::Interrupted(_)));
    assert!(matches!(soon("well", BYTES), Content::Extracted { text: Ok(_), .. }), "its turn has come");
}
