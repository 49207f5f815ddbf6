//! How many chunks are embedded again after an edit and after a rename. `cargo test edits -- --nocapture` prints the figures
//! of docs/evidence.md.

use super::harness::Place;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;

const FILES: usize = 100;

const WORDS: [&str; 40] = [
    "heat",
    "pump",
    "valve",
    "garden",
    "fence",
    "solar",
    "letter",
    "bread",
    "recipe",
    "boiler",
    "battery",
    "winter",
    "oak",
    "river",
    "stone",
    "school",
    "train",
    "ticket",
    "music",
    "violin",
    "harbour",
    "lamp",
    "window",
    "paint",
    "bicycle",
    "summer",
    "cellar",
    "kitchen",
    "doctor",
    "insurance",
    "neighbour",
    "holiday",
    "photograph",
    "teacher",
    "electric",
    "water",
    "wooden",
    "green",
    "quiet",
    "careful",
];

fn sentence(seed: &mut usize) -> String {
    let mut words = Vec::new();
    for _ in 0..8 + *seed % 9 {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        words.push(WORDS[(*seed >> 33) % WORDS.len()]);
    }
    format!("The {}.", words.join(" "))
}

/// A Markdown file of several sections and paragraphs, about 450 words.
fn document(n: usize) -> String {
    let mut seed = n * 7919 + 1;
    let mut text = format!("# Note {n}\n\n");
    for section in 0..2 {
        let _ = write!(text, "## Part {section}\n\n");
        for _ in 0..3 + (n + section) % 3 {
            let sentences: Vec<_> = (0..3 + seed % 4).map(|_| sentence(&mut seed)).collect();
            let _ = write!(text, "{}\n\n", sentences.join(" "));
        }
    }
    text
}

/// Replaces a word in the middle of the file by a longer one.
fn edited(text: &str) -> String {
    let middle = text.len() / 2;
    let start = middle + text[middle..].find(' ').unwrap() + 1;
    let end = start + text[start..].find([' ', '.', '\n']).unwrap();
    format!("{}extraordinarily{}", &text[..start], &text[end..])
}

#[test]
fn one_word_edited_in_each_of_a_hundred_files_embeds_about_one_chunk_a_file_and_a_rename_none() {
    let place = Place::new();
    for n in 0..FILES {
        place.write(&format!("notes/{n}.md"), document(n));
    }
    let agent = place.up(&[place.docs().to_str().unwrap()]);
    agent.wait_ready(FILES as u64);
    let first = agent.embedded().len();

    for n in 0..FILES {
        let text = document(n);
        let changed = edited(&text);
        assert_ne!(text, changed);
        place.write(&format!("notes/{n}.md"), changed);
    }
    agent.wait("the edits", |_| agent.embedded().len() >= first + FILES);
    agent.wait_ready(FILES as u64);
    let second = agent.embedded().len();
    let a_file = (second - first) as f64 / FILES as f64;
    println!("{first} chunks at first; {a_file:.2} chunks embedded again for one word edited in each of {FILES} files");
    assert!(a_file <= 1.5);

    fs::rename(place.docs().join("notes"), place.docs().join("papers")).unwrap();
    agent.wait("the rename", |_| agent.search("The garden fence").iter().all(|path| path.contains("/papers/")));
    agent.wait_ready(FILES as u64);
    println!("{} chunks embedded for a renamed folder of {FILES} files", agent.embedded().len() - second);
    assert_eq!(agent.embedded().len(), second);
    let keys = agent.embedded();
    assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len(), "nothing is embedded twice");
}
