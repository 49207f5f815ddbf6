//! A file system that stops answering (tests/it/hung/fuse.py) below one watched folder of a real agent: the others, the
//! questions, the doctor and the stop go on.
//!
//! Needs python3, /dev/fuse and a mount namespace; where they are not to be had, the tests print that and are skipped.

use super::harness::{Agent, Place, WATTLE, repo};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// An agent that watches a folder of its own disk, `own`, and a file system of 20 notes that can be stopped, `share`.
pub(crate) struct Hung {
    pub(crate) agent: Agent,
    pub(crate) place: Place,
}

impl Drop for Hung {
    /// A process with a thread in the file system does not end before it answers.
    fn drop(&mut self) {
        self.go_on();
    }
}

impl Hung {
    /// `None` where it cannot be tried.
    pub(crate) fn start() -> Option<Self> {
        let script = repo().join("tests/it/hung/fuse.py").display().to_string();
        let probe = format!(
            "python3 {script} /mnt /none & for n in 1 2 3 4 5 6 7 8 9; do sleep 0.3; [ -e /mnt/note7.md ] && break; done; \
             [ -e /mnt/note7.md ]; found=$?; kill $!; exit $found"
        );
        let probe = Command::new("unshare").args(["-rm", "sh", "-c", &probe]).output();
        if !probe.as_ref().is_ok_and(|probe| probe.status.success()) {
            eprintln!("SKIPPED, NOT TESTED: a file system that does not answer cannot be had here: {probe:?}");
            return None;
        }
        let place = Place::new();
        place.write("own/beet.md", "Pickled beetroot takes three spoons of caraway.\n");
        let [own, share] = ["own", "share"].map(|name| place.docs().join(name).display().to_string());
        fs::create_dir(&share).unwrap();
        let mode = place.path().join("mode").display().to_string();
        let serve = format!(
            "python3 {script} {share} {mode} > {mode}.out & while ! [ -e {share}/note7.md ]; do sleep 0.1; done; exec \"$@\""
        );
        let mut command = Command::new("unshare");
        command.args(["-rm", "sh", "-c", &serve, "sh", WATTLE]);
        let agent = Agent::start(command, &place.home(), &[&own, &share]);
        agent.wait_ready(21);
        Some(Self { place, agent })
    }

    pub(crate) fn share(&self) -> PathBuf {
        self.place.docs().join("share")
    }

    /// The file system answers nothing from now on, and the agent has noticed.
    pub(crate) fn hang(&self) {
        fs::write(self.place.path().join("mode"), "hang").unwrap();
        self.agent.wait("the finding", |status| status["findings"].to_string().contains("does not answer"));
    }

    fn go_on(&self) {
        // The agent's end removes its folder as well.
        let _ = fs::remove_file(self.place.path().join("mode"));
    }

    /// Whether the best answer is this file's.
    fn finds(&self, question: &str, file: &str) -> bool {
        let found: Value = self.agent.json(&["search", question, "--json"]);
        found["hits"][0]["path"].as_str().is_some_and(|path| path.ends_with(file))
    }

    fn wait_for(&self, question: &str, file: &str) {
        let end = Instant::now() + Duration::from_secs(120);
        while !self.finds(question, file) {
            assert!(Instant::now() < end, "{file} is not found\n{}", self.agent.log());
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

#[test]
fn a_share_that_does_not_answer_holds_up_nothing_else_and_is_followed_again_once_it_does() {
    let Some(hung) = Hung::start() else { return };
    hung.hang();
    hung.place.write("own/newt.md", "The crimson newt juggles.\n");
    hung.wait_for("crimson newt juggles", "own/newt.md");
    assert!(hung.finds("the indigo otter paints fence 7", "share/note7.md"), "its documents answer");
    hung.agent.wait("the share's absence", |status| {
        let share = hung.share().display().to_string();
        let sources = status["sources"].as_array().unwrap();
        sources.iter().any(|source| source["path"] == *share && source["away"][0]["documents"] == 20)
    });
    let added = hung.agent.cli(["add", hung.share().join("note3.md").to_str().unwrap()]);
    let why = String::from_utf8_lossy(&added.stderr).into_owned();
    assert!(!added.status.success() && why.contains("does not answer"), "{why}");

    hung.go_on();
    let well =
        |status: &Value| !status["findings"].to_string().contains("does not answer") && status["working"] == false;
    hung.agent.wait("the end of the finding", |status| well(status) && !status.to_string().contains("away since"));

    hung.hang();
    hung.place.write("own/heron.md", "The violet heron whistles.\n");
    hung.wait_for("violet heron whistles", "own/heron.md");
    let forgotten = hung.agent.cli(["forget", hung.share().to_str().unwrap()]);
    assert!(forgotten.status.success(), "{}", String::from_utf8_lossy(&forgotten.stderr));
    let not_told = |status: &Value| !status["findings"].to_string().contains("does not answer");
    hung.agent.wait("the end of the finding", not_told);
    // The kernel may keep the process until its call is answered. The stop is done before, and another agent can start.
    let pid = hung.agent.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let end = Instant::now() + Duration::from_secs(60);
    while !hung.agent.log().contains("Stopped. Everything") {
        assert!(Instant::now() < end, "the stop waits for what does not answer:\n{}", hung.agent.log());
        std::thread::sleep(Duration::from_millis(50));
    }
    let next = hung.place.up(&[]);
    next.wait_ready(3);
    next.stop();
}
