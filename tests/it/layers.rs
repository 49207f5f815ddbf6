//! Holds the tree to docs/architecture.md: layers, heads, sizes, and what may do I/O where.
//!
//! Reads the source as text, with comments, strings and characters blanked out first. Each rule is a small
//! function of one file, and is tested below with a planted violation.

mod circles;
mod planted;
mod sizes;
mod source;

use source::{Source, children_of, sequences, supers_to_the_root, tokens};
use std::fs;
use std::io;
use std::path::Path;

/// A module may use itself and modules of a lower rank. `main` lies over all, `limits` under all.
const LAYERS: [(u8, &[&str]); 11] = [
    (10, &["main"]),
    (9, &["cli"]),
    (8, &["http"]),
    (7, &["runtime"]),
    (6, &["net"]),
    (5, &["platform", "sim"]),
    (4, &["node", "worker", "config"]),
    (3, &["energy", "mesh", "scheduler", "query", "learn"]),
    (2, &["wire", "text", "embed", "store", "search"]),
    (1, &["base"]),
    (0, &["limits"]),
];

/// Modules that few use: the simulator is for tests, benches and `wattle sim`.
const USED_BY: [(&str, &[&str]); 2] = [("sim", &["cli"]), ("main", &[])];

/// Where I/O is done.
const WORLD: &[&str] = &["src/cli/", "src/http/", "src/main.rs", "src/net/", "src/platform/", "src/runtime/"];

/// Parts of `std` that do I/O.
const STD_WORLD: [(&str, &[&str], &str); 5] = [
    ("fs", WORLD, "let platform read or write, and take bytes"),
    ("net", WORLD, "let net hold sockets; addresses as data are in core::net"),
    ("thread", WORLD, "let runtime own the threads"),
    ("process", WORLD, "let platform start programs and main choose the exit code"),
    ("env", WORLD, "take settings through config"),
];

/// Crates that do I/O, and the tensor engine.
const CRATES: [(&str, &[&str], &str); 17] = [
    ("smol", WORLD, "return outputs; the driver waits"),
    ("async_io", WORLD, "return outputs; the driver waits"),
    ("async_net", WORLD, "return outputs; net holds the sockets"),
    ("async_signal", WORLD, "let cli hear signals"),
    ("futures_lite", WORLD, "return outputs; the driver waits"),
    ("fjall", WORLD, "use the port store::kv::Kv"),
    ("trillium", WORLD, "let http speak HTTP"),
    ("rustls", &["src/http/tls.rs", "src/http/tls/"], "let http::tls speak TLS"),
    ("futures_rustls", &["src/http/tls.rs", "src/http/tls/"], "let http::tls speak TLS"),
    ("mdns_sd", WORLD, "let net discover"),
    ("clap", WORLD, "let cli read arguments"),
    ("clap_complete", WORLD, "let cli tell shells"),
    ("clap_mangen", WORLD, "let cli write its pages"),
    ("indicatif", WORLD, "return notices; runtime shows them"),
    ("rustix", WORLD, "let platform call the operating system"),
    ("getrandom", WORLD, "take chance from the seeded generator, keys from platform"),
    ("tract", &["src/embed/engine.rs", "src/embed/engine/"], "use the port embed::Embedder"),
];

/// Words that ask a clock or talk to a person.
const SAYINGS: [(&[&str], &str); 6] = [
    (&["Instant", "::", "now"], "take `now` as first argument"),
    (&["SystemTime", "::", "now"], "no decision reads the wall clock; platform::clock gives it for display"),
    (&["print", "!"], "return a value or a Notice"),
    (&["println", "!"], "return a value or a Notice"),
    (&["eprint", "!"], "return a value or a Notice"),
    (&["eprintln", "!"], "return a value or a Notice"),
];

/// Files that may say `unsafe`: system calls without a safe wrapper. A measured SIMD file joins with its benchmark.
const UNSAFE_FILES: &[&str] = &[
    "src/embed/kernels/amx.rs",
    "src/embed/kernels/amx_permission.rs",
    "src/embed/kernels/avx2.rs",
    "src/embed/kernels/avx512.rs",
    "src/embed/kernels/avx_vnni.rs",
    "src/embed/kernels/neon.rs",
    "src/embed/kernels/neon_32.rs",
    "src/embed/kernels/neon_dot.rs",
    "src/platform/child/sys.rs",
    "src/platform/hypot.rs",
    "src/platform/sched.rs",
    "src/search/vector/avx2.rs",
    "src/search/vector/avx512.rs",
    "src/search/vector/neon.rs",
    "src/wire/noise/avx512.rs",
    "src/wire/noise/chacha.rs",
];

