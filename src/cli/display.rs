//! Answers as people read them: search hits and the agent's status.

mod folds;

use super::folders::watched;
use super::hit::write_hit;
use super::languages;
use super::links::Links;
use super::style::Style;
use super::text::{one_line, whole_path};
use crate::base::count::{count, plural};
use crate::base::finding::quoted;
use crate::base::hit::FileCoverage;
use crate::base::time::utc;
use crate::http::dto::{
    Files, IndexBytes, Model, ModelOf, PageOutside, SearchAnswer, SearchResults, StatusReport, Unusable,
};
use crate::http::folders::{Watched, left_out};
use crate::node::output::Uncovered;
use crate::platform::home::hints;
use crate::platform::models::GET_MULTILINGUAL;
use std::fmt::Write;

/// What helps where another device has another model.
const OTHER_MODEL: &str = "`wattle doctor` says what helps.";

/// The hits, numbered, best first.
#[must_use]
pub fn found(found: &SearchResults, style: &Style) -> String {
    told(found, style, &vec![true; found.hits.len()], None)
}

/// The same, with links to files. Unless `all` are wanted, weak ones are left out and counted, as `folds` says. In a pipe nothing is left out.
#[must_use]
pub(super) fn answered(found: &SearchResults, style: &Style, all: bool, links: Option<&Links>) -> String {
    let is_whole = all || style.width == usize::MAX;
    let shown = if is_whole { vec![true; found.hits.len()] } else { folds::shown(found) };
    told(found, style, &shown, links)
}

/// `shown` says of each hit whether it is.
fn told(found: &SearchResults, style: &Style, shown: &[bool], links: Option<&Links>) -> String {
    let mut text = String::new();
    for Unusable { path, reason } in &found.unusable {
        let why = one_line(&hints(reason));
        let _ = writeln!(text, "{}\nis there, and cannot be searched. {why}\n", whole_path(path));
    }
    if found.hits.is_empty() {
        let others = found.coverage.others.iter().map(|other| &other.files);
        let nothing_yet = [&found.coverage.files].into_iter().chain(others).any(FileCoverage::nothing_yet);
        text.push_str(if nothing_yet && found.coverage.files.only_embeds() {
            "Nothing was found by its words, and the passages wait to be embedded.\n"
        } else if nothing_yet {
            "Nothing was found yet: files are still being read.\n"
        } else {
            "Nothing was found.\n"
        });
        if !found.filters.is_empty() {
            let _ = writeln!(text, "Searched with {}.", one_line(&found.filters.join(" ")));
        }
    } else if found.no_phrase {
        text.push_str("No passage has the words in quotes as they stand. The nearest:\n\n");
    } else if found.nothing_fits {
        text.push_str("Nothing fits well. The nearest:\n\n");
    }
    for ((number, hit), is_shown) in (1..).zip(&found.hits).zip(shown) {
        if *is_shown {
            write_hit(&mut text, number, hit, *style, links);
        }
    }
    match shown.iter().filter(|is_shown| !**is_shown).count() {
        0 => {}
        1 => text.push_str("1 weaker one: --all shows it.\n"),
        weaker => _ = writeln!(text, "{weaker} weaker ones: --all shows them."),
    }
    for sentence in &found.unknown {
        let _ = writeln!(text, "{}", one_line(&hints(sentence)));
    }
    if !found.unfiltered.is_empty() {
        let names = one_line(&found.unfiltered.join(", "));
        let _ = writeln!(text, "Passages of {names} may be missing: an older version there knows no filters.");
    }
    write_coverage(&mut text, &found.coverage, &found.filters);
    text
}

/// What a device has nothing of that was not asked: of the collections of these filters, or of anything.
fn of_collections(filters: &[String]) -> String {
    let asked: Vec<&str> = filters.iter().filter_map(|filter| filter.strip_prefix("collection:")).collect();
    let collections = plural(asked.len() as u64, "collection", "collections");
    if asked.is_empty() { String::new() } else { format!(" of the {collections} {}", one_line(&asked.join(", "))) }
}

