//! Searches of a store with vectors of two models, whose spaces are the opposite of each other: a vector that is held against the other model's
//! question is as far from it as can be.

use super::models::others;
use super::*;
use crate::base::filter::Filter;
use crate::base::fluency::Fluency;
use crate::base::hit::Found;
use crate::base::id::{DocId, Fingerprint, ModelMark, Ring};
use crate::embed::loaded::Loaded;
use crate::embed::stand_in::StandIn;
use crate::search::indexes::Indexes;
use crate::store::audit::audit;
use crate::store::change::Change;
use crate::store::counts::Kind;
use crate::store::library::{Library, sample_test};
use crate::store::memory::MemoryKv;
use crate::store::models as stored;
use crate::store::record::{Source, Sources};
use crate::worker::embed::embed;
use crate::worker::sweep::sweep;

const OLD: Fingerprint = Fingerprint([1; 32]);
const NEW: Fingerprint = Fingerprint([2; 32]);
const TEXTS: [&str; 3] = ["the garden fence", "a garden gate of oak", "boil the pasta until it is soft"];

/// A home of one document with these texts, which the first model embeds.
struct Home {
    library: Library<MemoryKv>,
    doc: DocId,
}

impl Home {
    fn new() -> Self {
        let (library, doc) = sample_test::library(OLD, TEXTS.map(|text| (key(&OLD, "", text), text)));
        let mut home = Self { library, doc };
        home.embed(&mut StandIn::new(OLD), 8);
        home
    }

    /// A step of embedding; gives how many texts were computed.
    fn embed(&mut self, embedder: &mut dyn Embedder, most: usize) -> usize {
        let known = read::document(self.library.kv(), self.doc).unwrap().unwrap();
        let Outcome::Changes(changes) =
            embed(self.library.kv(), embedder, (self.doc, &known), (most, 1_000), &|| {}).unwrap()
        else {
            panic!()
        };
        changes.iter().for_each(|change| _ = self.library.apply(change).unwrap());
        let computed = |change: &Change| match change {
            Change::Embedded { vectors, .. } => vectors.len(),
            Change::Remade { rows, .. } => rows.iter().filter(|row| row.vector.is_some()).count(),
            _ => 0,
        };
        self.is_sound();
        changes.iter().map(computed).sum()
    }

    /// The home's model is this one from now on, and no other is there.
    fn turn_to(&mut self, model: Fingerprint) {
        self.start(model, &[]);
    }

    /// A start with this model of the home, where these are there.
    fn start(&mut self, model: Fingerprint, there: &[ModelMark]) {
        self.library.bind(model, there).unwrap();
        while stored::remodel(self.library.kv()).unwrap().is_some() {
            let Outcome::Outdated(changes) = sweep(self.library.kv()).unwrap() else { panic!() };
            changes.iter().for_each(|change| _ = self.library.apply(change).unwrap());
            self.is_sound();
        }
    }

    fn is_sound(&self) {
        let audit = audit(self.library.kv()).unwrap();
        assert!(audit.clean(), "{:?}", audit.faults);
    }

    fn missing(&self) -> u64 {
        self.library.commit().counts.to_embed()
    }

    fn indexes(&mut self) -> Indexes {
        let mut index = load_indexes(self.library.kv()).unwrap();
        words::catch_up(&mut self.library, &mut index.words).unwrap();
        index
    }

    /// The answer to a question by the first of these models, where the others are loaded too.
    fn ask(&mut self, embedder: &mut Loaded<StandIn>, text: &str, shared: bool) -> Found {
        let index = self.indexes();
        let lookup = InStore { index: &index, kv: self.library.kv() };
        let embedding = embedder.embed_query(text).unwrap();
        let (filter, fluency) = (Filter::default(), Fluency::default());
        let query = Query { text: text.to_owned(), embedding, fluency, count: 9, shared, filter, behind: None };
        let others = others(&lookup, embedder, &query);
        let Outcome::Found(found, vectors) = retrieve_by(self.library.kv(), &lookup, &query, &others).unwrap() else {
            panic!()
        };
        for (hit, vector) in found.hits.iter().zip(&vectors) {
            let is_none = vector.bytes().all(|code| code == 0);
            assert!(is_none || (vector.cosine(&query.embedding) - hit.cosine).abs() < 1e-6, "{hit:?}");
        }
        *found
    }
}

fn loaded(first: StandIn, other: Option<StandIn>) -> Loaded<StandIn> {
    Loaded::new(first, move |mark| other.clone().filter(|other| ModelMark::from(other.model()) == mark))
}

fn cosine(found: &Found, text: &str) -> f32 {
    found.hits.iter().find(|hit| hit.text == text).unwrap().cosine
}

#[test]
fn while_a_home_is_embedded_anew_the_vectors_of_before_answer_and_none_is_held_against_the_other_models_question() {
    let mut home = Home::new();
    home.turn_to(NEW);
    assert_eq!((home.missing(), home.library.commit().counts.count(Kind::Chunked)), (3, 1));
    let both = || loaded(StandIn::turned(NEW), Some(StandIn::new(OLD)));
    let before = home.ask(&mut both(), "garden fence", false);
    assert!(cosine(&before, TEXTS[0]) > 0.8 && cosine(&before, TEXTS[2]) < 0.3, "{before:?}");
    for left in (0..3).rev() {
        assert_eq!(home.embed(&mut StandIn::turned(NEW), 1), 1);
        assert_eq!(home.missing(), left);
        let found = home.ask(&mut both(), "garden fence", false);
        for text in TEXTS {
            assert!((cosine(&found, text) - cosine(&before, text)).abs() < 0.02, "{left} are left: {found:?}");
        }
    }
    assert_eq!(home.indexes().vectors.models(), [(NEW.into(), 3)]);
}

