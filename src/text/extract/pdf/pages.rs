//! Pages of lines as a document: what repeats at their edges goes, words that a line end divides are joined.

use crate::text::extract::leaf::Leaf;
use std::collections::BTreeMap;

/// Lines at the top and the bottom of a page that may repeat on others.
const EDGE_LINES: usize = 2;

/// Pages from which on lines that repeat are told.
const PAGES_MIN: usize = 3;

/// Writes the pages, each a section with its number.
pub(super) fn write(pages: &[String], leaf: &mut Leaf) {
    let pages: Vec<Vec<&str>> = pages.iter().map(|page| page.lines().collect()).collect();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for page in &pages {
        let mut edges: Vec<String> = edges(page).into_iter().map(|at| form(page[at])).collect();
        edges.sort();
        edges.dedup();
        for edge in edges {
            *counts.entry(edge).or_insert(0) += 1;
        }
    }
    // On more than half of the pages: left and right ones may differ, and then both stay.
    counts.retain(|_, count| *count >= PAGES_MIN && 2 * *count > pages.len());
    for (at, page) in pages.iter().enumerate() {
        if leaf.is_full() {
            return;
        }
        let edges = edges(page);
        let is_running = |line: usize| edges.contains(&line) && counts.contains_key(&form(page[line]));
        // The first page keeps them: a letter's sender stands there.
        let stays = |line: &usize| at == 0 || !is_running(*line);
        let lines: Vec<&str> = (0..page.len()).filter(stays).map(|line| page[line]).collect();
        leaf.place(1, &format!("Page {}", at + 1));
        paragraphs(&lines, leaf);
    }
}

/// The lines at the edges of a page that are not blank.
fn edges(page: &[&str]) -> Vec<usize> {
    let full: Vec<usize> = (0..page.len()).filter(|at| !page[*at].trim().is_empty()).collect();
    let bottom = full.len().saturating_sub(EDGE_LINES).max(EDGE_LINES.min(full.len()));
    full[..EDGE_LINES.min(full.len())].iter().chain(&full[bottom..]).copied().collect()
}

/// A line without its digits and spaces: numbers of pages differ.
fn form(line: &str) -> String {
    line.chars().filter(|c| !c.is_whitespace()).map(|c| if c.is_numeric() { '0' } else { c }).collect()
}

/// Writes lines; a word that goes on in the next one is joined.
fn paragraphs(lines: &[&str], leaf: &mut Leaf) {
    let mut text = String::new();
    for (at, line) in lines.iter().enumerate() {
        let line = line.trim();
        if line.is_empty() {
            leaf.paragraph(&text);
            text.clear();
            continue;
        }
        let next = lines.get(at + 1).map_or("", |next| next.trim_start());
        let before = line.strip_suffix(['-', '\u{2010}', '\u{ad}']);
        let goes_on = before
            .filter(|word| word.ends_with(|c: char| c.is_lowercase()) && next.starts_with(|c: char| c.is_lowercase()));
        text.push_str(goes_on.unwrap_or(line));
        if goes_on.is_none() {
            text.push('\n');
        }
    }
    leaf.paragraph(&text);
}

#[cfg(test)]
mod tests {
    use super::write;
    use crate::text::extract::leaf::Leaf;

    fn told(pages: &[&str]) -> String {
        let mut leaf = Leaf::default();
        write(&pages.iter().map(|page| (*page).to_owned()).collect::<Vec<_>>(), &mut leaf);
        leaf.text.trim_end().replace(" \u{1}", " ")
    }

    #[test]
    fn pages_are_sections_and_running_lines_stay_on_the_first() {
        let pages = [
            "Mill Street 5\n\nRain\nfalls\n1 / 3",
            "Mill Street 5\nSnow\n\nin May\n2 / 3",
            "Mill Street 5\nSun\n3 / 3",
        ];
        assert_eq!(
            told(&pages),
            "# Page 1\n\nMill Street 5\n\nRain\nfalls\n1 / 3\n\n# Page 2\n\nSnow\n\nin May\n\n# Page 3\n\nSun"
        );
        assert_eq!(told(&["a", "a"]), "# Page 1\n\na\n\n# Page 2\n\na", "two pages may be alike");
        assert_eq!(told(&["", "b"]), "# Page 2\n\nb");
    }

    #[test]
    fn a_word_that_a_line_end_divides_is_joined() {
        assert_eq!(
            told(&["the boi-\nler is a Combi-\nBoiler and well-\n\nknown"]),
            "# Page 1\n\nthe boiler is a Combi-\nBoiler and well-\n\nknown"
        );
    }
}
