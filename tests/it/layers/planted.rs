//! Each rule catches its planted violation, and nothing that only looks like one.

use super::circles::circles;
use super::sizes::unused_public_items;
use super::{RULES, Source, folders_without_head};

fn faults(path: &str, text: &str) -> Vec<String> {
    let file = Source::new(path, text);
    RULES.iter().flat_map(|rule| rule(&file)).collect()
}

/// One fault, at this line, with these words in it.
fn caught(path: &str, text: &str, line: usize, words: &str) {
    let found = faults(path, text);
    assert_eq!(found.len(), 1, "{path} should have one fault about \"{words}\": {found:?}");
    assert!(found[0].starts_with(&format!("{path}:{line}: ")) && found[0].contains(words), "{}", found[0]);
}

fn clean(path: &str, text: &str) {
    assert_eq!(faults(path, text), Vec::<String>::new(), "{path}: {text}");
}

#[test]
fn an_arrow_that_goes_up_or_sideways_is_caught() {
    caught("src/store/kv.rs", "//! x\nuse crate::node::Node;\n", 2, "store uses node");
    caught("src/mesh/peers.rs", "//! x\nuse crate::scheduler::queue;\n", 2, "mesh uses scheduler");
    caught("src/text/a.rs", "//! x\nfn f() { crate::wire::go() }\n", 2, "text uses wire");
    caught("src/runtime/a.rs", "//! x\nuse crate::sim::World;\n", 2, "runtime uses sim");
    caught("src/platform/a.rs", "//! x\nuse crate::net::link;\n", 2, "platform uses net");
    caught("src/net/a.rs", "//! x\nuse crate::runtime::event;\n", 2, "net uses runtime");
    caught("src/runtime/a.rs", "//! x\nuse crate::http::api;\n", 2, "runtime uses http");
    caught("src/http/a.rs", "//! x\nuse crate::cli::args;\n", 2, "http uses cli");
    caught("src/sim/a.rs", "//! x\nuse crate::platform::clock;\n", 2, "sim uses platform");
    caught("src/limits.rs", "//! x\nuse crate::base::time;\n", 2, "limits uses base");
    caught("src/text/a.rs", "//! x\nuse crate::{\n  base::{id, time},\n  worker,\n};\n", 4, "text uses worker");
    caught("src/text/a.rs", "//! x\npub use crate::Unknown;\n", 2, "crate::Unknown");
    caught("src/text/a.rs", "//! x\n#[path = \"../net/b.rs\"]\nmod b;\n", 2, "#[path]");
}

#[test]
fn supers_that_reach_the_root_are_followed() {
    caught("src/text/a.rs", "//! x\nuse super::super::node::Node;\n", 2, "text uses node");
    caught("src/limits.rs", "//! x\nuse super::net;\n", 2, "limits uses net");
    caught("src/text/a.rs", "//! x\nmod b {\n use super::super::super::{base, net};\n}\n", 3, "text uses net");
    clean("src/text/extract/a.rs", "//! x\nuse super::super::chunk;\nmod tests { use super::super::super::chunk; }\n");
    clean("src/text/a.rs", "//! x\nmod b { fn f() {} }\nuse super::chunk;\nuse super::super::base::id;\n");
}

#[test]
fn arrows_down_and_one_s_own_module_pass() {
    clean("src/base/id.rs", "//! x\nuse crate::limits::{A, B};\nuse crate::base::time;\n");
    clean("src/node/ask.rs", "//! x\nuse crate::{base::{self, id}, query, store::record::Source};\n");
    clean("src/main.rs", "//! x\nuse wattle::cli;\nfn main() { std::thread::spawn(f); println!(); }\n");
    clean("src/platform/disk.rs", "//! x\nuse crate::config;\nuse fjall::Config;\nuse std::{fs, thread};\n");
    clean("src/embed/engine.rs", "//! x\nuse tract_onnx::prelude::*;\n");
    clean("src/base/a.rs", "//! x\npub(crate) struct A;\npub(in crate::base) fn f() {}\n");
}

