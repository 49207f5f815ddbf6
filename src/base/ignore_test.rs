//! The rules of gitignore(5), one test each.

use super::{Ignore, Rules, is_ignore_file};

/// Whether a file of these lines leaves a path out; one that ends in a slash is a folder.
fn out(lines: &str, path: &str) -> bool {
    let (path, is_folder) = path.strip_suffix('/').map_or((path, false), |path| (path, true));
    Rules::parse(lines.as_bytes()).verdict(path.as_bytes(), is_folder).unwrap_or(false)
}

fn check(lines: &str, left_out: &[&str], kept: &[&str]) {
    left_out.iter().for_each(|path| assert!(out(lines, path), "{lines:?} leaves {path} out"));
    kept.iter().for_each(|path| assert!(!out(lines, path), "{lines:?} keeps {path}"));
}

#[test]
fn a_pattern_without_a_slash_holds_for_names_at_any_depth() {
    check("foo", &["foo", "foo/", "a/foo", "a/b/foo"], &["foo.txt", "a/xfoo", "foo/a"]);
    check("*.log", &["a.log", ".log", "a/b.log"], &["a.log.txt", "a.log/b"]);
}

#[test]
fn a_slash_at_the_beginning_or_in_the_middle_ties_a_pattern_to_its_folder() {
    check("/foo", &["foo", "foo/"], &["a/foo"]);
    check("a/foo", &["a/foo"], &["foo", "b/a/foo"]);
    check("/*.c", &["x.c"], &["a/x.c"]);
    check("doc/*.txt", &["doc/a.txt"], &["doc/b/a.txt", "a/doc/a.txt"]);
}

#[test]
fn a_slash_at_the_end_makes_it_one_of_folders() {
    check("build/", &["build/", "a/build/"], &["build", "a/build"]);
    check("/build/", &["build/"], &["a/build/", "build"]);
    check("a/b/", &["a/b/"], &["a/b", "c/a/b/"]);
}

#[test]
fn two_stars_between_slashes_hold_for_any_number_of_folders() {
    check("**/foo", &["foo", "a/foo", "a/b/foo/"], &["xfoo"]);
    check("**/a/b", &["a/b", "x/y/a/b"], &["a/x/b"]);
    check("a/**/b", &["a/b", "a/x/b", "a/x/y/b"], &["ab", "x/a/b", "a/xb"]);
    check("a/**", &["a/b", "a/b/c", "a/b/"], &["a/", "b/a/c"]);
    check("**", &["a", "a/b"], &[]);
    check("a**b", &["ab", "axxb", "c/axb"], &["a/b"]);
    check("a/**/**/b/**", &["a/b/c", "a/x/b/y/z"], &["a/b/", "a/b"]);
    check("/**", &["a", "a/b"], &[]);
    check("a/***/b", &["a/b", "a/x/y/b"], &["ab"]);
}

#[test]
fn a_star_and_a_question_mark_hold_for_no_slash() {
    check("a/*", &["a/b", "a/.b"], &["a/b/c", "a/"]);
    check("fo?", &["foo", "fob"], &["fo", "fooo"]);
    check("/a?b", &["axb"], &["a/b"]);
    check("*a*b*", &["ab", "xaxbx", "aab"], &["ba", "a", "xb"]);
}

#[test]
fn sets_have_ranges_and_classes_and_may_be_turned_round() {
    check("[a-c]x", &["ax", "cx"], &["dx", "x", "abx"]);
    check("[!a-c]x", &["dx", "-x"], &["ax"]);
    check("[^a]x", &["bx"], &["ax"]);
    check("[]a]x", &["]x", "ax"], &["bx"]);
    check("[a-]x", &["-x", "ax"], &["bx"]);
    check("[[:digit:]_].txt", &["1.txt", "_.txt"], &["a.txt", ":.txt"]);
    check("[\\]]x", &["]x"], &["\\x"]);
    check("[ab", &[], &["[ab", "a"]);
}

#[test]
fn an_exclamation_mark_takes_back_and_the_last_pattern_that_holds_decides() {
    check("*.log\n!keep.log", &["a.log"], &["keep.log", "a/keep.log"]);
    check("!keep.log\n*.log", &["keep.log"], &[]);
    check("/*\n!/foo\n/foo/*\n!/foo/bar", &["a", "foo/x"], &["foo/", "foo/bar"]);
}

#[test]
fn comments_blank_lines_and_blanks_at_the_end_are_no_patterns() {
    check("# foo\n\n   \n\r\nbar  \r\n", &["bar"], &["# foo", "foo", " "]);
    check("\\#a\n\\!b\nc\\ \nd\\\\ ", &["#a", "!b", "c ", "d\\"], &["a", "b", "c"]);
    check("\u{feff}foo", &["foo"], &[]);
    check("/\n!\n!/\n", &[], &["a", "!"]);
    check("a\\", &[], &["a", "a\\"]);
    check("a\\/b", &["a/b"], &["a", "x/a/b"]);
}

#[test]
fn no_pattern_takes_long() {
    let name = "a".repeat(250);
    let pattern = format!("{}b", "*a".repeat(120));
    assert!(!out(&pattern, &name));
    let path = vec!["a"; 500].join("/");
    assert!(!out(&format!("{}/b", vec!["**/a"; 200].join("/")), &path));
}

#[test]
fn the_deepest_file_that_says_anything_decides_and_the_own_one_before_that_of_git() {
    let file = |text: &str| text.as_bytes().to_vec();
    let mut ignore = Ignore::default();
    ignore.enter(b"/n", &[file("*.log\n/build/\n*.tmp"), file("!wanted.log\nsecret")]);
    ignore.enter(b"/n/a", &[file("!b.log\nwanted.log\n!secret"), file("")]);
    let out = |place: &str| {
        let (place, is_folder) = place.strip_suffix('/').map_or((place, false), |place| (place, true));
        ignore.leaves_out(b"/n", place.as_bytes(), is_folder)
    };
    assert!(out("/n/a/c.log") && !out("/n/a/b.log") && out("/n/x.tmp"));
    assert!(!out("/n/wanted.log") && !out("/n/a/wanted.log"), "what the own file takes back");
    assert!(out("/n/a/secret"), "and what it leaves out");
    assert!(out("/n/build/") && !out("/n/build") && !out("/n/a/build/"));
    assert!(!ignore.leaves_out(b"/n/a", b"/n/a/c.log", false), "files above the folder that was named do not count");
    ignore.enter(b"/n/b", &[file(""), file("")]);
    assert!(ignore.leaves_out(b"/n", b"/n/b/b.log", false), "what a neighbour says is forgotten");
}

#[test]
fn files_of_patterns_are_told_by_their_names() {
    assert!(is_ignore_file(b"/n/.gitignore") && is_ignore_file(b"/.wattleignore"));
    assert!(!is_ignore_file(b"/n/gitignore") && !is_ignore_file(b"/n/.gitignore/x") && !is_ignore_file(b""));
}
