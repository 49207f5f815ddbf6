//! `wattle` without a command: whether an agent runs here, what it watches, and what to do next.

use super::output::{Stop, pretty, print_as_is};
use super::style::Style;
use super::text::{one_line, whole_path};
use crate::base::count::plural;
use crate::http::client::{Client, Failure};
use crate::http::dto::StatusReport;
use crate::limits::START_FOLDERS_SHOWN;
use crate::platform::home::{Home, Token, at_home, hints};
use serde_json::{Value, json};
use std::fmt::Write;
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::Path;

/// What is so here.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Screen {
    /// The running agent: its name, its PeerId and how many files are ready; else why none answers.
    agent: Result<(String, String, String), String>,
    /// The page's address, without the token.
    page: String,
    folders: Vec<String>,
    /// Commands, with what they do.
    next: Vec<(String, &'static str)>,
}

/// Shows it for the agent of this home, which answers at `api` if it runs.
pub(super) async fn start(
    client: Result<Client, Failure>,
    home: &Path,
    api: SocketAddr,
    as_json: bool,
) -> Result<(), Stop> {
    let status: Result<StatusReport, Failure> = async { Ok(client?.status().await?.read) }.await;
    let screen = match status {
        Ok(status) => Screen::of_running(&status, home, api),
        Err(failure) => Screen::of_none(&failure, home, api),
    };
    if as_json {
        return print_as_is(&pretty(&screen.json(home)));
    }
    // The token is for a person's screen alone.
    let token = Home::at(home).token_in_use().ok().filter(|_| std::io::stdout().is_terminal());
    print_as_is(&screen.text(token.as_ref().map(Token::reveal), Style::of_stdout()))
}

impl Screen {
    fn of_running(status: &StatusReport, home: &Path, api: SocketAddr) -> Self {
        let folders: Vec<String> = status.sources.iter().map(|source| source.path.clone()).collect();
        let mut next = Vec::new();
        if folders.is_empty() {
            next.push(("wattle add FOLDER", "has it watch a folder"));
        }
        if !status.findings.is_empty() {
            next.push(("wattle doctor", "says what is wrong, and what helps"));
        }
        next.push(("wattle search \"your question\"", "asks all your devices"));
        if status.peers.is_empty() {
            next.push(("wattle pair", "lets your next device join"));
        }
        Self {
            agent: Ok((status.device.clone(), status.peer_id.clone(), status.files.phrase())),
            page: format!("http://{api}/"),
            folders,
            next: at(next, home),
        }
    }

    fn of_none(failure: &Failure, home: &Path, api: SocketAddr) -> Self {
        let settings = Home::at(home).settings().ok().flatten();
        let folders = settings.and_then(|config| config.node.folders).unwrap_or_default();
        let folders: Vec<String> = folders.into_iter().map(|folder| folder.path).collect();
        let next = match failure {
            Failure::NoAgent(_) if folders.is_empty() => vec![
                ("wattle up FOLDER", "starts it, and watches that folder"),
                ("wattle demo", "shows three devices that answer together, and leaves nothing behind"),
            ],
            Failure::NoAgent(_) => vec![("wattle up", "starts it as it was")],
            // Something is there, and does not answer as it should.
            _ => vec![("wattle doctor", "says what is wrong, and what helps")],
        };
        Self {
            agent: Err(failure.sentence().to_owned()),
            page: format!("http://{api}/"),
            folders,
            next: at(next, home),
        }
    }

    fn json(&self, home: &Path) -> Value {
        let agent = self.agent.as_ref().ok();
        json!({
            "home": home.display().to_string(),
            "runs": agent.is_some(),
            "why": self.agent.as_ref().err(),
            "device": agent.map(|(device, ..)| device),
            "peer_id": agent.map(|(_, peer_id, _)| peer_id),
            "page": agent.map(|_| &self.page),
            "folders": self.folders,
            "next": self.next.iter().map(|(command, _)| command).collect::<Vec<_>>(),
        })
    }

    fn text(&self, token: Option<&str>, style: Style) -> String {
        let mut text = format!("{}\n\n", style.bold(concat!("Wattle ", env!("CARGO_PKG_VERSION"))));
        let mut row = |name: &str, value: &str| _ = writeln!(text, "{} {value}", style.dim(&format!("{name:<8}")));
        match &self.agent {
            Ok((device, _, files)) => {
                row("Agent", &one_line(&format!("{device} runs here; files: {files}")));
                let token = token.map_or_else(String::new, |token| format!("#token={token}"));
                row("Page", &format!("{}{token}", self.page));
            }
            Err(why) => row("Agent", &one_line(&hints(why))),
        }
        let shown = self.folders.iter().take(START_FOLDERS_SHOWN).enumerate();
        for (at, folder) in shown {
            row(if at == 0 { "Watches" } else { "" }, &whole_path(folder));
        }
        if let more @ 1.. = self.folders.len().saturating_sub(START_FOLDERS_SHOWN) {
            row("", &format!("and {more} more"));
        }
        let width = self.next.iter().map(|(command, _)| command.chars().count()).max().unwrap_or(0);
        for (at, (command, does)) in self.next.iter().enumerate() {
            row(if at == 0 { "Next" } else { "" }, &format!("{command:<width$}  {}", style.dim(does)));
        }
        text.push_str("\nAll commands: wattle help. What one of them takes: wattle COMMAND --help.\n");
        text
    }
}

