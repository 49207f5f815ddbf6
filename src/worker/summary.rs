//! A summary of the collections that this device shares with the members, which gossip spreads, of how many files of these nothing can be found,
//! which linked members are told, and of the languages of all documents, for the status.

use crate::base::id::Row;
use crate::limits::{LANGUAGE_SAMPLE, LANGUAGE_SAMPLE_LEAST, LANGUAGES_SPOKEN_MAX, SPEAKING_COLLECTIONS_MAX};
use crate::scheduler::task::{CollectionLanguage, CollectionSummary, SpokenLanguages, Summary};
use crate::search::lexical::detection::{ENGLISH, spoken};
use crate::store::kv::{Kv, KvError, Space};
use crate::store::models;
use crate::store::read;
use crate::store::record::{DocState, Document, Record};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// All collections of the rings that members may see with the counts of their files, in the order of names; how many files of these cannot be used;
/// and the languages of all collections.
///
/// # Errors
/// Any `KvError`.
pub fn summarize(kv: &impl Kv) -> Result<Summary, KvError> {
    let mut sample = Sample::default();
    let mut samples: BTreeMap<String, Sample> = BTreeMap::new();
    let mut shared: BTreeMap<String, CollectionSummary> = BTreeMap::new();
    let mut unusable = 0_u64;
    let sources = read::sources(kv)?;
    read::walk(kv, Space::Document, |_, value| {
        let doc = Document::decode_stored(value)?;
        let is_unusable = doc.is_unusable();
        let Document { path, state, chunks, content, .. } = doc;
        // One that is not used is in no count, and not among the unusable ones while what was read of it before answers.
        let (is_used, was_read, searchable) = match state {
            DocState::Waiting => (true, false, false),
            DocState::Chunked { .. } => (true, true, false),
            DocState::Ready => (true, true, true),
            DocState::Refused(_) | DocState::Parked(_) => (false, false, false),
            DocState::Tombstoned => return Ok(()),
        };
        chunks.first().into_iter().for_each(|first| sample.add(first.row));
        let Some(source) = sources.of(&path) else { return Ok(()) };
        chunks.first().into_iter().for_each(|first| {
            samples.entry(source.collection.clone()).or_default().add(first.row);
        });
        unusable += u64::from(is_unusable && source.ring.is_shared());
        if source.ring.is_shared() && (is_used || !chunks.is_empty()) {
            let summary = shared.entry(source.collection.clone()).or_default();
            summary.content = with(summary.content, &path, &content, is_used);
            if !is_used {
                return Ok(());
            }
            let chunks = u32::try_from(chunks.len()).unwrap_or(u32::MAX);
            summary.files = summary.files.saturating_add(1);
            summary.searchable = summary.searchable.saturating_add(u32::from(searchable));
            summary.documents = summary.documents.saturating_add(u32::from(was_read));
            summary.chunks = summary.chunks.saturating_add(if was_read { chunks } else { 0 });
        }
        Ok(())
    })?;
    let named = |(name, summary)| CollectionSummary { name, ..summary };
    let collections: Vec<CollectionSummary> = shared.into_iter().map(named).collect();
    let foreign = Heard::new(kv, &sample.rows)?.most_foreign();
    let (languages, spoken) = languages_of(kv, samples)?;
    Ok(Summary { collections, foreign, languages, spoken, unusable })
}

/// The languages of collections, by samples of them: those by which models are chosen, and those that people are told.
fn languages_of(
    kv: &impl Kv,
    samples: BTreeMap<String, Sample>,
) -> Result<(Vec<CollectionLanguage>, Vec<SpokenLanguages>), KvError> {
    let (mut languages, mut spoken) = (Vec::new(), Vec::new());
    // Where there is but one model, nothing is chosen.
    let has_choice = models::there(kv)?.len() > 1;
    for (collection, sample) in samples {
        if !has_choice && spoken.len() >= SPEAKING_COLLECTIONS_MAX {
            break;
        }
        let heard = Heard::new(kv, &sample.rows)?;
        if has_choice && heard.read >= LANGUAGE_SAMPLE_LEAST {
            let language = heard.most().map_or_else(String::new, str::to_owned);
            let (foreign, read) = (heard.foreign(), heard.read);
            languages.push(CollectionLanguage { collection: collection.clone(), language, foreign, read });
        }
        if !heard.of.is_empty() && spoken.len() < SPEAKING_COLLECTIONS_MAX {
            let known = heard.of.values().sum();
            spoken.push(SpokenLanguages { collection, languages: heard.most_first(), known });
        }
    }
    Ok((languages, spoken))
}

