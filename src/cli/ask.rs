//! `wattle search`, `show` and `feedback`: a question, the document that a passage stands in, and what somebody says of an answer.
//!
//! What a terminal showed last is kept in the home, so that `wattle feedback up 2` knows which passage is meant. A program names the passage
//! itself; what programs ask is not kept.

use super::args::{FeedbackArgs, SearchArgs, ShowArgs};
use super::display;
use super::links::Links;
use super::output::{Stop, pretty, print, print_as_is, show_done};
use super::paths::sendable;
use super::style::Style;
use super::text::{one_line, readable, whole_path};
use crate::base::finding::quoted_bytes;
use crate::http::api::too_long;
use crate::http::client::{Client, Failure};
use crate::http::dto::{Passage, SearchHit, SearchResults, text};
use crate::http::query::sent_bytes;
use crate::platform::last_answer;
use crate::platform::stdout::note;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::fmt::Write;
use std::io::IsTerminal;
use std::path::{Component, Path, PathBuf};

/// The answer that a terminal showed last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct LastAnswer {
    question: String,
    passages: Vec<FoundPassage>,
}

/// A passage of it, as `POST /v1/feedback` names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct FoundPassage {
    device: String,
    path: String,
    text: String,
}

/// Asks, and shows what was found.
pub(super) async fn search(client: &Client, home: &Path, search: &SearchArgs, as_json: bool) -> Result<(), Stop> {
    // An agent reads no body of that size, and could not say what is wrong with the question in it.
    if let Some(why) = too_long(&search.question.join(" ")) {
        return Err(Stop::NotDone(why));
    }
    let answer = client.search_with(search.body()).await?;
    if as_json {
        return print_as_is(&pretty(&answer.json));
    }
    let style = Style::of_stdout();
    let links = Links::of(client, style).await;
    // The words of documents are told as they are: only what is said about them names the agent's home.
    print_as_is(&display::answered(&answer.read, &style, search.all, links.as_ref()))?;
    if std::io::stdout().is_terminal() {
        keep(home, &search.question.join(" "), &answer.read);
    }
    let files = answer.read.coverage.files;
    let waits = files.searchable < files.known;
    if !waits && !files.scanning {
        return Ok(());
    }
    let Ok(status) = client.status().await else { return Ok(()) };
    if let Some(look) = display::more_to_find(&status.read.sources).filter(|_| files.scanning) {
        print(&format!("{}\n", one_line(&look)))?;
    }
    // Why files wait, where their owner can have them embedded all the same.
    if waits && display::waits_for_use(&status.read) && answer.read.coverage.background.is_none() {
        print(&format!("{}\n", status.read.activity.background.unwrap_or_default()))?;
    }
    Ok(())
}

/// Keeps the answer for `wattle feedback`. Where it cannot be kept, that command says so.
fn keep(home: &Path, question: &str, found: &SearchResults) {
    let passage =
        |hit: &SearchHit| FoundPassage { device: hit.peer_id.clone(), path: hit.path.clone(), text: hit.text.clone() };
    let answer = LastAnswer { question: question.to_owned(), passages: found.hits.iter().map(passage).collect() };
    let _ = last_answer::keep(home, json!(answer).to_string().as_bytes());
}

/// The passage of this number in the answer that was kept.
fn passage_of(home: &Path, number: usize) -> Result<(String, FoundPassage), Stop> {
    let none = || {
        Stop::NotDone(
            "No answer is kept here that a terminal showed. Ask with `wattle search QUESTION` first, and give the number that stands before the passage."
                .to_owned(),
        )
    };
    let bytes = last_answer::last(home).ok().flatten().ok_or_else(none)?;
    let LastAnswer { question, mut passages } = serde_json::from_slice(&bytes).map_err(|_| none())?;
    let of = passages.len();
    if !(1..=of).contains(&number) {
        return Err(Stop::NotDone(format!(
            "The last answer, to \"{}\", has no passage {number}: the numbers go from 1 to {of}. Nothing was kept.",
            one_line(&question)
        )));
    }
    Ok((question, passages.swap_remove(number - 1)))
}

/// Says of a passage whether it answers its question.
pub(super) async fn feedback(client: &Client, home: &Path, args: &FeedbackArgs, as_json: bool) -> Result<(), Stop> {
    let (question, passage) = match (args.number, args) {
        (Some(number), _) => passage_of(home, number)?,
        (
            None,
            FeedbackArgs { question: Some(question), device: Some(device), path: Some(path), text: Some(text), .. },
        ) => {
            let passage = FoundPassage { device: device.clone(), path: path.clone(), text: text.clone() };
            (question.clone(), passage)
        }
        _ => {
            return Err(Stop::Misused(
                "Give the number of a passage, or --question, --device, --path and --text.".to_owned(),
            ));
        }
    };
    let FoundPassage { device, path, text } = passage;
    let verdict = args.thumb.verdict();
    let body = json!({ "question": question, "device": device, "path": path, "text": text });
    client.judge(body, verdict).await?;
    let said = match verdict {
        "good" => "answers",
        "bad" => "does not answer",
        _ => "is not judged any more for",
    };
    let done = format!("Kept on this device: a passage of {} {said} \"{}\".", whole_path(&path), one_line(&question));
    let fields = json!({ "question": question, "device": device, "path": path, "verdict": verdict });
    show_done(as_json, fields, &(done + "\n"))
}

