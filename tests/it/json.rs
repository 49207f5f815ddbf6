//! What the commands print for programs, with a real agent, held against docs/json.md.

use super::energy::unpack;
use super::harness::{Agent, Place, WATTLE, repo};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// The section of docs/json.md about a command: the text below the head that names it.
fn section(command: &str) -> String {
    let page = fs::read_to_string(repo().join("docs/json.md")).unwrap();
    let named = format!("`{command}`");
    let told =
        page.split("\n### ").skip(1).find(|part| part.lines().next().unwrap().split(", ").any(|name| name == named));
    told.unwrap_or_else(|| panic!("docs/json.md has no section about {named}")).to_owned()
}

/// The objects in what a command printed: one, those of a list, or one a line.
fn objects(printed: &str) -> Vec<Value> {
    let values: Vec<Value> = match serde_json::from_str(printed) {
        Ok(one) => vec![one],
        Err(_) => printed.lines().map(|line| serde_json::from_str(line).expect(line)).collect(),
    };
    values.into_iter().flat_map(|value| value.as_array().cloned().unwrap_or_else(|| vec![value])).collect()
}

/// Each object has its version, and each key stands in the section of the command.
fn hold(command: &str, printed: &str) -> Vec<Value> {
    let (section, found) = (section(command), objects(printed));
    for object in &found {
        let fields = object.as_object().unwrap_or_else(|| panic!("{command}: {printed}"));
        assert_eq!(fields["version"], 1, "{command}: {printed}");
        for key in fields.keys().filter(|key| *key != "version") {
            assert!(
                section.contains(&format!("`{key}`")),
                "docs/json.md does not tell of {key} of {command}: {printed}"
            );
        }
    }
    found
}

/// The error that a command told: the last line of standard error, and nothing on standard output.
fn error(output: &Output) -> Value {
    assert!(output.stdout.is_empty(), "{output:?}");
    let told = String::from_utf8(output.stderr.clone()).unwrap();
    let error: Value = serde_json::from_str(told.lines().last().unwrap()).expect(&told);
    let keys: Vec<&String> = error.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["error", "exit_code", "version"], "{told}");
    assert_eq!((&error["version"], &error["exit_code"]), (&1.into(), &output.status.code().into()), "{told}");
    error
}

/// Runs a command that succeeds, and holds it against its section.
fn run(agent: &Agent, command: &str, more: &[&str]) -> Vec<Value> {
    let words = command.split(' ').skip(1).chain(more.iter().copied()).chain(["--json"]);
    let output = agent.cli(words);
    assert!(output.status.success(), "{command} {more:?}: {}", String::from_utf8_lossy(&output.stderr));
    hold(command, &String::from_utf8(output.stdout).unwrap())
}

/// An agent with two notes, on a board with sensors, in a folder where no other agent meets it.
fn started() -> (Place, Agent) {
    let place = Place::new();
    place.write("beet.md", "# Beet\n\nPickled beetroot takes three spoons of caraway.\n");
    place.write("lock.md", "The bicycle lock has the number 4711.\n");
    let (sensors, meeting) = (place.path().join("sensors"), place.path().join("run"));
    unpack("rpi5-rpios-activecooler", &sensors);
    fs::create_dir(&meeting).unwrap();
    let mut command = Command::new(WATTLE);
    command.env("XDG_RUNTIME_DIR", meeting);
    let docs = place.docs().display().to_string();
    let more = [docs.as_str(), "--no-mdns", "--burst", "1h", "--sensors", sensors.to_str().unwrap()];
    let agent = Agent::start(command, &place.home(), &more);
    agent.wait_ready(2);
    (place, agent)
}

