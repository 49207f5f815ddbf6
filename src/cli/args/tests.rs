//! The command line as people type it.

#[path = "guide_test.rs"]
mod guide_test;
#[path = "hints_test.rs"]
mod hints_test;
#[path = "json_test.rs"]
mod json_test;

use super::*;
use clap::CommandFactory;

fn parse(line: &str) -> Result<Args, clap::Error> {
    Args::try_parse_from(line.split(' '))
}

#[test]
fn the_arguments_are_well_formed() {
    Args::command().debug_assert();
}

#[test]
fn a_command_without_options_has_the_documented_defaults() {
    let Some(Command::Up(up)) = parse("wattle up notes").unwrap().command else { panic!("not up") };
    assert_eq!((up.collection, up.ring), (None, None));
    let args = parse("wattle search where is it -k 3 --api [::1]:9").unwrap();
    assert_eq!(args.api.unwrap().to_string(), "[::1]:9");
    assert!(!args.json);
    let Some(Command::Search(search)) = args.command else { panic!("not search") };
    assert_eq!((search.question.join(" ").as_str(), search.count), ("where is it", 3));
    assert_eq!(parse("wattle --api localhost:7781 status").unwrap().api.unwrap().port(), 7781);
    assert_eq!(parse("wattle status").unwrap().api, None);
    let Some(Command::Add(add)) = parse("wattle add a b --ring private").unwrap().command else { panic!("not add") };
    assert_eq!((add.paths.len(), add.ring), (2, Some(RingArg::Private)));
}

#[test]
fn filters_of_a_search_may_stand_anywhere_and_several_times() {
    let line = "wattle search bill --type pdf --path *.md --type=mail -k 3 --device attic --after 2024";
    let Some(Command::Search(search)) = parse(line).unwrap().command else { panic!("not search") };
    let body = search.body();
    assert_eq!(body["query"], "bill");
    assert_eq!((&body["type"][0], &body["type"][1], &body["path"][0]), (&"pdf".into(), &"mail".into(), &"*.md".into()));
    assert!(body["device"][0] == "attic" && body["after"] == "2024" && body["before"].is_null() && body["k"] == 3);
    let bare = parse("wattle search bill").unwrap().command;
    assert!(
        matches!(bare, Some(Command::Search(bare)) if bare.body()["collection"].as_array().is_some_and(Vec::is_empty))
    );
}

#[test]
fn wrong_usage_has_exit_code_two() {
    for line in [
        "wattle search",
        "wattle search x -k 0",
        "wattle search x -k 101",
        "wattle status --api 192.168.1.4:7780",
        "wattle status --api 0.0.0.0:7780",
        "wattle status --api here",
        "wattle up . --ring public",
        "wattle up . --listen 7781",
        "wattle up . --mdns --no-mdns",
        "wattle add",
        "wattle up . --collection \n",
    ] {
        assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
    }
    assert_eq!(parse("wattle --version").unwrap_err().exit_code(), 0);
}

#[test]
fn each_command_stands_in_the_readme() {
    let readme = include_str!("../../../README.md");
    let (_, rest) = readme.split_once("### Commands\n").unwrap();
    let (table, after) = rest.split_once("\n\nEach command").unwrap();
    assert!(after.starts_with(" takes `--json`") && after.contains("docs/json.md"), "{after}");
    let shown = |command: &&clap::Command| !command.is_hide_set() && command.get_name() != "help";
    let top = Args::command();
    for command in top.get_subcommands().filter(shown) {
        let name = command.get_name();
        let rows: Vec<&str> = table.lines().filter(|row| row.contains(&format!("`wattle {name}"))).collect();
        assert!(!rows.is_empty(), "`wattle {name}` is not in the README's table");
        for inner in command.get_subcommands().filter(shown) {
            let word = inner.get_name();
            let whole = |text: &str| text.split(|c: char| !c.is_alphanumeric() && c != '-').any(|part| part == word);
            let typed = |row: &&str| row.split('|').nth(1).is_some_and(whole);
            assert!(rows.iter().any(typed), "`wattle {name} {word}` is not in the README's table");
        }
    }
    assert!(table.contains("`wattle pause until 18:30`"));
}