const NAMES_THAT_SAY_NOTHING: [&str; 9] =
    ["util", "utils", "common", "manager", "managers", "helper", "helpers", "type", "types"];

/// Lines of prose that the head of a folder has at least: what it is for, how it works, what it does not do.
const HEAD_LINES_MIN: usize = 4;
const FILE_LINES_MAX: usize = 400;

const RULES: [fn(&Source) -> Vec<String>; 12] = [
    place,
    name,
    layers,
    head,
    folder_head,
    size,
    sizes::fields,
    sizes::public_items,
    leftovers,
    world,
    switches,
    no_unsafe,
];

#[test]
fn the_tree_is_as_the_architecture_page_describes_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["src", "tests", "benches", "fuzz/targets", "examples"].map(|name| root.join(name)) {
        if folder.is_dir() {
            read_tree(root, &folder, &mut files).unwrap();
        }
    }
    assert!(files.iter().any(|file| file.path == "src/lib.rs"), "no src/lib.rs under {}", root.display());
    let mut faults: Vec<String> = files.iter().flat_map(|file| RULES.iter().flat_map(|rule| rule(file))).collect();
    faults.extend(folders_without_head(&files));
    faults.extend(circles::circles(&files));
    faults.extend(sizes::unused_public_items(&files));
    faults.sort();
    assert!(faults.is_empty(), "{} places differ from docs/architecture.md:\n{}", faults.len(), faults.join("\n"));
}

fn read_tree(root: &Path, folder: &Path, files: &mut Vec<Source>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read_tree(root, &path, files)?;
        } else if path.extension().is_some_and(|end| end == "rs") {
            let relative = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            files.push(Source::new(&relative, &fs::read_to_string(&path)?));
        }
    }
    Ok(())
}

// ---- the rules -------------------------------------------------------------------------------------------

fn place(file: &Source) -> Vec<String> {
    let known = file.module().is_none_or(|module| rank(module).is_some() || file.path == "src/lib.rs");
    let what = "this top-level module is in no layer; put it into one, or change LAYERS";
    file.faults((!known).then_some((1, what.to_owned())))
}

fn name(file: &Source) -> Vec<String> {
    let bad = file.path.trim_end_matches(".rs").split(['/', '_']).find(|part| NAMES_THAT_SAY_NOTHING.contains(part));
    file.faults(bad.map(|part| (1, format!("\"{part}\" says nothing; name the noun that lives here"))))
}

fn layers(file: &Source) -> Vec<String> {
    let Some((own, own_rank)) = file.module().and_then(|own| Some((own, rank(own)?))) else { return Vec::new() };
    let tokens = tokens(&file.code);
    let mut uses = children_of(&tokens, "crate");
    uses.extend(supers_to_the_root(&tokens, file.depth()));
    let wrong = uses.iter().filter(|(used, _)| *used != own).filter_map(|(used, line)| match rank(used) {
        Some(_) if USED_BY.iter().any(|(name, by)| name == used && !by.contains(&own)) => {
            Some((*line, format!("{own} uses {used}, which is for tests, benches and wattle sim only")))
        }
        Some(rank) if rank < own_rank => None,
        Some(_) => Some((*line, format!("{own} uses {used}; arrows go down, never sideways: pass a value of base"))),
        None => Some((*line, format!("{own} uses crate::{used}, which is no module of LAYERS; name where it lives"))),
    });
    // A test file may lie beside what it tests, whatever its name.
    let product = self::tokens(&file.product);
    let hidden = sequences(&product, &["#", "[", "path"]).into_iter();
    let hidden = hidden.map(|line| (line, "#[path] hides where a module lives; move the file instead".to_owned()));
    file.faults(wrong.chain(hidden))
}

fn head(file: &Source) -> Vec<String> {
    let missing = !file.text.trim_start().starts_with("//!");
    file.faults(missing.then(|| (1, "say in a first //! line what this file is".to_owned())))
}

fn folder_head(file: &Source) -> Vec<String> {
    if !(file.path.starts_with("src/") && file.path.ends_with("/mod.rs")) {
        return Vec::new();
    }
    let lines = file.text.lines().take_while(|line| line.starts_with("//!")).filter(|line| line.len() > 4).count();
    let what = format!(
        "the head has {lines} lines; say in {HEAD_LINES_MIN} or more what the folder is for, how it works and what it does not do"
    );
    file.faults((lines < HEAD_LINES_MIN).then_some((1, what)))
}