/// A document is shown wherever it is typed as it stands in the watched folder.
fn shown_by_name(agent: &Agent, path: &str, plain: &str) {
    let file = Path::new(path).file_name().unwrap().to_str().unwrap();
    let shown = agent.cli(["show", file]);
    assert_eq!(String::from_utf8_lossy(&shown.stdout), plain, "{shown:?}");
    assert!(String::from_utf8_lossy(&shown.stderr).contains(&format!("This is {path}.")), "{shown:?}");
    let nowhere = agent.cli(["show", "nowhere/at-all.md"]);
    let why = String::from_utf8_lossy(&nowhere.stderr).into_owned();
    assert!(nowhere.status.code() == Some(1) && why.contains("/nowhere/at-all.md; one of another device"), "{why}");
}

#[test]
fn what_is_asked_is_told_as_the_page_about_json_says() {
    let (place, agent) = started();
    agent.wait("the words", |_| agent.search("caraway").first().is_some_and(|path| path.ends_with("beet.md")));
    for command in
        ["status", "tasks", "why", "folders", "link", "id", "energy", "mesh", "peers", "token list", "collection list"]
    {
        run(&agent, &format!("wattle {command}"), &[]);
    }
    let start = &run(&agent, "wattle", &[])[0];
    assert_eq!((&start["runs"], &start["device"]), (&true.into(), &"here".into()), "{start}");
    assert!(
        start["page"].as_str().unwrap().starts_with("http://127.0.0.1:") && !start.to_string().contains(&agent.token)
    );
    let collection = &run(&agent, "wattle collection list", &[])[0];
    assert_eq!((&collection["name"], &collection["ring"]), (&"home".into(), &"mesh".into()));
    let found = &run(&agent, "wattle search", &["caraway"])[0]["hits"][0];
    let text = |key: &str| found[key].as_str().unwrap().to_owned();
    let shown = &run(&agent, "wattle show", &[&text("path")])[0];
    assert_eq!((&shown["passages"][0]["text"], &shown["of"]), (&found["text"], &1.into()));
    let plain = String::from_utf8(agent.cli(["show", &text("path")]).stdout).unwrap();
    assert!(plain.contains("three spoons of caraway"), "{plain}");
    shown_by_name(&agent, &text("path"), &plain);
    let passage = [text("peer_id"), text("path"), text("text")];
    let [device, path, chunk] = passage.each_ref().map(String::as_str);
    let named = ["--question", "caraway", "--device", device, "--path", path, "--text", chunk];
    let said = |thumb: &str| {
        let words: Vec<&str> = [thumb].into_iter().chain(named).collect();
        run(&agent, "wattle feedback", &words);
        agent.call("GET", "/v1/feedback", "").1["judgements"].clone()
    };
    let kept = said("up");
    assert_eq!((&kept[0]["verdict"], &kept[0]["question"]), (&"good".into(), &"caraway".into()), "{kept}");
    assert_eq!((said("down")[0]["verdict"].clone(), said("none")), ("bad".into(), Value::Array(Vec::new())));
    let doctor = agent.cli(["doctor", "--json"]);
    hold("wattle doctor", &String::from_utf8(doctor.stdout).unwrap());
    let sensors = place.path().join("sensors");
    run(&agent, "wattle energy", &["--root", sensors.to_str().unwrap()]);
    run(&agent, "wattle completions", &["bash"]);
    run(&agent, "wattle man", &[]);
    let pages = place.path().join("man");
    assert!(run(&agent, "wattle man", &[pages.to_str().unwrap()])[0]["files"].as_array().unwrap().len() > 50);
}

