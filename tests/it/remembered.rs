//! What is typed once is remembered: in config.toml, which its owner can edit as well.

use super::harness::{Agent, Place, WATTLE};
use super::pair::{linked, prepared, up};
use std::fs;
use std::process::{Command, Output};

const PEER: &str = "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA";

/// `wattle up` with the home alone, from a folder that has no models; only the governor is off for the test.
fn up_alone(place: &Place) -> Agent {
    let mut command = Command::new(WATTLE);
    command.args(["up", "--governor", "off", "--home"]).arg(place.home()).current_dir(place.path());
    Agent::start_as_it_is(command, &place.home())
}

fn wattle(place: &Place, args: &[&str]) -> Output {
    Command::new(WATTLE).arg("--home").arg(place.home()).args(args).current_dir(place.path()).output().unwrap()
}

fn settings(place: &Place) -> String {
    fs::read_to_string(place.home().join("config.toml")).unwrap_or_default()
}

/// The watched paths, by `GET /v1/status`.
fn watched(agent: &Agent) -> Vec<String> {
    let status = agent.status();
    let sources = status["sources"].as_array().unwrap().iter();
    let mut paths: Vec<String> = sources.map(|source| source["path"].as_str().unwrap().to_owned()).collect();
    // What is typed at `up` and what is added at once come in either order.
    paths.sort();
    paths
}

#[test]
fn up_alone_comes_back_as_it_was_and_the_owners_comments_stay() {
    let place = Place::new();
    place.write("a/violin.md", "The violin is kept in the cupboard under the stairs.");
    place.write("b/bicycle.md", "The bicycle is in the cellar.");
    place.write("c/lamp.md", "The lamp is broken.");
    fs::create_dir(place.home()).unwrap();
    fs::write(place.home().join("config.toml"), "# Ann's attic\n[energy] # heat\nmargin_c = 5 # measured\n").unwrap();
    let docs = fs::canonicalize(place.docs()).unwrap();
    let path = |name: &str| docs.join(name).display().to_string();
    let agent = place.up(&["--name", "loft", "--no-mdns", "--peer", PEER, &path("a")]);
    // Several at once, in a private collection.
    let more = ["--collection", "diary", "--ring", "private"];
    let added = agent.cli([["add", &path("b"), "/nowhere/at/all", &path("c")], more].concat());
    assert!(!added.status.success(), "one of the three cannot be added");
    let (out, error) = (String::from_utf8(added.stdout).unwrap(), String::from_utf8(added.stderr).unwrap());
    assert!(out.contains(&path("b")) && out.contains(&path("c")) && error.contains("/nowhere/at/all"), "{out}{error}");
    agent.wait_ready(3);
    agent.stop();

    let written = settings(&place);
    for part in
        ["# Ann's attic", "[energy] # heat", "margin_c = 5 # measured", "name = \"loft\"", "multicast = false", PEER]
    {
        assert!(written.contains(part), "{part} is not in {written}");
    }
    let agent = up_alone(&place);
    let status = agent.wait_ready(3);
    assert_eq!(status["device"], "loft");
    assert_eq!(watched(&agent), [path("a"), path("b"), path("c")]);
    let private = status["sources"].as_array().unwrap().iter().filter(|source| source["ring"] == "private").count();
    assert_eq!(private, 2, "{status}");
    assert_eq!(status["peers"][0]["peer_id"], PEER);
    assert_eq!(settings(&place), written, "and nothing is written again");
    // Where it answers stands in its home.
    let found = wattle(&place, &["search", "Where is the bicycle?", "-k", "1"]);
    assert!(found.status.success() && String::from_utf8_lossy(&found.stdout).contains("bicycle.md"), "{found:?}");
    agent.stop();
    let gone = wattle(&place, &["status"]);
    assert_eq!(gone.status.code(), Some(3), "{gone:?}");
}

#[test]
fn a_folder_that_its_owner_writes_into_the_file_is_watched_as_soon_as_it_is_there() {
    let place = Place::new();
    place.write("a.md", "The violin is kept in the cupboard under the stairs.");
    let agent = place.up(&[]);
    agent.stop();
    let docs = fs::canonicalize(place.docs()).unwrap();
    let before = settings(&place);
    let text = format!("{before}folders = [\n  # By hand.\n  \"{}\",\n  \"/nowhere/at/all\",\n]\n", docs.display());
    fs::write(place.home().join("config.toml"), text).unwrap();
    let agent = up_alone(&place);
    agent.wait_ready(1);
    let status = agent.wait("the finding", |status| status.to_string().contains("/nowhere/at/all"));
    assert_eq!(status["findings"][0]["area"], "folders");
    let doctor = wattle(&place, &["doctor"]);
    let says = String::from_utf8(doctor.stdout).unwrap();
    assert!(doctor.status.code() == Some(1) && says.contains("/nowhere/at/all"), "{says}");
    assert!(settings(&place).contains("# By hand."));
}

