//! What docs/home-assistant.md says, tried: the blocks of the document are read as Home Assistant reads them, each address is called on a real
//! agent with its method, headers and payload, and each template finds what it names in the answer.

mod template;
mod yaml;

use crate::energy::{unpack, until};
use crate::harness::{Agent, Place, WATTLE, repo};
use serde_json::{Map, Value, json};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

/// Characters of a state; Home Assistant shows a longer one as unknown.
const STATE_CHARS_MAX: usize = 255;

/// A board with an agent, and the settings of the document.
struct Tried {
    agent: Agent,
    page: String,
    /// The blocks of configuration.yaml.
    settings: Value,
    /// Where the document has the agent.
    address: String,
    _place: Place,
    _root: tempfile::TempDir,
}

/// The blocks of the document in this language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let begin = format!("\n```{language}\n");
    page.split(begin.as_str()).skip(1).filter_map(|rest| Some(rest.split_once("\n```")?.0)).collect()
}

impl Tried {
    fn on(tree: &str) -> Self {
        let (place, root) = (Place::new(), tempfile::tempdir().unwrap());
        unpack(tree, root.path());
        let meeting = root.path().join("run");
        fs::create_dir(&meeting).unwrap();
        let mut command = Command::new(WATTLE);
        command.env("XDG_RUNTIME_DIR", &meeting);
        let agent = Agent::start(command, &place.home(), &["--sensors", root.path().to_str().unwrap(), "--no-mdns"]);
        let page = fs::read_to_string(repo().join("docs/home-assistant.md")).unwrap();
        // The tokens are made by the commands of the document: the sensors' may only ask.
        let made = |create: &str| {
            let made = agent.cli(create.split(' ').skip(1));
            assert!(made.status.success(), "{made:?}");
            String::from_utf8(made.stdout).unwrap().lines().next().unwrap().to_owned()
        };
        let creates: Vec<&str> = page.split('`').filter(|code| code.starts_with("wattle token create ")).collect();
        let [read, write] = creates[..] else { panic!("two tokens: {creates:?}") };
        assert!(read.ends_with("--role read") && write.ends_with("--role write"), "{creates:?}");
        let (read, write) = (made(read), made(write));
        let [secrets, settings] = blocks(&page, "yaml")[..] else { panic!("a block was added or is gone") };
        let secrets = yaml::read(secrets, &Map::new());
        let secrets = secrets.as_object().unwrap().iter().map(|(name, secret)| {
            let example = secret.as_str().unwrap().strip_prefix("Bearer ").unwrap();
            let token = if name == "wattle_hint_token" { &write } else { &read };
            (name.clone(), secret.as_str().unwrap().replace(example, token).into())
        });
        let settings = yaml::read(settings, &secrets.collect());
        let [toml] = blocks(&page, "toml")[..] else { panic!("one block of config.toml") };
        let address = toml.split('"').nth(1).unwrap().to_owned();
        let tried = Self { agent, settings, address, page, _place: place, _root: root };
        until("the first sample", || tried.energy()["why"].as_str().is_some_and(|why| !why.is_empty()));
        tried
    }

    /// A call as Home Assistant makes it, but to this agent: the status, and the body.
    fn call(&self, of: &Value, body: &str) -> (u16, String) {
        let url = of["url"].as_str().or(of["resource"].as_str()).unwrap();
        let path =
            url.strip_prefix(&format!("http://{}", self.address)).unwrap_or_else(|| panic!("another address: {url}"));
        let method = of["method"].as_str().unwrap_or("get").to_uppercase();
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.agent.api);
        for (name, value) in of["headers"].as_object().unwrap() {
            head += &format!("{name}: {}\r\n", value.as_str().unwrap());
        }
        if let Some(kind) = of["content_type"].as_str() {
            head += &format!("Content-Type: {kind}\r\n");
        }
        let mut stream = TcpStream::connect(&self.agent.api).unwrap();
        write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
    }

    /// A command of `rest_command`, with these values in the places of its templates.
    fn command(&self, name: &str, data: &[(&str, &str)]) {
        let command = &self.settings["rest_command"][name];
        assert!(command.is_object(), "there is no rest_command.{name}");
        let mut payload = command["payload"].as_str().unwrap_or_default().to_owned();
        for (name, value) in data {
            let place = format!("{{{{ {name} }}}}");
            assert!(payload.contains(&place), "{payload} has no place for {name}");
            payload = payload.replace(&place, value);
        }
        assert!(!payload.contains("{{"), "nothing is given for a place of {payload}");
        let (status, answer) = self.call(command, &payload);
        assert!((200..300).contains(&status), "{name}: {status} {answer}");
    }

    fn energy(&self) -> Value {
        self.agent.call("GET", "/v1/energy", "").1
    }

    /// Each sensor of the document, by its name, with what it shows; `None`: it is not available.
    fn sensors(&self) -> Vec<(String, Option<Value>)> {
        let mut shown = Vec::new();
        for resource in self.settings["rest"].as_array().unwrap() {
            let (status, answer) = self.call(resource, "");
            assert_eq!(status, 200, "{answer}");
            let answer: Value = serde_json::from_str(&answer).unwrap();
            for kind in ["sensor", "binary_sensor"] {
                for sensor in resource[kind].as_array().into_iter().flatten() {
                    let name = sensor["name"].as_str().unwrap().to_owned();
                    let value = shown_by(sensor, kind, &answer).unwrap_or_else(|why| panic!("{name}: {why}"));
                    shown.push((name, value));
                }
            }
        }
        shown
    }
}

