//! The agents of an evaluation: the product's library, indexes, search and merging, with their stores in memory.
//!
//! A question takes the way that it takes in the product, but for the network: each agent embeds nothing, searches with
//! `worker::retrieve`, and the asked one joins what all found with `query::merge`. What is found by words alone, and by meaning
//! alone, is the same with the other list left out.

use super::certainty::First;
use super::metrics::Relevant;
use super::set;
use super::vectors::{Texts, Vectors};
use crate::base::filter::Filter;
use crate::base::fluency::Fluency;
use crate::base::hit::{CorpusStatistics, Found, SearchHit};
use crate::base::id::{DocId, Fingerprint, ModelMark, PeerKey, Ring, Row};
use crate::base::vector::Embedding;
use crate::embed::Embedder;
use crate::embed::model::prefixed;
use crate::embed::reader::Side;
use crate::limits::HITS_MAX;
use crate::query::merge::{Merged, lacking, merge};
use crate::query::question::Question;
use crate::scheduler::task::{Outcome, Query};
use crate::search::files::Seen;
use crate::search::indexes::Indexes;
use crate::search::lexical::bm25::{bm25, nearly, unknown};
use crate::search::lexical::index::Matches;
use crate::search::lexical::phrase::Phrases;
use crate::search::lexical::row_set::{Allowed, RowSet};
use crate::search::lexical::terms::QueryTerms;
use crate::store::change::{Change, NewChunk};
use crate::store::kv::{Kv, KvError};
use crate::store::library::Library;
use crate::store::memory::MemoryKv;
use crate::store::read;
use crate::store::record::{Chunk, DocState, Document, FileStamp, Source, Sources};
use crate::worker::extract::{Content, changes};
use crate::worker::retrieve::{InStore, IsLate, Lookup, retrieve};
use crate::worker::words;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The watched folder and the collection of all documents.
const FOLDER: &[u8] = b"/set";
const COLLECTION: &str = "set";

/// Which of the lists an answer is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lists {
    /// What was found by words.
    Lexical,
    /// What was found by meaning.
    Vector,
    /// Both, as the product puts them together.
    Fused,
}

/// A document as the product reads its file.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    path: Vec<u8>,
    stamp: FileStamp,
    content: [u8; 16],
    /// Its passages.
    pub(super) chunks: Vec<NewChunk>,
}

impl Reading {
    /// Reads a document.
    ///
    /// # Errors
    /// Why the product refuses the file.
    pub(super) fn new(document: &set::Document, embedder: &impl Embedder) -> Result<Self, String> {
        let (path, bytes) = document.file();
        let stamp = FileStamp { size: bytes.len() as u64, ..FileStamp::default() };
        let known = Document {
            collection: COLLECTION.to_owned(),
            ring: Ring::Mesh,
            path: path.clone(),
            stamp,
            content: [0; 16],
            state: DocState::Waiting,
            chunks: Vec::new(),
        };
        match changes(embedder, DocId(0), &known, Content::Bytes(bytes, stamp)).pop() {
            Some(Change::Chunked { content, chunks, .. }) => Ok(Self { path, stamp, content, chunks }),
            Some(Change::Refused { reason, .. }) => Err(reason),
            other => Err(format!("It is not read: {other:?}.")),
        }
    }

    /// What the model reads of each of its passages.
    pub(super) fn texts(&self) -> Texts {
        let text = |chunk: &NewChunk| (Side::Passage, prefixed(&chunk.heading, &chunk.text));
        self.chunks.iter().map(|chunk| (chunk.key, text(chunk))).collect()
    }
}

/// A question on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    /// Its text.
    pub(super) text: &'a str,
    /// Which languages its model knows.
    pub(super) fluency: Fluency,
    /// Its embedding.
    pub(super) embedding: &'a Embedding,
    /// The agent that is asked, below the number of agents.
    pub(super) at: usize,
}

/// The first answers to a question, with its relevant documents and without them.
pub(super) type Firsts = [Option<First>; 2];

/// A passage that was found.
#[derive(Clone, Debug)]
pub(super) struct Passage<'a> {
    /// The id of its document.
    pub(super) id: &'a str,
    /// Its cosine with the question.
    pub(super) cosine: f32,
    /// Its BM25 score among all passages of all agents.
    pub(super) bm25: f32,
}

/// All agents.
#[derive(Debug)]
pub(super) struct Agents {
    agents: Vec<Agent>,
    /// The ids of documents by their paths.
    ids: BTreeMap<Vec<u8>, String>,
}

/// One agent.
#[derive(Debug)]
struct Agent {
    library: Library<MemoryKv>,
    indexes: Indexes,
}

/// The indexes of an agent, of which only some lists are used.
struct Only<'a> {
    indexes: InStore<'a, MemoryKv>,
    lists: Lists,
}

