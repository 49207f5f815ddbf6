//! Each command takes `--json`, and has its place in docs/json.md. That the objects are as described there is tested with a real agent
//! (tests/it/json.rs).

use super::*;
use clap::CommandFactory;

/// The commands of the program, as they are typed, those with commands of their own left out unless they do something by themselves.
fn commands(command: &clap::Command, name: &str, found: &mut Vec<String>) {
    let inner: Vec<_> =
        command.get_subcommands().filter(|inner| !inner.is_hide_set() && inner.get_name() != "help").collect();
    if !command.is_subcommand_required_set() {
        found.push(name.to_owned());
    }
    for inner in inner {
        commands(inner, &format!("{name} {}", inner.get_name()), found);
    }
}

#[test]
fn each_command_takes_json_before_and_behind_its_name() {
    for line in [
        "wattle --json status",
        "wattle status --json",
        "wattle tasks retry all --json",
        "wattle --json",
        "wattle id --json",
    ] {
        assert!(Args::try_parse_from(line.split(' ')).unwrap().json, "{line}");
    }
    assert!(!Args::try_parse_from(["wattle", "status"]).unwrap().json);
    let mut top = Args::command();
    top.build();
    let mut checked = 0;
    let mut open: Vec<&clap::Command> = vec![&top];
    while let Some(command) = open.pop() {
        if command.get_name() != "help" {
            checked += 1;
            assert!(command.get_arguments().any(|arg| arg.get_long() == Some("json")), "{}", command.get_name());
            open.extend(command.get_subcommands());
        }
    }
    assert!(checked > 50, "{checked}");
}

#[test]
fn each_command_has_its_place_in_the_page_about_json() {
    let page = include_str!("../../../docs/json.md");
    let heads: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let told: Vec<&str> = heads.iter().flat_map(|head| head.split(", ")).map(|name| name.trim_matches('`')).collect();
    let mut all = Vec::new();
    commands(&Args::command(), "wattle", &mut all);
    for name in all.iter().filter(|name| !["wattle demo", "wattle mcp"].contains(&name.as_str())) {
        assert_eq!(told.iter().filter(|told| *told == name).count(), 1, "docs/json.md tells of `{name}` once");
    }
    for name in told {
        assert!(all.iter().any(|known| known == name), "docs/json.md tells of `{name}`, which is no command");
    }
}