#[test]
fn a_folder_that_its_owner_takes_out_of_the_file_is_kept_until_that_is_confirmed() {
    let place = Place::new();
    place.write("a.md", "The violin is kept in the cupboard under the stairs.");
    let docs = fs::canonicalize(place.docs()).unwrap().display().to_string();
    let agent = place.up(&[&docs]);
    agent.wait_ready(1);
    agent.stop();
    let text = settings(&place);
    fs::write(place.home().join("config.toml"), text.replace(&format!("    \"{docs}\",\n"), "")).unwrap();
    let agent = up_alone(&place);
    agent.wait("the finding", |status| status["findings"].to_string().contains("does not name it"));
    assert_eq!(watched(&agent), std::slice::from_ref(&docs));
    agent.add(&place.docs());
    assert_eq!(agent.status()["findings"], serde_json::json!([]), "it is named again");
    assert!(settings(&place).contains(&docs));
}

#[test]
fn a_mistyped_folder_starts_nothing_and_makes_nothing() {
    let place = Place::new();
    let error = place.up_fails(&["/nowhere/at/all"]);
    assert!(error.contains("/nowhere/at/all"), "{error}");
    assert!(!place.home().exists());
}

#[test]
fn a_file_that_cannot_be_written_is_said_and_the_folder_is_watched_until_the_agent_stops() {
    let place = Place::new();
    place.write("a.md", "The violin is kept in the cupboard under the stairs.");
    let agent = place.up(&[]);
    // The start has written what it was given, and would write it over the edit.
    agent.wait("the first settings", |_| place.home().join("config.toml").exists());
    // The owner is in the middle of an edit.
    fs::write(place.home().join("config.toml"), "[node\n").unwrap();
    let added = agent.cli(["add", place.docs().to_str().unwrap()]);
    let error = String::from_utf8(added.stderr).unwrap();
    assert!(!added.status.success() && error.contains("line 1") && error.contains("config.toml"), "{error}");
    agent.wait_ready(1);
    assert_eq!(settings(&place), "[node\n");
    assert!(agent.status()["findings"].to_string().contains("config.toml"));
    // The edit is done: what was asked for is written by itself, and the finding ends.
    fs::write(place.home().join("config.toml"), "[node]\n").unwrap();
    agent.wait("the writing", |status| status["findings"] == serde_json::json!([]));
    assert!(settings(&place).contains(place.docs().to_str().unwrap()), "{}", settings(&place));
}

#[test]
fn a_collection_that_becomes_private_answers_no_other_device_and_its_names_are_remembered() {
    let ((here, here_listen, here_address), (there, there_listen, there_address)) = (prepared(), prepared());
    here.write("violin.md", "The violin is kept in the cupboard under the stairs.");
    let first = up(&here, "attic", &here_listen, &there_address);
    let second = up(&there, "cellar", &there_listen, &here_address);
    first.wait_ready(1);
    linked(&first);
    linked(&second);
    assert!(second.search("Where is the violin?")[0].ends_with("/violin.md"));

    // The ring of a watched folder is no option of `add`: the refusal names what is so and the command.
    let docs = here.docs();
    let refused = first.cli(["add", docs.to_str().unwrap(), "--ring", "private"]);
    let why = String::from_utf8(refused.stderr).unwrap();
    assert!(why.contains("ring mesh") && why.contains("wattle collection ring home private"), "{why}");

    let renamed = first.cli(["collection", "rename", "home", "music"]);
    assert!(renamed.status.success(), "{renamed:?}");
    let ringed = first.cli(["collection", "ring", "music", "private"]);
    assert!(ringed.status.success(), "{ringed:?}");
    assert_eq!(second.search("Where is the violin?"), [""; 0], "not one answer later");
    assert!(first.search("Where is the violin?")[0].ends_with("/violin.md"), "it is found at home");
    let list = first.json(&["collection", "list", "--json"]);
    assert_eq!((&list[0]["name"], &list[0]["ring"]), (&"music".into(), &"private".into()));
    let text = settings(&here);
    assert!(text.contains("collection = \"music\"") && text.contains("ring = \"private\""), "{text}");

    // What joins it is private too, and the command says so; another ring is refused with the ways out.
    let more = here.path().join("more");
    fs::create_dir(&more).unwrap();
    fs::write(more.join("oboe.md"), "The oboe is in the attic.").unwrap();
    let more = fs::canonicalize(more).unwrap().display().to_string();
    let refused = first.cli(["add", &more, "--collection", "music", "--ring", "mesh"]);
    let why = String::from_utf8(refused.stderr).unwrap();
    assert!(why.contains("--collection NEW --ring mesh") && why.contains("wattle collection ring music mesh"), "{why}");
    let added = first.cli(["add", &more, "--collection", "music"]);
    let said = String::from_utf8(added.stdout).unwrap();
    assert!(said.contains("in the collection music, which stays on this device."), "{said}");
    first.wait_ready(2);
    assert!(first.search("Where is the oboe?")[0].ends_with("/oboe.md"));
    assert_eq!(second.search("Where is the oboe?"), [""; 0]);
    let list = first.json(&["collection", "list", "--json"]);
    assert_eq!((&list[0]["ring"], &list[0]["rings"]), (&"private".into(), &serde_json::json!(["private", "private"])));

    let back = first.cli(["collection", "ring", "music", "mesh"]);
    assert!(back.status.success());
    let said = String::from_utf8(back.stdout).unwrap();
    assert!(
        said.contains("Only this device searched") && said.contains("`wattle collection ring music private"),
        "{said}"
    );
    assert!(second.search("Where is the violin?")[0].ends_with("/violin.md"));
    assert_eq!(first.cli(["collection", "ring", "home", "mesh"]).status.code(), Some(1), "there is none any more");
}