#[test]
fn what_is_changed_is_told_as_the_page_about_json_says() {
    let (place, agent) = started();
    let one = |command: &str, more: &[&str]| run(&agent, command, more)[0].clone();
    let said = |answer: &Value| answer["done"].as_str().unwrap().to_owned();
    let more = place.path().join("more");
    fs::create_dir(&more).unwrap();
    fs::write(more.join("a.md"), "A note of an owl.\n").unwrap();
    let path = more.to_str().unwrap();
    let added = one("wattle add", &[path]);
    assert_eq!((&added["added"][0]["collection"], &added["failed"]), (&"home".into(), &Value::Array(Vec::new())));
    agent.wait_ready(3);
    assert!(said(&one("wattle pause", &["2h"])).contains("paused for 2 hours"));
    assert_eq!(one("wattle resume", &[])["energy"]["paused"], false);
    assert_eq!(one("wattle work", &["now", "20m"])["energy"]["paused"], false);
    assert!(one("wattle energy new-supply", &[])["energy"].is_object());
    let hint = one("wattle energy hint", &["surplus", "30m"]);
    assert_eq!((&hint["state"], &hint["ttl_s"]), (&"surplus".into(), &1800.into()));
    agent.wait("the surplus", |_| {
        let energy = agent.json(&["energy", "--json"]);
        energy["energy"] == "surplus" && energy["energy_source"] == "the command line"
    });
    assert_eq!(one("wattle collection rename", &["home", "house"])["name"], "house");
    assert_eq!(one("wattle collection ring", &["house", "private"])["ring"], "private");
    assert_eq!(one("wattle forget", &[path])["path"], path);
    let token = one("wattle token create", &["probe"]);
    assert_eq!((&token["role"], token["token"].as_str().unwrap().len() > 20), (&"read".into(), true));
    assert_eq!(one("wattle token revoke", &["probe"])["name"], "probe");
    let file = place.path().join("all.backup");
    let backup = one("wattle backup", &[file.to_str().unwrap()]);
    assert_eq!((backup["keys"].clone(), backup["bytes"].as_u64() > Some(0)), (false.into(), true));
    assert!(one("wattle rebuild", &[])["chunks"].as_u64() > Some(0));
    let card = place.path().join("card");
    fs::create_dir(&card).unwrap();
    let invite = one("wattle invite", &["--file", card.to_str().unwrap()]);
    assert_eq!((&invite["first"], &invite["hours"]), (&true.into(), &24.into()));
    let other = place.path().join("other");
    let restored =
        Command::new(WATTLE).arg("--json").arg("--home").arg(&other).arg("restore").arg(&file).output().unwrap();
    assert!(restored.status.success(), "{restored:?}");
    hold("wattle restore", &String::from_utf8(restored.stdout).unwrap());
    one("wattle leave", &["--anyway", "--yes"]);
}

#[test]
fn an_error_is_one_object_with_the_code_that_the_program_ends_with() {
    let place = Place::new();
    let home = place.home();
    let told = |args: &[&str]| error(&Command::new(WATTLE).arg("--home").arg(&home).args(args).output().unwrap());
    let none = told(&["status", "--json"]);
    assert!(none["exit_code"] == 3 && none["error"].as_str().unwrap().contains("wattle up"), "{none}");
    assert_eq!(told(&["--json", "pause", "for", "ever"])["exit_code"], 1);
    assert_eq!(told(&["--json", "folders", "--nonsense"])["exit_code"], 2);
    assert_eq!(told(&["--json", "demo"])["exit_code"], 2);
    assert_eq!(told(&["feedback", "up", "--json"])["exit_code"], 2);
    let start = Command::new(WATTLE).arg("--home").arg(&home).arg("--json").output().unwrap();
    let start = hold("wattle", &String::from_utf8(start.stdout).unwrap());
    assert_eq!(
        (&start[0]["runs"], &start[0]["next"][0].as_str().unwrap().starts_with("wattle up FOLDER")),
        (&false.into(), &true)
    );
    let agent = place.up(&[]);
    let gone = agent.cli(["add", "/no/such/place", "--json"]);
    let added = hold("wattle add", &String::from_utf8(gone.stdout.clone()).unwrap());
    assert_eq!(added[0]["failed"][0]["path"], "/no/such/place");
    let told = String::from_utf8(gone.stderr).unwrap();
    assert!(gone.status.code() == Some(1) && told.lines().last().unwrap().contains("\"exit_code\":1"), "{told}");
    let up = Command::new(WATTLE).args(["up", "--json", "--home"]).arg(&home).output().unwrap();
    assert!(error(&up)["error"].as_str().unwrap().contains("Another agent lives"), "{up:?}");
}
