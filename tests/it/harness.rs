//! A real agent in a temporary home, for the tests that need one.

use serde_json::Value;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The program under test.
pub(crate) const WATTLE: &str = env!("CARGO_BIN_EXE_wattle");

/// An argument of [`Place::up`]: the model inside the program. Without it an agent takes tests/fixtures/words-model, which
/// is ready at once and knows words but not meanings.
pub(crate) const MEANING: &str = "--meaning";

/// A temporary place: `home` for the agent, `docs` for its files.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

/// A running agent. Dropping it kills it.
pub(crate) struct Agent {
    pub(crate) child: Child,
    pub(crate) api: String,
    pub(crate) token: String,
    home: PathBuf,
    log: PathBuf,
    // Kept open, or the agent's prints would fail.
    _stdout: BufReader<ChildStdout>,
}

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(place.docs()).unwrap();
        place
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    pub(crate) fn docs(&self) -> PathBuf {
        self.folder.path().join("docs")
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.docs().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// `wattle up` on a port of the system's choice, with `more` arguments.
    pub(crate) fn up(&self, more: &[&str]) -> Agent {
        Agent::start(Command::new(WATTLE), &self.home(), more)
    }

    /// `wattle up` that is expected to fail.
    pub(crate) fn up_fails(&self, more: &[&str]) -> String {
        let output = Command::new(WATTLE).args(up_args(&self.home(), more)).output().unwrap();
        assert!(!output.status.success(), "it should have failed");
        String::from_utf8(output.stderr).unwrap()
    }
}

/// Copies a file or folder with all that is in it, as who copies a card does.
pub(crate) fn copied(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
}

pub(crate) fn repo() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn up_args(home: &Path, more: &[&str]) -> Vec<String> {
    let mut args: Vec<String> = ["up", "--api", "127.0.0.1:0", "-v", "--home"].map(String::from).into();
    args.push(home.display().to_string());
    if !more.contains(&"--name") {
        args.extend(["--name", "here"].map(String::from));
    }
    // Without the governor, unless a test asks for it: the result must not depend on how busy and warm this machine is.
    if !more.contains(&"--sensors") && !more.contains(&"--governor") {
        args.extend(["--governor", "off"].map(String::from));
    }
    if !more.contains(&"--models") && !more.contains(&MEANING) {
        args.extend(["--models".to_owned(), repo().join("tests/fixtures/words-model").display().to_string()]);
    }
    args.extend(more.iter().filter(|arg| **arg != MEANING).map(|arg| (*arg).to_owned()));
    args
}

impl Agent {
    /// Starts `command` (the program, or something that runs it) with the arguments of `wattle up`.
    pub(crate) fn start(mut command: Command, home: &Path, more: &[&str]) -> Self {
        command.args(up_args(home, more));
        Self::start_as_it_is(command, home)
    }

    /// Starts `command`, which has its arguments.
    pub(crate) fn start_as_it_is(mut command: Command, home: &Path) -> Self {
        let log = home.with_extension("log");
        let stderr = fs::OpenOptions::new().create(true).append(true).open(&log).unwrap();
        #[expect(clippy::zombie_processes, reason = "`Drop` waits; a test that panics here ends the process anyway")]
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        loop {
            line.clear();
            let read = stdout.read_line(&mut line).unwrap();
            assert!(read > 0, "the agent did not start: {}", fs::read_to_string(&log).unwrap_or_default());
            // What is told of an address for other devices comes before.
            if line.starts_with("On a phone or another device") {
                continue;
            }
            if let Some((_, page)) = line.trim().split_once("http://") {
                // A pipe is no terminal: the token stands in the home alone.
                assert!(!line.contains("#token="), "{line}");
                let api = page.split_once('/').unwrap().0.to_owned();
                // As the agent sees it: some tests give it a mount namespace of its own.
                let path = format!("/proc/{}/root{}", child.id(), home.join("api-token").display());
                let token = fs::read_to_string(path).unwrap().trim().to_owned();
                return Self { child, api, token, home: home.to_owned(), log, _stdout: stdout };
            }
        }
    }

    /// Runs a command of the program against this agent.
    pub(crate) fn cli<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Output {
        Command::new(WATTLE).args(["--api", &self.api, "--home"]).arg(&self.home).args(args).output().unwrap()
    }

    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let output = self.cli(args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The agent's status, from its API: a test asks often, and a start of the program for each would be most of the time.
    pub(crate) fn status(&self) -> Value {
        let (status, report) = self.call("GET", "/v1/status", "");
        assert_eq!(status, 200, "{report}");
        report
    }

    /// A call of the API with the token: the status, and the JSON or null.
    pub(crate) fn call(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let mut stream = TcpStream::connect(&self.api).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            self.api,
            self.token,
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    pub(crate) fn add(&self, path: &Path) {
        let output = self.cli([OsStr::new("add"), path.as_os_str()]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Paths of the hits, best first.
    pub(crate) fn search(&self, question: &str) -> Vec<String> {
        let found = self.json(&["search", question, "--json"]);
        found["hits"].as_array().unwrap().iter().map(|hit| hit["path"].as_str().unwrap().to_owned()).collect()
    }

    /// Waits until the status is as wished.
    pub(crate) fn wait(&self, what: &str, wished: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + Duration::from_secs(120);
        loop {
            let status = self.status();
            if wished(&status) {
                return status;
            }
            assert!(Instant::now() < end, "{what} did not come: {status}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until `files` are ready and no work is left.
    pub(crate) fn wait_ready(&self, files: u64) -> Value {
        self.wait(&format!("{files} ready files"), |status| {
            let count = |kind: &str| status["files"][kind].as_u64().unwrap();
            count("ready") == files && count("waiting") + count("chunked") == 0 && status["working"] == false
        })
    }

    /// What the agent has logged, over all its starts in this home.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The keys of all chunks embedded so far, over all starts.
    pub(crate) fn embedded(&self) -> Vec<String> {
        let log = self.log();
        log.lines().filter_map(|line| Some(line.split_once("embedding ")?.1.trim().to_owned())).collect()
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Kills it. Gives how many chunks were embedded until then, over all starts.
    pub(crate) fn kill_and_count(mut self) -> usize {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.embedded().len()
    }

    /// Stops it with SIGTERM and waits for its clean end.
    pub(crate) fn stop(self) {
        self.stop_by("-TERM");
    }

    /// The same with another signal.
    pub(crate) fn stop_by(mut self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success(), "{}", self.log());
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