/// Who answered a question with these filters, and what was not searched.
fn write_coverage(text: &mut String, coverage: &SearchAnswer, filters: &[String]) {
    if coverage.answered < coverage.asked {
        let mut silent = coverage.silent.iter().map(|device| one_line(device)).collect::<Vec<_>>().join(", ");
        let unnamed = (coverage.asked - coverage.answered).saturating_sub(coverage.silent.len());
        if unnamed > 0 && !silent.is_empty() {
            let _ = write!(silent, " and {unnamed} more");
        }
        let named = if silent.is_empty() { String::new() } else { format!(" Silent: {silent}.") };
        let asked = count(coverage.asked as u64, "device");
        let _ = writeln!(text, "{} of {asked} answered.{named}", coverage.answered);
    }
    for other in coverage.silent_devices.iter().filter(|silent| silent.other_model) {
        let name = one_line(&other.device);
        let _ = writeln!(text, "{name} cannot answer: its model is another one than here. {}", hints(OTHER_MODEL));
    }
    if let Some(sentence) = coverage.files.sentence() {
        let _ = writeln!(text, "{}", hints(&sentence));
    }
    if let Some(why) = &coverage.background {
        let _ = writeln!(text, "{}", one_line(&hints(why)));
    }
    for other in &coverage.others {
        if let Some(sentence) = other.files.sentence() {
            // What helps is typed there.
            let _ = writeln!(text, "On {}: {sentence}", one_line(&other.device));
        }
        if other.unusable > 0 {
            let files = count(other.unusable, "file");
            let _ = writeln!(
                text,
                "On {}: {files} cannot be read; `wattle doctor` there says why.",
                one_line(&other.device)
            );
        }
    }
    if !coverage.nothing_else.is_empty() {
        let names = coverage.nothing_else.iter().map(|other| one_line(&other.device)).collect::<Vec<_>>().join(", ");
        let what = plural(coverage.nothing_else.len() as u64, "it shares", "they share");
        let _ = writeln!(
            text,
            "Not asked, because {what} nothing{} that is not here too: {names}.",
            of_collections(filters)
        );
    }
    if !coverage.frozen.is_empty() {
        let names = coverage.frozen.iter().map(|other| one_line(&other.device)).collect::<Vec<_>>().join(", ");
        let key = plural(coverage.frozen.len() as u64, "its key", "the key of each");
        let _ = writeln!(
            text,
            "Not asked, because two devices use {key}: {names}. {}",
            hints("`wattle doctor` says what helps.")
        );
    }
    if coverage.not_asked > 0 {
        let _ = writeln!(
            text,
            "{} more {}",
            coverage.not_asked,
            plural(
                coverage.not_asked as u64,
                "device is up and was not asked: it is not linked to this one.",
                "devices are up and were not asked: they are not linked to this one."
            )
        );
    }
    if let Some(sentence) = unsearched(&coverage.uncovered) {
        let _ = writeln!(text, "{sentence}");
    }
}

/// What was not searched on devices that did not answer, or are not linked.
fn unsearched(uncovered: &Uncovered) -> Option<String> {
    let Uncovered { elsewhere, unknown_devices, .. } = *uncovered;
    let documents = count(elsewhere, "document");
    let devices = count(unknown_devices as u64, "device");
    match (elsewhere, unknown_devices) {
        (0, 0) => None,
        (_, 0) => Some(format!("Not searched on devices that did not answer or are not linked: {documents}.")),
        (0, _) => Some(format!("How many documents {devices} of these would add is not known here.")),
        _ => Some(format!(
            "Not searched on devices that did not answer or are not linked: {documents}, and those of {devices} that {} not known here.",
            plural(unknown_devices as u64, "is", "are")
        )),
    }
}

/// The model's name, and what helps where it does not know the language of most documents.
fn model(of: &Model) -> String {
    let Some(language) = &of.unknown_language else { return of.name.clone() };
    format!(
        "{}, which knows English. Most documents are not in English, most of those in {language}: they are found by their words. \
         {GET_MULTILINGUAL}",
        of.name
    )
}

