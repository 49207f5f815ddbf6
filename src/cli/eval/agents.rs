//! The agents of an evaluation: each a library in memory with its indexes, filled as a device fills its own.

use super::super::args::{EvalArgs, Split};
use super::super::output::Stop;
use super::set::Set;
use crate::base::hit::{CorpusStatistics, Found, TermFrequencies};
use crate::base::id::{PeerKey, Ring, Row};
use crate::base::rng::Rng;
use crate::base::vector::Embedding;
use crate::embed::Embedder;
use crate::embed::model::canonical;
use crate::limits::HITS_MAX;
use crate::query::merge::merge;
use crate::scheduler::task::{Outcome, Query};
use crate::search::indexes::Indexes;
use crate::search::lexical::bm25::bm25;
use crate::search::lexical::terms::QueryTerms;
use crate::store::change::Change;
use crate::store::kv::KvError;
use crate::store::library::Library;
use crate::store::memory::MemoryKv;
use crate::store::read;
use crate::store::record::{FileStamp, Source, Sources};
use crate::worker::embed;
use crate::worker::extract::{Content, changes};
use crate::worker::retrieve::{InStore, Lookup, load_indexes, retrieve};
use crate::worker::words;
use std::collections::{BTreeMap, BTreeSet};

/// Rounds of k-means.
const ROUNDS: usize = 12;

/// Passages that are embedded in one step.
const STEP: usize = 8;

/// The agents, the first of which asks.
pub(super) struct Agents(Vec<Agent>);

struct Agent {
    library: Library<MemoryKv>,
    index: Indexes,
}

/// The documents for one question by each list alone, and by both.
pub(super) struct Ranked {
    pub(super) lexical: Vec<String>,
    pub(super) vector: Vec<String>,
    pub(super) fused: Vec<String>,
}

fn failed(error: &KvError) -> Stop {
    Stop::NotDone(format!("{error}."))
}

impl Agents {
    /// Shares the documents of the set out and takes them in.
    pub(super) fn new(set: &Set, embedder: &mut impl Embedder, args: &EvalArgs) -> Result<Self, Stop> {
        let texts: Vec<String> = set.documents.iter().map(|line| text(&line.title, &line.text)).collect();
        let count = usize::from(args.agents);
        let places = match args.split {
            _ if count == 1 => vec![0; texts.len()],
            Split::Random => {
                let mut rng = Rng::new(args.seed);
                texts.iter().map(|_| usize::try_from(rng.below(count as u64)).unwrap_or_default()).collect()
            }
            Split::Topical => topics(&texts, count, embedder, args.seed)?,
        };
        let mut agents = Vec::new();
        for agent in 0..count {
            let own = places.iter().zip(&set.documents).zip(&texts).filter(|((place, _), _)| **place == agent);
            agents.push(Agent::new(own.map(|((_, line), text)| (line.id.as_str(), text.as_str())), embedder)?);
        }
        Ok(Self(agents))
    }

    /// How many passages all of them have.
    pub(super) fn passages(&self) -> u64 {
        self.0.iter().map(|agent| agent.library.commit().counts.chunks).sum()
    }

    /// The documents for a question, best first.
    pub(super) fn ask(&self, question: &str, embedder: &mut impl Embedder) -> Result<Ranked, Stop> {
        let embedding = embedder.embed(&canonical(question)).map_err(|error| Stop::NotDone(format!("{error}.")))?;
        let mut lists: Vec<(Option<PeerKey>, Found)> = Vec::new();
        let (terms, mut near, mut words) = (QueryTerms::new(question), Vec::new(), Vec::new());
        for (at, agent) in (0_u8..).zip(&self.0) {
            let query =
                Query { text: question.to_owned(), embedding: embedding.clone(), count: HITS_MAX, shared: at > 0 };
            let lookup = InStore { index: &agent.index, kv: agent.library.kv() };
            let Outcome::Found(found, _) = retrieve(agent.library.kv(), &lookup, &query)? else { continue };
            near.extend(agent.nearest(&embedding)?);
            words.push(agent.words(&terms)?);
            lists.push(((at > 0).then_some(PeerKey([at; 32])), *found));
        }
        let words = scored(&terms, words);
        let merged = merge(question, lists, HITS_MAX);
        let fused = merged.into_iter().flat_map(|one| one.places.into_iter().map(move |(_, path)| (one.score, path)));
        Ok(Ranked { lexical: ranked(words), vector: ranked(near), fused: ranked(fused.collect()) })
    }
}

