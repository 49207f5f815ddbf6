//! Homes with more than one model: an upgrade, a collection with a model of its own, a model whose file is away, and kill -9 in the middle.

use super::harness::{Agent, Place, repo};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use wattle::base::id::ModelMark;
use wattle::embed::model::Manifest;
use wattle::platform::disk::{Disk, Sync};
use wattle::store::audit::audit;
use wattle::store::kv::Space;
use wattle::store::models;
use wattle::store::read::walk;
use wattle::store::record::{Record, Vector};

const FILES: u64 = 300;

/// The model of the tests in this folder. One of its files is a link to another place of the sources.
fn words_in(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    for file in ["manifest.json", "model.onnx", "vocab.txt"] {
        fs::copy(words_model().join(file), folder.join(file)).unwrap();
    }
}

/// A folder with the model of the tests under another name, which has another fingerprint.
pub(crate) fn other_model(folder: &Path, name: &str, token_limit: u32) -> PathBuf {
    let model = folder.join(name);
    words_in(&model);
    let manifest = model.join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    let text = text.replace("\"token_limit\": 256", &format!("\"token_limit\": {token_limit}"));
    fs::write(&manifest, text.replace("\"name\": \"words\"", &format!("\"name\": \"{name}\""))).unwrap();
    model
}

fn mark(folder: &Path) -> ModelMark {
    Manifest::parse(&fs::read(folder.join("manifest.json")).unwrap()).unwrap().fingerprint().into()
}

fn words_model() -> PathBuf {
    repo().join("tests/fixtures/words-model")
}

fn place_with(files: u64) -> Place {
    let place = Place::new();
    for n in 0..files {
        place.write(
            &format!("{n}.txt"),
            format!("Letter number {n} is about the thing that has {} parts.", n * 31 % 977),
        );
    }
    place
}

/// How many vectors of each model count in the store of an agent that has ended, and how many are to be made anew. The store is sound.
fn vectors(home: &Path) -> (BTreeMap<ModelMark, u64>, u64) {
    let disk = Disk::open(&home.join("store-1"), Sync::Disk).unwrap();
    let found = audit(&disk).unwrap();
    assert!(found.clean(), "{:?}", found.faults);
    let (mut of, mut stale) = (BTreeMap::new(), 0);
    walk(&disk, Space::Vector, |_, value| {
        let vector = Vector::decode_stored(value)?;
        stale += u64::from(vector.is_stale);
        *of.entry(vector.model).or_default() += u64::from(!vector.is_stale);
        Ok(())
    })
    .unwrap();
    assert_eq!(models::remodel(&disk).unwrap(), None, "all were looked at");
    (of, stale)
}

/// Waits until the agent has embedded so many chunks over all its starts.
fn wait_embedded(agent: &Agent, count: usize) {
    agent.wait("embedding", |_| agent.embedded().len() >= count);
}

fn finds(agent: &Agent, n: u64) -> bool {
    agent.search(&format!("letter number {n}")).first().is_some_and(|path| path.ends_with(&format!("/{n}.txt")))
}

#[test]
fn a_home_whose_model_is_another_one_after_an_upgrade_starts_answers_and_is_embedded_anew_through_kills() {
    let place = place_with(FILES);
    let agent = place.up(&[]);
    agent.add(&place.docs());
    agent.wait_ready(FILES);
    agent.stop();
    let new = other_model(&place.path().join("new"), "newer", 128);
    let models = new.display().to_string();
    words_in(&place.home().join("models/words"));
    for round in 1..4 {
        let agent = place.up(&["--models", &models]);
        assert!(finds(&agent, 7), "it answers at once");
        wait_embedded(&agent, FILES as usize + round * 40);
        assert!(finds(&agent, 8));
        agent.kill();
    }
    let agent = place.up(&["--models", &models]);
    let status = agent.wait_ready(FILES);
    assert_eq!(status["model"]["name"], "newer");
    assert!([0, 50, 100, 150, 250].into_iter().all(|n| finds(&agent, n)));
    // Batches that were on their way to the disk at a kill are embedded again.
    let embedded = agent.embedded().len() as u64;
    assert!((2 * FILES..=2 * FILES + 3 * 64).contains(&embedded), "{embedded}");
    agent.stop();
    let (of, stale) = vectors(&place.home());
    assert_eq!(
        (of[&mark(&new)], of[&mark(&words_model())], stale),
        (FILES, FILES, 0),
        "the old ones are kept for a while"
    );

    // Back again: nothing is computed.
    let agent = place.up(&[]);
    agent.wait_ready(FILES);
    assert_eq!((agent.embedded().len() as u64, finds(&agent, 9)), (embedded, true));
}

#[test]
fn a_home_of_another_model_answers_by_words_where_the_model_of_before_is_not_there() {
    let place = place_with(40);
    let old = other_model(&place.path().join("old"), "older", 128);
    let agent = place.up(&["--models", &old.display().to_string()]);
    agent.add(&place.docs());
    agent.wait_ready(40);
    agent.stop();
    fs::remove_dir_all(&old).unwrap();
    let agent = place.up(&["--models", &words_model().display().to_string()]);
    assert!(finds(&agent, 7));
    agent.wait_ready(40);
    assert!(finds(&agent, 8) && agent.log().contains("all passages are embedded anew"));
    agent.stop();
    let (of, _) = vectors(&place.home());
    assert_eq!(of[&mark(&words_model())], 40);
}

