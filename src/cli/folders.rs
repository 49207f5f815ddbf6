//! The watched folders as people read them.

use super::style::Style;
use super::text::one_line;
use crate::base::finding::quoted;
use crate::base::span::ago;
use crate::http::folders::{AwayPlace, Watched, left_out};
use std::fmt::Write;

/// What is so with a place that is not looked at.
fn absent(place: &AwayPlace) -> String {
    let what = if place.unreadable { "cannot be read by this user" } else { "away" };
    format!("{what} since {}", place.since)
}

/// A watched folder or file on one line.
pub(super) fn watched(source: &Watched) -> String {
    // Nothing is looked at where nothing is there.
    let gone = source.away.iter().find(|place| place.path == source.path);
    let looked = match (gone, source.looked_s_ago) {
        (Some(place), _) => absent(place),
        (None, None) => "not looked at yet".to_owned(),
        (None, Some(seconds)) => {
            let ago = ago(seconds);
            if source.followed {
                format!("changes are followed, all of it looked at {ago}")
            } else {
                format!("looked at {ago}")
            }
        }
    };
    let kept = if source.kept_without_files > 0 {
        format!("; {} kept without their files", source.kept_without_files)
    } else {
        String::new()
    };
    format!("{} (collection {}, ring {}; {looked}{kept})", source.path, source.collection, source.ring.as_str())
}