/// The commands as they are typed for this home.
fn at(next: Vec<(&str, &'static str)>, home: &Path) -> Vec<(String, &'static str)> {
    next.into_iter().map(|(command, does)| (at_home(command, home), does)).collect()
}

/// Which folders an agent watches, as one sentence; where there are none, what to type.
pub(super) fn watches(folders: &[String]) -> String {
    let shown = folders.iter().take(START_FOLDERS_SHOWN).map(|folder| whole_path(folder)).collect::<Vec<_>>();
    match folders.len().saturating_sub(START_FOLDERS_SHOWN) {
        _ if folders.is_empty() => {
            "It watches no folder yet. In another terminal, `wattle add FOLDER` has it watch one.".to_owned()
        }
        0 => format!("It watches {}.", shown.join(", ")),
        more => {
            let folders = plural(more as u64, "folder", "folders");
            format!("It watches {}, and {more} more {folders}.", shown.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::folders::tests::folder;
    use super::*;
    use crate::http::dto::{Activity, Files, IndexBytes, Model, Progress};

    fn status() -> StatusReport {
        let model = Model {
            name: "m".into(),
            fingerprint: "00".into(),
            unknown_language: None,
            collections: Vec::new(),
            languages: Vec::new(),
        };
        StatusReport {
            peer_id: "12D3Koo".into(),
            device: "attic".into(),
            mesh: None,
            files: Files { ready: 7, ..Files::default() },
            leaving: 0,
            progress: Progress::default(),
            index_bytes: IndexBytes::default(),
            peers: Vec::new(),
            model,
            sources: Vec::new(),
            activity: Activity::default(),
            findings: Vec::new(),
        }
    }

    const API: &str = "127.0.0.1:7780";
    const PLAIN: Style = Style { width: 80, styled: false };

    #[test]
    fn a_running_agent_is_told_with_its_page_its_folders_and_the_next_step() {
        let home = Path::new("/srv/my home");
        let mut status = status();
        status.sources = vec![folder(None)];
        let screen = Screen::of_running(&status, home, API.parse().unwrap());
        let text = screen.text(Some("00ff"), PLAIN);
        assert!(text.starts_with("Wattle ") && text.contains("\nAgent    attic runs here; files: 7 ready\n"), "{text}");
        assert!(text.contains("\nPage     http://127.0.0.1:7780/#token=00ff\n"), "{text}");
        assert!(
            text.contains("\nWatches  /home/ann/notes\nNext     wattle search \"your question\" --home '/srv/my home'"),
            "{text}"
        );
        assert!(text.ends_with("wattle help. What one of them takes: wattle COMMAND --help.\n"), "{text}");
        assert!(!screen.text(None, PLAIN).contains("token"), "a pipe gets no token");
        let json = screen.json(home);
        assert_eq!(
            (&json["runs"], &json["why"], &json["page"]),
            (&json!(true), &Value::Null, &json!("http://127.0.0.1:7780/"))
        );
        assert!(!json.to_string().contains("00ff"));
        status.sources = Vec::new();
        let first = &Screen::of_running(&status, home, API.parse().unwrap()).next[0].0;
        assert_eq!(first, "wattle add FOLDER --home '/srv/my home'");
    }

    #[test]
    fn where_no_agent_runs_the_start_is_the_next_step_and_what_was_watched_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let screen = |failure: &Failure| Screen::of_none(failure, folder.path(), API.parse().unwrap());
        let none = Failure::NoAgent("No agent runs.\u{1b}".to_owned());
        let new = screen(&none);
        assert!(new.next[0].0.starts_with("wattle up FOLDER") && new.next[1].0.starts_with("wattle demo"), "{new:?}");
        assert!(new.text(Some("00ff"), PLAIN).contains("Agent    No agent runs.\u{fffd}\n"));
        assert!(!new.text(Some("00ff"), PLAIN).contains("00ff"), "there is no page to open");
        std::fs::write(folder.path().join("config.toml"), "[node]\nfolders = [\"/n/a\"]\n").unwrap();
        let known = screen(&none);
        assert_eq!(known.folders, ["/n/a"]);
        assert!(known.next.len() == 1 && known.next[0].0.starts_with("wattle up"), "{known:?}");
        assert!(known.text(None, PLAIN).contains("\nWatches  /n/a\n"));
        let other = screen(&Failure::NotDone("Another agent.".to_owned()));
        assert!(other.next[0].0.starts_with("wattle doctor"), "{other:?}");
        let json = other.json(folder.path());
        assert_eq!(
            (&json["runs"], &json["why"], &json["page"]),
            (&json!(false), &json!("Another agent."), &Value::Null)
        );
    }

    #[test]
    fn many_folders_are_told_in_part() {
        let folders: Vec<String> = (0..20).map(|number| format!("/n/{number}")).collect();
        assert!(watches(&folders).ends_with("/n/7, and 12 more folders."), "{}", watches(&folders));
        assert_eq!(watches(&folders[..2]), "It watches /n/0, /n/1.");
        assert!(watches(&[]).contains("`wattle add FOLDER`"));
        let screen = Screen { agent: Err("x".into()), page: String::new(), folders, next: Vec::new() };
        assert!(screen.text(None, PLAIN).contains("/n/7\n         and 12 more\n"));
    }
}