/// The model of a collection, and why it has that.
fn model_of(ModelOf { collection, model, language, before, .. }: &ModelOf) -> String {
    let why = match language {
        Some(language) => format!("because most of its documents are in {language}"),
        None => "as you set it".to_owned(),
    };
    let back = before
        .as_ref()
        .map(|before| format!("; `wattle collection model {} --back` goes back to {before}", quoted(collection)));
    format!("{collection}: {model}, {why}{}", back.unwrap_or_default())
}

/// What the agent has indexed and what it does now.
#[must_use]
pub fn status(status: &StatusReport, style: &Style) -> String {
    let mut text = String::new();
    let mut row = |name: &str, value: &str| {
        let _ = writeln!(text, "{} {}", style.dim(&format!("{name:<10}")), one_line(value));
    };
    if let Some(starting) = &status.activity.starting {
        row("Starting", &starting.says);
    }
    row("Device", &status.device);
    row("PeerId", &status.peer_id);
    row("Others", &others(status));
    row("Model", &model(&status.model));
    for of in &status.model.collections {
        row("", &model_of(of));
    }
    for (at, of) in status.model.languages.iter().enumerate() {
        row(if at == 0 { "Languages" } else { "" }, &format!("{}: {}", of.collection, of.words));
        // Where most documents are in such languages, the model's line says it already.
        if let Some(needs) = languages::needs(of).filter(|_| status.model.unknown_language.is_none()) {
            row("", &needs);
        }
    }
    let (files, passages) = counts(status);
    row("Files", &files);
    row("Passages", &passages);
    if let Some(pace) = status.progress.pace.phrase() {
        row("Pace", &pace);
    }
    if let Some(memory) = index_memory(status) {
        row("Index", &memory);
    }
    for source in &status.sources {
        row("Watched", &watched(source));
    }
    if let Some(sentence) = left_out(&status.sources) {
        row("Left out", &sentence);
    }
    match &status.activity.starting {
        Some(starting) if starting.folders => row("Watched", "not all is known yet"),
        _ if status.sources.is_empty() => row("Watched", "nothing yet; add a folder with `wattle add FOLDER`"),
        _ => {}
    }
    if let Some(read) = store_read(status) {
        row("Store", &format!("last read whole on {read}"));
    }
    if let Some(page) = page(status) {
        row("Page", &page);
    }
    row("Now", &now(status));
    if let Some(held) = &status.activity.held {
        row("Held", held);
    }
    if let Some(background) = &status.activity.background {
        row("Work", background);
    }
    if status.activity.panics > 0 {
        row("Defects", &defects(status.activity.panics));
    }
    for finding in &status.findings {
        let command = finding.command.as_ref().map(|command| format!(" Type: {command}")).unwrap_or_default();
        row("Wrong", &format!("{}{command}", finding.what));
    }
    text
}

/// What became of tasks by defects of the program.
fn defects(panics: u64) -> String {
    let times = if panics == 1 { "once".to_owned() } else { format!("{panics} times") };
    format!("a task was stopped by a defect of the program {times}; the log names it")
}

/// How many files and passages there are, by state. Where the agent has only begun to start and knows of none, they are no zeros.
fn counts(status: &StatusReport) -> (String, String) {
    if is_unknown(status) {
        return (NOT_KNOWN.to_owned(), NOT_KNOWN.to_owned());
    }
    let listed = match (status.files.refused, status.files.parked) {
        (0, 0) => "",
        (_, 0) => " (`wattle doctor` lists them)",
        (0, _) => " (`wattle tasks` lists them)",
        _ => " (`wattle doctor` and `wattle tasks` list them)",
    };
    // An agent of before tells only two of the numbers.
    let passages = if status.progress.passages.all > 0 {
        status.progress.passages.phrase()
    } else {
        format!("{} of {} embedded", status.progress.vectors, status.progress.chunks)
    };
    (format!("{}{listed}", status.files.phrase()), passages)
}

/// In place of a figure that is not known yet.
const NOT_KNOWN: &str = "not known yet";

