//! One search hit as people read it.

use super::style::Style;
use super::text::{fit, whole_path, wrap, wrap_marked};
use crate::http::dto::SearchHit;
use crate::platform::home::hints;
use std::fmt::Write;

/// Lines shown of a chunk.
const CHUNK_LINES: usize = 5;

/// Other files with the same text that are named on a terminal; in a pipe all that the agent sent.
const PLACES_SHOWN: usize = 3;

/// Appends a hit with its number.
pub(super) fn write_hit(text: &mut String, number: usize, hit: &SearchHit, style: Style) {
    let path = whole_path(&hit.path);
    let indent = "    ";
    let width = style.width - indent.len();
    let name = fit(path.rsplit('/').next().unwrap_or(&path), width - "  0.00".len());
    let _ = writeln!(text, "{number:>2}. {}  {:.2}", style.bold(&name), hit.score);
    let _ = writeln!(text, "{indent}{}", style.dim(&fit(&format!("on {}:", hit.device), width)));
    let _ = writeln!(text, "{indent}{}", style.dim(&path));
    if let Some(since) = &hit.away_since {
        for line in wrap(&format!("The file is away since {since}."), width, 2) {
            let _ = writeln!(text, "{indent}{}", style.dim(&line));
        }
    }
    if let Some(since) = &hit.kept_since {
        for line in wrap(&format!("The file is gone since {since}; what was in it is kept, as you said."), width, 3) {
            let _ = writeln!(text, "{indent}{}", style.dim(&line));
        }
    }
    if hit.unreadable {
        let said = "The file cannot be read now; this is what was read of it before. `wattle doctor` says why.";
        for line in wrap(&hints(said), width, 3) {
            let _ = writeln!(text, "{indent}{}", style.dim(&line));
        }
    }
    if let Some(since) = &hit.gone_since {
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
        let _ = writeln!(text, "{indent}{}", style.dim(&whole_path(&place.path)));
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
    use crate::http::dto::SearchPlace;

    pub(in crate::cli) fn hit() -> SearchHit {
        SearchHit {
            device: "pi\u{1b}[2J".into(),
            peer_id: "12D3Koo".into(),
            path: "/home/ann/notes/boiler\u{7}.md".into(),
            text: "Turn the left valve\nby a quarter. ".repeat(20),
            snippet: Vec::new(),
            score: 0.7149,
            heading: "Cellar > Boiler".into(),
            away_since: None,
            kept_since: None,
            unreadable: false,
            gone_since: None,
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
        write_hit(&mut text, 1, &hit, Style { width: usize::MAX, styled: false });
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
            write_hit(&mut text, 1, &hit, style);
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
    fn a_hit_says_since_when_its_file_is_away() {
        let hit = SearchHit { away_since: Some("2026-11-26 18:30 UTC".into()), ..hit() };
        let mut text = String::new();
        write_hit(&mut text, 1, &hit, Style { width: 40, styled: false });
        assert!(text.contains("The file is away since 2026-11-26\n    18:30 UTC."), "{text}");
        let hit = SearchHit { kept_since: hit.away_since.clone(), away_since: None, ..hit };
        let mut text = String::new();
        write_hit(&mut text, 1, &hit, Style { width: usize::MAX, styled: false });
        let kept = "The file is gone since 2026-11-26 18:30 UTC; what was in it is kept, as you said.";
        assert!(text.contains(kept) && !text.contains("away"), "{text}");
        let hit = SearchHit { unreadable: true, kept_since: None, ..hit };
        let mut text = String::new();
        write_hit(&mut text, 1, &hit, Style { width: usize::MAX, styled: false });
        assert!(text.contains("The file cannot be read now; this is what was read of it before."), "{text}");
    }
}
