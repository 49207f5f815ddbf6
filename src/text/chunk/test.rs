//! The properties of every list of chunks, on generated and on hostile texts.

use super::{Chunk, all_chunks, chunks};
use crate::limits::{
    CHUNK_BYTES_MAX, CHUNK_TOKENS_MAX, DOCUMENT_CHUNKS_MAX, HEADINGS_ALIKE_MAX, PREFIX_TOKENS_MAX, ROWS_ALONE_MAX,
    WORDLESS_CHUNKS_MAX,
};
use crate::text::extract::section::{Section, Text};
use crate::text::extract::{Refusal, extract};
use std::collections::BTreeSet;

/// A rough tokenizer: every 4 characters of a word, every mark, every Han or Kana character.
fn count(text: &str) -> usize {
    let mut tokens = 0;
    for word in text.split_whitespace() {
        let mut run = 0_usize;
        for c in word.chars() {
            if c.is_alphanumeric() && !('\u{3000}'..'\u{A000}').contains(&c) {
                run += 1;
            } else {
                tokens += run.div_ceil(4) + 1;
                run = 0;
            }
        }
        tokens += run.div_ceil(4);
    }
    tokens
}

fn chunked(name: &str, source: &str) -> (Text, Vec<Chunk>) {
    let text = extract(name, source.as_bytes()).unwrap();
    check(&text, &all_chunks(&text, &count));
    let found = chunks(&text, &count);
    assert_eq!(found, chunks(&text, &count), "the same text gives the same chunks");
    (text, found)
}

/// Checks the properties.
fn check(text: &Text, found: &[Chunk]) {
    let mut end = 0;
    let mut joined = String::new();
    for chunk in found {
        assert!(chunk.range.start >= end && chunk.range.end > chunk.range.start, "in order, never empty");
        end = chunk.range.end;
        let body = &text.text[chunk.range.clone()];
        assert_eq!(body, body.trim());
        assert!(body.len() <= CHUNK_BYTES_MAX, "{} bytes", body.len());
        assert!(count(&chunk.heading) <= PREFIX_TOKENS_MAX);
        assert!(count(&chunk.heading) + count(body) <= CHUNK_TOKENS_MAX, "{} tokens", count(body));
        joined.extend(body.split_whitespace());
    }
    if found.len() < DOCUMENT_CHUNKS_MAX {
        let whole: String = text.sections.iter().flat_map(|s| text.text[s.range.clone()].split_whitespace()).collect();
        assert!(joined == whole, "something other than white space was left out");
    }
}

fn bodies(name: &str, source: &str) -> Vec<String> {
    let (text, found) = chunked(name, source);
    found.into_iter().map(|chunk| text.text[chunk.range].to_owned()).collect()
}

fn prose(words: usize) -> String {
    (0..words).map(|i| if i % 12 == 11 { "done. Then " } else { "word " }).collect()
}

#[test]
fn a_small_text_is_one_chunk() {
    assert_eq!(bodies("a.txt", " one\n\ntwo \n"), ["one\n\ntwo"]);
}

#[test]
fn sections_are_never_mixed_and_carry_their_headings() {
    let (_, found) = chunked("a.md", "# A\none\n## B\ntwo\n");
    let headings: Vec<_> = found.iter().map(|chunk| chunk.heading.as_str()).collect();
    assert_eq!(headings, ["A", "A > B"]);
}

#[test]
fn long_heading_paths_lose_the_outer_headings_and_long_headings_their_last_words() {
    let source = format!("# {}\n## {}\n### Inner\nbody", prose(40), prose(40));
    let (_, found) = chunked("a.md", &source);
    let inner = &found.last().unwrap().heading;
    assert!(inner.ends_with("word > Inner") && inner.matches(" > ").count() == 1, "{inner}");
    let (heading, taken) = super::prefix(&"a1! ".repeat(60), &count);
    assert!(heading.starts_with("a1! a1!") && heading.ends_with('!') && (24..=PREFIX_TOKENS_MAX).contains(&taken));
    assert_eq!(super::prefix(&"!".repeat(200), &count).1.min(24), 24);
}

