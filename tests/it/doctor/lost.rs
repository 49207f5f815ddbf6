//! Small files of a home that are lost together with their copies, and the store.

use super::state::{restarted, started};
use super::{named, named_without_agent};
use crate::harness::{Agent, WATTLE};
use std::fs;
use std::process::Command;

#[test]
fn a_pause_a_count_and_a_token_that_are_damaged_with_their_copies_are_named_before_a_start_and_after_it() {
    let (place, agent) = started();
    // The agents of tests have no governor.
    let paused = || {
        let done = Command::new(WATTLE).arg("--home").arg(place.home()).args(["pause", "3h"]).output().unwrap();
        assert!(done.status.success(), "{done:?}");
    };
    let damaged = |agent: Agent, files: &[&str], text: &str| {
        agent.stop();
        files.iter().for_each(|name| fs::write(place.home().join(name), text).unwrap());
    };
    agent.stop();
    paused();
    damaged(restarted(&place), &["energy.json", "energy.copy"], "");
    named_without_agent("what the governor saved is damaged with its copy", &place.home());
    let agent = restarted(&place);
    named("what the governor saved was damaged before the start", &agent);
    agent.stop();
    paused();
    ["energy.json", "energy.copy"].iter().for_each(|name| fs::remove_file(place.home().join(name)).unwrap());
    named_without_agent("what the governor saved is gone with its copy", &place.home());
    let agent = restarted(&place);
    named("what the governor saved was gone before the start", &agent);
    damaged(agent, &["boot", "boot.copy"], "");
    named_without_agent("the count of starts is damaged with its copy", &place.home());
    let agent = restarted(&place);
    named("the count of starts was damaged before the start", &agent);
    damaged(agent, &["api-token", "api-token.copy"], "zz");
    named_without_agent("the API's token is damaged with its copy", &place.home());
    let agent = restarted(&place);
    named("the API's token was damaged before the start", &agent);
    let said = agent.log().matches("The token of the agent's API").count();
    assert_eq!(said, 1, "the log says it once: {}", agent.log());
}

#[test]
fn a_home_of_which_the_store_alone_is_left_and_one_that_lacks_it() {
    let (place, agent) = started();
    agent.stop();
    let store = place.home().join("store-1");
    fs::rename(&store, place.path().join("kept")).unwrap();
    named_without_agent("the store is gone, and no agent runs", &place.home());
    fs::rename(place.path().join("kept"), &store).unwrap();
    for file in fs::read_dir(place.home()).unwrap().flatten().filter(|file| file.path().is_file()) {
        fs::remove_file(file.path()).unwrap();
    }
    named_without_agent("of the home the store alone is left", &place.home());
    named("of the home the store alone was left before the start", &restarted(&place));
}

#[test]
fn settings_that_are_empty_or_gone_are_told_and_come_back_from_their_copy() {
    let (place, agent) = started();
    let config = place.home().join("config.toml");
    let before = fs::read_to_string(&config).unwrap();
    agent.stop();
    fs::write(&config, "").unwrap();
    named_without_agent("config.toml is empty", &place.home());
    let agent = restarted(&place);
    named("config.toml was empty before the start", &agent);
    assert_eq!(fs::read_to_string(&config).unwrap(), before);
    assert!(agent.log().contains("its copy was put in its place"), "{}", agent.log());
    agent.stop();
    fs::write(&config, " \n").unwrap();
    fs::write(place.home().join("config.copy"), "rubbish").unwrap();
    named_without_agent("config.toml is empty, and its copy is damaged", &place.home());
    ["config.toml", "config.copy"].iter().for_each(|name| fs::remove_file(place.home().join(name)).unwrap());
    named_without_agent("config.toml is gone with its copy", &place.home());
    named("config.toml was gone with its copy before the start", &restarted(&place));
}
