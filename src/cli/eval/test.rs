//! A small set, by all ways.

use super::*;
use crate::cli::args::Split;
use crate::embed::stand_in::StandIn;

const TOPICS: [&str; 4] =
    ["garden hedge soil rake", "engine oil tyre brake", "violin bow string rosin", "flour yeast oven loaf"];

/// Forty documents of four topics, each with a word of its own that is asked for.
fn set() -> Set {
    let mut corpus = String::new();
    let (mut queries, mut judgements) = (String::new(), String::new());
    for n in 0..40 {
        let title = if n % 2 == 0 { "Notes" } else { "" };
        let text = format!("{} number{n} of the list", TOPICS[n % 4]);
        corpus += &format!("{}\n", json!({ "_id": format!("d{n}"), "title": title, "text": text }));
        let kind = if n < 20 { "low" } else { "high" };
        queries += &format!("{}\n", json!({ "_id": n, "text": format!("where is number{n}?"), "kind": kind }));
        judgements += &format!("{n}\td{n}\t1\n");
    }
    Set::parse(corpus.as_bytes(), queries.as_bytes(), judgements.as_bytes()).unwrap()
}

fn args(agents: usize, split: Split) -> EvalArgs {
    EvalArgs { set: PathBuf::new(), agents, split, seed: 1, cache: None, models: None, dump: None }
}

#[test]
fn a_word_that_one_document_has_is_found_on_one_agent_and_on_many_and_the_same_run_gives_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (set, embedder) = (set(), StandIn::new(Fingerprint([3; 32])));
    for (agents, split) in [(1, Split::Topical), (8, Split::Topical), (8, Split::Random)] {
        let run = || {
            let report = evaluated(&args(agents, split), &set, &folder.path().join("cache"), &embedder, None).unwrap();
            serde_json::to_value(report).unwrap()
        };
        let report = run();
        assert_eq!(report["lexical"]["mrr10"], 1.0, "{agents} {split:?}");
        assert_eq!(report["fused"]["mrr10"], 1.0, "{agents} {split:?}");
        assert_eq!(report["per_query"].as_object().unwrap().len(), 40);
        assert_eq!((&report["kinds"]["low"]["fused"]["r5"], &report["passages"]), (&1.0.into(), &40.into()));
        let answers = report["scores"].as_array().unwrap().iter().map(|range| range["answers"].as_u64().unwrap());
        assert_eq!(answers.sum::<u64>(), 80, "each question is asked with its document and without it");
        assert_eq!(report, run());
    }
}

#[test]
fn the_dump_has_both_lists_of_each_question_with_both_scores_best_first() {
    let folder = tempfile::tempdir().unwrap();
    let (set, embedder) = (set(), StandIn::new(Fingerprint([3; 32])));
    let dump = folder.path().join("dump");
    evaluated(&args(2, Split::Random), &set, &folder.path().join("cache"), &embedder, Some(&dump)).unwrap();
    let lines: Vec<Value> =
        std::fs::read_to_string(&dump).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 40);
    for line in &lines {
        let number = line["_id"].as_str().unwrap();
        let best = &line["lexical"][0];
        assert_eq!(best["id"], format!("d{number}"));
        assert!(best["bm25"].as_f64().unwrap() > 0.0 && best["cosine"].as_f64().unwrap() > 0.0);
        assert_eq!(line["relevant"][format!("d{number}")], 1.0);
        let cosines: Vec<f64> =
            line["vector"].as_array().unwrap().iter().map(|one| one["cosine"].as_f64().unwrap()).collect();
        assert!(cosines.len() == 40 && cosines.is_sorted_by(|a, b| a >= b), "{cosines:?}");
    }
}

#[test]
fn a_dump_overwrites_nothing_and_does_not_wait_for_who_reads_a_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let (set, embedder) = (set(), StandIn::new(Fingerprint([3; 32])));
    let (file, pipe, cache) = (folder.path().join("file"), folder.path().join("pipe"), folder.path().join("cache"));
    std::fs::write(&file, "mine").unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).unwrap();
    for there in [&file, &pipe] {
        let why = evaluated(&args(1, Split::Random), &set, &cache, &embedder, Some(there)).unwrap_err();
        assert!(why.contains("is there already, and is not overwritten. Name a new file with --dump."), "{why}");
    }
    assert_eq!(std::fs::read(&file).unwrap(), b"mine");
    assert!(!cache.exists(), "it is told before anything is embedded");
}

#[test]
fn a_document_without_text_is_refused_and_counts_as_not_found() {
    let folder = tempfile::tempdir().unwrap();
    let mut set = set();
    let empty = "{\"_id\":\"empty\",\"text\":\" \"}\n{\"_id\":\"d1\",\"text\":\"violin\"}";
    let judged = "1\tempty\t1\n1\td1\t1\n";
    set = Set { ..Set::parse(empty.as_bytes(), b"{\"_id\":1,\"text\":\"violin\"}", judged.as_bytes()).unwrap_or(set) };
    let embedder = StandIn::new(Fingerprint([3; 32]));
    let report = evaluated(&args(1, Split::Topical), &set, &folder.path().join("cache"), &embedder, None).unwrap();
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!((&json["refused"], &json["fused"]["r100"]), (&1.into(), &0.5.into()));
    assert!(report.text().contains("1 of the documents is refused"), "{}", report.text());
}