/// Whether the agent is starting, and has counted nothing so far.
pub(super) fn is_unknown(status: &StatusReport) -> bool {
    let starting = status.activity.starting.as_ref();
    starting.is_some_and(|starting| starting.folders || starting.looks > 0) && status.files == Files::default()
}

/// Where other devices reach the page, and who reads along there; or why none does, unless a finding tells it.
fn page(status: &StatusReport) -> Option<String> {
    let PageOutside { address, tls, trouble } = status.activity.page.as_ref()?;
    let readers = if *tls {
        "encrypted"
    } else {
        "not encrypted: everybody in the network can read along (`wattle tls on` encrypts it)"
    };
    match trouble {
        Some(trouble) if status.findings.iter().any(|finding| finding.what.starts_with(trouble)) => None,
        Some(trouble) => Some(trouble.clone()),
        None => Some(format!("for other devices at {address}, {readers}")),
    }
}

/// When the agent read the whole store last by itself.
pub(super) fn store_read(status: &StatusReport) -> Option<String> {
    status.activity.store_read_s.map(utc)
}

/// What the indexes take, once there is something in them.
fn index_memory(status: &StatusReport) -> Option<String> {
    let IndexBytes { vectors, words } = status.index_bytes;
    let of = |bytes: u64| format!("{:.1} MB", bytes as f64 / 1e6);
    (vectors + words > 0).then(|| format!("{} of memory for vectors, {} for words", of(vectors), of(words)))
}

/// Whether files wait because the device is in use: the sentence names what lets them go on.
#[must_use]
pub fn waits_for_use(status: &StatusReport) -> bool {
    status.activity.background.as_ref().is_some_and(|why| why.contains("`wattle work now`"))
}

/// What the agent does: it is at rest only once each folder was looked at and nothing waits. Why files wait is in the row of
/// the work.
fn now(status: &StatusReport) -> String {
    let waiting = status.files.to_do();
    match first_look(&status.sources) {
        Some(look) => format!("{look}; more files may be found"),
        None if is_unknown(status) => "starting".to_owned(),
        None if status.activity.working => "working".to_owned(),
        None if waiting == 1 => "one file waits to be read or embedded".to_owned(),
        None if waiting > 0 => format!("{waiting} files wait to be read or embedded"),
        None => {
            status.files.absent_phrase().map_or_else(|| "at rest".to_owned(), |absent| format!("at rest; {absent}"))
        }
    }
}

/// That what is watched was not looked at yet since the start. Where nothing is there, nothing is looked at.
#[must_use]
pub fn first_look(sources: &[Watched]) -> Option<String> {
    let is_away = |source: &Watched| source.away.iter().any(|place| place.path == source.path);
    let unseen = sources.iter().filter(|source| source.looked_s_ago.is_none() && !is_away(source));
    let unseen: Vec<&str> = unseen.map(|source| source.path.as_str()).collect();
    let what = match unseen.as_slice() {
        [] => return None,
        [path] => (*path).to_owned(),
        [path, rest @ ..] => format!("{path} and {} more", rest.len()),
    };
    Some(format!("the first look at {what} since the start is not over yet"))
}

/// What an answer leaves out where folders were not looked at yet.
pub(super) fn more_to_find(sources: &[Watched]) -> Option<String> {
    first_look(sources).map(|look| format!("{}; more files may be found.", look.replacen("the", "The", 1)))
}

/// The other devices as a phrase.
fn others(status: &StatusReport) -> String {
    if status.peers.is_empty() {
        return "no other device is known here".to_owned();
    }
    let names = |linked: bool| {
        let devices = status.peers.iter().filter(|peer| peer.linked == linked);
        let names: Vec<String> =
            devices.map(|peer| peer.device.clone().unwrap_or_else(|| peer.peer_id.clone())).collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    let parts =
        [names(true).map(|names| format!("linked: {names}")), names(false).map(|names| format!("not linked: {names}"))];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
#[path = "display/start_test.rs"]
mod start_test;
#[cfg(test)]
mod test;