impl Agent {
    fn new<'a>(
        documents: impl Iterator<Item = (&'a str, &'a str)>,
        embedder: &mut impl Embedder,
    ) -> Result<Self, Stop> {
        let mut library = Library::open(MemoryKv::new()).map_err(|error| failed(&error))?;
        let bound = library.bind(embedder.model()).map_err(|error| failed(&error))?;
        debug_assert!(bound.is_ok(), "a new store has no model");
        let source = Source { path: b"/set".to_vec(), collection: "set".to_owned(), ring: Ring::Mesh, device: 0 };
        apply(&mut library, &[Change::Sources(Sources::from(vec![source]))])?;
        for (id, text) in documents {
            let path = path(id);
            let (collection, stamp) = ("set".to_owned(), FileStamp::default());
            let doc = apply(&mut library, &[Change::Seen { path, stamp, collection, ring: Ring::Mesh }])?;
            let Some(doc) = doc else { continue };
            let known = read::document(library.kv(), doc).map_err(|error| failed(&error))?;
            let Some(known) = known else { continue };
            let content = Content::Bytes(text.as_bytes().to_vec(), stamp);
            apply(&mut library, &changes(embedder, doc, &known, content))?;
            while let Outcome::Changes(changes) =
                embed::embed(library.kv(), embedder, doc, STEP).map_err(|error| failed(&error))?
            {
                let is_last = changes
                    .iter()
                    .all(|change| matches!(change, Change::Embedded { vectors, .. } if vectors.is_empty()));
                apply(&mut library, &changes)?;
                if is_last {
                    break;
                }
            }
        }
        let mut index = load_indexes(library.kv()).map_err(|error| failed(&error))?;
        words::catch_up(&mut library, &mut index.words).map_err(|error| failed(&error))?;
        Ok(Self { library, index })
    }

    /// The chunks nearest by meaning, with their cosines.
    fn nearest(&self, embedding: &Embedding) -> Result<Vec<(f32, Vec<u8>)>, Stop> {
        let rows = self.index.vectors.nearest(&embedding.signs(), crate::limits::RESCORE);
        let mut near = Vec::new();
        for row in rows {
            let vector = read::vector(self.library.kv(), row).map_err(|error| failed(&error))?;
            if let Some(vector) = vector {
                near.push((vector.values.cosine(embedding), self.path(row)?));
            }
        }
        near.sort_by(|a, b| b.0.total_cmp(&a.0));
        near.truncate(HITS_MAX);
        Ok(near)
    }

    /// The chunks found by their words, with what is counted in each, and the statistics of this agent.
    fn words(&self, terms: &QueryTerms) -> Result<ByWords, Stop> {
        let lookup = InStore { index: &self.index, kv: self.library.kv() };
        let matches = lookup.words(terms, HITS_MAX, &[], false).map_err(|error| failed(&error))?;
        let mut counted = Vec::new();
        for (row, _) in matches.rows {
            let chunk = read::chunk(self.library.kv(), row).map_err(|error| failed(&error))?;
            if let Some(chunk) = chunk {
                counted.push((terms.count(["", &chunk.heading, &chunk.text]), self.path(row)?));
            }
        }
        Ok((counted, matches.statistics))
    }

    fn path(&self, row: Row) -> Result<Vec<u8>, Stop> {
        let chunk = read::chunk(self.library.kv(), row).map_err(|error| failed(&error))?;
        let doc = chunk.map(|chunk| read::document(self.library.kv(), chunk.doc)).transpose();
        Ok(doc.map_err(|error| failed(&error))?.flatten().map(|doc| doc.path).unwrap_or_default())
    }
}

