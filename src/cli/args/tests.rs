//! The command line as people type it.

#[path = "hints_test.rs"]
mod hints_test;

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
    let Command::Up(up) = parse("wattle up notes").unwrap().command else { panic!("not up") };
    assert_eq!((up.collection, up.ring), (None, None));
    let args = parse("wattle search where is it -k 3 --api [::1]:9").unwrap();
    assert_eq!(args.api.unwrap().to_string(), "[::1]:9");
    let Command::Search(search) = args.command else { panic!("not search") };
    assert_eq!((search.question.join(" ").as_str(), search.count, search.json), ("where is it", 3, false));
    assert_eq!(parse("wattle --api localhost:7781 status").unwrap().api.unwrap().port(), 7781);
    assert_eq!(parse("wattle status").unwrap().api, None);
    let Command::Add(add) = parse("wattle add a b --ring private").unwrap().command else { panic!("not add") };
    assert_eq!((add.paths.len(), add.ring), (2, Some(RingArg::Private)));
}

#[test]
fn wrong_usage_has_exit_code_two() {
    for line in [
        "wattle",
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
