//! Models that are chosen for collections by their language.

use super::*;
use crate::limits::LANGUAGES_LOOKED_MS;
use crate::node::NodeConfig;
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
    assert_eq!(node.queries.spoken, spoken);
    assert_eq!(node.status(due).work.languages, [], "the device has no such collection");
    assert_eq!(look(&mut node, 60_000), None);
    assert_eq!(count(&handle(&mut node, at(900_000), Input::Wake)), None, "nothing has changed");
}

#[test]
fn that_only_english_is_matched_is_told_by_the_languages_of_the_question_and_of_the_documents_whatever_was_found() {
    const ENGLISH: &str = "Where is the key of the boiler?";
    const GERMAN: &str = "Wo ist der Schl\u{FC}ssel?";
    let spoken = |collection: &str, english: usize, german: usize| {
        let languages = vec![("English", english), ("German", german)];
        SpokenLanguages { collection: collection.into(), languages, known: english + german }
    };
    let mut alone = node(u64::MAX);
    for (documents, question, is) in [
        (vec![], GERMAN, true),
        (vec![], ENGLISH, false),
        (vec![], "Heizung", false),
        (vec![spoken("home", 40, 0)], GERMAN, true),
        (vec![spoken("home", 40, 0)], ENGLISH, false),
        (vec![spoken("home", 40, 3)], ENGLISH, false),
        (vec![spoken("home", 30, 10)], ENGLISH, true),
        (vec![spoken("home", 30, 10)], "boiler", false),
        (vec![spoken("home", 0, 9)], "boiler", true),
        (vec![spoken("letters", 0, 9)], ENGLISH, false),
    ] {
        alone.queries.spoken = documents;
        assert_eq!(alone.is_english_only(question, &["Home".to_owned()]), is, "{question}: {:?}", alone.queries.spoken);
    }
    assert!(
        alone.is_english_only(ENGLISH, &[]),
        "of all collections those count that have documents in other languages"
    );
    assert!(!with_choice(Sources::default()).is_english_only(GERMAN, &[]));
}

#[test]
fn whoever_asks_has_the_languages_of_the_documents_counted() {
    let mut node = node(u64::MAX);
    let search = Request::Search { question: "Where is the key?".into(), count: 5, filter: Filter::default() };
    handle(&mut node, at(10), Input::Api(ReplyId(1), search));
    assert_eq!(node.queries.looked, Some(at(10)));
    let mut choosing = with_choice(Sources::default());
    let search = Request::Search { question: "Where is the key?".into(), count: 5, filter: Filter::default() };
    handle(&mut choosing, at(10), Input::Api(ReplyId(1), search));
    assert_eq!(choosing.queries.looked, None, "it counts them anyway");
}

#[test]
fn of_a_collection_that_was_renamed_or_forgotten_no_languages_are_told() {
    let mut node = with_choice(Sources::from(vec![source("/d")]));
    let of = |name: &str| SpokenLanguages { collection: name.into(), languages: vec![("German", 3)], known: 3 };
    node.queries.spoken = vec![of("before"), of("home")];
    assert_eq!(node.status(at(1)).work.languages, [of("home")]);
}
