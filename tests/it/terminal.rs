//! What a person reads on a terminal: its width, links to files, the start screen, and a thumb for the answer that it showed.
//!
//! Python makes the terminal; where there is none, the tests print that and are skipped.

use super::harness::{Agent, Place, WATTLE};
use std::process::{Command, Stdio};

/// Runs its arguments behind the first on a terminal of so many columns, and copies what is shown.
const ON_A_TERMINAL: &str = r"
import fcntl, os, pty, struct, sys, termios
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack('HHHH', 24, int(sys.argv[1]), 0, 0))
    os.execv(sys.argv[2], sys.argv[2:])
shown = b''
while True:
    try:
        part = os.read(fd, 65536)
    except OSError:
        break
    if not part:
        break
    shown += part
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
";

/// What the command shows on a terminal of so many columns; `None` where no terminal can be made.
fn shown(agent: &Agent, place: &Place, columns: u16, env: &[(&str, &str)], args: &[&str]) -> Option<String> {
    let mut command = Command::new("python3");
    command.args(["-c", ON_A_TERMINAL, &columns.to_string(), WATTLE, "--api", &agent.api, "--home"]);
    command.arg(place.home()).args(args).stdin(Stdio::null());
    command.env_remove("COLUMNS").env_remove("NO_COLOR").env("TERM", "xterm-256color").envs(env.iter().copied());
    match command.output() {
        Ok(output) => {
            assert!(output.status.success(), "{output:?}");
            Some(String::from_utf8(output.stdout).unwrap().replace("\r\n", "\n"))
        }
        Err(error) => {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "there is no python3: {error}");
            eprintln!("SKIPPED, NOT TESTED: there is no python3 to make a terminal: {error}");
            None
        }
    }
}

/// The longest line that is no path, without the sequences of control.
fn widest(shown: &str) -> usize {
    let mut plain = String::new();
    let mut rest = shown;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        // A link ends with ESC and a backslash, a style with an m.
        rest = if let Some(link) = after.strip_prefix(']') {
            link.split_once("\u{1b}\\").map_or("", |(_, rest)| rest)
        } else {
            after.split_once('m').map_or("", |(_, rest)| rest)
        };
    }
    plain.push_str(rest);
    plain.lines().filter(|line| !line.trim_start().starts_with('/')).map(|line| line.chars().count()).max().unwrap()
}

fn started() -> (Place, Agent) {
    let place = Place::new();
    let text = "The walnut press in the shed is oiled with linseed before the winter and turned slowly. ".repeat(5);
    place.write("a walnut;press.md", text);
    let agent = place.up(&[place.docs().to_str().unwrap()]);
    agent.wait_ready(1);
    agent.wait("the words", |_| !agent.search("walnut press").is_empty());
    (place, agent)
}

#[test]
fn a_search_is_as_wide_as_the_terminal_and_links_the_files_of_this_device() {
    let (place, agent) = started();
    let search = ["search", "walnut", "press"];
    let Some(narrow) = shown(&agent, &place, 60, &[], &search) else { return };
    let at = |columns: u16, env: &[(&str, &str)]| shown(&agent, &place, columns, env, &search).unwrap();
    assert!((50..=60).contains(&widest(&narrow)), "{narrow}");
    assert!((85..=100).contains(&widest(&at(100, &[]))), "a wider terminal has longer lines");
    assert!(widest(&at(400, &[])) <= 110, "and none longer than can be read well");
    assert!((60..=72).contains(&widest(&at(100, &[("COLUMNS", "72")]))), "what a person set counts");
    let host = Command::new("uname").arg("-n").output().unwrap();
    let host = String::from_utf8(host.stdout).unwrap();
    let link = format!("\u{1b}]8;;file://{}{}", host.trim(), place.docs().display());
    assert!(narrow.contains(&format!("{link}/a%20walnut%3Bpress.md\u{1b}\\")), "{narrow:?}");
    for plain in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let text = at(60, &[plain]);
        assert!(!text.contains('\u{1b}') && text.contains("walnut;press.md"), "{plain:?}: {text:?}");
    }
    let console = at(60, &[("TERM", "linux")]);
    assert!(
        console.contains("\u{1b}[1m") && !console.contains("\u{1b}]8"),
        "the console has styles and no links: {console:?}"
    );
    let piped = String::from_utf8(agent.cli(search).stdout).unwrap();
    assert!(!piped.contains('\u{1b}') && widest(&piped) > 110, "a pipe gets whole lines: {piped:?}");
}

#[test]
fn a_thumb_is_of_the_answer_that_a_terminal_showed_last() {
    let (place, agent) = started();
    let none = agent.cli(["feedback", "up", "1"]);
    assert!(!none.status.success(), "what a program asked is not kept: {none:?}");
    let Some(_) = shown(&agent, &place, 80, &[], &["search", "walnut", "press"]) else { return };
    let said = agent.cli(["feedback", "down", "1"]);
    let text = String::from_utf8(said.stdout).unwrap();
    assert!(text.contains("walnut;press.md does not answer \"walnut press\""), "{text}");
    let kept = agent.call("GET", "/v1/feedback", "").1["judgements"].clone();
    assert_eq!((&kept[0]["verdict"], &kept[0]["question"]), (&"bad".into(), &"walnut press".into()), "{kept}");
    assert_eq!(agent.cli(["feedback", "up", "9"]).status.code(), Some(1));
    assert!(agent.cli(["feedback", "none", "1"]).status.success());
    assert_eq!(agent.call("GET", "/v1/feedback", "").1["judgements"].as_array().unwrap().len(), 0);
}

#[test]
fn without_a_command_a_short_screen_tells_the_page_and_the_next_step() {
    let (place, agent) = started();
    let Some(screen) = shown(&agent, &place, 80, &[], &[]) else { return };
    assert!(screen.contains(&format!("http://{}/#token={}", agent.api, agent.token)), "{screen}");
    assert!(screen.contains(&place.docs().display().to_string()) && screen.contains("wattle search"), "{screen}");
    assert!(screen.contains("wattle help") && screen.lines().count() < 20, "{screen}");
    let piped = String::from_utf8(agent.cli([""; 0]).stdout).unwrap();
    assert!(piped.contains(&format!("http://{}/", agent.api)) && !piped.contains(&agent.token), "{piped}");
}