#[test]
fn a_bench_is_of_the_model_that_the_homes_settings_name() {
    let place = place_with(1);
    let model = other_model(&place.path().join("own"), "mine", 256);
    place.up(&["--models", &model.display().to_string()]).stop();
    let bench = |more: &[&str]| {
        let home = place.home().display().to_string();
        let mut command = Command::new(env!("CARGO_BIN_EXE_wattle"));
        let output = command.args(["--home", &home, "bench", "--json"]).args(more).output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        report["model"].as_str().unwrap().to_owned()
    };
    assert_eq!(bench(&[]), "mine");
    assert_eq!(bench(&["--models", &words_model().display().to_string()]), "words");
}

/// The collection home has the model other, and had words before.
fn forecasts_of_what_was_set(agent: &Agent) {
    let told = |model: &str| {
        let output = agent.cli(["collection", "model", "home", model, "--forecast"]);
        String::from_utf8(if output.status.success() { output.stdout } else { output.stderr }).unwrap()
    };
    assert!(told("--back").contains("had words before. Vectors are kept"), "{}", told("--back"));
    assert!(told("words").contains("had words before"), "by its name too: {}", told("words"));
    assert!(told("other").contains("with other already"), "{}", told("other"));
    assert!(told("otehr").contains("There is no model \"otehr\""), "{}", told("otehr"));
}

#[test]
fn a_collection_gets_another_model_and_goes_back_and_waits_where_its_file_is_away() {
    let place = place_with(60);
    fs::create_dir_all(place.path().join("notes")).unwrap();
    fs::write(place.path().join("notes/a.txt"), "The gate of the garden squeaks.").unwrap();
    let agent = place.up(&[]);
    let notes = place.path().join("notes");
    agent.add(&place.docs());
    assert!(agent.cli(["add", notes.to_str().unwrap(), "--collection", "notes"]).status.success());
    agent.wait_ready(61);

    let set = |model: &str| agent.cli(["collection", "model", "home", model]);
    let refused = set("other");
    assert_eq!(refused.status.code(), Some(1));
    let why = String::from_utf8(refused.stderr).unwrap();
    assert!(
        why.contains("There is no model \"other\"; there are all-MiniLM-L6-v2, words") && why.contains("home/models"),
        "{why}"
    );
    let refused = agent.cli(["collection", "model", "home", "--back"]);
    assert_eq!(refused.status.code(), Some(1), "it had no other");
    let other = other_model(&place.home().join("models"), "other", 128);
    let told = |what: &[&str]| String::from_utf8(agent.cli(what).stdout).unwrap();
    let forecast = told(&["collection", "model", "home", "other", "--forecast"]);
    assert!(forecast.contains("The collection home has 60 passages here that are embedded anew: "), "{forecast}");
    assert_eq!(agent.status()["model"]["collections"].as_array().map_or(0, Vec::len), 0, "a forecast changes nothing");
    let done = set("other");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let said = String::from_utf8(done.stdout).unwrap();
    assert!(said.contains("has 60 passages") && said.contains("embedded with other from now on"), "{said}");
    let status = told(&["status"]);
    assert!(status.contains("home: other, as you set it; `wattle collection model home --back"), "{status}");
    assert!(told(&["collection", "list"]).contains("home (ring mesh; model other)\n"));
    wait_embedded(&agent, 61 + 60);
    let status = agent.wait_ready(61);
    assert_eq!(status["model"]["name"], "words");
    let collection = &status["model"]["collections"][0];
    assert_eq!((&collection["collection"], &collection["model"]), (&"home".into(), &"other".into()));
    assert_eq!((&collection["before"], &collection["version"]), (&"words".into(), &1.into()));
    assert!(finds(&agent, 7) && agent.search("squeaking garden gate")[0].ends_with("/a.txt"), "both models answer");
    assert!(set("other").status.success(), "and once more changes nothing");
    forecasts_of_what_was_set(&agent);

    let embedded = agent.embedded().len();
    assert!(agent.cli(["collection", "model", "home", "--back"]).status.success());
    agent.wait("the model of before", |status| status["model"]["collections"][0]["model"] == "words");
    agent.wait_ready(61);
    assert!(set("other").status.success());
    agent.wait("the other model", |status| status["model"]["collections"][0]["model"] == "other");
    agent.wait_ready(61);
    assert_eq!(agent.embedded().len(), embedded, "back and forth computes nothing");
    agent.stop();
    let (of, stale) = vectors(&place.home());
    let each = (of[&mark(&other)], of[&mark(&words_model())], stale);
    assert_eq!(each, (60, 61, 0), "each is there once, those of before too");

    let aside = place.path().join("aside");
    fs::rename(&other, &aside).unwrap();
    let agent = place.up(&[]);
    place.write("60.txt", "Letter number 60 is new.");
    agent.wait_ready(62);
    assert!(finds(&agent, 60) && finds(&agent, 7), "by their words");
    assert_eq!(agent.embedded().len(), embedded + 1, "only what is new is embedded");
    agent.stop();
    fs::rename(&aside, &other).unwrap();
    let agent = place.up(&[]);
    wait_embedded(&agent, embedded + 2);
    agent.wait_ready(62);
    agent.stop();
    let (of, stale) = vectors(&place.home());
    assert_eq!((of[&mark(&other)], stale), (61, 0));
}