/// Prints the text of a document.
pub(super) async fn document(client: &Client, args: &ShowArgs, as_json: bool) -> Result<(), Stop> {
    let (typed, style) = (sendable(&args.path)?, Style::of_stdout());
    let meant = meant(client, &args.path, &typed, "show").await?;
    if let Some(meant) = meant.as_ref().filter(|_| !as_json) {
        note(&this_is(meant));
    }
    let path = meant.unwrap_or(typed);
    let (mut passages, mut next, mut of): (Vec<Passage>, _, _) = (Vec::new(), Some(args.from), 0);
    let mut heading = String::new();
    while let Some(from) = next {
        let shown = !as_json && from > args.from;
        let part = client.document(&path, from).await.map_err(|failure| unfinished(failure, &path, from, shown))?;
        // An agent that did not get on would be asked for ever.
        next = part.next.filter(|next| *next > from);
        of = part.of;
        if as_json {
            passages.extend(part.passages);
        } else {
            print_as_is(&read_on(&part.passages, &mut heading, style))?;
        }
    }
    if !as_json {
        return Ok(());
    }
    print_as_is(&pretty(&json!({ "path": path, "from": args.from, "of": of, "passages": passages })))
}

/// The document that a relative path means, which is none from where it was typed (`typed`): one that has that path in a watched folder, else one
/// whose path ends so. `None` where it is one from there, or there is no such document. `command` names one, with its words before the path.
pub(super) async fn meant(client: &Client, path: &Path, typed: &str, command: &str) -> Result<Option<String>, Stop> {
    let is_relative = !path.is_absolute() && !path.starts_with("~");
    if !is_relative || !matches!(client.document(typed, 0).await, Err(Failure::NotDone(_))) {
        return Ok(None);
    }
    let (mut found, mut more) = (Vec::new(), false);
    for folder in client.folders().await?.read.folders {
        for place in places(Path::new(&folder.path), path) {
            let there = sendable(&place)?;
            if !found.contains(&there) && client.document(&there, 0).await.is_ok() {
                found.push(there);
            }
        }
    }
    if let Some(end) = end_of(path).filter(|_| found.is_empty()) {
        match client.documents(&end).await {
            Ok(named) => (found, more) = (named.paths, named.more),
            // An agent of an earlier version has no such call.
            Err(Failure::NotDone(_)) => {}
            Err(failure) => return Err(failure.into()),
        }
    }
    the_one(found, more, typed, command)
}

/// The only document that was found; several, or one of more than were listed, are none. `typed` and `command` as of [`meant`].
fn the_one(mut found: Vec<String>, more: bool, typed: &str, command: &str) -> Result<Option<String>, Stop> {
    if found.len() > 1 || more && !found.is_empty() {
        let lines = found.iter().map(|path| format!("wattle {command} {}", word(path)));
        let all: Vec<String> = lines.map(|line| format!("`{line}`")).collect();
        let more = if more { ", and there are more" } else { "" };
        let typed = text(&sent_bytes(typed.as_bytes().to_vec()));
        return Err(Stop::NotDone(format!(
            "No document is at {typed}, and the paths of several end so: {}{more}.",
            all.join(" or ")
        )));
    }
    Ok(found.pop())
}

/// What is told where another document is meant than the path says from where it was typed.
pub(super) fn this_is(meant: &str) -> String {
    one_line(&format!("This is {}.", text(&sent_bytes(meant.as_bytes().to_vec()))))
}

/// A path that was sent, as a word of a command.
fn word(path: &str) -> String {
    quoted_bytes(&sent_bytes(path.as_bytes().to_vec()))
}

/// The end of a path that was typed, if it is one: names of folders and a file.
fn end_of(typed: &Path) -> Option<PathBuf> {
    let parts = typed.components().filter(|part| !matches!(part, Component::CurDir));
    let end = parts.map(|part| match part {
        Component::Normal(name) => Some(name),
        _ => None,
    });
    end.collect::<Option<PathBuf>>().filter(|end| end.file_name().is_some())
}

/// Where a path may lead that was typed as it stands in a watched folder, with that folder's own name or without.
fn places(folder: &Path, typed: &Path) -> Vec<PathBuf> {
    let named = typed.components().find(|part| !matches!(part, Component::CurDir));
    let own = folder.file_name().map(Component::Normal).filter(|own| Some(*own) == named);
    let beside = own.and(folder.parent()).map(|parent| parent.join(typed));
    [folder.join(typed)].into_iter().chain(beside).collect()
}

/// Why the text ends here, where the agent did not answer in time: each part of it has `CLIENT_MS`. `is_begun`: the passages before `from` are
/// shown.
fn unfinished(failure: Failure, path: &str, from: usize, is_begun: bool) -> Failure {
    let Failure::Silent(why) = failure else { return failure };
    let busy = "Other programs may keep this device busy.";
    Failure::Silent(if is_begun {
        format!("{why} {busy} The text above is not whole: `wattle show {} --from {from}` goes on.", word(path))
    } else {
        format!("{why} {busy} Try again in a moment.")
    })
}

