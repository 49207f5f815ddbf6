//! The user guide, docs/guide.md: each command in it is a whole one, and each message that it explains is one of the program's.

use super::hints_test::{sources, told};
use super::*;
use std::fs;
use std::path::Path;

const GUIDE: &str = include_str!("../../../docs/guide.md");

/// The words of a line as a shell takes them, up to a comment.
fn typed(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for sign in line.chars() {
        match (quote, sign) {
            (Some(open), _) if open == sign => quote = None,
            (None, '"' | '\'') => {
                quote = Some(sign);
                word.get_or_insert_default();
            }
            (None, '#') if word.is_none() => break,
            (None, ' ') => words.extend(word.take()),
            _ => word.get_or_insert_default().push(sign),
        }
    }
    assert_eq!(quote, None, "{line}");
    words.extend(word);
    words
}

/// The commands of the guide: the lines of what is to be typed, and what stands between backticks.
fn commands() -> Vec<&'static str> {
    let (mut found, mut block) = (Vec::new(), None);
    for line in GUIDE.lines() {
        match (line.strip_prefix("```"), block) {
            (Some(name), None) => block = Some(name),
            (Some(_), Some(_)) => block = None,
            (None, Some("sh")) => {
                assert!(line.starts_with("wattle "), "what is to be typed is a command of ours: {line}");
                found.push(line);
            }
            (None, _) => found.extend(line.split('`').skip(1).step_by(2).filter(|code| code.starts_with("wattle "))),
        }
    }
    assert_eq!(block, None, "a block is left open");
    found
}

#[test]
fn each_command_in_the_guide_is_a_whole_one() {
    let mut wrong = Vec::new();
    let commands = commands();
    assert!(commands.len() > 60, "the guide was cut short, or its form is another one: {}", commands.len());
    for command in commands {
        // A help is no failure.
        if let Err(error) = Args::try_parse_from(typed(command))
            && error.exit_code() != 0
        {
            wrong.push(format!("`{command}`: {error}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_line_of_the_guide_is_taken_apart_as_a_shell_does() {
    assert_eq!(typed("wattle search \"a b\" -k 3   # c"), ["wattle", "search", "a b", "-k", "3"]);
    assert_eq!(typed("wattle search '\"a b\"' #"), ["wattle", "search", "\"a b\""]);
    assert!(Args::try_parse_from(typed("wattle pause-it")).is_err());
}

/// What the program says: the texts of its sources, and of the page.
fn texts() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut texts: String = files.iter().map(|file| told(&fs::read_to_string(file).unwrap())).collect();
    for entry in fs::read_dir(root.join("http/page")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "js") {
            texts += &fs::read_to_string(path).unwrap();
        }
    }
    texts
}

#[test]
fn each_message_that_the_guide_explains_is_one_of_the_programs() {
    let texts = texts();
    let (_, trouble) = GUIDE.split_once("\n## Trouble\n").unwrap();
    let seen = trouble.lines().filter_map(|row| row.strip_prefix("| ")?.split(" | ").next());
    let quoted: Vec<&str> = seen.flat_map(|cell| cell.split('"').skip(1).step_by(2)).collect();
    assert!(quoted.len() > 30, "the tables were cut short, or their form is another one: {}", quoted.len());
    for message in quoted {
        // Where `…` stands, something is put in that differs.
        for part in message.split('…').map(str::trim).filter(|part| part.len() > 3) {
            assert!(texts.contains(part), "the guide explains \"{message}\", and the program does not say \"{part}\"");
        }
    }
}

#[test]
fn each_page_that_the_guide_leads_to_is_there_and_the_readme_leads_to_the_guide() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let leads = GUIDE.split("](").skip(1).map(|rest| rest.split(')').next().unwrap_or_default());
    for lead in leads {
        match lead.strip_prefix('#') {
            Some(anchor) => {
                let is_it = |line: &str| {
                    let heading = line.strip_prefix("## ")?.to_lowercase().replace(' ', "-").replace(':', "");
                    (heading == anchor).then_some(())
                };
                assert!(GUIDE.lines().any(|line| is_it(line).is_some()), "#{anchor}");
            }
            None => assert!(docs.join(lead).is_file(), "{lead}"),
        }
    }
    assert!(include_str!("../../../README.md").contains("(docs/guide.md)"), "the README leads to the guide");
}