#[test]
fn comments_strings_and_characters_do_not_trip_a_rule() {
    clean(
        "src/text/a.rs",
        "//! use crate::net; todo!()\n/// x.unwrap()\n// std::fs::read\n/* a /* std::net */ dbg!(x) */\n",
    );
    clean(
        "src/text/a.rs",
        "//! x\nconst A: &str = \"crate::net \\\" std::fs\";\nconst B: &str = r#\"todo!() \" \"#;\n",
    );
    clean("src/text/a.rs", "//! x\nconst A: [char; 2] = ['\"', '\\''];\nfn f<'a>(x: &'a str) -> &'a str { x } // \"\n");
    clean("src/text/a.rs", "//! x\nconst A: &[u8] = br\"std::fs\"; const B: u8 = b'\"';\nfn r(r: u8) -> u8 { r }\n");
    caught("src/text/a.rs", "//! x\nconst A: char = '\"';\nuse std::fs;\nconst B: char = '\"';\n", 3, "std::fs");
}

#[test]
fn what_is_left_over_is_caught_outside_tests_only() {
    caught("src/text/a.rs", "//! x\nfn f() { todo!() }\n", 2, "todo!");
    caught("src/text/a.rs", "//! x\nfn f() { unimplemented!(\"x\") }\n", 2, "unimplemented!");
    caught("src/text/a.rs", "//! x\nfn f() { dbg!(1); }\n", 2, "dbg!");
    caught("src/text/a.rs", "//! x\nfn f() {\n  g()\n    .unwrap();\n}\n", 4, "unwrap()");
    clean(
        "src/text/a.rs",
        "//! x\nfn f() { g().unwrap_or_default(); }\n#[cfg(test)]\nmod tests { fn g() { h().unwrap() } }\n",
    );
    clean("src/text/a.rs", "//! x\n#[cfg(test)]\npub fn suite(x: [u8; 2]) { g(x).unwrap(); }\n");
    clean("src/text/test.rs", "//! x\nfn f() { g().unwrap(); }\n");
    clean("src/text/plain_test.rs", "//! x\nfn f() { g().unwrap(); }\n");
    clean("src/text/plain.rs", "//! x\n#[cfg(test)]\n#[path = \"plain_test.rs\"]\nmod tests;\n");
    caught("src/text/a.rs", "//! x\n#[cfg(test)]\nmod tests { fn g() {} }\nfn f() { g().unwrap() }\n", 4, "unwrap()");
}

#[test]
fn io_outside_its_modules_is_caught() {
    for (code, words) in [
        ("use std::fs;", "std::fs"),
        ("use std::{fmt, net::TcpStream};", "std::net"),
        ("fn f() { std::thread::spawn(g); }", "std::thread"),
        ("fn f() { std::process::abort(); }", "std::process"),
        ("fn f() { std::env::args(); }", "std::env"),
        ("fn f() { Instant::now(); }", "Instant::now"),
        ("fn f() { std::time::SystemTime::now(); }", "SystemTime::now"),
        ("use smol::lock::Mutex;", "smol"),
        ("use fjall::Keyspace;", "fjall"),
        ("use trillium_smol::config;", "trillium"),
        ("fn f() { tract_onnx::onnx(); }", "tract"),
        ("fn f() { println!(); }", "println!"),
    ] {
        caught("src/worker/a.rs", &format!("//! x\n{code}\n"), 2, words);
    }
    caught("src/net/a.rs", "//! x\nuse tract_onnx::prelude::*;\n", 2, "tract outside src/embed/engine.rs");
}

#[test]
fn a_path_in_no_layer_or_a_name_that_says_nothing_is_caught() {
    caught("src/cloud/mod.rs", GOOD_HEAD, 1, "in no layer");
    caught("src/sync.rs", "//! x\n", 1, "in no layer");
    caught("src/text/util.rs", "//! x\n", 1, "\"util\"");
    caught("src/net/link_manager.rs", "//! x\n", 1, "\"manager\"");
    caught("tests/it/helpers/a.rs", "//! x\n", 1, "\"helpers\"");
    clean("src/text/commonplace.rs", "//! x\n");
    assert_eq!(folders_without_head(&[Source::new("src/http/v1/api.rs", "//! x\n")]).len(), 1);
    assert_eq!(folders_without_head(&[Source::new("src/net.rs", ""), Source::new("src/net/a.rs", "")]).len(), 1);
    assert!(folders_without_head(&[Source::new("src/net/a.rs", ""), Source::new("src/net/a/b.rs", "")]).len() == 1);
    assert!(folders_without_head(&[Source::new("src/net/mod.rs", ""), Source::new("src/net/a.rs", "")]).is_empty());
}

const GOOD_HEAD: &str = "//! A.\n//!\n//! It does a with b.\n//! c always holds.\n//! It does not do d.\n";

