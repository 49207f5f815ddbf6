//! Each command that a text of the program names is one that the program takes.

use super::*;
use std::fs;
use std::path::Path;

/// The files of the sources but for tests.
pub(super) fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if name == "test" || name == "tests" || name.ends_with("_test") {
            continue;
        }
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The code of a file, without its comments and its tests, and with each text on one line.
pub(super) fn told(source: &str) -> String {
    let code = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.fold(String::new(), |told, line| match line.strip_suffix('\\') {
        Some(goes_on) => told + goes_on.trim_start(),
        None => told + line.trim_start() + "\n",
    })
}

/// A hint as a person would type it, with something in place of what is put into it.
fn typed(hint: &str) -> Vec<String> {
    let parts = hint.split('{').map(|part| part.split_once('}').map_or(part, |(_, rest)| rest));
    let filled = parts.collect::<Vec<_>>().join(if hint.contains(" ring ") { "mesh" } else { "7" });
    let filled = filled.replace("--ring 7", "--ring mesh").replace("7:7", "192.168.1.4:7780");
    let filled = filled.replace("--open-api 7", "--open-api 192.168.1.4:7780");
    let parts = filled.split('\'').enumerate();
    let words = parts.flat_map(|(place, part)| match place % 2 {
        0 => part.split_whitespace().map(str::to_owned).collect(),
        _ => vec![part.to_owned()],
    });
    words.collect()
}

#[test]
fn each_command_that_a_text_names_is_a_whole_one() {
    let (mut files, mut wrong, mut checked) = (Vec::new(), Vec::new(), 0);
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    for file in files {
        let told = told(&fs::read_to_string(&file).unwrap());
        for (at, _) in told.match_indices("`wattle ") {
            let Some((hint, _)) = told[at + 1..].split_once('`') else { continue };
            checked += 1;
            if let Err(error) = Args::try_parse_from(typed(hint)) {
                wrong.push(format!("{}: `{hint}`: {error}", file.display()));
            }
        }
    }
    assert!(checked > 100, "{checked}");
    assert!(wrong.is_empty(), "of {checked}:\n{}", wrong.join("\n"));
}
