//! One search hit as people read it.

use super::links::Links;
use super::style::Style;
use super::text::{fit, whole_path, wrap, wrap_marked};
use crate::http::dto::SearchHit;
use crate::http::query::shown_path;
use crate::platform::home::hints;
use std::fmt::Write;

/// Lines shown of a chunk.
const CHUNK_LINES: usize = 5;

/// Other files with the same text that are named on a terminal; in a pipe all that the agent sent.
const PLACES_SHOWN: usize = 3;

/// Appends a hit with its number; the paths of files that are there are links, where the terminal shows them.
pub(super) fn write_hit(text: &mut String, number: usize, hit: &SearchHit, style: Style, links: Option<&Links>) {
    let path = whole_path(&shown_path(&hit.path));
    let indent = "    ";
    let width = style.width - indent.len();
    let name = fit(path.rsplit('/').next().unwrap_or(&path), width - "  0.00".len());
    let _ = writeln!(text, "{number:>2}. {}  {:.2}", style.bold(&name), hit.score);
    let _ = writeln!(text, "{indent}{}", style.dim(&fit(&format!("on {}:", hit.device), width)));
    let linked = |peer_id: &str, whole: &str, shown: String| {
        links.map_or(shown.clone(), |links| links.link(peer_id, whole, &shown))
    };
    let file = &hit.file;
    let is_there = file.away_since.is_none() && file.kept_since.is_none() && file.gone_since.is_none();
    let shown = style.dim(&path);
    let _ = writeln!(text, "{indent}{}", if is_there { linked(&hit.peer_id, &hit.path, shown) } else { shown });
    if let Some(since) = &file.away_since {
        for line in wrap(&format!("The file is away since {since}."), width, 2) {
            let _ = writeln!(text, "{indent}{}", style.dim(&line));
        }
    }
    if let Some(since) = &file.kept_since {
        for line in wrap(&format!("The file is gone since {since}; what was in it is kept, as you said."), width, 3) {
            let _ = writeln!(text, "{indent}{}", style.dim(&line));
        }
    }
    if file.unreadable {
        let said = "The file cannot be read now; this is what was read of it before. `wattle doctor` says why.";
        for line in wrap(&hints(said), width, 3) {
            let _ = writeln!(text, "{indent}{}", style.dim(&line));
        }
    }
    if let Some(since) = &file.gone_since {
        let said = format!("The file is gone from its folder since {since}; `wattle doctor` says what to decide.");
        for line in wrap(&hints(&said), width, 3) {
            let _ = writeln!(text, "{indent}{}", style.dim(&line));
        }
    }
    let others = hit.places.get(1..).unwrap_or_default();
    let shown = if style.width == usize::MAX { others.len() } else { others.len().min(PLACES_SHOWN) };
    let mut device = None;
    for place in &others[..shown] {
        if device.replace(&place.peer_id) != Some(&place.peer_id) {
            let _ = writeln!(text, "{indent}{}", style.dim(&fit(&format!("also on {}:", place.device), width)));
        }
        let shown = style.dim(&whole_path(&shown_path(&place.path)));
        let _ = writeln!(text, "{indent}{}", linked(&place.peer_id, &place.path, shown));
    }
    match others.len() - shown {
        0 => {}
        1 => _ = writeln!(text, "{indent}{}", style.dim("and in 1 more file")),
        more => _ = writeln!(text, "{indent}{}", style.dim(&format!("and in {more} more files"))),
    }
    if !hit.heading.trim().is_empty() {
        for line in wrap(&hit.heading, width, 2) {
            let _ = writeln!(text, "{indent}{}", style.bold(&line));
        }
    }
    // In a pipe nothing is left out; an agent of before sends no snippet.
    if style.width == usize::MAX || hit.snippet.is_empty() {
        for line in wrap(&hit.text, width, CHUNK_LINES) {
            let _ = writeln!(text, "{indent}{line}");
        }
    } else {
        for line in wrap_marked(&hit.snippet, width, CHUNK_LINES) {
            let shown = |(part, is_marked): &(String, bool)| if *is_marked { style.bold(part) } else { part.clone() };
            let _ = writeln!(text, "{indent}{}", line.iter().map(shown).collect::<String>());
        }
    }
    text.push('\n');
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::http::dto::{HitFile, SearchPlace};

    pub(in crate::cli) fn hit() -> SearchHit {
        SearchHit {
            device: "pi\u{1b}[2J".into(),
            peer_id: "12D3Koo".into(),
            path: "/home/ann/notes/boiler\u{7}.md".into(),
            text: "Turn the left valve\nby a quarter. ".repeat(20),
            snippet: Vec::new(),
            score: 0.7149,
            heading: "Cellar > Boiler".into(),
            passage: None,
            file: HitFile::default(),
            places: Vec::new(),
        }
    }

    #[test]
    fn in_a_pipe_nothing_is_cut_or_wrapped() {
        let place =
            |n: usize| SearchPlace { device: "attic".into(), peer_id: "12D3".into(), path: format!("/a b/{n}.md") };
        let mut hit = hit();
        hit.text = "word ".repeat(400);
        hit.heading = "Heading ".repeat(40);
        hit.places = (0..12).map(place).collect();
        let mut text = String::new();
        write_hit(&mut text, 1, &hit, Style { width: usize::MAX, styled: false }, None);
        assert!(
            (1..12).all(|n| text.contains(&format!("\n    /a b/{n}.md\n"))) && !text.contains(" more file"),
            "{text}"
        );
        assert!(
            !text.contains('\u{2026}') && text.contains(hit.text.trim()) && text.contains(hit.heading.trim()),
            "{text}"
        );
    }

    #[test]
    fn on_a_terminal_the_sentences_with_the_question_s_words_are_shown_with_these_in_bold() {
        let snippet = ["\u{2026} Turn the left ", "valve", " by a\u{7} quarter, then the other ", "valves", "."];
        let hit = SearchHit { snippet: snippet.map(str::to_owned).to_vec(), ..hit() };
        let shown = |style| {
            let mut text = String::new();
            write_hit(&mut text, 1, &hit, style, None);
            text
        };
        let line = |before: &str, after: &str| {
            let [first, second] = ["valve", "valves"].map(|word| format!("{before}{word}{after}"));
            format!("\n    \u{2026} Turn the left {first} by a\u{fffd} quarter, then the other {second}.\n")
        };
        let bold = shown(Style { width: 110, styled: true });
        assert!(bold.contains(&line("\u{1b}[1m", "\u{1b}[0m")), "{bold}");
        let plain = shown(Style { width: 110, styled: false });
        assert!(plain.contains(&line("", "")), "{plain}");
        let piped = shown(Style { width: usize::MAX, styled: false });
        assert_eq!(piped.matches("Turn the left valve by a quarter.").count(), 20, "a pipe gets all of it: {piped}");
    }

    #[test]
    fn paths_of_this_device_are_links_unless_their_file_is_away_and_those_of_others_are_not() {
        let place = |peer: &str| SearchPlace { device: "x".into(), peer_id: peer.into(), path: format!("/{peer}.md") };
        let hit = SearchHit { places: vec![place("12D3Koo"), place("12D3Koo"), place("12D3other")], ..hit() };
        let links = Links::new("12D3Koo", "attic");
        let shown = |hit: &SearchHit, links: Option<&Links>| {
            let mut text = String::new();
            write_hit(&mut text, 1, hit, Style { width: 80, styled: true }, links);
            text
        };
        let text = shown(&hit, Some(&links));
        let dim = |path: &str| format!("\u{1b}[2m{path}\u{1b}[0m");
        let own = format!(
            "    \u{1b}]8;;file://attic/home/ann/notes/boiler%07.md\u{1b}\\{}\u{1b}]8;;\u{1b}\\\n",
            dim("/home/ann/notes/boiler\u{fffd}.md")
        );
        assert!(text.contains(&own), "{text:?}");
        assert!(text.contains("file://attic/12D3Koo.md\u{1b}"), "{text:?}");
        assert!(
            text.contains(&format!("    {}\n", dim("/12D3other.md"))) && !text.contains("attic/12D3other"),
            "{text:?}"
        );
        assert!(!shown(&hit, None).contains("\u{1b}]8"));
        let away = SearchHit {
            file: HitFile { away_since: Some("2026".into()), ..HitFile::default() },
            places: Vec::new(),
            ..hit
        };
        assert!(!shown(&away, Some(&links)).contains("\u{1b}]8"));
    }

    #[test]
    fn a_hit_says_since_when_its_file_is_away() {
        let since = || Some("2026-11-26 18:30 UTC".to_owned());
        let hit = SearchHit { file: HitFile { away_since: since(), ..HitFile::default() }, ..hit() };
        let mut text = String::new();
        write_hit(&mut text, 1, &hit, Style { width: 40, styled: false }, None);
        assert!(text.contains("The file is away since 2026-11-26\n    18:30 UTC."), "{text}");
        let hit = SearchHit { file: HitFile { kept_since: since(), ..HitFile::default() }, ..hit };
        let mut text = String::new();
        write_hit(&mut text, 1, &hit, Style { width: usize::MAX, styled: false }, None);
        let kept = "The file is gone since 2026-11-26 18:30 UTC; what was in it is kept, as you said.";
        assert!(text.contains(kept) && !text.contains("away"), "{text}");
        let hit = SearchHit { file: HitFile { unreadable: true, ..HitFile::default() }, ..hit };
        let mut text = String::new();
        write_hit(&mut text, 1, &hit, Style { width: usize::MAX, styled: false }, None);
        assert!(text.contains("The file cannot be read now; this is what was read of it before."), "{text}");
    }
}