#[test]
fn a_file_without_a_head_is_caught() {
    caught("src/text/a.rs", "use std::fmt;\n", 1, "first //! line");
    caught("src/text/mod.rs", "//! A.\n//!\n//! It does a.\n", 1, "the head has 2 lines");
    clean("src/text/mod.rs", GOOD_HEAD);
}

#[test]
fn a_long_file_a_hidden_switch_and_unsafe_code_are_caught() {
    caught("tests/it/a.rs", &("//! x\n".repeat(401)), 401, "401 lines");
    clean("src/text/a.rs", &("//! x\n".repeat(400)));
    caught("src/text/a.rs", "//! x\n#[cfg(feature = \"device\")]\nuse std::fmt;\n", 2, "feature switches");
    caught("src/text/a.rs", "//! x\nfn f() { if cfg!(feature = \"device\") {} }\n", 2, "feature switches");
    clean("src/text/mod.rs", &format!("{GOOD_HEAD}#[cfg(feature = \"device\")]\nmod engine;\n"));
    caught("src/embed/a.rs", "//! x\nfn f() { unsafe { g() } }\n", 2, "unsafe");
}

#[test]
fn a_circle_of_files_is_caught_however_it_is_written() {
    let tree = |files: &[(&str, &str)]| files.iter().map(|(path, text)| Source::new(path, text)).collect::<Vec<_>>();
    let caught = |files: &[(&str, &str)], names: &str| {
        let found = circles(&tree(files));
        assert!(found.len() == 1 && found[0].contains(names), "{found:?}");
    };
    let (up, down) = (("src/a/b.rs", "use super::c::X;\n"), ("src/a/c.rs", "use crate::a::{self, b::{Y, Z}};\n"));
    caught(&[("src/a/mod.rs", "mod b;\nmod c;\n"), up, down], "a::b, a::c");
    caught(&[("src/a.rs", "mod b;\nuse b::Y;\n"), ("src/a/b.rs", "fn f() { super::g() }\n")], "a, a::b");
    caught(
        &[("src/a.rs", "mod b;\nfn f() { b::g() }\n"), ("src/a/b.rs", "mod c { use super::super::X; }\n")],
        "a, a::b",
    );
    let three =
        [("src/a.rs", "use crate::b::X;\n"), ("src/b.rs", "use crate::c::X;\n"), ("src/c.rs", "use super::a::X;\n")];
    caught(&three, "3 files use each other in a circle: a, b, c");
    // A `mod` line, a re-export and what only tests use make no circle.
    let clean = [
        ("src/a.rs", "pub mod b;\npub use b::Y;\npub(crate) use b::{Z};\n"),
        ("src/a/b.rs", "use super::X;\nuse crate::c;\n"),
        ("src/c.rs", "#[cfg(test)]\nmod tests { use crate::a::b::Y; }\n"),
    ];
    assert_eq!(circles(&tree(&clean)), Vec::<String>::new());
}

#[test]
fn a_struct_of_two_nouns_and_a_public_item_that_nobody_names_are_caught() {
    let fields = |count: usize| (0..count).map(|n| format!("    f{n}: Vec<(u8, u8)>,\n")).collect::<String>();
    caught("src/text/a.rs", &format!("//! x\nstruct A {{\n{}}}\n", fields(13)), 2, "A has 13 fields");
    clean("src/text/a.rs", &format!("//! x\nstruct A<T: Fn(u8) -> u8> {{\n{}}}\n", fields(12)));
    let items =
        |count: usize| (0..count).map(|n| format!("    pub fn f{n}() -> u8 {{ a(b: c) }}\n")).collect::<String>();
    caught("src/text/a.rs", &format!("//! x\nimpl A {{\n{}}}\n", items(16)), 2, "16 public items");
    clean("src/text/a.rs", &format!("//! x\nimpl A {{\n{}    fn g(x: impl Fn()) {{}}\n}}\n", items(15)));
    let named = |user: &str| {
        unused_public_items(&[
            Source::new("src/text/a.rs", "pub fn lonely() {}\npub struct Shown;\npub fn used() -> Shown { Shown }\n"),
            Source::new("tests/it/b.rs", user),
        ])
    };
    assert_eq!(named("fn f() { used(); lonely() }\n"), Vec::<String>::new());
    let found = named("fn f() { used() }\n");
    assert!(found.len() == 1 && found[0].contains("lonely is public"), "{found:?}");
}
