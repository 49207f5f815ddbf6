//! yocto/meta-wattle: the recipe's crates are those of Cargo.lock. scripts/yocto-check looks at the rest, with tools that are not here.

use super::harness::repo;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const RECIPES: &str = "yocto/meta-wattle/recipes-wattle/wattle";

/// Runs scripts/yocto-crates of this tree; `None` where there is no Python, which CI has.
fn crates(root: &Path, arguments: &[&str]) -> Option<Output> {
    match Command::new("python3").arg(root.join("scripts/yocto-crates")).args(arguments).output() {
        Ok(output) => Some(output),
        Err(error) => {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "there is no python3: {error}");
            println!("not checked: there is no python3");
            None
        }
    }
}

fn why(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_recipes_crates_are_those_of_cargo_lock() {
    let Some(output) = crates(repo(), &["--check"]) else { return };
    assert!(output.status.success(), "{}", why(&output));
}

#[test]
fn the_recipes_program_starts_on_the_pages_that_that_of_cargo_starts_on() {
    let read = |path: &str| fs::read_to_string(repo().join(path)).unwrap();
    let recipe = read(&format!("{RECIPES}/wattle_{}.bb", env!("CARGO_PKG_VERSION")));
    let config = read(".cargo/config.toml");
    let name = "JEMALLOC_SYS_WITH_LG_PAGE";
    let value =
        config.lines().find_map(|line| line.strip_prefix(&format!("AARCH64_UNKNOWN_LINUX_GNU_{name} = "))).unwrap();
    assert!(recipe.contains(&format!("export {name}\n{name}:aarch64 = {value}\n")), "{recipe}");
}

#[test]
fn a_list_that_is_stale_and_a_recipe_of_another_version_are_told() {
    let tree = tempfile::tempdir().unwrap();
    for folder in ["scripts", RECIPES] {
        fs::create_dir_all(tree.path().join(folder)).unwrap();
    }
    let list = format!("{RECIPES}/wattle-crates.inc");
    let version = env!("CARGO_PKG_VERSION");
    for file in ["scripts/yocto-crates", "Cargo.lock", "Cargo.toml", &list, &format!("{RECIPES}/wattle_{version}.bb")] {
        fs::copy(repo().join(file), tree.path().join(file)).unwrap();
    }
    let Some(output) = crates(tree.path(), &["--check"]) else { return };
    assert!(output.status.success(), "{}", why(&output));
    let lock = fs::read_to_string(tree.path().join("Cargo.lock")).unwrap();
    let one_less = lock.replacen("[[package]]\nname = \"adler2\"", "[[package]]\nname = \"adler3\"", 1);
    assert_ne!(lock, one_less);
    fs::write(tree.path().join("Cargo.lock"), one_less).unwrap();
    let output = crates(tree.path(), &["--check"]).unwrap();
    assert!(!output.status.success() && why(&output).contains("run scripts/yocto-crates"), "{}", why(&output));
    assert!(crates(tree.path(), &[]).unwrap().status.success());
    assert!(fs::read_to_string(tree.path().join(&list)).unwrap().contains("crate://crates.io/adler3/"));
    assert!(crates(tree.path(), &["--check"]).unwrap().status.success());
    let manifest = fs::read_to_string(tree.path().join("Cargo.toml")).unwrap();
    let next = manifest.replacen(&format!("version = \"{version}\""), "version = \"99.0.0\"", 1);
    fs::write(tree.path().join("Cargo.toml"), next).unwrap();
    let output = crates(tree.path(), &["--check"]).unwrap();
    assert!(!output.status.success() && why(&output).contains("rename the recipe"), "{}", why(&output));
    // A crate of another place is not fetched without a word.
    let lock = lock.replacen("registry+https://github.com/rust-lang/crates.io-index", "git+https://example.org/x", 1);
    fs::write(tree.path().join("Cargo.lock"), lock).unwrap();
    let output = crates(tree.path(), &[]).unwrap();
    assert!(!output.status.success() && why(&output).contains("git+https://example.org/x"), "{}", why(&output));
}