type ByWords = (Vec<(TermFrequencies, Vec<u8>)>, CorpusStatistics);

/// The chunks of all agents with their BM25 scores, by the statistics of all.
fn scored(terms: &QueryTerms, agents: Vec<ByWords>) -> Vec<(f32, Vec<u8>)> {
    let mut statistics = CorpusStatistics::of(terms.len(), [].iter());
    agents.iter().for_each(|(_, of)| statistics.join(of));
    let chunks = agents.into_iter().flat_map(|(chunks, _)| chunks);
    chunks.map(|(counts, path)| (bm25(terms, &statistics, &counts), path)).collect()
}

/// Applies changes; the document that the last one is about.
fn apply(library: &mut Library<MemoryKv>, changes: &[Change]) -> Result<Option<crate::base::id::DocId>, Stop> {
    let mut doc = None;
    for change in changes {
        doc = library.apply(change).map_err(|error| failed(&error))?.doc.or(doc);
    }
    Ok(doc)
}

/// A document as text; its title is its first line.
fn text(title: &str, text: &str) -> String {
    if title.is_empty() { text.to_owned() } else { format!("{title}\n\n{text}") }
}

/// The path of a document. Its name has no words of its own, so that identifiers are not searched.
fn path(id: &str) -> Vec<u8> {
    format!("/set/{}", id.replace('/', "\u{2215}")).into_bytes()
}

/// The identifiers of documents, each at its best place.
fn ranked(mut chunks: Vec<(f32, Vec<u8>)>) -> Vec<String> {
    chunks.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let mut known = BTreeSet::new();
    let id = |path: Vec<u8>| String::from_utf8_lossy(&path).trim_start_matches("/set/").replace('\u{2215}', "/");
    chunks.into_iter().map(|(_, path)| id(path)).filter(|id| known.insert(id.clone())).collect()
}

/// For each text the agent that gets it, so that near ones are together: k-means over their vectors (Lloyd), from texts drawn by chance.
fn topics(texts: &[String], count: usize, embedder: &mut impl Embedder, seed: u64) -> Result<Vec<usize>, Stop> {
    let embed = |text: &String| embedder.embed(&canonical(text)).map_err(|error| Stop::NotDone(format!("{error}.")));
    let vectors: Vec<Embedding> = texts.iter().map(embed).collect::<Result<_, _>>()?;
    let mut rng = Rng::new(seed);
    let mut centres: Vec<Embedding> = Vec::new();
    while centres.len() < count.min(vectors.len()) {
        let at = usize::try_from(rng.below(vectors.len() as u64)).unwrap_or_default();
        centres.extend(vectors.get(at).cloned());
    }
    let mut places = vec![0; vectors.len()];
    for _ in 0..ROUNDS {
        for (place, vector) in places.iter_mut().zip(&vectors) {
            let near = |centre: &Embedding| centre.cosine(vector).unwrap_or_default();
            let best = centres.iter().enumerate().max_by(|(_, a), (_, b)| near(a).total_cmp(&near(b)));
            *place = best.map_or(0, |(at, _)| at);
        }
        let mut sums: BTreeMap<usize, Vec<f32>> = BTreeMap::new();
        for (place, vector) in places.iter().zip(&vectors) {
            let sum = sums.entry(*place).or_insert_with(|| vec![0.0; vector.values().len()]);
            sum.iter_mut().zip(vector.values()).for_each(|(sum, value)| *sum += value);
        }
        for (place, sum) in sums {
            if let (Some(centre), Ok(new)) = (centres.get_mut(place), Embedding::new(embedder.model(), &sum)) {
                *centre = new;
            }
        }
    }
    Ok(places)
}