#[test]
fn paragraphs_are_kept_whole_where_they_fit() {
    let paragraph = prose(70);
    let source = [paragraph.trim(); 10].join("\n\n");
    for body in bodies("a.txt", &source) {
        assert!(body.split("\n\n").all(|part| part == paragraph.trim()), "{body}");
    }
}

#[test]
fn wrapped_prose_breaks_at_sentences_not_at_lines() {
    let source =
        wrapped(&["The quick brown fox jumps over the dog, then it sleeps until the sun is up."; 60].join(" "));
    let found = bodies("a.txt", &source);
    assert!(found.len() > 3);
    assert!(found.iter().all(|body| body.starts_with("The") && body.ends_with("up.")), "{found:?}");
}

#[test]
fn items_and_rows_stay_whole() {
    let items: String = (0..60).map(|i| format!("- item {i} has. Some words\n  and a second line. Yes\n")).collect();
    assert!(bodies("a.md", &items).iter().all(|body| body.starts_with("- item") && body.ends_with("line. Yes")));
    let rows: String = (0..60).map(|i| format!("| row {i} | one. Two | {} |\n", i * 7)).collect();
    assert!(bodies("a.md", &rows).iter().all(|body| body.starts_with("| row") && body.ends_with('|')));
    // As long as the others, so that it could be wrapped.
    let values: String = (100..160).map(|i| format!("RE-{i}; Dr. Wolf and Mr. Holz; 08.07.2024; by card\n")).collect();
    assert!(bodies("a.txt", &values).iter().all(|body| body.starts_with("RE-") && body.ends_with("by card")));
}

#[test]
fn each_row_of_a_table_is_a_chunk_with_the_names_of_its_columns() {
    let rows = [
        "Name: Anna Weber; Phone: 555 1234",
        "Name: Bob; Phone: 555 9; Note: late",
        "Name: Cid",
        "Name: Dora Lee; Phone: 555 7",
    ];
    assert_eq!(bodies("a.txt", &rows.join("\n")), rows);
    let among = format!("The list of May.\n\n{}\n\nIt is kept in the hall.\n", rows.join("\n"));
    let found = bodies("a.txt", &among);
    assert_eq!((found[0].as_str(), found[5].as_str()), ("The list of May.", "It is kept in the hall."));
    assert_eq!(found[1..5], rows);
}

#[test]
fn the_first_row_of_a_table_is_a_chunk_like_the_others_without_the_names_and_the_title_above_it() {
    let rows = ["Name: Anna Weber; Phone: 555 1234", "Name: Bob; Phone: 555 9; Note: late", "Name: Cid; Phone: 555 8"];
    let table = |head: &str| format!("{head}{}\n", rows.join("\n"));
    assert_eq!(bodies("a.txt", &table("Name; Phone; Note\n")), rows);
    assert_eq!(bodies("a.csv", "Name,Phone,Note\nAnna Weber,555 1234,\nBob,555 9,late\nCid,555 8,\n"), rows);
    for head in ["Members of May\nName; Phone; Note\n", "Members of May\n"] {
        let found = bodies("a.txt", &table(head));
        assert_eq!((found[0].as_str(), &found[1..]), ("Members of May", &rows.map(str::to_owned)[..]), "{head}");
    }
    let long = "Why were you not content with the way in which your call was answered at all";
    let found = bodies("a.txt", &table(&format!("Name; Phone; {long}\n")));
    assert!(found[0].ends_with(long) && found[1..] == rows, "a row has only the beginning of such a name: {found:?}");
}

#[test]
fn a_row_that_is_longer_than_a_chunk_is_divided_and_rows_beside_it_are_not() {
    let long = format!("Name: Bob; Note: {}", "He said so. ".repeat(200));
    let found = bodies("a.txt", &format!("Name: Anna; Note: none\n{long}\nName: Cid; Note: none\n"));
    assert!(found.len() > 4 && found[0] == "Name: Anna; Note: none", "{found:?}");
    assert_eq!(found.last().unwrap(), "Name: Cid; Note: none");
}

