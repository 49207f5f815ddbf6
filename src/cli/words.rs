//! Words on the command line that clap alone would misread: questions that begin with a hyphen, `~` that no shell expanded,
//! and commands by the names that other programs give them.

use crate::platform::home::user_home;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Options that take the next word, of `wattle` and of `wattle search`.
const WITH_VALUE: [&str; 9] =
    ["--home", "--api", "-k", "--collection", "--device", "--path", "--type", "--after", "--before"];
/// Options without a value, likewise.
const ALONE: [&str; 7] = ["--json", "--verbose", "-v", "--help", "-h", "--version", "-V"];

/// The arguments with the words of a question behind `--`: `search -what -k 3` asks "-what". A word with two hyphens and
/// without spaces stays an option, so that a typing error in one is told.
pub(super) fn question_last(args: Vec<OsString>) -> Vec<OsString> {
    let mut words = args.iter().enumerate().skip(1);
    let command = loop {
        match words.next() {
            Some((_, word)) if WITH_VALUE.iter().any(|option| word == option) => drop(words.next()),
            Some((_, word)) if word.as_bytes().starts_with(b"-") => {}
            Some((at, word)) if word == "search" => break at,
            _ => return args,
        }
    };
    let (mut options, mut question) = (args[..=command].to_vec(), Vec::new());
    let mut rest = args[command + 1..].iter();
    while let Some(word) = rest.next() {
        if word == "--" {
            question.extend(rest.by_ref().cloned());
        } else if WITH_VALUE.iter().any(|option| word == option) {
            options.push(word.clone());
            options.extend(rest.next().cloned());
        } else if is_option(word) {
            options.push(word.clone());
        } else {
            question.push(word.clone());
        }
    }
    if !question.is_empty() {
        options.push("--".into());
    }
    options.extend(question);
    options
}

fn is_option(word: &OsStr) -> bool {
    let bytes = word.as_bytes();
    let many = |digits: &[u8], of: fn(&u8) -> bool| !digits.is_empty() && digits.iter().all(of);
    ALONE.iter().any(|option| word == *option)
        || bytes.strip_prefix(b"-k").is_some_and(|digits| many(digits, u8::is_ascii_digit))
        || bytes.strip_prefix(b"-").is_some_and(|letters| many(letters, |letter| *letter == b'v'))
        || bytes.starts_with(b"--") && !bytes.iter().any(u8::is_ascii_whitespace)
}

/// The path with `~` as the user's home: a shell does not expand it in `--home=~/x`, nor in quotes.
///
/// # Errors
/// One sentence: it names another user's home, or this user has none.
pub(super) fn expanded(path: &Path) -> Result<PathBuf, String> {
    let bytes = path.as_os_str().as_bytes();
    let Some(rest) = bytes.strip_prefix(b"~") else { return Ok(path.to_owned()) };
    if !rest.is_empty() && !rest.starts_with(b"/") {
        // A file may have such a name.
        return if path.exists() {
            Ok(path.to_owned())
        } else {
            let name = path.display();
            Err(format!("{name} names another user's home, which is not expanded: write the whole path, or ./{name}."))
        };
    }
    let home = user_home().ok_or("`~` cannot be expanded: HOME names no folder. Write the whole path.")?;
    let rest = rest.strip_prefix(b"/").unwrap_or_default();
    Ok(if rest.is_empty() { home } else { home.join(OsStr::from_bytes(rest)) })
}

