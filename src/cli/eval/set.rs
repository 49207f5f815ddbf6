//! A set of questions with known answers, in the form that BEIR's sets have.

use super::super::output::Stop;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// One document or question.
#[derive(Debug, Deserialize)]
pub(super) struct Line {
    #[serde(alias = "_id")]
    pub(super) id: String,
    #[serde(default)]
    pub(super) title: String,
    pub(super) text: String,
}

/// A set.
#[derive(Debug)]
pub(super) struct Set {
    /// The documents.
    pub(super) documents: Vec<Line>,
    questions: Vec<Line>,
    /// For each question the grades of documents.
    right: BTreeMap<String, BTreeMap<String, u32>>,
}

impl Set {
    /// Reads corpus.jsonl, queries.jsonl and qrels.tsv of this folder.
    pub(super) fn read(folder: &Path) -> Result<Self, Stop> {
        let documents = lines(&folder.join("corpus.jsonl"))?;
        let questions = lines(&folder.join("queries.jsonl"))?;
        let path = folder.join("qrels.tsv");
        let mut right: BTreeMap<String, BTreeMap<String, u32>> = BTreeMap::new();
        for (at, line) in text_lines(&path)?.enumerate() {
            let line = line.map_err(|error| cannot(&path, at, &error.to_string()))?;
            let mut fields = line.split('\t');
            let (question, document, grade) = (fields.next(), fields.next(), fields.next());
            let (Some(question), Some(document), Some(grade)) = (question, document, grade) else {
                return Err(cannot(
                    &path,
                    at,
                    "it needs a question's id, a document's id and a grade, with tabs between them",
                ));
            };
            match grade.trim().parse() {
                Ok(grade) => drop(right.entry(question.to_owned()).or_default().insert(document.to_owned(), grade)),
                // The names of the columns.
                Err(_) if at == 0 => {}
                Err(_) => return Err(cannot(&path, at, "the grade is no whole number from 0 on")),
            }
        }
        if documents.is_empty() || right.is_empty() {
            return Err(Stop::NotDone(format!("{} has no documents, or no known answers.", folder.display())));
        }
        Ok(Self { documents, questions, right })
    }

    /// The questions that have a right document.
    pub(super) fn judged(&self) -> impl Iterator<Item = (&str, &str)> {
        let is_judged =
            |line: &&Line| self.right.get(&line.id).is_some_and(|right| right.values().any(|grade| *grade > 0));
        self.questions.iter().filter(is_judged).map(|line| (line.id.as_str(), line.text.as_str()))
    }

    /// The grades of documents for a question that is judged.
    pub(super) fn relevant(&self, question: &str) -> &BTreeMap<String, u32> {
        static NONE: BTreeMap<String, u32> = BTreeMap::new();
        self.right.get(question).unwrap_or(&NONE)
    }
}

fn lines(path: &Path) -> Result<Vec<Line>, Stop> {
    let mut lines = Vec::new();
    for (at, line) in text_lines(path)?.enumerate() {
        let line = line.map_err(|error| cannot(path, at, &error.to_string()))?;
        if !line.trim().is_empty() {
            lines.push(serde_json::from_str(&line).map_err(|error| cannot(path, at, &error.to_string()))?);
        }
    }
    Ok(lines)
}

fn text_lines(path: &Path) -> Result<impl Iterator<Item = std::io::Result<String>> + use<>, Stop> {
    let file = File::open(path);
    let file = file.map_err(|error| {
        Stop::NotDone(format!(
            "{} cannot be read: {error}. A set of questions has corpus.jsonl, queries.jsonl and qrels.tsv.",
            path.display()
        ))
    })?;
    Ok(BufReader::new(file).lines())
}

fn cannot(path: &Path, at: usize, why: &str) -> Stop {
    Stop::NotDone(format!("Line {} of {} cannot be used: {why}.", at + 1, path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_set_is_read_and_a_wrong_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write(
            "corpus.jsonl",
            "{\"_id\": \"d1\", \"text\": \"one\"}\n\n{\"id\": \"d2\", \"title\": \"T\", \"text\": \"two\u{2028}x\"}\n",
        );
        write("queries.jsonl", "{\"id\": \"q1\", \"text\": \"?\"}\n{\"id\": \"q2\", \"text\": \"??\"}\n");
        write("qrels.tsv", "query-id\tcorpus-id\tscore\nq1\td2\t1\nq2\td1\t0\n");
        let set = Set::read(folder.path()).unwrap();
        assert_eq!((set.documents.len(), set.judged().collect::<Vec<_>>()), (2, vec![("q1", "?")]));
        write("qrels.tsv", "q1\td2\n");
        let Err(Stop::NotDone(why)) = Set::read(folder.path()) else { panic!() };
        assert!(why.contains("Line 1 of") && why.contains("with tabs"), "{why}");
        write("corpus.jsonl", "{\"id\": 5}\n");
        assert!(matches!(Set::read(folder.path()), Err(Stop::NotDone(why)) if why.contains("Line 1 of")));
    }
}