/// What a sensor shows of an answer; `None`: it is not available.
fn shown_by(sensor: &Value, kind: &str, answer: &Value) -> Result<Option<Value>, String> {
    let text = |name: &str| sensor[name].as_str();
    let known =
        ["name", "value_template", "availability", "unit_of_measurement", "device_class", "icon", "state_class"];
    let attributes = ["json_attributes", "json_attributes_path"];
    let is_known = |key: &&String| known.contains(&key.as_str()) || attributes.contains(&key.as_str());
    if let Some(other) = sensor.as_object().ok_or("no map")?.keys().find(|key| !is_known(key)) {
        return Err(format!("{other} is not tried here"));
    }
    let of = template::at(text("json_attributes_path").unwrap_or("$"), answer)?;
    for name in sensor["json_attributes"].as_array().into_iter().flatten() {
        of.get(name.as_str().ok_or("no name")?).ok_or_else(|| format!("no attribute {name}"))?;
    }
    if let Some(availability) = text("availability") {
        let available = template::evaluate(availability, answer)?;
        if !available.as_bool().ok_or_else(|| format!("{available} is no truth"))? {
            return Ok(None);
        }
    }
    let value = template::evaluate(text("value_template").ok_or("no template")?, answer)?;
    let is_number = ["unit_of_measurement", "state_class", "device_class"].iter().any(|name| text(name).is_some());
    let fits = match (kind, &value) {
        ("binary_sensor", _) => value.is_boolean(),
        (_, Value::String(said)) => !is_number && !said.is_empty() && said.chars().count() <= STATE_CHARS_MAX,
        _ => is_number && value.is_number(),
    };
    if fits { Ok(Some(value)) } else { Err(format!("{value} is not what such a sensor shows")) }
}

/// The name by which other parts of Home Assistant know a sensor.
fn slug(name: &str) -> String {
    name.to_lowercase().replace(' ', "_")
}

#[test]
fn each_sensor_of_the_document_finds_what_it_names_in_the_answer_of_an_agent() {
    let tried = Tried::on("rpi5-rpios-activecooler");
    let shown = tried.sensors();
    let of = |name: &str| shown.iter().find(|(of, _)| of == name).unwrap_or_else(|| panic!("no {name}")).1.clone();
    assert!(shown.len() >= 6 && shown.iter().all(|(_, value)| value.is_some()), "{shown:?}");
    assert!(of("Wattle headroom").is_some_and(|percent| (0.0..=100.0).contains(&percent.as_f64().unwrap())));
    assert_eq!(of("Wattle CPU"), Some(47.4.into()), "as the board's file has it");
    assert_eq!(of("Wattle paused"), Some(false.into()));
    tried.command("wattle_pause", &[]);
    until("the pause on the sensors", || {
        let paused = tried.sensors();
        let has = |name: &str, value: Value| paused.contains(&(name.to_owned(), Some(value)));
        has("Wattle paused", json!(true)) && has("Wattle headroom", json!(0.0))
    });
    // Without a sensor of the CPU there is no temperature, and nothing is said to be 0.
    let bare = Tried::on("vm-no-sensors").sensors();
    assert_eq!(
        bare.iter().filter(|(_, value)| value.is_none()).collect::<Vec<_>>(),
        [&("Wattle CPU".to_owned(), None)]
    );
}

