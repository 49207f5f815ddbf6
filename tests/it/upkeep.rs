//! Backups, restores and an index that is made anew, with real agents.

use super::harness::{Agent, Place, WATTLE};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

const NOTES: [(&str, &str); 3] = [
    ("beet.md", "Pickled beetroot takes three spoons of caraway.\n"),
    ("lock.md", "The bicycle lock has the number 4711.\n"),
    ("boiler.md", "The boiler in the cellar has the part INV-20394.\n"),
];

fn started() -> (Place, Agent) {
    let place = Place::new();
    NOTES.iter().for_each(|(name, text)| place.write(name, text));
    let agent = place.up(&[place.docs().to_str().unwrap()]);
    agent.wait_ready(3);
    (place, agent)
}

fn command(home: &Path, args: &[&str]) -> Output {
    Command::new(WATTLE).arg("--home").arg(home).args(args).output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn all_are_found(agent: &Agent) {
    for (question, name) in [("beetroot", "beet.md"), ("4711", "lock.md"), ("INV-20394", "boiler.md")] {
        agent.wait("the words", |_| agent.search(question).first().is_some_and(|path| path.ends_with(name)));
    }
}

#[test]
fn a_backup_of_a_running_agent_is_restored_elsewhere_and_nothing_is_embedded_again() {
    let (place, agent) = started();
    let file = place.path().join("all.backup");
    let name = file.to_str().unwrap();
    let made = agent.cli(["backup", name]);
    assert!(made.status.success() && said(&made).contains("3 documents with 3 passages"), "{made:?}");
    assert!(said(&made).contains("key is not in it"), "{made:?}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let again = agent.cli(["backup", name]);
    assert!(!again.status.success() && said(&again).contains("not overwritten"), "{again:?}");
    let folder = agent.cli(["backup", place.path().to_str().unwrap()]);
    assert!(!folder.status.success() && said(&folder).contains("is a folder, and a backup is a file"), "{folder:?}");
    assert!(said(&folder).contains("/wattle.backup"), "{folder:?}");
    let of_folder = said(&folder).trim().to_owned();
    for (path, why) in [
        (name, "not overwritten"),
        ("/no/such/folder/b", "cannot be made"),
        (place.path().to_str().unwrap(), "is a folder, and a backup is a file"),
    ] {
        let (status, refusal) = agent.call("POST", "/v1/backup", &format!(r#"{{"path": "{path}"}}"#));
        assert!(status == 409 && refusal["error"].as_str().unwrap().contains(why), "{status}: {refusal}");
        // The command and the call say one sentence of it, but for the home that the hints of a command name.
        let begins = |says: &str| says.split('`').next().map(str::to_owned);
        assert!(
            !why.contains("is a folder") || of_folder.contains(&begins(refusal["error"].as_str().unwrap()).unwrap())
        );
    }
    let report = agent.call("GET", "/v1/upkeep", "").1;
    assert!(report["backup"]["failed"].is_null() && report["backup"]["documents"] == 3, "no other was begun: {report}");
    all_are_found(&agent);
    let running = command(&place.home(), &["restore", name]);
    assert!(!running.status.success() && said(&running).contains("Another agent lives"), "{running:?}");
    agent.stop();
    let full = command(&place.home(), &["restore", name]);
    assert!(!full.status.success() && said(&full).contains("--replace"), "{full:?}");
    let without_agent = place.path().join("other.backup");
    let made = command(&place.home(), &["backup", without_agent.to_str().unwrap(), "--with-keys"]);
    assert!(made.status.success() && said(&made).contains("key is in it"), "{made:?}");
    let second = place.path().join("second");
    let restored = command(&second, &["restore", name]);
    assert!(restored.status.success() && said(&restored).contains("3 documents with 3 passages"), "{restored:?}");
    let agent = Agent::start(Command::new(WATTLE), &second, &[]);
    agent.wait_ready(3);
    all_are_found(&agent);
    assert!(agent.embedded().is_empty(), "{:?}", agent.embedded());
}

#[test]
fn an_index_is_made_anew_while_the_agent_runs() {
    let (place, agent) = started();
    let none = command(&place.path().join("none"), &["rebuild"]);
    assert_eq!(none.status.code(), Some(3), "{none:?}");
    let before = agent.embedded().len();
    let made = agent.cli(["rebuild"]);
    assert!(made.status.success() && said(&made).contains("3 passages"), "{made:?}");
    all_are_found(&agent);
    assert_eq!(agent.embedded().len(), before, "nothing is embedded again");
    agent.stop();
    let agent = place.up(&[]);
    agent.wait_ready(3);
    all_are_found(&agent);
}
