//! Reads a set: its documents, its questions, and which document answers which.

use super::metrics::Relevant;
use crate::limits::{EVAL_DOCUMENTS_MAX, EVAL_FILE_BYTES_MAX, EVAL_ID_BYTES_MAX};
use crate::platform::regular;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Read;
use std::path::Path;

const CORPUS: &str = "corpus.jsonl";
const QUERIES: &str = "queries.jsonl";
const JUDGEMENTS: &str = "qrels.tsv";

/// A set.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Set {
    /// The documents, in the order of their file.
    pub(super) documents: Vec<Document>,
    /// The questions of which something is relevant, likewise.
    pub(super) questions: Vec<Question>,
    /// What is left out or counts as not found, a sentence each.
    pub(super) remarks: Vec<String>,
}

/// One document.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Document {
    #[serde(rename = "_id", alias = "id")]
    id: Id,
    #[serde(default)]
    title: String,
    #[serde(default)]
    text: String,
}

impl Document {
    /// Its id.
    pub(super) fn id(&self) -> &str {
        &self.id.0
    }

    /// The file that it would be: with a title, Markdown with a heading, else plain text; its name and its bytes. The name says nothing,
    /// since an id is no name that people gave.
    pub(super) fn file(&self) -> (Vec<u8>, Vec<u8>) {
        let title = self.title.split_whitespace().collect::<Vec<_>>().join(" ");
        let (ending, bytes) =
            if title.is_empty() { ("txt", self.text.clone()) } else { ("md", format!("# {title}\n\n{}", self.text)) };
        (format!("/set/{}/_.{ending}", self.id()).into_bytes(), bytes.into_bytes())
    }
}

/// One question.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Question {
    /// Its id.
    pub(super) id: String,
    /// What is asked.
    pub(super) text: String,
    /// The kinds of questions that it is one of, if the set says.
    pub(super) kinds: Vec<String>,
    /// The documents that answer it.
    pub(super) relevant: Relevant,
}

#[derive(Deserialize)]
struct RawQuestion {
    #[serde(rename = "_id", alias = "id")]
    id: Id,
    text: String,
    kind: Option<Kinds>,
}

/// One kind, or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Kinds {
    One(String),
    Several(Vec<String>),
}

impl Kinds {
    fn list(self) -> Vec<String> {
        match self {
            Self::One(kind) => vec![kind],
            Self::Several(kinds) => kinds,
        }
    }
}

/// An id, which some sets write as a number.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(from = "RawId")]
struct Id(String);

#[derive(Deserialize)]
#[serde(untagged)]
enum RawId {
    Text(String),
    Number(i64),
}

impl From<RawId> for Id {
    fn from(raw: RawId) -> Self {
        match raw {
            RawId::Text(text) => Self(text),
            RawId::Number(number) => Self(number.to_string()),
        }
    }
}

/// Reads the set in this folder.
///
/// # Errors
/// A sentence: which file is missing or which line is wrong, and what it should be.
pub(super) fn read(folder: &Path) -> Result<Set, String> {
    let file = |name| text_of(&folder.join(name));
    Set::parse(&file(CORPUS)?, &file(QUERIES)?, &file(JUDGEMENTS)?)
        .map_err(|why| format!("The set {} cannot be used: {why}", folder.display()))
}

/// The bytes of a file.
fn text_of(path: &Path) -> Result<Vec<u8>, String> {
    let cannot = |why: &str| {
        let shown = path.display();
        format!("The file {shown} cannot be read: {why}. A set is a folder with {CORPUS}, {QUERIES} and {JUDGEMENTS}.")
    };
    let file = regular::open(path, OpenOptions::new().read(true)).map_err(|error| cannot(&error.to_string()))?;
    let mut bytes = Vec::new();
    let most = EVAL_FILE_BYTES_MAX as u64 + 1;
    file.take(most).read_to_end(&mut bytes).map_err(|error| cannot(&error.to_string()))?;
    let is_whole = bytes.len() <= EVAL_FILE_BYTES_MAX;
    is_whole.then_some(bytes).ok_or_else(|| cannot(&format!("it has more than {} MiB", EVAL_FILE_BYTES_MAX >> 20)))
}