#[test]
fn the_hint_is_read_by_a_token_that_may_not_give_one() {
    let tried = Tried::on("rpi5-rpios-activecooler");
    tried.command("wattle_energy", &[("state", "surplus")]);
    let mut hint = tried.settings["rest_command"]["wattle_energy"].clone();
    let sensors = &tried.settings["rest"][0]["headers"];
    assert_ne!(&hint["headers"], sensors, "the sensors have a token of their own");
    hint["headers"] = sensors.clone();
    assert_eq!(tried.call(&hint, r#"{"v":1,"state":"scarce","ttl_s":900}"#).0, 403);
    hint["method"] = "get".into();
    let (status, answer) = tried.call(&hint, "");
    assert_eq!(status, 200, "{answer}");
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer, json!({ "energy": "surplus", "energy_source": "home-assistant" }));
}

#[test]
fn each_command_of_the_document_does_on_an_agent_what_it_is_for() {
    let tried = Tried::on("rpi5-rpios-activecooler");
    for state in ["surplus", "scarce", "normal"] {
        assert!(tried.page.contains(&format!("\"{state}\"")), "the document names the states");
        tried.command("wattle_energy", &[("state", state)]);
        let energy = tried.energy();
        assert_eq!(
            (&energy["energy"], &energy["energy_source"]),
            (&json!(state), &json!("home-assistant")),
            "{energy}"
        );
    }
    tried.command("wattle_pause", &[]);
    until("the pause", || tried.energy()["paused"] == true);
    tried.command("wattle_resume", &[]);
    until("its end", || tried.energy()["paused"] == false);
    // What the remark beside the command has, and what the document sends in the forms of others.
    let pause = &tried.settings["rest_command"]["wattle_pause"];
    assert!(tried.page.contains(r#"{"seconds":7200}"#));
    assert_eq!(tried.call(pause, r#"{"seconds":7200}"#).0, 200);
    until("a pause of two hours", || {
        tried.energy()["paused_s"].as_u64().is_some_and(|left| (7100..=7200).contains(&left))
    });
    let hint = &tried.settings["rest_command"]["wattle_energy"];
    let evcc: Vec<&str> = tried.page.split('`').filter(|code| code.starts_with("{\"grid")).collect();
    assert_eq!(evcc.len(), 2, "{evcc:?}");
    for body in evcc {
        assert_eq!(tried.call(hint, body).0, 204, "{body}");
    }
    let (status, why) = tried.call(hint, "{}");
    assert!(status == 400 && why.contains("The hint before it stays"), "{why}");
}

#[test]
fn the_automation_of_the_document_gives_its_command_what_that_asks_for() {
    let tried = Tried::on("rpi5-rpios-activecooler");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let [template] = &tried.settings["template"].as_array().unwrap()[..] else { panic!("one template") };
    let [surplus] = &template["binary_sensor"].as_array().unwrap()[..] else { panic!("one sensor of surplus") };
    let entity = format!("binary_sensor.{}", slug(&text(&surplus["name"])));
    let [automation] = &tried.settings["automation"].as_array().unwrap()[..] else { panic!("one automation") };
    let triggers = automation["triggers"].as_array().unwrap();
    assert!(triggers.iter().any(|trigger| trigger["entity_id"] == *entity), "{triggers:?}");
    // A hint ends by itself: it has to be sent again before.
    let every: u64 =
        triggers.iter().find_map(|trigger| trigger["minutes"].as_str()?.strip_prefix('/')?.parse().ok()).unwrap();
    let payload = text(&tried.settings["rest_command"]["wattle_energy"]["payload"]);
    let ttl: u64 = payload.split_once("\"ttl_s\":").unwrap().1.split(',').next().unwrap().parse().unwrap();
    assert!(every * 60 < ttl, "sent every {every} minutes, and good for {ttl} s");
    let [action] = &automation["actions"].as_array().unwrap()[..] else { panic!("one action") };
    let (command, data) = (text(&action["action"]), action["data"].as_object().unwrap());
    let words: Vec<String> = text(&data["state"]).split('\'').skip(1).step_by(2).map(str::to_owned).collect();
    assert!(words.contains(&entity), "{words:?}");
    let states: Vec<&String> = words.iter().filter(|word| **word != entity && *word != "on").collect();
    assert_eq!(states, ["surplus", "normal"]);
    for state in states {
        let given: Vec<(&str, &str)> = data.keys().map(|key| (key.as_str(), state.as_str())).collect();
        tried.command(command.strip_prefix("rest_command.").unwrap(), &given);
        assert_eq!(tried.energy()["energy"], state.as_str());
    }
}