#[test]
fn without_the_model_of_before_its_texts_are_found_by_their_words_alone_and_a_device_that_asks_gets_the_vectors_of_one_model()
 {
    let mut home = Home::new();
    home.turn_to(NEW);
    home.embed(&mut StandIn::turned(NEW), 1);
    for (other, shared) in [(None, false), (Some(StandIn::new(OLD)), true)] {
        let found = home.ask(&mut loaded(StandIn::turned(NEW), other), "garden", shared);
        let mut cosines = TEXTS.map(|text| found.hits.iter().find(|hit| hit.text == text).map(|hit| hit.cosine));
        cosines[..2].sort_by(|a, b| b.partial_cmp(a).unwrap());
        assert!(cosines[0].unwrap() > 0.3, "{found:?}");
        assert_eq!(cosines[1], Some(0.0), "it has the word: {found:?}");
    }
}

#[test]
fn whoever_goes_back_while_it_is_under_way_or_after_it_computes_nothing() {
    for steps in 0..=3 {
        let mut home = Home::new();
        home.turn_to(NEW);
        for _ in 0..steps {
            home.embed(&mut StandIn::turned(NEW), 1);
        }
        home.turn_to(OLD);
        assert_eq!(home.missing(), steps, "the others count again at once");
        if steps > 0 {
            assert_eq!(home.embed(&mut StandIn::new(OLD), 8), 0, "what was kept is copied");
        }
        assert_eq!((home.missing(), home.library.commit().counts.count(Kind::Ready)), (0, 1));
        assert_eq!(home.indexes().vectors.models(), [(OLD.into(), 3)]);
        home.turn_to(NEW);
        let left = home.embed(&mut StandIn::turned(NEW), 8);
        assert_eq!((left as u64, home.missing()), (3 - steps, 0), "and forth");
    }
}

#[test]
fn a_document_that_goes_while_it_is_embedded_anew_leaves_nothing() {
    let mut home = Home::new();
    home.turn_to(NEW);
    home.embed(&mut StandIn::turned(NEW), 1);
    let gone = Change::gone(home.library.kv(), home.doc);
    home.library.apply(&gone).unwrap();
    home.is_sound();
    home.library.apply(&Change::Purge { doc: home.doc }).unwrap();
    home.is_sound();
    let retired = read::retired(home.library.kv()).unwrap();
    assert_eq!(retired.len(), 1, "but for the vector that is kept for a while");
    let late = 1_000 + crate::limits::MODEL_KEPT_S;
    let rows = |now| read::purgeable(home.library.kv(), u64::MAX, now, &[]).unwrap().rows;
    assert_eq!((rows(late - 1), rows(late)), (Vec::new(), retired.clone()));
    home.library.apply(&Change::Expire { rows: retired }).unwrap();
    home.is_sound();
    assert_eq!(home.library.commit().counts.vectors, 0);
}

#[test]
fn a_collection_has_a_model_of_its_own_and_where_its_file_is_away_nothing_is_embedded_anew() {
    use crate::store::record::{CollectionModel, NamedModel};
    let mut home = Home::new();
    let named = |name: &str, fingerprint| NamedModel { name: name.to_owned(), fingerprint };
    let sources = |model: Option<NamedModel>| {
        let source = |path: &[u8], collection: &str| Source {
            path: path.into(),
            collection: collection.to_owned(),
            ring: Ring::Mesh,
            device: 1,
        };
        let set =
            |model| CollectionModel { collection: "Home".to_owned(), version: 1, model, before: None, language: None };
        Sources {
            models: model.into_iter().map(set).collect(),
            ..Sources::from(vec![source(b"/d", "home"), source(b"/e", "other")])
        }
    };
    home.library.apply(&Change::Sources(sources(Some(named("new", NEW))))).unwrap();
    let wanted = |home: &Home| stored::Wanted::read(home.library.kv()).unwrap();
    assert_eq!(
        ["/d/a.md", "/e/b.md"].map(|path| wanted(&home).of(path.as_bytes())),
        [Some(NEW.into()), Some(OLD.into())]
    );
    home.start(OLD, &[NEW.into()]);
    assert_eq!(home.missing(), 3);
    assert_eq!(home.embed(&mut StandIn::turned(NEW), 2), 2);
    // The next start does not find its file.
    home.turn_to(OLD);
    assert_eq!((home.missing(), wanted(&home).of(b"/d/a.md")), (0, Some(OLD.into())), "what either made counts");
    home.start(OLD, &[NEW.into()]);
    assert_eq!(home.missing(), 1, "it goes on");
    assert_eq!(home.embed(&mut StandIn::turned(NEW), 8), 1);
    assert_eq!(home.indexes().vectors.models(), [(NEW.into(), 3)]);
}
