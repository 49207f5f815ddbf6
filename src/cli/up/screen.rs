//! What a start shows: the device, its page, the watched folders, and the next step.

use crate::base::finding::quoted;
use crate::cli::options::UpOptions;
use crate::cli::output::compact;
use crate::cli::start::watches;
use crate::cli::wishes;
use crate::config::Setting;
use crate::platform::home::{Home, HomeFile, at_home};
use crate::platform::stdout::say;
use crate::platform::systemd::ServiceManager;
use serde_json::{Value, json};
use std::io::IsTerminal;
use std::net::SocketAddr;

/// What is told where `--open-api off` was typed.
const CLOSED: &str = "The page and the API are closed to other devices: only this machine reaches them.";

/// What is told of an agent that is up.
pub(super) struct Screen<'a> {
    device: &'a str,
    peer_id: String,
    /// How other devices reach it, as a sentence.
    reached: &'a str,
    /// Where people and programs reach it.
    address: SocketAddr,
    /// Whether the home tells the commands so.
    is_told: bool,
    /// The page's address with the token.
    page: &'a str,
    folders: Vec<String>,
    /// How another device finds this one, where that needs a word.
    hint: Option<&'a str>,
    /// The pause that holds: the seconds until its end, where it has one.
    pause: Option<Option<u64>>,
}

impl<'a> Screen<'a> {
    /// Of a device with this name and PeerId; at this address, whether the home tells it, and the page with the token; and how other devices reach
    /// it and find it.
    pub(super) fn new(
        (device, peer_id): (&'a str, String),
        (address, is_told, page): (SocketAddr, bool, &'a str),
        (reached, hint): (&'a str, Option<&'a str>),
    ) -> Self {
        Self { device, peer_id, reached, address, is_told, page, folders: Vec::new(), hint, pause: None }
    }

    /// The same, with these folders and this pause.
    pub(super) fn with(self, folders: Vec<String>, pause: Option<Option<u64>>) -> Self {
        Self { folders, pause, ..self }
    }

    /// Shows it: to people, or to a program on one line; and tells the service manager that the agent answers.
    pub(super) fn show(&self, options: &UpOptions, home: &Home, as_json: bool) {
        if as_json {
            say(compact(&self.json(home)).trim_end());
        } else {
            // A journal, a log file or a pipe is read by others than the token's owner.
            let is_terminal = std::io::stdout().is_terminal();
            self.lines(options, home, is_terminal).iter().for_each(|line| say(line));
        }
        ServiceManager::of_environment().tell_ready(&format!("{} answers at http://{}/.", self.device, self.address));
    }

    fn lines(&self, options: &UpOptions, home: &Home, is_terminal: bool) -> Vec<String> {
        let mut search = at_home("wattle search \"your question\"", &options.home);
        if !self.is_told {
            search += &format!(" --api {}", quoted(&self.address.to_string()));
        }
        let page = if is_terminal {
            format!("Ask on this page: {}", self.page)
        } else {
            let token = home.file(HomeFile::Token);
            format!("Ask on this page: http://{}/ with the token in {}", self.address, token.display())
        };
        let mut lines = vec![
            format!("{} is up. {}", self.device, self.reached),
            page,
            watches(&self.folders),
            format!("Or type: {search}   Stop with Ctrl-C."),
        ];
        lines.extend(self.hint.map(str::to_owned));
        let closes = options.open_api.is_none() && options.typed.iter().any(|set| matches!(set, Setting::OpenApi(_)));
        lines.extend(closes.then(|| CLOSED.to_owned()));
        lines.extend(self.pause.map(|left| wishes::still_paused(left, &options.home)));
        lines
    }

    fn json(&self, home: &Home) -> Value {
        json!({
            "device": self.device,
            "peer_id": self.peer_id,
            "home": home.path().display().to_string(),
            "page": format!("http://{}/", self.address),
            "token_file": home.file(HomeFile::Token).display().to_string(),
            "folders": self.folders,
            "paused": self.pause.is_some(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::{Args, Command};
    use crate::cli::options::up_options;

    fn options(home: &std::path::Path, more: &[&str]) -> UpOptions {
        let args = <Args as clap::Parser>::try_parse_from([&["wattle", "up"][..], more].concat()).unwrap();
        let Some(Command::Up(up)) = args.command else { panic!("not up") };
        up_options(up, home.to_owned(), None).unwrap()
    }

    #[test]
    fn a_start_tells_the_page_the_folders_and_the_next_step_and_a_pipe_gets_no_token() {
        let folder = tempfile::tempdir().unwrap();
        let (home, options) = (Home::at(folder.path()), options(folder.path(), &[]));
        let screen = Screen::new(
            ("attic", "12D3Koo".to_owned()),
            ("127.0.0.1:7780".parse().unwrap(), true, "http://127.0.0.1:7780/#token=00ff"),
            ("Nobody reaches it.", None),
        );
        let screen = screen.with(vec!["/n/a".to_owned()], None);
        let lines = screen.lines(&options, &home, true);
        assert_eq!(lines.len(), 4, "short: {lines:?}");
        assert_eq!(lines[0], "attic is up. Nobody reaches it.");
        assert_eq!(lines[1..3], ["Ask on this page: http://127.0.0.1:7780/#token=00ff", "It watches /n/a."]);
        assert!(lines[3].starts_with("Or type: wattle search \"your question\" --home "), "{lines:?}");
        let json = screen.json(&home);
        assert!(!screen.lines(&options, &home, false).concat().contains("00ff") && !json.to_string().contains("00ff"));
        assert_eq!((&json["page"], &json["folders"][0]), (&json!("http://127.0.0.1:7780/"), &json!("/n/a")));
        let untold = Screen { is_told: false, pause: Some(None), ..screen };
        let lines = untold.lines(&options, &home, true);
        assert!(lines[3].contains(" --api 127.0.0.1:7780") && lines[4].contains("is paused"), "{lines:?}");
        let closing = self::options(folder.path(), &["--open-api", "off"]);
        assert!(untold.lines(&closing, &home, true).contains(&CLOSED.to_owned()));
        let bracketed = Screen { address: "[::1]:7780".parse().unwrap(), ..untold };
        assert!(bracketed.lines(&options, &home, true)[3].contains(" --api '[::1]:7780'"));
    }
}