impl Set {
    /// From the bytes of its three files.
    ///
    /// # Errors
    /// A sentence that names the file and the line.
    pub(super) fn parse(corpus: &[u8], queries: &[u8], judgements: &[u8]) -> Result<Self, String> {
        let mut set = Self::default();
        let mut known: BTreeMap<String, usize> = BTreeMap::new();
        for (number, line) in lines(corpus, CORPUS)? {
            let document: Document = object(line, CORPUS, number, "_id, title and text")?;
            check_id(document.id(), &mut known, CORPUS, number)?;
            if set.documents.len() >= EVAL_DOCUMENTS_MAX {
                return Err(at(CORPUS, number, &format!("is beyond the {EVAL_DOCUMENTS_MAX} documents of a set")));
            }
            set.documents.push(document);
        }
        let (mut questions, mut asked) = (Vec::new(), BTreeMap::new());
        for (number, line) in lines(queries, QUERIES)? {
            let RawQuestion { id: Id(id), text, kind } = object(line, QUERIES, number, "_id and text")?;
            check_id(&id, &mut asked, QUERIES, number)?;
            let kinds = kind.map(Kinds::list).unwrap_or_default();
            questions.push(Question { id, text, kinds, relevant: Relevant::new() });
        }
        let places: BTreeMap<String, usize> =
            questions.iter().enumerate().map(|(at, question)| (question.id.clone(), at)).collect();
        let (mut unasked, mut absent) = (0, 0);
        for (number, line) in lines(judgements, JUDGEMENTS)? {
            let Some((query, document, score)) = judgement(line, number)? else { continue };
            let Some(question) = places.get(query).and_then(|at| questions.get_mut(*at)) else {
                unasked += 1;
                continue;
            };
            if score > 0.0 {
                absent += u64::from(!known.contains_key(document));
                question.relevant.insert(document.to_owned(), score);
            }
        }
        let all = questions.len();
        set.questions = questions.into_iter().filter(|question| !question.relevant.is_empty()).collect();
        if set.documents.is_empty() || set.questions.is_empty() {
            let what = if set.documents.is_empty() { CORPUS } else { JUDGEMENTS };
            let why = if set.documents.is_empty() { "has no document" } else { "says of no question what answers it" };
            return Err(format!("{what} {why}."));
        }
        set.remark(all - set.questions.len(), "of the questions are left out: nothing answers them.");
        set.remark(unasked, "of the judgements are left out: their questions are not in queries.jsonl.");
        set.remark(absent, "of the judgements name a document that is not in corpus.jsonl: it counts as not found.");
        Ok(set)
    }

    fn remark(&mut self, count: impl TryInto<u64>, what: &str) {
        let count = count.try_into().unwrap_or(u64::MAX);
        if count > 0 {
            self.remarks.push(format!("{count} {what}"));
        }
    }
}

/// The lines with their numbers, without empty ones. Only line feeds end a line: other marks of a line's end may stand in a JSON string.
fn lines<'a>(bytes: &'a [u8], file: &str) -> Result<Vec<(usize, &'a str)>, String> {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        let line = std::str::from_utf8(line).map_err(|_| at(file, number, "is not UTF-8"))?;
        let line = line.trim_start_matches('\u{feff}').trim_end_matches('\r');
        if !line.trim().is_empty() {
            found.push((number, line));
        }
    }
    Ok(found)
}

fn object<T: DeserializeOwned>(line: &str, file: &str, number: usize, fields: &str) -> Result<T, String> {
    serde_json::from_str(line).map_err(|error| at(file, number, &format!("is no JSON object with {fields}: {error}")))
}

/// Remembers an id and its line.
fn check_id(id: &str, known: &mut BTreeMap<String, usize>, file: &str, number: usize) -> Result<(), String> {
    if id.is_empty() || id.len() > EVAL_ID_BYTES_MAX {
        return Err(at(file, number, &format!("has an _id of {} bytes; 1 to {EVAL_ID_BYTES_MAX} are right", id.len())));
    }
    match known.insert(id.to_owned(), number) {
        Some(before) => Err(at(file, number, &format!("has the same _id as line {before}"))),
        None => Ok(()),
    }
}