/// A folder has a `mod.rs`; inside one, a file that grew (`text/chunk.rs`) may keep its parts in a folder of its name.
fn folders_without_head(files: &[Source]) -> Vec<String> {
    let exists = |path: String| files.iter().any(|file| file.path == path);
    let headed = |folder: &str| {
        exists(format!("src/{folder}/mod.rs")) || folder.contains('/') && exists(format!("src/{folder}.rs"))
    };
    let folders = files.iter().filter(|file| !file.tests_only());
    let folders = folders.filter_map(|file| Some(file.path.strip_prefix("src/")?.rsplit_once('/')?.0));
    let mut missing: Vec<&str> = folders.filter(|folder| !headed(folder)).collect();
    missing.dedup();
    missing.iter().map(|folder| format!("src/{folder}:1: this folder has no mod.rs that says its duty.")).collect()
}

fn size(file: &Source) -> Vec<String> {
    let lines = file.text.lines().count();
    let what = format!("{lines} lines, and {FILE_LINES_MAX} are the most; this file holds more than one noun");
    file.faults((lines > FILE_LINES_MAX).then_some((FILE_LINES_MAX + 1, what)))
}

fn leftovers(file: &Source) -> Vec<String> {
    if !file.path.starts_with("src/") {
        return Vec::new();
    }
    let tokens = tokens(&file.product);
    let mut found = Vec::new();
    for word in ["todo", "unimplemented", "dbg"] {
        let lines = sequences(&tokens, &[word, "!"]).into_iter();
        found.extend(lines.map(|line| (line, format!("{word}! is left over; finish it or take it out"))));
    }
    let lines = sequences(&tokens, &[".", "unwrap", "(", ")"]).into_iter();
    found.extend(
        lines.map(|line| (line, "unwrap() outside tests; return an error, or assert! with a reason".to_owned())),
    );
    file.faults(found)
}

fn world(file: &Source) -> Vec<String> {
    if !file.path.starts_with("src/") {
        return Vec::new();
    }
    let tokens = tokens(&file.product);
    let mut found = Vec::new();
    for (part, places, advice) in STD_WORLD.iter().filter(|(_, places, _)| !file.lies_in(places)) {
        let uses = children_of(&tokens, "std").into_iter().filter(|(child, _)| child == part);
        found.extend(uses.map(|(_, line)| (line, format!("std::{part} outside {}; {advice}", places.join(", ")))));
    }
    for (name, places, advice) in CRATES.iter().filter(|(_, places, _)| !file.lies_in(places)) {
        let family = format!("{name}_");
        let named = |token: &str| token == *name || token.starts_with(&family);
        let uses = tokens.windows(2).map(|pair| (pair[0].text, pair[1].text, pair[0].line));
        let uses = uses.filter(|(one, two, _)| named(one) && *two == "::" || *one == "use" && named(two));
        found.extend(uses.map(|(_, _, line)| (line, format!("{name} outside {}; {advice}", places.join(", ")))));
    }
    for (words, advice) in SAYINGS.iter().filter(|_| !file.lies_in(WORLD)) {
        let lines = sequences(&tokens, words).into_iter();
        found.extend(lines.map(|line| (line, format!("{} outside {}; {advice}", words.concat(), WORLD.join(", ")))));
    }
    found.dedup();
    file.faults(found)
}

fn switches(file: &Source) -> Vec<String> {
    if file.path == "src/lib.rs" || file.path.ends_with("/mod.rs") || !file.path.starts_with("src/") {
        return Vec::new();
    }
    let lines = file.code.lines().enumerate().filter(|(_, line)| line.contains("cfg") && line.contains("feature ="));
    let what = "feature switches stand only in lib.rs and mod.rs; switch the whole module there";
    file.faults(lines.map(|(at, _)| (at + 1, what.to_owned())))
}

fn no_unsafe(file: &Source) -> Vec<String> {
    let tokens = if file.lies_in(UNSAFE_FILES) { Vec::new() } else { tokens(&file.code) };
    let what = "unsafe code is for the files of UNSAFE_FILES; write it safely, or bring a benchmark that says why";
    file.faults(sequences(&tokens, &["unsafe"]).into_iter().map(|line| (line, what.to_owned())))
}

fn rank(module: &str) -> Option<u8> {
    LAYERS.iter().find(|(_, names)| names.contains(&module)).map(|(rank, _)| *rank)
}
