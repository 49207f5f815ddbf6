//! Models that are chosen for collections by their language.

use super::*;
use crate::base::hit::{SearchHit, TermFrequencies};
use crate::limits::LANGUAGES_LOOKED_MS;
use crate::node::NodeConfig;
use crate::query::merge::Merged;
use crate::scheduler::task::{CollectionLanguage, SpokenLanguages, Summary};
use crate::store::record::{CollectionModel, NamedModel, Sources};

fn many() -> NamedModel {
    NamedModel { name: "of many languages".to_owned(), fingerprint: Fingerprint([9; 32]) }
}

/// A node with a watched folder, where the model of many languages is there too.
fn with_choice(sources: Sources) -> Node {
    let scheduler = Config { slots: 1, disk_free: u64::MAX, sources, ..Config::default() };
    Node::new(Instant::ZERO, NodeConfig { multilingual: Some(many()), ..config(scheduler) }, Trust::new(OWN))
}

/// So many of a hundred documents of the collection are in German. Gives the list that is saved then.
fn german(node: &mut Node, foreign: usize) -> Option<Sources> {
    let language = CollectionLanguage { collection: "home".into(), language: "German".into(), foreign, read: 100 };
    let mut out = Out::new();
    node.choose_models(at(1), vec![language], &mut out);
    let saves: Vec<(SaveId, Vec<Change>)> = out
        .drain()
        .filter_map(|out| if let Output::Save(id, changes) = out { Some((id, changes)) } else { None })
        .collect();
    let (id, changes) = saves.into_iter().next()?;
    let [Change::Sources(list)] = &changes[..] else { panic!("{changes:?}") };
    handle(node, at(2), Input::Saved(id, saved(vec![Applied::default()], StoreCounts::default())));
    assert_eq!(node.scheduler.models(), list.models, "it is so once it is on the disk");
    Some(list.clone())
}

#[test]
fn a_collection_gets_the_model_of_its_language_and_the_homes_again_unless_its_owner_chose_one() {
    let mut node = with_choice(Sources::from(vec![source("/d")]));
    assert_eq!(german(&mut node, 50), None, "not most");
    let set = german(&mut node, 51).expect("a list").models.remove(0);
    assert_eq!((set.model, set.version, set.language.as_deref()), (many(), 1, Some("German")));
    assert_eq!(set.before.map(|before| before.name), Some("stand-in".to_owned()));
    assert_eq!((german(&mut node, 90), german(&mut node, 25)), (None, None), "it stays");
    let set = german(&mut node, 24).expect("a list").models.remove(0);
    assert_eq!((set.model.name.as_str(), set.version), ("stand-in", 2));

    let own = CollectionModel { collection: "home".into(), version: 1, model: set.model, before: None, language: None };
    let mut node = with_choice(Sources { models: vec![own], ..Sources::from(vec![source("/d")]) });
    assert_eq!((german(&mut node, 100), german(&mut node, 0)), (None, None), "its owner's word holds");
}

#[test]
fn a_device_alone_counts_the_languages_of_its_documents_where_they_decide_anything() {
    let mut node = with_choice(Sources::default());
    let out = handle(&mut node, Instant::ZERO, Input::Wake);
    assert!(out.iter().any(|out| matches!(out, Output::Start(_, Task::Summarize))), "{out:?}");
}

#[test]
fn a_device_alone_that_chooses_nothing_counts_the_languages_once_somebody_looks_and_only_if_something_is_new() {
    let mut node = node(u64::MAX);
    let count = |out: &[Output]| {
        out.iter().find_map(|out| if let Output::Start(task, Task::Summarize) = out { Some(*task) } else { None })
    };
    let look = |node: &mut Node, ms| count(&handle(node, at(ms), Input::Api(ReplyId(1), Request::Status)));
    assert_eq!(look(&mut node, 10), None, "not at once");
    let due = at(10 + LANGUAGES_LOOKED_MS);
    assert!(node.deadline().is_some_and(|deadline| deadline <= due));
    let task = count(&handle(&mut node, due, Input::Wake)).expect("it counts");
    let spoken = vec![SpokenLanguages { collection: "home".into(), languages: vec![("German", 4)], known: 4 }];
    let summary = Summary { spoken: spoken.clone(), ..Summary::default() };
    handle(&mut node, due, Input::Done(task, Outcome::Summarized(summary), Duration::ZERO));
    assert_eq!(node.status(due).work.languages, spoken);
    assert_eq!(look(&mut node, 60_000), None);
    assert_eq!(count(&handle(&mut node, at(900_000), Input::Wake)), None, "nothing has changed");
}

#[test]
fn that_only_english_is_matched_is_told_of_a_question_or_of_hits_in_another_language_where_no_model_of_many_is_there() {
    let hit = |text: &str| {
        let hit = SearchHit::of_text("/a.md", text, TermFrequencies::default());
        Merged { device: None, score: 0.5, hit, places: Vec::new() }
    };
    let german =
        || hit("Die Heizungen in diesem alten Haus sind kaputt, und die Nachbarn haben schon nach dem Grund gefragt.");
    let english = || hit("The heaters of this house are old, and nobody knows where the key of the cellar is.");
    let alone = node(u64::MAX);
    for (question, hits, is) in [
        ("Wo ist der Schl\u{FC}ssel?", vec![], true),
        ("Where is the key?", vec![german(), english()], true),
        ("Where is the key?", vec![english(), english(), german()], false),
        ("Where is the key?", vec![], false),
        ("Heizung", vec![german()], false),
    ] {
        assert_eq!(alone.is_english_only(question, &hits), is, "{question}");
    }
    assert!(!with_choice(Sources::default()).is_english_only("Wo ist der Schl\u{FC}ssel?", &[]));
}