/// Passages one below the other, with each heading once.
fn read_on(passages: &[Passage], heading: &mut String, style: Style) -> String {
    let mut text = String::new();
    for passage in passages {
        if !passage.heading.trim().is_empty() && passage.heading != *heading {
            let _ = writeln!(text, "{}\n", style.bold(&one_line(&passage.heading)));
        }
        heading.clone_from(&passage.heading);
        let _ = writeln!(text, "{}\n", readable(&passage.text));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::hit::tests::hit;
    use super::*;

    #[test]
    fn a_text_that_does_not_come_to_its_end_says_how_to_go_on() {
        let silent = || Failure::Silent("It did not answer within 30 seconds.".to_owned());
        let told = |failure, is_begun| unfinished(failure, "/n/a b.md", 128, is_begun).sentence().to_owned();
        assert!(told(silent(), true).ends_with("not whole: `wattle show '/n/a b.md' --from 128` goes on."));
        assert!(
            told(silent(), false)
                .ends_with("seconds. Other programs may keep this device busy. Try again in a moment.")
        );
        assert_eq!(told(Failure::NotDone("No.".to_owned()), true), "No.");
    }

    #[test]
    fn a_path_is_looked_for_in_a_folder_and_beside_it_where_it_begins_with_its_name() {
        let at = |typed: &str| places(Path::new("/home/ann/Documents"), Path::new(typed));
        assert_eq!(at("house/heating.md"), [Path::new("/home/ann/Documents/house/heating.md")]);
        let beside = at("./Documents/heating.md");
        assert!(beside.len() == 2 && beside.contains(&PathBuf::from("/home/ann/./Documents/heating.md")), "{beside:?}");
    }

    #[test]
    fn one_document_is_meant_only_if_there_is_no_other_also_none_that_was_not_listed() {
        let one = |found: &[&str], more| {
            the_one(found.iter().map(|path| (*path).to_owned()).collect(), more, "todo.md", "show")
        };
        assert!(matches!(one(&["/n/todo.md"], false), Ok(Some(path)) if path == "/n/todo.md"));
        assert!(matches!(one(&[], false), Ok(None)));
        let Err(Stop::NotDone(why)) = one(&["/n/todo.md"], true) else { panic!("another one may be meant") };
        assert!(why.contains("`wattle show /n/todo.md`, and there are more."), "{why}");
        let Err(Stop::NotDone(why)) = one(&["/n/todo.md", "/m/todo.md"], false) else { panic!("two") };
        assert!(why.contains("`wattle show /n/todo.md` or `wattle show /m/todo.md`."), "{why}");
    }

    #[test]
    fn the_end_of_a_path_is_names_and_no_way_out() {
        let end = |typed: &str| end_of(Path::new(typed)).map(|end| end.display().to_string());
        assert_eq!(end("./notes//todo.md").as_deref(), Some("notes/todo.md"));
        assert_eq!(end("todo.md").as_deref(), Some("todo.md"));
        for none in ["", ".", "..", "../todo.md", "notes/../todo.md", "/todo.md"] {
            assert_eq!(end(none), None, "{none}");
        }
    }

    #[test]
    fn a_number_means_a_passage_of_the_answer_that_was_shown_last() {
        let home = tempfile::tempdir().unwrap();
        let Err(Stop::NotDone(why)) = passage_of(home.path(), 1) else { panic!("nothing was asked yet") };
        assert!(why.contains("`wattle search QUESTION`"), "{why}");
        let second = SearchHit { path: "/second".into(), ..hit() };
        keep(home.path(), "where?", &SearchResults { hits: vec![hit(), second], ..SearchResults::default() });
        let (question, passage) = passage_of(home.path(), 2).unwrap();
        assert_eq!(
            (question.as_str(), passage.path.as_str(), passage.device.as_str()),
            ("where?", "/second", "12D3Koo")
        );
        assert_eq!(passage.text, hit().text, "whole: its hash names it");
        for wrong in [0, 3, usize::MAX] {
            let Err(Stop::NotDone(why)) = passage_of(home.path(), wrong) else { panic!("{wrong}") };
            assert!(why.contains("\"where?\"") && why.contains("from 1 to 2"), "{why}");
        }
    }

    #[test]
    fn a_document_is_read_with_each_heading_once_and_no_control_character() {
        let passage = |heading: &str, text: &str| Passage { heading: heading.into(), text: text.into() };
        let mut heading = String::new();
        let plain = Style { width: usize::MAX, styled: false };
        let parts = [passage("Boiler", "Turn\nit\u{1b}[2J."), passage("Boiler", "Then wait."), passage("", "End.")];
        let text = read_on(&parts, &mut heading, plain);
        assert_eq!(text, "Boiler\n\nTurn\nit[2J.\n\nThen wait.\n\nEnd.\n\n");
        assert_eq!(read_on(&[passage("Boiler", "x")], &mut heading, plain), "Boiler\n\nx\n\n");
    }
}