/// The watched folders and files, and what of them is away.
#[must_use]
pub(super) fn folders(folders: &[Watched], style: &Style) -> String {
    let mut text = String::new();
    for folder in folders {
        let _ = writeln!(text, "{}", one_line(&watched(folder)));
        for away in &folder.away {
            let kept = if away.kept { ", kept by your word" } else { "" };
            let line = format!("{}: {} ({}{kept})", absent(away), away.path, away.phrase());
            let _ = writeln!(text, "  {}", style.dim(&one_line(&line)));
        }
        for path in &folder.key_file_paths {
            let line = format!("left out, it looks like keys or passwords: {path}");
            let _ = writeln!(text, "  {}", style.dim(&one_line(&line)));
        }
        for path in &folder.agent_homes {
            let line = format!("left out, it is the home of another agent of Wattle, with its keys: {path}");
            let _ = writeln!(text, "  {}", style.dim(&one_line(&line)));
        }
        let more = folder.key_files.saturating_sub(folder.key_file_paths.len() as u64);
        if more > 0 && !folder.key_file_paths.is_empty() {
            let _ = writeln!(text, "  {}", style.dim(&format!("and {more} more of those")));
        }
        if let Some(ignored) = &folder.ignored {
            for path in &ignored.paths {
                let line = format!("left out by .gitignore or .wattleignore: {path}");
                let _ = writeln!(text, "  {}", style.dim(&one_line(&line)));
            }
            let more = ignored.count.saturating_sub(ignored.paths.len() as u64);
            if more > 0 {
                let _ = writeln!(text, "  {}", style.dim(&format!("and {more} more of those")));
            }
        }
        if folder.kept_without_files > 0 {
            let documents = if folder.kept_without_files == 1 {
                "one document is".to_owned()
            } else {
                format!("{} documents are", folder.kept_without_files)
            };
            let line = format!(
                "{documents} kept without a file by your word; `wattle forget --kept {}` forgets what is kept",
                quoted(&folder.path)
            );
            let _ = writeln!(text, "  {}", style.dim(&one_line(&line)));
        }
        if let Some(missing) = &folder.missing {
            let place = quoted(&folder.path);
            let line = format!(
                "{} of {} documents are gone from the disk at once, and kept until you decide: `wattle keep {place}` or \
                 `wattle forget {place}`",
                missing.documents, missing.of
            );
            let _ = writeln!(text, "  {}", one_line(&line));
        }
    }
    if let Some(sentence) = left_out(folders) {
        let _ = writeln!(text, "{}", one_line(&sentence));
    }
    if folders.is_empty() {
        text.push_str("Nothing is watched yet; add a folder with `wattle add FOLDER`.\n");
    }
    text
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::base::id::Ring;
    use crate::http::folders::{AwayPlace, IgnoredPlaces, Missing};

    const PLAIN: Style = Style { width: 40, styled: false };

    pub(in crate::cli) fn folder(looked_s_ago: Option<u64>) -> Watched {
        Watched {
            path: "/home/ann/notes".into(),
            collection: "home".into(),
            ring: Ring::Mesh,
            looked_s_ago,
            followed: false,
            away: Vec::new(),
            missing: None,
            kept_without_files: 0,
            key_files: 0,
            key_file_paths: Vec::new(),
            agent_homes: Vec::new(),
            ignored: None,
        }
    }

    #[test]
    fn a_folder_says_when_it_was_looked_at_and_what_is_away() {
        let away = |answering, unread, kept| AwayPlace {
            path: "/n/stick".into(),
            since: "2026-11-26 18:30 UTC".into(),
            documents: 3,
            answering,
            unread,
            kept,
            unreadable: unread > 0,
        };
        let missing = Some(Missing { documents: 120, of: 150 });
        let shown = folders(
            &[Watched { away: vec![away(3, 0, false), away(1, 1, true), away(0, 0, false)], missing, ..folder(None) }],
            &PLAIN,
        );
        let expected = [
            "/home/ann/notes (collection home, ring mesh; not looked at yet)",
            "  away since 2026-11-26 18:30 UTC: /n/stick (3 documents, which answer)",
            "  cannot be read by this user since 2026-11-26 18:30 UTC: /n/stick (3 documents, 1 of which answers, 1 not read yet, kept by your word)",
            "  away since 2026-11-26 18:30 UTC: /n/stick (3 documents, none of which answers yet)",
            "  120 of 150 documents are gone from the disk at once, and kept until you decide: `wattle keep /home/ann/notes` or `wattle forget /home/ann/notes`",
        ];
        assert_eq!(shown.lines().collect::<Vec<_>>(), expected);
        assert!(folders(&[folder(Some(119))], &PLAIN).contains("looked at 2 minutes ago"));
        assert!(folders(&[folder(Some(3600))], &PLAIN).contains("looked at 60 minutes ago"));
        let live = Watched { followed: true, ..folder(Some(3600)) };
        assert!(folders(&[live], &PLAIN).contains("; changes are followed, all of it looked at 60 minutes ago)"));
        assert!(folders(&[], &PLAIN).contains("Nothing is watched yet"));
    }

    #[test]
    fn each_file_of_keys_that_is_left_out_is_named_with_the_command_that_takes_it_in() {
        let keys = |key_files, paths: &[&str]| Watched {
            key_files,
            key_file_paths: paths.iter().map(|path| (*path).to_owned()).collect(),
            ..folder(Some(3))
        };
        let shown = folders(&[keys(3, &["/n/a.pem", "/n/my\u{1b} b.key"]), keys(1, &["/n/c.env"])], &PLAIN);
        let expected = [
            "  left out, it looks like keys or passwords: /n/a.pem",
            "  left out, it looks like keys or passwords: /n/my\u{fffd} b.key",
            "  and 1 more of those",
            "  left out, it looks like keys or passwords: /n/c.env",
            "4 files look like keys or passwords and are left out, /n/a.pem for example. `wattle folders` names them; `wattle add FILE` \
             takes one in.",
        ];
        assert_eq!(shown.lines().filter(|line| !line.starts_with('/')).collect::<Vec<_>>(), expected);
        let home = folders(&[Watched { agent_homes: vec!["/n/w".into()], ..folder(Some(3)) }], &PLAIN);
        let left_out = "  left out, it is the home of another agent of Wattle, with its keys: /n/w\n";
        assert!(home.ends_with(left_out), "and no file that can be added: {home}");
        let ignored = IgnoredPlaces { count: 3, paths: vec!["/n/build".into(), "/n/x.log".into()] };
        let shown = folders(&[Watched { ignored: Some(ignored), ..folder(Some(3)) }], &PLAIN);
        let expected = "  left out by .gitignore or .wattleignore: /n/build\n  left out by .gitignore or .wattleignore: /n/x.log\n  \
                        and 1 more of those\n";
        assert!(shown.contains(expected), "{shown}");
        let expected = "\n3 files and folders are left out by .gitignore or .wattleignore, /n/build for example. `wattle folders` names \
                        them; `wattle add PATH` takes one in.\n";
        assert!(shown.ends_with(expected), "{shown}");
        let one = folders(&[keys(1, &["/n/a b.pem"])], &PLAIN);
        assert!(one.ends_with("and is left out: /n/a b.pem. `wattle add '/n/a b.pem'` takes it in.\n"), "{one}");
        let none_named = folders(&[keys(2, &[])], &PLAIN);
        assert!(
            none_named
                .ends_with("\n2 files look like keys or passwords and are left out. `wattle add FILE` takes one in.\n")
        );
    }
}