#[test]
fn a_private_collection_that_is_misspelt_in_config_toml_shares_nothing_and_is_told_until_it_is_said_what_is_meant() {
    let place = Place::new();
    for name in ["a/violin.md", "b/bicycle.md"] {
        place.write(name, "Some words.");
    }
    let docs = fs::canonicalize(place.docs()).unwrap();
    let path = |name: &str| docs.join(name).display().to_string();
    fs::create_dir(place.home()).unwrap();
    let set = format!(
        "[node]\nfolders = [{{ path = {:?}, collection = \"diary\", ring = \"private\" }}, {{ path = {:?}, collection = \"dairy\" }}]\n",
        path("a"),
        path("b")
    );
    fs::write(place.home().join("config.toml"), set).unwrap();
    let agent = place.up(&[]);
    agent.wait("the finding", |status| status["findings"].to_string().contains("one may be meant"));
    agent.wait_ready(1);
    assert_eq!(watched(&agent), [path("a")]);
    let added = agent.cli(["add", &path("b"), "--collection", "diary"]);
    assert!(added.status.success(), "{added:?}");
    let status = agent.wait_ready(2);
    assert!(status["sources"].as_array().unwrap().iter().all(|source| source["ring"] == "private"), "{status}");
}

#[test]
fn config_toml_gives_a_folder_without_a_ring_that_of_its_collection_in_any_order() {
    let place = Place::new();
    for name in ["a/violin.md", "b/bicycle.md", "c/lamp.md"] {
        place.write(name, "Some words.");
    }
    let docs = fs::canonicalize(place.docs()).unwrap();
    let path = |name: &str| docs.join(name).display().to_string();
    fs::create_dir(place.home()).unwrap();
    let set = format!(
        "[node]\nfolders = [{:?}, {{ path = {:?}, ring = \"private\" }}, {{ path = {:?}, collection = \"work\" }}]\n",
        path("a"),
        path("b"),
        path("c")
    );
    fs::write(place.home().join("config.toml"), set).unwrap();
    let rings = |agent: &Agent| {
        let status = agent.wait_ready(3);
        let mut rings: Vec<_> =
            status["sources"].as_array().unwrap().iter().map(|s| (s["path"].clone(), s["ring"].clone())).collect();
        rings.sort_by_key(|(path, _)| path.to_string());
        rings.into_iter().map(|(_, ring)| ring).collect::<Vec<_>>()
    };
    let agent = place.up(&[]);
    assert_eq!(rings(&agent), ["private", "private", "mesh"]);
    assert!(agent.log().contains("in the collection home, which stays on this device."), "{}", agent.log());
    agent.stop();
    let agent = place.up(&[]);
    assert_eq!(rings(&agent), ["private", "private", "mesh"]);
    let findings = agent.status()["findings"].clone();
    assert_eq!(findings, serde_json::json!([]), "nothing contradicts the list");
}