/// A line's question, document and score; `None` for the line with the names of the columns.
fn judgement(line: &str, number: usize) -> Result<Option<(&str, &str, f64)>, String> {
    let wrong = || at(JUDGEMENTS, number, "has not the three columns query-id, corpus-id and score, with tabs between");
    let [query, document, score] = line.split('\t').collect::<Vec<_>>()[..] else { return Err(wrong()) };
    match score.trim().parse::<f64>() {
        Ok(score) if score.is_finite() => Ok(Some((query, document, score))),
        _ if number == 1 => Ok(None),
        _ => Err(wrong()),
    }
}

fn at(file: &str, line: usize, what: &str) -> String {
    format!("line {line} of {file} {what}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    const CORPUS_LINES: &str =
        "{\"_id\":\"a\",\"title\":\"T\",\"text\":\"one\u{2028}two\"}\r\n\n{\"id\":7,\"text\":\"x\"}\n";
    const QUERY_LINES: &str =
        "{\"_id\":\"q\",\"text\":\"what\",\"kind\":\"date\"}\n{\"_id\":\"r\",\"text\":\"unjudged\"}";
    const JUDGEMENT_LINES: &str = "query-id\tcorpus-id\tscore\nq\ta\t1\nq\t7\t0\nq\tgone\t2\nnone\ta\t1\n";

    #[test]
    fn a_set_is_read_with_what_is_left_out() {
        let set = Set::parse(CORPUS_LINES.as_bytes(), QUERY_LINES.as_bytes(), JUDGEMENT_LINES.as_bytes()).unwrap();
        let files: Vec<_> = set.documents.iter().map(Document::file).collect();
        assert_eq!(files[0], (b"/set/a/_.md".to_vec(), "# T\n\none\u{2028}two".as_bytes().to_vec()));
        assert_eq!(files[1], (b"/set/7/_.txt".to_vec(), b"x".to_vec()));
        let [question] = &set.questions[..] else { panic!("{:?}", set.questions) };
        assert_eq!((question.id.as_str(), &question.kinds[..]), ("q", &["date".to_owned()][..]));
        assert_eq!(question.relevant, Relevant::from([("a".to_owned(), 1.0), ("gone".to_owned(), 2.0)]));
        assert_eq!(set.remarks.len(), 3, "{:?}", set.remarks);
    }

    #[test]
    fn a_broken_line_is_named_with_what_it_should_be() {
        let parse = |corpus: &str, queries: &str, judgements: &str| {
            Set::parse(corpus.as_bytes(), queries.as_bytes(), judgements.as_bytes()).unwrap_err()
        };
        for (corpus, queries, judgements, told) in [
            (
                "{\"_id\":\"a\"}\n{",
                QUERY_LINES,
                JUDGEMENT_LINES,
                "line 2 of corpus.jsonl is no JSON object with _id, title and text",
            ),
            ("{\"title\":\"a\"}", QUERY_LINES, JUDGEMENT_LINES, "line 1 of corpus.jsonl is no JSON object"),
            ("{\"_id\":\"\"}", QUERY_LINES, JUDGEMENT_LINES, "an _id of 0 bytes"),
            (
                "{\"_id\":\"a\"}\n{\"_id\":\"a\"}",
                QUERY_LINES,
                JUDGEMENT_LINES,
                "line 2 of corpus.jsonl has the same _id as line 1",
            ),
            (
                CORPUS_LINES,
                "{\"_id\":\"q\"}",
                JUDGEMENT_LINES,
                "line 1 of queries.jsonl is no JSON object with _id and text",
            ),
            (CORPUS_LINES, QUERY_LINES, "q\ta\t1\nq a 1", "line 2 of qrels.tsv has not the three columns"),
            (CORPUS_LINES, QUERY_LINES, "h\th\th\nq\ta\tyes", "line 2 of qrels.tsv"),
            (CORPUS_LINES, QUERY_LINES, "q\ta\t0", "qrels.tsv says of no question"),
            ("\n", QUERY_LINES, JUDGEMENT_LINES, "corpus.jsonl has no document"),
        ] {
            let why = parse(corpus, queries, judgements);
            assert!(why.contains(told), "{why}");
        }
        let why = Set::parse(b"\n\xff", b"", b"").unwrap_err();
        assert!(why.contains("line 2 of corpus.jsonl is not UTF-8"), "{why}");
    }

    #[test]
    fn a_missing_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let why = read(folder.path()).unwrap_err();
        assert!(why.contains("corpus.jsonl cannot be read") && why.contains("A set is a folder with"), "{why}");
    }
}