/// What is meant by a command that there is not, by the names that other programs use.
pub(super) fn meant(command: &str) -> Option<&'static str> {
    Some(match command {
        "start" | "run" | "serve" | "daemon" | "init" => "To start the agent: `wattle up FOLDER`.",
        "stop" | "down" | "quit" | "kill" => {
            "To stop the agent: Ctrl-C where it runs, or `systemctl stop` of its unit."
        }
        "find" | "ask" | "query" | "q" | "s" => "To ask a question: `wattle search QUESTION`.",
        "index" | "watch" | "scan" | "import" | "folder" => "To watch a folder: `wattle add FOLDER`.",
        "remove" | "rm" | "delete" | "del" | "unwatch" => {
            "To end the watching of a folder and remove its documents from the answers: `wattle forget FOLDER`. To remove a \
             device: stop the agent, and delete the device's line from `peers` in config.toml, in the agent's home."
        }
        "ls" | "list" | "sources" => "To list what is watched: `wattle folders`.",
        "info" | "state" | "ps" => "To see what the agent does: `wattle status`.",
        "check" | "diagnose" | "test" | "health" => "To check everything: `wattle doctor`.",
        "devices" | "device" | "nodes" | "members" | "mesh" | "peer" => "To list the other devices: `wattle peers`.",
        "whoami" | "peerid" | "peer-id" => "To see this device's PeerId: `wattle id`.",
        "unpause" | "continue" => "To end a pause: `wattle resume`.",
        "page" | "web" | "ui" | "browser" | "gui" => "To open the page in a browser: `wattle open`.",
        "config" | "settings" => {
            "The settings are in config.toml in the agent's home; `wattle doctor` says where that is."
        }
        _ => return None,
    })
}

/// What is meant by an option that there is not.
pub(super) fn meant_option(option: &str) -> Option<&'static str> {
    Some(match option.split('=').next()? {
        "--port" | "-p" | "--host" | "--bind" | "--address" => {
            "Other devices reach the agent at --listen ADDRESS:PORT, as 0.0.0.0:7781; people and programs on this machine at \
             --api ADDRESS:PORT, as 127.0.0.1:7780."
        }
        "--dir" | "--folder" | "--path" | "--data" | "--data-dir" => {
            "A folder to watch is given without an option: `wattle up FOLDER`. The agent's own files are where --home says."
        }
        "--peers" | "--device" => "Another device is given with --peer, once for each.",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(line: &str) -> String {
        let words = line.split('|').map(OsString::from).collect();
        question_last(words).join(OsStr::new("|")).into_string().unwrap()
    }

    #[test]
    fn a_question_may_begin_with_a_hyphen_and_options_may_stand_anywhere() {
        assert_eq!(moved("wattle|search|-what"), "wattle|search|--|-what");
        assert_eq!(moved("wattle|search|where|-k|3|is it|--json"), "wattle|search|-k|3|--json|--|where|is it");
        assert_eq!(
            moved("wattle|--home|search|search|-5 degrees|-k5"),
            "wattle|--home|search|search|-k5|--|-5 degrees"
        );
        assert_eq!(moved("wattle|search|--api|[::1]:9|-vv|x"), "wattle|search|--api|[::1]:9|-vv|--|x");
        assert_eq!(
            moved("wattle|search|where|--path|*.md|is it|--type=pdf|--after|2024"),
            "wattle|search|--path|*.md|--type=pdf|--after|2024|--|where|is it"
        );
        assert_eq!(moved("wattle|search|--|--json|x"), "wattle|search|--|--json|x");
        assert_eq!(moved("wattle|search|-- what"), "wattle|search|--|-- what");
        assert_eq!(moved("wattle|search|--jsn|x"), "wattle|search|--jsn|--|x", "a typing error is told");
        assert_eq!(moved("wattle|search"), "wattle|search", "and so is a missing question");
        assert_eq!(moved("wattle|up|search|-x"), "wattle|up|search|-x", "another command's words stay");
    }

    #[test]
    fn a_command_or_option_of_another_program_is_answered_with_the_one_that_is_meant() {
        assert!(meant("peer").unwrap().contains("wattle peers"));
        assert!(meant("index").unwrap().contains("wattle add"));
        let remove = meant("remove").unwrap();
        assert!(remove.contains("wattle forget") && remove.contains("config.toml"), "{remove}");
        assert!(meant_option("--port").unwrap().contains("--listen") && meant_option("--port=80").is_some());
        assert!(meant("nonsense").is_none() && meant_option("--nonsense").is_none());
    }

    #[test]
    fn a_tilde_is_the_users_home_and_another_users_is_refused() {
        let home = user_home().unwrap();
        let path = |text: &str| expanded(Path::new(text));
        assert_eq!(path("~"), Ok(home.clone()));
        assert_eq!(path("~/x/y"), Ok(home.join("x/y")));
        assert_eq!(path("/a/~/b"), Ok("/a/~/b".into()));
        assert!(path("~nobody-here/x").unwrap_err().contains("whole path"));
    }
}