#[test]
fn rows_of_a_very_long_table_share_chunks() {
    let rows = |n: usize| (0..n).map(|n| format!("Name: Anna {n}; Phone: 555 {n}\n")).collect::<String>();
    let text = |n: usize| {
        let text = rows(n);
        Text { sections: vec![Section { heading: String::new(), range: 0..text.len() }], text }
    };
    assert_eq!(all_chunks(&text(ROWS_ALONE_MAX), &count).len(), ROWS_ALONE_MAX);
    let more = all_chunks(&text(ROWS_ALONE_MAX + 1), &count).len();
    assert!(more < ROWS_ALONE_MAX / 4, "{more}");
}

#[test]
fn no_chunk_ends_after_a_title_or_an_initial() {
    let source = "We met Dr. Smith and Mr. J. Jones there today as well. ".repeat(60);
    assert!(bodies("a.txt", &source).iter().all(|body| body.starts_with("We met") && body.ends_with("well.")));
}

#[test]
fn text_without_spaces_is_broken_at_the_sentence_ends_of_its_script() {
    let han = "\u{6C34}\u{662F}\u{751F}\u{547D}\u{4E4B}\u{6E90}\u{3002}".repeat(200);
    let found = bodies("a.txt", &han);
    assert!(found.len() > 5 && found.iter().all(|body| body.ends_with('\u{3002}')));
    let kana = "\u{30AB}".repeat(2000);
    assert!(bodies("a.txt", &kana).len() > 7);
    let thai = "\u{0E01}\u{0E34}\u{0E19}\u{0E02}\u{0E49}\u{0E32}\u{0E27}".repeat(2000);
    let marks = ['\u{0E34}', '\u{0E49}'];
    assert!(
        bodies("a.txt", &thai).iter().all(|body| !body.starts_with(marks)),
        "a combining mark stays with its letter"
    );
}

#[test]
fn hostile_texts_give_a_bounded_number_of_chunks_in_bounded_time() {
    let n = 1 << 16;
    let repeated = [
        "a",
        "#",
        ".",
        "(",
        "!\n",
        "a\n",
        "a ",
        "\n\na",
        ". ",
        "|\n",
        "- a\n",
        "a:\n\n",
        "\u{1F1E9}",
        "\u{301}",
        "\u{200B}",
        ".)\u{200B}\u{93E}",
        ".\u{FF9E}",
    ];
    let long = ["\n".repeat(n) + "a", format!(".{}", ")".repeat(n)), format!("a.{}b", " ".repeat(n))];
    for source in repeated.iter().map(|part| part.repeat(n / part.len())).chain(long) {
        match extract("a.md", source.as_bytes()) {
            Ok(_) => assert!(chunked("a.md", &source).1.len() <= DOCUMENT_CHUNKS_MAX),
            Err(Refusal::NoLanguage | Refusal::ReadEmpty { .. }) => {}
            Err(refusal) => panic!("{:?}: {refusal}", source.get(..4)),
        }
        let text = Text { sections: vec![Section { heading: String::new(), range: 0..source.len() }], text: source };
        check(&text, &all_chunks(&text, &count));
    }
}

#[test]
fn a_document_has_a_bounded_number_of_chunks() {
    let (_, found) = chunked("a.md", &"# aa\nbb\n".repeat(70_000));
    assert_eq!(found.len(), DOCUMENT_CHUNKS_MAX);
    let section = Section { heading: String::new(), range: 0..1 };
    let wordless = Text { text: "7".to_owned(), sections: vec![section; DOCUMENT_CHUNKS_MAX + 9] };
    assert_eq!(chunks(&wordless, &count).len(), DOCUMENT_CHUNKS_MAX, "a list that is cut does not seem to be whole");
}