impl Lookup for Only<'_> {
    fn models(&self) -> Vec<ModelMark> {
        self.indexes.models()
    }

    fn nearest(&self, question: &Embedding, max: usize, allowed: Allowed<'_>) -> Vec<Row> {
        if self.lists == Lists::Lexical { Vec::new() } else { self.indexes.nearest(question, max, allowed) }
    }

    fn words(
        &self,
        terms: &QueryTerms,
        of: (usize, &[Row]),
        allowed: Allowed<'_>,
        is_late: IsLate<'_>,
    ) -> Result<Matches, KvError> {
        self.indexes.words(terms, of, allowed, is_late)
    }

    fn holding(
        &self,
        phrases: &Phrases,
        max: usize,
        allowed: Allowed<'_>,
        is_late: IsLate<'_>,
    ) -> Result<Vec<Row>, KvError> {
        self.indexes.holding(phrases, max, allowed, is_late)
    }

    fn fitting(&self, filter: &Filter, seen: Seen<'_>) -> Option<Arc<RowSet>> {
        self.indexes.fitting(filter, seen)
    }

    fn words_end(&self) -> Row {
        self.indexes.words_end()
    }
}

impl Agents {
    /// So many agents over these documents, with the number of the agent of each.
    ///
    /// # Errors
    /// Any `KvError`.
    pub(super) fn new(
        documents: &[(&str, &Reading)],
        of: &[usize],
        count: usize,
        (model, vectors): (Fingerprint, &Vectors),
    ) -> Result<Self, KvError> {
        let mut agents = (0..count).map(|_| Agent::new(model)).collect::<Result<Vec<_>, _>>()?;
        for ((_, reading), of) in documents.iter().zip(of) {
            if let Some(agent) = agents.get_mut(*of) {
                agent.add(reading, (model, vectors))?;
            }
        }
        for agent in &mut agents {
            words::catch_up(&mut agent.library, &mut agent.indexes.words)?;
        }
        let ids = documents.iter().map(|(id, reading)| (reading.path.clone(), (*id).to_owned())).collect();
        Ok(Self { agents, ids })
    }

    /// How many passages they have together.
    pub(super) fn passages(&self) -> u64 {
        self.agents.iter().map(|agent| agent.library.commit().counts.chunks).sum()
    }

    /// The ids of the documents that answer a question, best first. A document's place is that of its best passage; documents with the
    /// same passage share it.
    ///
    /// # Errors
    /// A sentence: the store of an agent could not be read.
    pub(super) fn ask(&self, asked: Asked<'_>, lists: Lists) -> Result<Vec<&str>, String> {
        let found = self.found(asked, lists)?;
        Ok(self.ids_of(&merged(&question(asked, lists), found)))
    }

    /// The ids of the documents with these passages, each once.
    fn ids_of(&self, merged: &[Merged]) -> Vec<&str> {
        let (mut ids, mut known) = (Vec::new(), BTreeSet::new());
        for (_, path) in merged.iter().flat_map(|merged| &merged.places) {
            if let Some(id) = self.ids.get(path).filter(|id| known.insert(*id)) {
                ids.push(id.as_str());
            }
        }
        ids
    }

    /// The same for both lists, with the first answers as people see them: with all documents, and with none of `relevant`.
    ///
    /// # Errors
    /// A sentence: the store of an agent could not be read.
    pub(super) fn ask_both(&self, asked: Asked<'_>, relevant: &Relevant) -> Result<(Vec<&str>, Firsts), String> {
        let found = self.found(asked, Lists::Fused)?;
        let mut without = found.clone();
        for (_, found) in &mut without {
            found.hits.retain(|hit| self.ids.get(&hit.path).is_none_or(|id| !relevant.contains_key(id)));
        }
        let [all, without] = [found, without].map(|found| merged(&question(asked, Lists::Fused), found));
        let first = |merged: &[Merged]| {
            let first = merged.first()?;
            let is_right = self.ids.get(&first.hit.path).is_some_and(|id| relevant.contains_key(id));
            Some(First { score: first.score, is_right })
        };
        Ok((self.ids_of(&all), [first(&all), first(&without)]))
    }

