//! `wattle eval`: how well a set's questions are answered. The agents are in this process; none that runs is asked.
//!
//! `set` reads the set, `agents` holds the agents over it, `vectors` keeps what was embedded from one run to the next, `split`
//! says which agent has which documents, `metrics` and `certainty` compute the figures, and `report` prints them.

mod agents;
mod certainty;
mod metrics;
mod report;
mod set;
mod split;
mod vectors;

use self::agents::{Agents, Asked, Lists, Passage, Reading};
use self::metrics::Figures;
use self::report::{Compared, Judged, Report, Sizes};
use self::set::{Question, Set};
use self::vectors::{Texts, Vectors};
use super::args::EvalArgs;
use super::output::{Stop, pretty, print_as_is};
use super::text::one_line;
use crate::base::fluency::Fluency;
use crate::base::id::{EmbedKey, Fingerprint};
use crate::embed::Embedder;
use crate::embed::model::{canonical, key};
use crate::embed::reader::Side;
use crate::platform::home::user_cache;
use crate::platform::models::{self, EmbeddedModel};
use crate::platform::new_file::NewFile;
use crate::platform::stdout::note;
use serde_json::{Value, json};
use std::io::{BufWriter, ErrorKind, IntoInnerError, Write};
use std::path::{Path, PathBuf};

/// Refused documents of which it is told why; of the others only how many they are.
const REFUSED_TOLD: usize = 10;

/// The paths of an evaluation, absolute.
#[derive(Clone, Debug)]
pub(super) struct Paths {
    /// The folder of the set.
    pub(super) set: PathBuf,
    /// The file of vectors, if one was given.
    pub(super) cache: Option<PathBuf>,
    /// The folder of the model, if one was given.
    pub(super) models: Option<PathBuf>,
    /// Where the passages found are written, if that is wanted.
    pub(super) dump: Option<PathBuf>,
}

/// Evaluates the set.
pub(super) fn eval(args: &EvalArgs, paths: &Paths, model: &EmbeddedModel, as_json: bool) -> Result<(), Stop> {
    let set = set::read(&paths.set)?;
    let folder = paths.models.as_deref().map(models::find).transpose()?;
    let (engine, _) = models::load(folder.as_deref(), model)?;
    let cache = match &paths.cache {
        Some(file) => file.clone(),
        None => user_cache()?.join("eval").join(format!("{}.vectors", engine.model())),
    };
    set.remarks.iter().for_each(|remark| note(&one_line(remark)));
    let report = evaluated(args, &set, &cache, &engine, paths.dump.as_deref())?;
    if !as_json {
        return print_as_is(&report.text());
    }
    print_as_is(&pretty(&serde_json::to_value(&report).unwrap_or_default()))
}

/// Asks all questions of a set.
fn evaluated(
    args: &EvalArgs,
    set: &Set,
    cache: &Path,
    embedder: &(impl Embedder + Clone + Send),
    dump: Option<&Path>,
) -> Result<Report, String> {
    // A name that is taken is told before minutes of work.
    let mut dump = dump.map(Dump::create).transpose()?;
    let model = embedder.model();
    let (mut readings, mut refused, mut texts) = (Vec::new(), 0, Texts::new());
    for document in &set.documents {
        match Reading::new(document, embedder) {
            Ok(reading) => {
                texts.extend(reading.texts());
                readings.push((document.id(), reading));
            }
            Err(why) => {
                refused += 1;
                if refused <= REFUSED_TOLD {
                    note(&one_line(&format!("The document {} is refused: {why}", document.id())));
                }
            }
        }
    }
    let text = |asked: &Question| (Side::Query, canonical(&asked.text).into_owned());
    texts.extend(set.questions.iter().map(|asked| (key_of(&model, asked), text(asked))));
    let vectors = vectors::of(&texts, cache, embedder)?;
    let readings: Vec<(&str, &Reading)> = readings.iter().map(|(id, reading)| (*id, reading)).collect();
    let of_documents: Vec<_> = readings
        .iter()
        .map(|(_, reading)| reading.chunks.iter().filter_map(|chunk| vectors.get(&chunk.key)).collect())
        .collect();
    let of = split::split(args.split, args.agents, args.seed, &of_documents);
    let agents = Agents::new(&readings, &of, args.agents, (model, &vectors));
    let agents = agents.map_err(|error| format!("The documents cannot be taken in: {error}."))?;
    let mut judged = Vec::new();
    for (number, question) in set.questions.iter().enumerate() {
        let at = (number % args.agents, embedder.fluency());
        let asked = asked(question, at, model, &vectors)?;
        judged.push(judge(&agents, question, asked)?);
        dump.as_mut().map_or(Ok(()), |dump| dump.write(&agents, question, asked))?;
    }
    dump.map_or(Ok(()), Dump::close)?;
    let sizes = Sizes { documents: set.documents.len(), refused, passages: agents.passages(), agents: args.agents };
    Ok(Report::new(sizes, judged))
}