#[test]
fn no_chunk_is_a_mark_alone_and_a_heading_of_a_picture_is_found() {
    let picture = format!("![](data:image/png;base64,{})", "iVBORw0KGgo".repeat(400));
    let marks = "\u{2026}\n\u{2026}";
    let marked = Section { heading: "Plan".to_owned(), range: 0..marks.len() };
    assert_eq!(chunks(&Text { text: marks.to_owned(), sections: vec![marked] }, &count), []);
    let (text, found) = chunked("a.md", &format!("# Plan\n\n{picture}\n\n# Shed\n\nThe key hangs behind the door.\n"));
    let all: Vec<&str> = found.iter().map(|it| &text.text[it.range.clone()]).collect();
    assert_eq!(all, ["Plan", "The key hangs behind the door."]);
}

#[test]
fn a_heading_above_nothing_but_what_was_left_out_is_found_however_it_is_written() {
    let block = "iVBORw0KGgo4AAAANSUhEUgAA9AUAAAFCAYAAACNbyblAAA".repeat(40);
    let of = |source: &str| {
        let (text, found) = chunked("a.md", &source.replace("BLOCK", &block));
        found.into_iter().map(|it| (it.heading, text.text[it.range].to_owned())).collect::<Vec<_>>()
    };
    let pair = |heading: &str, body: &str| (heading.to_owned(), body.to_owned());
    for line in ["# Plan", "# Plan #", "# *Plan*", "= Plan =", "Plan\n====", "Plan\n----"] {
        for before in ["", "BLOCK\n\n"] {
            let found = of(&format!("{before}{line}\n\nBLOCK\n\n{line}\n\nBLOCK\n"));
            assert_eq!(found, [pair("Plan", line)], "once: {line}");
            let found = of(&format!("{before}{line}\n\nBLOCK\n\n# Shed\n\n```\nBLOCK\n```\n"));
            assert_eq!(found, [pair("Plan", line), pair("Shed", "# Shed")], "each: {line}");
        }
        let found = of(&format!("# Attic\n\nThe key hangs here.\n\n{line}\n\nBLOCK\n"));
        assert_eq!(found.last().unwrap().1, line, "beside other text: {line}");
        let found = of(&format!("{line}\n\nBLOCK\n\n### \n\nBLOCK\n"));
        assert_eq!(found, [pair("Plan", line)], "a heading without words below it: {line}");
    }
    let long = "The plan of the house and of the garden behind it, ".repeat(2);
    let found = of(&format!("# {long}\n## {long}\n\nBLOCK\n"));
    assert!(found.len() == 1 && found[0].1 == format!("## {}", long.trim_end()), "the heading is shortened: {found:?}");
    let deeper = of("# Plan\n\nBLOCK\n\n## Shed\n\nBLOCK\n");
    assert_eq!(deeper, [pair("Plan > Shed", "## Shed")], "its path has the one above");
    let page = of("# Plan\n\n<div>\nBLOCK\n</div>\n");
    assert_eq!(page, [pair("Plan", "Plan")], "between tags");
}

#[test]
fn of_headings_that_are_alike_but_for_digits_and_stand_above_what_was_left_out_the_first_are_found() {
    let block = "iVBORw0KGgo4AAAANSUhEUgAA9AUAAAFCAYAAACNbyblAAA".repeat(8);
    let pages: String = (0..300).map(|n| format!("# Page {n}\n\n{block}\n")).collect();
    let (text, found) = chunked("a.md", &format!("{pages}# Shed\n\n{block}\n"));
    assert_eq!(found.len(), HEADINGS_ALIKE_MAX + 1);
    assert_eq!(&text.text[found.last().unwrap().range.clone()], "# Shed");
}

