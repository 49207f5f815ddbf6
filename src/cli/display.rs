//! Answers as people read them: search hits and the agent's status.

use super::folders::watched;
use super::hit::write_hit;
use super::style::Style;
use super::text::{one_line, whole_path};
use crate::base::count::{count, plural};
use crate::base::hit::FileCoverage;
use crate::base::time::utc;
use crate::http::dto::{IndexBytes, SearchResults, StatusReport, Unusable};
use crate::http::folders::{Watched, left_out};
use crate::platform::home::hints;
use std::fmt::Write;

/// What helps where another device has another model.
const OTHER_MODEL: &str = "`wattle doctor` says what helps.";

/// The hits, numbered, best first.
#[must_use]
pub fn found(found: &SearchResults, style: &Style) -> String {
    let mut text = String::new();
    for Unusable { path, reason } in &found.unusable {
        let _ =
            writeln!(text, "{}\nis there, and cannot be searched. {}\n", whole_path(path), one_line(&hints(reason)));
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
    } else if found.nothing_fits {
        text.push_str("Nothing fits well. The nearest:\n\n");
    }
    for (number, hit) in (1..).zip(&found.hits) {
        write_hit(&mut text, number, hit, *style);
    }
    let coverage = &found.coverage;
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
    text
}

/// What the agent has indexed and what it does now.
#[must_use]
pub fn status(status: &StatusReport, style: &Style) -> String {
    let mut text = String::new();
    let mut row = |name: &str, value: &str| {
        let _ = writeln!(text, "{} {}", style.dim(&format!("{name:<10}")), one_line(value));
    };
    row("Device", &status.device);
    row("PeerId", &status.peer_id);
    row("Others", &others(status));
    row("Model", &status.model.name);
    let listed = match (status.files.refused, status.files.parked) {
        (0, 0) => "",
        (_, 0) => " (`wattle doctor` lists them)",
        (0, _) => " (`wattle tasks` lists them)",
        _ => " (`wattle doctor` and `wattle tasks` list them)",
    };
    row("Files", &format!("{}{listed}", status.files.phrase()));
    // An agent of before tells only two of the numbers.
    let passages = if status.progress.passages.all > 0 {
        status.progress.passages.phrase()
    } else {
        format!("{} of {} embedded", status.progress.vectors, status.progress.chunks)
    };
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
    if status.sources.is_empty() {
        row("Watched", "nothing yet; add a folder with `wattle add FOLDER`");
    }
    if let Some(read) = store_read(status) {
        row("Store", &format!("last read whole on {read}"));
    }
    row("Now", &now(status));
    if let Some(held) = &status.activity.held {
        row("Held", held);
    }
    if let Some(background) = &status.activity.background {
        row("Work", background);
    }
    if status.activity.panics > 0 {
        let times =
            if status.activity.panics == 1 { "once".to_owned() } else { format!("{} times", status.activity.panics) };
        row("Defects", &format!("a task was stopped by a defect of the program {times}; the log names it"));
    }
    for finding in &status.findings {
        let command = finding.command.as_ref().map(|command| format!(" Type: {command}")).unwrap_or_default();
        row("Wrong", &format!("{}{command}", finding.what));
    }
    text
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
mod tests {
    use super::super::folders::tests::folder;
    use super::super::hit::tests::hit;
    use super::*;
    use crate::base::finding::{Area, Finding};
    use crate::http::dto::{Activity, Files, Model, Progress, SearchAnswer, SearchPlace};
    use crate::node::output::{DeviceCoverage, SilentDevice};

    const PLAIN: Style = Style { width: 40, styled: false };

    #[test]
    fn hits_are_numbered_wrapped_and_shortened() {
        let files = FileCoverage { known: 203, searchable: 34, ..FileCoverage::default() };
        let all = SearchResults {
            hits: vec![hit(), hit()],
            nothing_fits: false,
            unusable: Vec::new(),
            coverage: SearchAnswer {
                asked: 3,
                answered: 2,
                silent: vec!["attic".into()],
                files,
                ..SearchAnswer::default()
            },
        };
        let text = found(&all, &PLAIN);
        let head = " 1. boiler\u{fffd}.md  0.71\n    on pi\u{fffd}[2J:\n    /home/ann/notes/boiler\u{fffd}.md\n    Cellar > Boiler\n";
        assert!(text.starts_with(head), "{text}");
        assert!(text.contains("\n 2. ") && text.contains(" …\n"));
        assert!(
            text.ends_with("2 of 3 devices answered. Silent: attic.\n169 of 203 files are not searched yet.\n"),
            "{text}"
        );
        assert!(
            text.chars().all(|c| c == '\n' || !c.is_control()),
            "no control character, and no style off a terminal"
        );
        assert!(text.lines().skip(2).take(6).all(|line| line.chars().count() <= 40));
    }

    #[test]
    fn each_path_stands_whole_on_a_line_of_its_own_and_no_other_line_is_wider_than_the_screen() {
        let place = |n: usize| SearchPlace {
            device: "attic".into(),
            peer_id: "12D3".into(),
            path: format!("/{}/boiler {n}.md", "x".repeat(99)),
        };
        let mut hit = hit();
        hit.path = format!("/{}/{}.md", "y".repeat(200), "e\u{301}\u{301}".repeat(200));
        hit.places = (0..12).map(place).collect();
        let coverage = SearchAnswer { asked: 1, answered: 1, ..SearchAnswer::default() };
        let text =
            found(&SearchResults { hits: vec![hit], unusable: Vec::new(), nothing_fits: false, coverage }, &PLAIN);
        let path = |n: usize| format!("\n    /{}/boiler {n}.md\n", "x".repeat(99));
        assert_eq!(text.matches("    also on attic:\n").count(), 1, "{text}");
        assert!((1..=3).all(|n| text.contains(&path(n))) && !text.contains(&path(4)), "{text}");
        assert!(text.contains("    and in 8 more files\n"), "{text}");
        let paths = |line: &&str| line.starts_with("    /");
        assert_eq!(text.lines().filter(paths).count(), 4, "{text}");
        assert!(text.lines().filter(|line| !paths(line)).all(|line| super::super::text::columns(line) <= 40), "{text}");
    }

    #[test]
    fn no_hits_are_one_sentence() {
        let none = SearchResults {
            hits: Vec::new(),
            nothing_fits: false,
            unusable: Vec::new(),
            coverage: SearchAnswer { asked: 1, answered: 1, ..SearchAnswer::default() },
        };
        assert_eq!(found(&none, &PLAIN), "Nothing was found.\n");
    }

    #[test]
    fn before_any_file_is_searched_an_answer_says_that_files_are_still_being_read() {
        let none = |files| SearchResults {
            hits: Vec::new(),
            nothing_fits: false,
            unusable: Vec::new(),
            coverage: SearchAnswer { asked: 1, answered: 1, files, ..SearchAnswer::default() },
        };
        let yet = "Nothing was found yet: files are still being read.\n";
        let text = found(&none(FileCoverage::new(0, 0, 0, true)), &PLAIN);
        assert_eq!(text, format!("{yet}The folders are being looked at: no file is searched yet.\n"));
        let text = found(&none(FileCoverage::new(7, 0, 0, false)), &PLAIN);
        assert_eq!(text, format!("{yet}7 of 7 files are not searched yet.\n"));
        let text = found(&none(FileCoverage::new(7, 7, 0, true)), &PLAIN);
        assert_eq!(text, "Nothing was found.\n");
    }

    #[test]
    fn where_all_is_read_an_answer_says_that_embedding_waits_and_why() {
        let files = FileCoverage::new(7, 0, 0, false).with_read(7);
        let why = "All files are read. Nothing is embedded while questions are answered.";
        let coverage =
            SearchAnswer { asked: 1, answered: 1, files, background: Some(why.into()), ..SearchAnswer::default() };
        let none = SearchResults { hits: Vec::new(), nothing_fits: false, unusable: Vec::new(), coverage };
        let text = found(&none, &PLAIN);
        assert!(text.starts_with("Nothing was found by its words, and the passages wait"), "{text}");
        assert!(text.ends_with(&format!("\n{why}\n")) && !text.contains("being read"), "{text}");
    }

    #[test]
    fn a_file_that_is_asked_for_and_cannot_be_used_is_told_first() {
        let unusable =
            vec![Unusable { path: "/a/my report.pdf".into(), reason: "PDF files cannot be read yet.".into() }];
        let coverage = SearchAnswer { asked: 1, answered: 1, unusable: 11, ..SearchAnswer::default() };
        let text = found(&SearchResults { hits: vec![hit()], unusable, nothing_fits: false, coverage }, &PLAIN);
        let first = "/a/my report.pdf\nis there, and cannot be searched. PDF files cannot be read yet.\n\n 1. boiler";
        assert!(text.starts_with(first), "{text}");
    }

    #[test]
    fn of_many_silent_devices_some_are_named_and_those_that_were_not_asked_are_counted() {
        let silent = vec!["attic".into(), "cellar".into()];
        let coverage = SearchAnswer { asked: 20, answered: 2, silent, not_asked: 70, ..SearchAnswer::default() };
        assert_eq!(
            found(&SearchResults { hits: Vec::new(), unusable: Vec::new(), nothing_fits: false, coverage }, &PLAIN),
            "Nothing was found.\n2 of 20 devices answered. Silent: attic, cellar and 16 more.\n70 more devices are up and \
             were not asked: they are not linked to this one.\n"
        );
    }

    #[test]
    fn a_device_that_cannot_answer_since_its_model_is_another_one_is_named_with_what_helps() {
        let silent =
            |device: &str, other_model| SilentDevice { device: device.into(), peer_id: "12D3".into(), other_model };
        let (silent_devices, silent) =
            (vec![silent("attic", true), silent("nas", false)], vec!["attic".into(), "nas".into()]);
        let coverage = SearchAnswer { asked: 3, answered: 1, silent, silent_devices, ..SearchAnswer::default() };
        let text =
            found(&SearchResults { hits: Vec::new(), unusable: Vec::new(), nothing_fits: false, coverage }, &PLAIN);
        let says = "1 of 3 devices answered. Silent: attic, nas.\nattic cannot answer: its model is another one than here. `wattle doctor`";
        assert!(text.contains(says) && !text.contains("nas cannot"), "{text}");
    }

    #[test]
    fn of_other_devices_what_they_did_not_search_is_told_with_their_names_and_that_nothing_fits() {
        let other = |device: &str, searchable| DeviceCoverage {
            device: device.into(),
            peer_id: "12D3".into(),
            files: FileCoverage { known: 40, searchable, ..FileCoverage::default() },
        };
        let others = vec![other("nas\u{1b}", 12), other("attic", 40)];
        let coverage = SearchAnswer { asked: 3, answered: 3, others, ..SearchAnswer::default() };
        let text =
            found(&SearchResults { hits: vec![hit()], unusable: Vec::new(), nothing_fits: true, coverage }, &PLAIN);
        assert!(text.starts_with("Nothing fits well. The nearest:\n\n 1. boiler"), "{text}");
        assert!(text.ends_with("\nOn nas\u{fffd}: 28 of 40 files are not searched yet.\n"), "{text}");
        assert!(!text.contains("attic"), "it searched everything: {text}");
    }

    #[test]
    fn a_status_reads_as_a_table_of_plain_words() {
        let mut report = StatusReport {
            peer_id: "12D3Koo".into(),
            device: "attic".into(),
            mesh: None,
            files: Files { ready: 7, chunked: 2, ..Files::default() },
            leaving: 0,
            progress: Progress { chunks: 90, vectors: 80, ..Progress::default() },
            index_bytes: IndexBytes { vectors: 2_140_000, words: 40_000 },
            peers: Vec::new(),
            model: Model { name: "all-MiniLM-L6-v2".into(), fingerprint: "00".into() },
            sources: vec![folder(Some(60))],
            activity: Activity {
                working: true,
                scanning: false,
                held: Some("The disk is full.".into()),
                background: Some("Background work may use the whole device.".into()),
                background_reason: None,
                panics: 2,
                store_read_s: Some(1_795_717_859),
                at_home: None,
            },
            findings: vec![Finding { area: Area::State, what: "A file is cut short.".into(), command: None }],
        };
        let text = status(&report, &PLAIN);
        assert!(text.contains("Files      7 ready, 2 being embedded\n"), "{text}");
        assert!(text.contains("Index      2.1 MB of memory for vectors, 0.0 MB for words\n"), "{text}");
        assert!(text.contains("Watched    /home/ann/notes (collection home, ring mesh; looked at 60 s ago)\n"));
        assert!(text.contains("Now        working\nHeld       The disk is full.\nWork       Background work may"));
        assert!(text.contains("Wrong      A file is cut short.\n"));
        report.activity.working = false;
        assert!(status(&report, &PLAIN).contains("Now        2 files wait to be read or embedded\n"));
        report.files.chunked = 0;
        assert!(status(&report, &PLAIN).contains("Now        at rest\n"));
        (report.files.waiting, report.files.absent) = (3, 3);
        let text = status(&report, &PLAIN);
        assert!(text.contains("Files      7 ready, 3 waiting for their folder\n"), "{text}");
        assert!(text.contains("Now        at rest; 3 files wait until their folder is back\n"), "{text}");
        report.files.waiting = 4;
        let text = status(&report, &PLAIN);
        assert!(text.contains("Files      7 ready, 1 waiting to be read, 3 waiting for their folder\n"), "{text}");
        assert!(text.contains("Now        one file waits to be read or embedded\n"), "{text}");
        report.sources[0].looked_s_ago = None;
        let text = status(&report, &PLAIN);
        assert!(text.contains("Now        the first look at /home/ann/notes since the start is not over"), "{text}");
        assert!(text.contains("Defects    a task was stopped by a defect of the program 2 times"));
    }
}