/// The first chunks of some documents, evenly spread over all.
#[derive(Default)]
struct Sample {
    rows: Vec<Row>,
    /// Documents so far, and of how many one is taken: a power of two, of which this is the exponent.
    documents: u64,
    thinned: u32,
}

impl Sample {
    fn add(&mut self, row: Row) {
        if self.documents.is_multiple_of(1 << self.thinned) {
            self.rows.push(row);
        }
        self.documents += 1;
        if self.rows.len() == 2 * LANGUAGE_SAMPLE {
            let mut is_odd = false;
            self.rows.retain(|_| {
                is_odd = !is_odd;
                is_odd
            });
            self.thinned += 1;
        }
    }
}

/// The languages of some chunks.
struct Heard {
    /// How many are surely in each.
    of: BTreeMap<&'static str, usize>,
    /// How many there are.
    read: usize,
}

impl Heard {
    fn new(kv: &impl Kv, rows: &[Row]) -> Result<Self, KvError> {
        let (mut of, mut read) = (BTreeMap::new(), 0);
        for row in rows {
            let Some(chunk) = read::chunk(kv, *row)? else { continue };
            read += 1;
            spoken(&chunk.text).into_iter().for_each(|language| *of.entry(language).or_default() += 1);
        }
        Ok(Self { of, read })
    }

    /// How many are in another language than English.
    fn foreign(&self) -> usize {
        self.of.iter().filter(|(language, _)| **language != ENGLISH).map(|(_, count)| count).sum()
    }

    /// The language of the most that are not in English.
    fn most(&self) -> Option<&'static str> {
        let foreign = self.of.iter().filter(|(language, _)| **language != ENGLISH);
        foreign.max_by_key(|(_, count)| **count).map(|(language, _)| *language)
    }

    /// The same, if those are more than half.
    fn most_foreign(&self) -> Option<&'static str> {
        let is_most = self.read >= LANGUAGE_SAMPLE_LEAST && 2 * self.foreign() > self.read;
        self.most().filter(|_| is_most)
    }

    /// The languages of the most, with their counts.
    fn most_first(&self) -> Vec<(&'static str, usize)> {
        let mut all: Vec<(&'static str, usize)> = self.of.iter().map(|(language, count)| (*language, *count)).collect();
        all.sort_by_key(|(language, count)| (std::cmp::Reverse(*count), *language));
        all.truncate(LANGUAGES_SPOKEN_MAX);
        all
    }
}

