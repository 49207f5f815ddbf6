//! docs/security.md: every claim names a test, and the test is there.

use super::harness::repo;
use std::fs;
use std::path::Path;

/// A test's name has this many letters at least; shorter words in backquotes are commands and fields.
const NAME_MIN: usize = 25;

#[test]
fn every_test_that_the_security_page_names_exists() {
    let page = fs::read_to_string(repo().join("docs/security.md")).unwrap();
    let is_name = |word: &str| {
        word.len() >= NAME_MIN && word.bytes().all(|byte| byte.is_ascii_lowercase() || b"_0123456789".contains(&byte))
    };
    let names: Vec<&str> = page.split('`').filter(|word| is_name(word)).collect();
    assert!(names.len() >= 20, "{names:?}");
    let mut code = String::new();
    read(&repo().join("src"), &mut code);
    read(&repo().join("tests"), &mut code);
    let missing: Vec<&&str> = names.iter().filter(|name| !code.contains(&format!("fn {name}("))).collect();
    assert!(missing.is_empty(), "docs/security.md names tests that do not exist: {missing:?}");
}

fn read(folder: &Path, code: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, code);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            code.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}
