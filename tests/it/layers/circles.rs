//! Circles of files: who uses whom, file by file, and where that leads back to where it began.
//!
//! A use is a path in the product's code: `crate::`, `super::` or `self::` and what follows, in `use` groups too, and
//! `child::` of a file's own child. A `mod` line and a `pub use` are no uses: the first says where a file is, the second
//! where others find what is in it.

use super::source::{Source, Token, tokens};
use std::collections::{BTreeMap, BTreeSet};

type Module = Vec<String>;

/// A sentence for each circle of files under `src`.
pub(super) fn circles(files: &[Source]) -> Vec<String> {
    let product = files.iter().filter(|file| file.path.starts_with("src/") && !file.tests_only());
    let by_module: BTreeMap<Module, &Source> = product.map(|file| (module_of(&file.path), file)).collect();
    let modules: BTreeSet<Module> = by_module.keys().cloned().collect();
    let uses: BTreeMap<&Module, BTreeSet<Module>> =
        by_module.iter().map(|(module, file)| (module, used(module, &tokens(&file.product), &modules))).collect();
    let reach: BTreeMap<&Module, BTreeSet<&Module>> =
        modules.iter().map(|module| (module, reachable(module, &uses))).collect();
    let mut told = BTreeSet::new();
    let mut found = Vec::new();
    for module in &modules {
        let circle: Vec<&Module> =
            reach[module].iter().filter(|other| reach[**other].contains(module)).copied().collect();
        if circle.is_empty() || !told.insert(circle.clone()) {
            continue;
        }
        let names: Vec<String> = circle.iter().map(|module| module.join("::")).collect();
        found.push(format!(
            "{}:1: {} files use each other in a circle: {}; move what they share into a file of its own.",
            by_module[module].path,
            names.len(),
            names.join(", ")
        ));
    }
    found
}

fn reachable<'a>(from: &Module, uses: &'a BTreeMap<&Module, BTreeSet<Module>>) -> BTreeSet<&'a Module> {
    let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(module) = next.pop() {
        for used in uses.get(module).into_iter().flatten() {
            if seen.insert(used) {
                next.push(used);
            }
        }
    }
    seen
}

fn module_of(path: &str) -> Module {
    let path = path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    if path == "lib" { Vec::new() } else { path.split('/').map(str::to_owned).collect() }
}

/// The modules that a file uses, itself left out.
fn used(own: &Module, tokens: &[Token<'_>], modules: &BTreeSet<Module>) -> BTreeSet<Module> {
    let mut found = BTreeSet::new();
    let (mut open, mut inline, mut at) = (0_usize, Vec::<(usize, String)>::new(), 0);
    while at < tokens.len() {
        let text = tokens[at].text;
        match text {
            "{" if at >= 2 && tokens[at - 2].text == "mod" => {
                open += 1;
                inline.push((open, tokens[at - 1].text.to_owned()));
            }
            "{" => open += 1,
            "}" => {
                inline.pop_if(|(level, _)| *level == open);
                open = open.saturating_sub(1);
            }
            // A re-export is passed over.
            "pub" if re_export(&tokens[at..]) => at += tokens[at..].iter().position(|t| t.text == ";").unwrap_or(0),
            _ => {}
        }
        let inner = at >= 1 && tokens[at - 1].text == "::";
        let follows = tokens.get(at + 1).is_some_and(|next| next.text == "::");
        let mut here = own.clone();
        here.extend(inline.iter().map(|(_, name)| name.clone()));
        let child = || {
            let mut child = here.clone();
            child.push(text.to_owned());
            modules.contains(&child)
        };
        if follows && !inner && (["crate", "super", "self"].contains(&text) || child()) {
            for path in expand(&tokens[at..], &[]) {
                found.extend(resolve(&here, &path, modules));
            }
        }
        at += 1;
    }
    found.remove(own);
    found
}

fn re_export(tokens: &[Token<'_>]) -> bool {
    let after = if tokens.get(1).is_some_and(|token| token.text == "(") {
        tokens.iter().position(|token| token.text == ")").map_or(tokens.len(), |at| at + 1)
    } else {
        1
    };
    tokens.get(after).is_some_and(|token| token.text == "use")
}

/// All paths of one that begins here: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn expand(tokens: &[Token<'_>], before: &[String]) -> Vec<Vec<String>> {
    let (mut path, mut at) = (before.to_vec(), 0);
    while let Some(token) = tokens.get(at) {
        if token.text == "{" {
            return expand_group(&tokens[at + 1..], &path);
        }
        path.push(token.text.to_owned());
        if tokens.get(at + 1).is_none_or(|next| next.text != "::") {
            break;
        }
        at += 2;
    }
    vec![path]
}

fn expand_group(tokens: &[Token<'_>], before: &[String]) -> Vec<Vec<String>> {
    let (mut depth, mut fresh, mut found) = (0, true, Vec::new());
    for (at, token) in tokens.iter().enumerate() {
        match token.text {
            "{" => depth += 1,
            "}" if depth == 0 => break,
            "}" => depth -= 1,
            "," => {}
            _ if fresh && depth == 0 => found.extend(expand(&tokens[at..], before)),
            _ => {}
        }
        fresh = depth == 0 && token.text == ",";
    }
    found
}

/// The module that a path names something of; the longest one that exists.
fn resolve(here: &Module, path: &[String], modules: &BTreeSet<Module>) -> Option<Module> {
    let mut at = 0;
    let mut module = match path.first()?.as_str() {
        "crate" => {
            at = 1;
            Vec::new()
        }
        _ => here.clone(),
    };
    while let Some(step) = path.get(at).filter(|step| *step == "super" || *step == "self") {
        if step == "super" {
            module.pop()?;
        }
        at += 1;
    }
    for step in &path[at..] {
        module.push(step.clone());
        if !modules.contains(&module) {
            module.pop();
            break;
        }
    }
    modules.contains(&module).then_some(module).filter(|module| !module.is_empty())
}