/// The sum over a collection's documents with one more (`wire::holdings`): by its file's name and content, and where the file is not used, by
/// all of its path, which no other device is likely to have.
fn with(sum: [u8; 16], path: &[u8], content: &[u8; 16], is_used: bool) -> [u8; 16] {
    let name = if is_used { path.rsplit(|byte| *byte == b'/').next().unwrap_or(path) } else { path };
    let digest = Sha256::digest([name, &[u8::from(!is_used)], content].concat());
    let one = digest.first_chunk().copied().map_or(0, u128::from_le_bytes);
    u128::from_le_bytes(sum).wrapping_add(one).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::{DocId, EmbedKey, Fingerprint, ModelMark, Ring};
    use crate::store::change::{Change, NewChunk};
    use crate::store::library::Library;
    use crate::store::memory::MemoryKv;
    use crate::store::record::{FileStamp, Source, Sources};

    #[test]
    fn only_collections_of_the_mesh_and_documents_that_were_read_count() {
        let mut library = Library::open(MemoryKv::new()).unwrap();
        let file = |n: u8, collection: &str, ring| Change::Seen {
            path: vec![b'/', n],
            stamp: FileStamp::default(),
            collection: collection.to_owned(),
            ring,
        };
        let places = [("home", Ring::Mesh), ("home", Ring::Mesh), ("diary", Ring::Private), ("work", Ring::Mesh)];
        // The list of sources decides, whatever the records say: "work" was "mesh" when its file was learnt.
        let source = |n: u8, collection: &str, ring| Source {
            path: vec![b'/', n],
            collection: collection.to_owned(),
            ring,
            device: 1,
        };
        let sources = [("home", Ring::Mesh), ("home", Ring::Public), ("diary", Ring::Private), ("work", Ring::Private)];
        let named = (1..).zip(sources).map(|(n, (name, ring))| source(n, name, ring));
        let sources: Vec<Source> = named.chain([source(9, "home", Ring::Mesh)]).collect();
        library.apply(&Change::Sources(Sources::from(sources))).unwrap();
        let mut last = DocId(0);
        for (n, (collection, ring)) in (1..).zip(places) {
            let doc = library.apply(&file(n, collection, ring)).unwrap().doc.unwrap();
            let chunk = |at: u8| NewChunk {
                key: EmbedKey([at; 16]),
                heading: String::new(),
                text: "text".to_owned(),
                start: 0,
                end: 4,
            };
            last = doc;
            let (stamp, chunks) = (FileStamp::default(), (0..n).map(chunk).collect());
            library.apply(&Change::Chunked { doc, stamp, content: [n; 16], chunks }).unwrap();
        }
        library.apply(&file(9, "home", Ring::Mesh)).unwrap();
        library.apply(&Change::gone(library.kv(), last)).unwrap();
        let summaries = summarize(library.kv()).unwrap();
        let files = [(b"/\x01", [1; 16]), (b"/\x02", [2; 16]), (b"/\x09", [0; 16])];
        let content = files.iter().rev().fold([0; 16], |sum, (path, content)| with(sum, *path, content, true));
        let home =
            CollectionSummary { name: "home".to_owned(), files: 3, searchable: 0, documents: 2, chunks: 3, content };
        assert_eq!(summaries.collections, [home], "one file was not read yet");
    }

    #[test]
    fn files_of_shared_folders_that_cannot_be_used_are_counted_and_private_ones_are_not() {
        let mut library = Library::open(MemoryKv::new()).unwrap();
        let source = |path: &str, ring| Source { path: path.into(), collection: path.to_owned(), ring, device: 1 };
        let sources = vec![source("/shared", Ring::Mesh), source("/own", Ring::Private)];
        library.apply(&Change::Sources(Sources::from(sources))).unwrap();
        let mut seen = |path: &str| {
            let (stamp, collection) = (FileStamp::default(), "home".to_owned());
            let seen = Change::Seen { path: path.into(), stamp, collection, ring: Ring::Mesh };
            library.apply(&seen).unwrap().doc.unwrap()
        };
        let docs = ["/shared/a.pdf", "/shared/b.pdf", "/shared/c.txt", "/own/d.pdf", "/left/e.pdf"].map(&mut seen);
        let read_before = seen("/shared/f.pdf");
        for doc in [docs[0], docs[1], docs[3], docs[4]] {
            let (stamp, reason) = (FileStamp::default(), "It is damaged.".to_owned());
            library.apply(&Change::Refused { doc, stamp, reason, keep: false }).unwrap();
        }
        let (stamp, text, reason) = (FileStamp::default(), "text".to_owned(), "It is damaged.".to_owned());
        let chunk = NewChunk { key: EmbedKey([1; 16]), heading: String::new(), text, start: 0, end: 4 };
        library.apply(&Change::Chunked { doc: read_before, stamp, content: [1; 16], chunks: vec![chunk] }).unwrap();
        library.apply(&Change::Refused { doc: read_before, stamp, reason, keep: true }).unwrap();
        let summary = summarize(library.kv()).unwrap();
        assert_eq!(summary.unusable, 2, "neither what is of no folder any more counts nor what still answers");
        let names: Vec<&str> = summary.collections.iter().map(|of| of.name.as_str()).collect();
        assert_eq!((names, summary.collections[0].files), (vec!["/shared"], 1), "they are in no collection's files");
    }

    /// A paragraph in German, and one in English.
    const TEXTS: [&str; 2] = [
        "Die Heizung im Keller wird im Herbst entl\u{fc}ftet, bevor die ersten kalten Tage kommen. \
            Dazu wird zuerst die Pumpe ausgeschaltet; dann dreht man jedes Ventil eine halbe Umdrehung auf, bis nur noch Wasser \
            herauskommt, und wischt danach den Boden trocken, damit niemand ausrutscht.",
        "The heating in the cellar is bled in autumn, before the first cold days of the year come. \
            First the pump is switched off; then each valve is opened by half a turn until only water comes out of it, and \
            afterwards the floor is wiped dry, so that nobody slips on it.",
    ];

    #[test]
    fn the_languages_of_each_collection_are_told_where_there_is_a_choice_of_models() {
        let (mut library, models) = (Library::open(MemoryKv::new()).unwrap(), [1, 2].map(|n| Fingerprint([n; 32])));
        let source = |path: &str, collection: &str| Source {
            path: path.into(),
            collection: collection.to_owned(),
            ring: Ring::Private,
            device: 1,
        };
        let sources = vec![source("/d", "briefe"), source("/e", "letters"), source("/f", "few")];
        library.apply(&Change::Sources(Sources::from(sources))).unwrap();
        for (n, (folder, text)) in
            (0..).zip([[("d", 0); 6], [("e", 1); 6]].concat().into_iter().chain([("d", 1), ("f", 0)]))
        {
            let (path, stamp) = (format!("/{folder}/{n}").into_bytes(), FileStamp::default());
            let seen = Change::Seen { path, stamp, collection: folder.to_owned(), ring: Ring::Private };
            let doc = library.apply(&seen).unwrap().doc.unwrap();
            let (heading, text) = (String::new(), TEXTS[text].to_owned());
            let chunks = vec![NewChunk { key: EmbedKey([n; 16]), heading, text, start: 0, end: 1 }];
            library.apply(&Change::Chunked { doc, stamp, content: [n; 16], chunks }).unwrap();
        }
        library.bind(models[0], &[models[0].into()]).unwrap();
        let summary = summarize(library.kv()).unwrap();
        assert_eq!(summary.languages, [], "there is nothing to choose");
        let of = |collection: &str, languages: &[(&'static str, usize)]| SpokenLanguages {
            collection: collection.to_owned(),
            languages: languages.to_vec(),
            known: languages.iter().map(|(_, count)| count).sum(),
        };
        let spoken = [
            of("briefe", &[("German", 6), ("English", 1)]),
            of("few", &[("German", 1)]),
            of("letters", &[("English", 6)]),
        ];
        assert_eq!(summary.spoken, spoken);
        library.bind(models[0], &models.map(ModelMark::from)).unwrap();
        let told = |collection: &str, language: &str, foreign, read| CollectionLanguage {
            collection: collection.to_owned(),
            language: language.to_owned(),
            foreign,
            read,
        };
        let all = [told("briefe", "German", 6, 7), told("letters", "", 0, 6)];
        let summary = summarize(library.kv()).unwrap();
        assert_eq!(summary.languages, all, "of one document nothing is told");
        assert_eq!(summary.spoken, spoken, "a choice of models changes nothing of what people are told");
    }

    #[test]
    fn the_language_of_most_documents_is_told_where_it_is_not_english() {
        let [german, english] = TEXTS;
        let of = |texts: &[&str]| {
            let mut library = Library::open(MemoryKv::new()).unwrap();
            for (n, text) in (0..).zip(texts) {
                let (path, stamp, collection) = (vec![b'/', n], FileStamp::default(), "home".to_owned());
                let doc =
                    library.apply(&Change::Seen { path, stamp, collection, ring: Ring::Private }).unwrap().doc.unwrap();
                let (heading, text) = (String::new(), (*text).to_owned());
                let chunks = vec![NewChunk { key: EmbedKey([n; 16]), heading, text, start: 0, end: 1 }];
                library.apply(&Change::Chunked { doc, stamp, content: [n; 16], chunks }).unwrap();
            }
            summarize(library.kv()).unwrap().foreign
        };
        assert_eq!(of(&[[german; 5], [english; 5]].concat()), None);
        assert_eq!(of(&[&[german; 6][..], &[english; 3]].concat()), Some("German"));
        assert_eq!(of(&[german; 2]), None, "too few");
        assert_eq!(of(&[german; 200]), Some("German"));
    }

    #[test]
    fn the_sum_is_the_same_for_the_same_files_in_other_folders_and_no_other() {
        let of = |files: &[(&str, u8)]| {
            files.iter().fold([0; 16], |sum, (path, content)| with(sum, path.as_bytes(), &[*content; 16], true))
        };
        let one = of(&[("/a/x.md", 1), ("/a/y.md", 2)]);
        assert_eq!(one, of(&[("/b/c/y.md", 2), ("/b/x.md", 1)]));
        for other in [&[("/a/x.md", 2), ("/a/y.md", 1)][..], &[("/a/x.md", 1)], &[("/a/x.md", 1), ("/a/z.md", 2)]] {
            assert_ne!(one, of(other), "{other:?}");
        }
        assert_ne!(with([0; 16], b"/a", &[1; 16], false), with([0; 16], b"/a", &[1; 16], true), "an earlier reading");
    }
}