#[test]
fn chunks_without_words_are_bounded_and_those_with_words_are_not() {
    let codes: String = (0..500).map(|n| format!("## {n}\n\n{}\n\n", n * 7919)).collect();
    let (text, found) = chunked("a.md", &format!("{codes}## Shed\n\nThe key hangs behind the door.\n"));
    assert_eq!(found.len(), WORDLESS_CHUNKS_MAX + 1);
    assert_eq!(&text.text[found.last().unwrap().range.clone()], "The key hangs behind the door.");
    let notes: String = (0..500).map(|n| format!("## Day {n}\n\n{}\n\n", n * 7919)).collect();
    assert_eq!(chunked("a.md", &notes).1.len(), 500, "the words of the heading count");
}

#[test]
fn a_section_outside_the_text_has_no_chunks() {
    let mut text = extract("a.txt", "\u{20AC}uro".as_bytes()).unwrap();
    for range in [1..4, 0..99, 7..9] {
        text.sections[0].range = range;
        assert_eq!(chunks(&text, &count), []);
    }
}

/// Generates the test's documents (splitmix64).
struct Generator(u64);

impl Generator {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 33) as usize % n
    }

    fn word(&mut self) -> String {
        (0..=self.below(10)).map(|_| char::from(b"etaoinshrdlucmfw"[self.below(16)])).collect()
    }

    fn sentence(&mut self) -> String {
        let words: Vec<_> = (0..4 + self.below(24)).map(|_| self.word()).collect();
        let mut sentence = words.join(" ") + ".";
        sentence[..1].make_ascii_uppercase();
        sentence
    }

    fn paragraph(&mut self) -> String {
        let many = if self.below(12) == 0 { 40 } else { 7 };
        let sentences: Vec<_> = (0..=self.below(many)).map(|_| self.sentence()).collect();
        let text = sentences.join(" ");
        if self.below(2) == 0 { text } else { wrapped(&text) }
    }

    fn block(&mut self) -> String {
        match self.below(8) {
            0 => (0..2 + self.below(20)).map(|_| format!("- {}\n", self.sentence())).collect(),
            1 => {
                let lines: String = (0..2 + self.below(30)).map(|_| format!("  {}();\n", self.word())).collect();
                format!("```\n{lines}```\n")
            }
            _ => self.paragraph() + "\n",
        }
    }

    fn document(&mut self) -> String {
        let mut text = format!("# {}\n\n", self.word());
        for _ in 0..=self.below(8) {
            let many = if self.below(3) == 0 { 30 } else { 6 };
            let blocks: Vec<_> = (0..=self.below(many)).map(|_| self.block()).collect();
            text += &format!("## {} {}\n\n{}\n", self.word(), self.word(), blocks.join("\n"));
        }
        text
    }
}

/// Lines of at most 72 characters.
fn wrapped(text: &str) -> String {
    let mut used = 0;
    let mut lines = String::new();
    for word in text.split(' ') {
        let breaks = used + word.len() > 72;
        used = if breaks { word.len() } else { used + word.len() + 1 };
        lines += if lines.is_empty() {
            ""
        } else if breaks {
            "\n"
        } else {
            " "
        };
        lines += word;
    }
    lines
}

#[test]
fn one_changed_word_changes_about_one_chunk() {
    let mut generator = Generator(7);
    let (mut new, mut all) = (0, 0);
    for _ in 0..100 {
        let before = generator.document();
        let words: Vec<_> = before.match_indices(' ').map(|(at, _)| at + 1).collect();
        let at = words[generator.below(words.len())];
        let end = before[at..].find(char::is_whitespace).map_or(before.len(), |n| at + n);
        let after = format!("{}{}{}", &before[..at], "another".repeat(1 + generator.below(3)), &before[end..]);
        let (old_text, old) = chunked("a.md", &before);
        let (new_text, found) = chunked("a.md", &after);
        let known: BTreeSet<_> = old.iter().map(|c| (&c.heading, &old_text.text[c.range.clone()])).collect();
        all += found.len();
        let n = found.iter().filter(|c| !known.contains(&(&c.heading, &new_text.text[c.range.clone()]))).count();
        new += n;
    }
    println!("new chunks for one changed word: {new} in 100 documents, {all} chunks together");
    assert!(new <= 120, "{new} new chunks in 100 documents");
}