/// The key of a question's vector: another one than that of a passage with its text, which a model may read otherwise.
fn key_of(model: &Fingerprint, question: &Question) -> EmbedKey {
    key(model, "\u{1}question", &question.text)
}

fn asked<'a>(
    question: &'a Question,
    (at, fluency): (usize, Fluency),
    model: Fingerprint,
    vectors: &'a Vectors,
) -> Result<Asked<'a>, String> {
    let embedding = vectors.get(&key_of(&model, question));
    let embedding = embedding.ok_or_else(|| format!("The question {} has no vector.", question.id))?;
    Ok(Asked { text: &question.text, fluency, embedding, at })
}

/// The figures of one question.
fn judge(agents: &Agents, question: &Question, asked: Asked<'_>) -> Result<Judged, String> {
    let figures = |lists| {
        let ranked = agents.ask(asked, lists)?;
        Ok::<Figures, String>(Figures::of(&ranked, &question.relevant).unwrap_or_default())
    };
    let (fused, firsts) = agents.ask_both(asked, &question.relevant)?;
    let fused = Figures::of(&fused, &question.relevant).unwrap_or_default();
    let figures = Compared { lexical: figures(Lists::Lexical)?, vector: figures(Lists::Vector)?, fused };
    Ok(Judged { id: question.id.clone(), kinds: question.kinds.clone(), figures, firsts })
}

/// The file of what was found, for who fits weights to it.
struct Dump {
    path: PathBuf,
    file: BufWriter<NewFile>,
}

impl Dump {
    /// The mode of the file: what is in it, the owner chose to write.
    const MODE: u32 = 0o666;

    /// A new file: one that is there is not overwritten, and a pipe is not waited for.
    fn create(path: &Path) -> Result<Self, String> {
        let file = NewFile::new(path, Self::MODE).map_err(|error| cannot_write(path, &error))?;
        Ok(Self { path: path.to_owned(), file: BufWriter::new(file) })
    }

    fn write(&mut self, agents: &Agents, question: &Question, asked: Asked<'_>) -> Result<(), String> {
        let list = |lists| {
            let passages = agents.passages_of(asked, lists)?;
            let one = |one: &Passage<'_>| json!({ "id": one.id, "cosine": one.cosine, "bm25": one.bm25 });
            Ok::<Value, String>(passages.iter().map(one).collect())
        };
        let line = json!({
            "_id": question.id,
            "text": question.text,
            "relevant": question.relevant,
            "vector": list(Lists::Vector)?,
            "lexical": list(Lists::Lexical)?,
        });
        writeln!(self.file, "{line}").map_err(|error| cannot_write(&self.path, &error))
    }

    fn close(self) -> Result<(), String> {
        let Self { path, file } = self;
        let written = file.into_inner().map_err(IntoInnerError::into_error).and_then(NewFile::finish);
        written.map_err(|error| cannot_write(&path, &error))
    }
}

fn cannot_write(path: &Path, error: &std::io::Error) -> String {
    let name = path.display();
    if error.kind() == ErrorKind::AlreadyExists {
        return format!("{name} is there already, and is not overwritten. Name a new file with --dump.");
    }
    format!("The file {name} cannot be written: {error}.")
}

#[cfg(test)]
#[path = "eval/test.rs"]
mod tests;
