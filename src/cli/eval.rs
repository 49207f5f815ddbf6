//! `wattle eval`: how well the search finds what it should, on a set of questions with known answers. No agent is asked: the
//! documents go through the same steps as on a device, into stores in memory, and the questions through the same search
//! and merge.

mod agents;
mod cache;
mod metric;
mod set;

use super::args::EvalArgs;
use super::output::{Stop, compact, print_as_is};
use crate::platform::models::{self, EmbeddedModel};
use agents::{Agents, Ranked};
use cache::Cached;
use metric::{Metrics, mean};
use serde_json::{Value, json};
use set::Set;
use std::collections::BTreeMap;

/// Runs the set in this folder, whose path is absolute.
pub(super) fn eval(args: &EvalArgs, model: &'static EmbeddedModel) -> Result<(), Stop> {
    let set = Set::read(&args.folder)?;
    let folder = args.models.as_deref().map(models::find).transpose()?;
    let (engine, _) = models::load(folder.as_deref(), model)?;
    let mut embedder = Cached::new(engine, args.cache.as_deref())?;
    let agents = Agents::new(&set, &mut embedder, args)?;
    embedder.save()?;
    let mut results: Vec<(&str, [Metrics; 3])> = Vec::new();
    for (id, question) in set.judged() {
        let Ranked { lexical, vector, fused } = agents.ask(question, &mut embedder)?;
        let of = |ranked: &[String]| Metrics::of(ranked, set.relevant(id));
        results.push((id, [of(&lexical), of(&vector), of(&fused)]));
    }
    embedder.save()?;
    let means = [0, 1, 2].map(|at| mean(results.iter().map(|(_, of)| of[at])));
    let names = ["lexical", "vector", "fused"];
    if args.json {
        let mut json: serde_json::Map<String, Value> =
            names.iter().zip(&means).map(|(name, of)| ((*name).to_owned(), of.json())).collect();
        let each: BTreeMap<&str, Value> = results.iter().map(|(id, of)| (*id, named(&names, of))).collect();
        json.insert("per_query".to_owned(), json!(each));
        return print_as_is(&compact(&Value::Object(json)));
    }
    let mut text = format!(
        "{} documents in {} passages, {} questions, {} agents\n{:<8} {:>8} {:>6} {:>6} {:>6} {:>7}\n",
        set.documents.len(),
        agents.passages(),
        results.len(),
        args.agents,
        "",
        "nDCG@10",
        "R@5",
        "R@10",
        "R@100",
        "MRR@10"
    );
    for (name, of) in names.iter().zip(&means) {
        text.push_str(&of.line(name));
    }
    print_as_is(&text)
}

fn named(names: &[&str; 3], of: &[Metrics; 3]) -> Value {
    names.iter().zip(of).map(|(name, of)| ((*name).to_owned(), of.json())).collect()
}