    /// The passages of one list with their scores, as all agents together give them.
    ///
    /// # Errors
    /// A sentence: the store of an agent could not be read.
    pub(super) fn passages_of(&self, asked: Asked<'_>, lists: Lists) -> Result<Vec<Passage<'_>>, String> {
        let (terms, found) = (QueryTerms::new(asked.text).read_by(asked.fluency), self.candidates(asked, lists)?);
        let mut statistics = CorpusStatistics::of(terms.len(), [].iter());
        for agent in &self.agents {
            let lookup = InStore { index: &agent.indexes, kv: agent.library.kv() };
            statistics.join(
                &lookup
                    .words(&terms, (1, &[]), Allowed::default(), &|_| false)
                    .map_err(|error| error.to_string())?
                    .statistics,
            );
        }
        let hits: Vec<SearchHit> = found.into_iter().flat_map(|(_, found)| found.hits).collect();
        let words = of_words(&terms, &statistics, &hits);
        let passage =
            |(hit, bm25): (&SearchHit, f32)| Some(Passage { id: self.ids.get(&hit.path)?, cosine: hit.cosine, bm25 });
        let mut passages: Vec<Passage<'_>> = hits.iter().zip(words).filter_map(passage).collect();
        let score = |passage: &Passage<'_>| if lists == Lists::Lexical { passage.bm25 } else { passage.cosine };
        passages.sort_by(|a, b| score(b).total_cmp(&score(a)));
        passages.truncate(HITS_MAX);
        Ok(passages)
    }

    /// What each agent answers the asked one, ready to be merged.
    fn found(&self, asked: Asked<'_>, lists: Lists) -> Result<Vec<(Option<PeerKey>, Found)>, String> {
        let mut found = self.candidates(asked, lists)?;
        if lists == Lists::Lexical {
            found.iter_mut().flat_map(|(_, found)| &mut found.hits).for_each(|hit| hit.cosine = 0.0);
        }
        Ok(found)
    }

    /// What each agent answers, the asked one first.
    fn candidates(&self, asked: Asked<'_>, lists: Lists) -> Result<Vec<(Option<PeerKey>, Found)>, String> {
        let mut answers = Vec::new();
        let (before, from) = self.agents.split_at(asked.at.min(self.agents.len()));
        for (number, agent) in from.iter().chain(before).enumerate() {
            let device = u8::try_from(number).ok().filter(|number| *number > 0).map(|number| PeerKey([number; 32]));
            let query = Query {
                text: question(asked, lists).text,
                embedding: asked.embedding.clone(),
                fluency: asked.fluency,
                count: HITS_MAX,
                shared: device.is_some(),
                filter: Filter::default(),
                behind: None,
            };
            let lookup = Only { indexes: InStore { index: &agent.indexes, kv: agent.library.kv() }, lists };
            let Outcome::Found(found, _) = retrieve(agent.library.kv(), &lookup, &query)? else {
                return Err("The search has no result.".to_owned());
            };
            answers.push((device, *found));
        }
        Ok(answers)
    }
}

/// The passages of all answers, as people get them.
fn merged(question: &Question, found: Vec<(Option<PeerKey>, Found)>) -> Vec<Merged> {
    let lacking = lacking(question, &found);
    merge(question, found, &lacking, HITS_MAX)
}

/// The question, without words where only meaning counts.
fn question(asked: Asked<'_>, lists: Lists) -> Question {
    let text = if lists == Lists::Vector { String::new() } else { asked.text.to_owned() };
    Question { text, filter: Filter::default(), fluency: asked.fluency }
}

/// The scores of hits by their words, with what is nearly a word that no passage has, as `search::scores` counts it.
fn of_words(terms: &QueryTerms, statistics: &CorpusStatistics, hits: &[SearchHit]) -> Vec<f32> {
    let unknown = unknown(terms, statistics);
    let counts: Vec<_> = hits.iter().map(|hit| terms.count(parts(hit))).collect();
    let likes: Vec<Vec<f32>> = hits.iter().map(|hit| terms.nearly(&unknown, parts(hit))).collect();
    let nearly = nearly(statistics, &likes, counts.iter().map(|counts| counts.length as f32));
    counts.iter().zip(nearly).map(|(counts, nearly)| bm25(terms, statistics, counts) + nearly).collect()
}

/// What is searched for words; the names of the files have none.
fn parts(hit: &SearchHit) -> [&str; 3] {
    ["", &hit.heading, &hit.text]
}

impl Agent {
    fn new(model: Fingerprint) -> Result<Self, KvError> {
        let mut library = Library::open(MemoryKv::new())?;
        library.bind(model, &[])?;
        let place = Source { path: FOLDER.into(), collection: COLLECTION.to_owned(), ring: Ring::Mesh, device: 0 };
        library.apply(&Change::Sources(Sources::from(vec![place])))?;
        Ok(Self { library, indexes: Indexes::default() })
    }

    /// Takes a document in, as the worker and the writer do.
    fn add(&mut self, reading: &Reading, (model, vectors): (Fingerprint, &Vectors)) -> Result<(), KvError> {
        let Reading { path, stamp, content, chunks } = reading;
        let seen =
            Change::Seen { path: path.clone(), stamp: *stamp, collection: COLLECTION.to_owned(), ring: Ring::Mesh };
        let Some(doc) = self.library.apply(&seen)?.doc else { return Ok(()) };
        let chunked = Change::Chunked { doc, stamp: *stamp, content: *content, chunks: chunks.clone() };
        let mut added = self.library.apply(&chunked)?.added;
        if let Some(document) = read::document(self.library.kv(), doc)? {
            let missing = read::missing(self.library.kv(), &document, usize::MAX)?;
            let vector = |(row, chunk): (Row, Chunk)| Some((row, chunk.key, vectors.get(&chunk.key)?.quantize()));
            let vectors = missing.into_iter().filter_map(vector).collect();
            added.extend(self.library.apply(&Change::Embedded { doc, model, vectors })?.added);
        }
        self.indexes.vectors.add(&added);
        self.library.kv().sync()
    }
}
