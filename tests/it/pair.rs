//! Two devices: a question asked on one is answered by both.

use super::harness::{Agent, Place};
use std::fs;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use wattle::platform::home::Home;

const FILES: usize = 200;

/// A place with a key, and the address at which its agent will listen, as a socket and as a multiaddr.
pub(crate) fn prepared() -> (Place, String, String) {
    let place = Place::new();
    let peer = Home::open(&place.home()).unwrap().identity().unwrap().peer_id();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    (place, socket.to_string(), format!("/ip4/127.0.0.1/tcp/{}/p2p/{peer}", socket.port()))
}

pub(crate) fn up(place: &Place, name: &str, listen: &str, peer: &str) -> Agent {
    let docs = place.docs();
    place.up(&["--name", name, "--listen", listen, "--peer", peer, docs.to_str().unwrap()])
}

pub(crate) fn linked(agent: &Agent) {
    agent.wait("the link", |status| status["peers"][0]["linked"] == true && status["peers"][0]["device"].is_string());
}

#[test]
fn a_question_about_the_other_devices_file_is_answered_and_a_killed_device_is_named() {
    let ((one, one_listen, one_address), (two, two_listen, two_address)) = (prepared(), prepared());
    for n in 0..FILES {
        one.write(&format!("{n}.txt"), format!("Letter {n} from the notary is about parcel {}.", n * 37 % 1009));
        two.write(&format!("{n}.txt"), format!("Recipe {n} for soup needs {} grams of leek.", n * 41 % 997));
    }
    let attic = up(&one, "attic", &one_listen, &two_address);
    let cellar = up(&two, "cellar", &two_listen, &one_address);
    attic.wait_ready(FILES as u64);
    cellar.wait_ready(FILES as u64);
    linked(&attic);
    linked(&cellar);

    attic.json(&["search", "a first question", "--json"]);
    let began = Instant::now();
    let found = attic.json(&["search", "How much leek goes into the soup?", "--json"]);
    let took = began.elapsed();
    println!(
        "a question about the other device's file: answered in {} ms, the command's start included",
        took.as_millis()
    );
    assert_eq!(found["hits"][0]["device"], "cellar", "{found}");
    assert_eq!(found["hits"][0]["peer_id"], two_address.rsplit('/').next().unwrap());
    assert!(found["hits"][0]["text"].as_str().unwrap().contains("leek"));
    let counts = |found: &serde_json::Value| ["asked", "answered", "silent"].map(|key| found["coverage"][key].clone());
    assert_eq!(serde_json::json!(counts(&found)), serde_json::json!([2, 2, null]));

    cellar.kill();
    let began = Instant::now();
    let found = attic.json(&["search", "a letter from the notary", "--json"]);
    println!("with the other device killed: answered in {} ms", began.elapsed().as_millis());
    assert_eq!(found["hits"][0]["device"], "attic");
    assert_eq!(serde_json::json!(counts(&found)), serde_json::json!([2, 1, ["cellar"]]));
    let id = two_address.rsplit('/').next().unwrap();
    let silent = serde_json::json!([{"device": "cellar", "peer_id": id}]);
    assert_eq!(found["coverage"]["silent_devices"], silent);

    let cellar = up(&two, "cellar", &two_listen, &one_address);
    linked(&cellar);
    linked(&attic);
    let found = attic.json(&["search", "leek soup", "--json"]);
    assert_eq!(found["hits"][0]["device"], "cellar", "a device that came back answers again");
}

#[test]
fn an_agent_that_the_other_does_not_know_gets_nothing() {
    let ((one, one_listen, one_address), (two, two_listen, _)) = (prepared(), prepared());
    one.write("a.txt", "The violin is in the cupboard.");
    let attic = one.up(&["--listen", &one_listen, one.docs().to_str().unwrap()]);
    let unknown_peer = two.up(&["--listen", &two_listen, "--peer", &one_address]);
    attic.wait_ready(1);
    std::thread::sleep(std::time::Duration::from_secs(2));
    assert_eq!(unknown_peer.status()["peers"][0]["linked"], false);
    assert!(unknown_peer.search("violin").is_empty());
    assert_eq!(attic.status()["peers"], serde_json::json!([]));
    assert!(fs::metadata(two.home().join("boot")).is_ok());
}

/// Passes connections on to an address, until they are cut.
struct Cable {
    address: String,
    ends: Arc<Mutex<Vec<TcpStream>>>,
}

impl Cable {
    fn to(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, target) = (listener.local_addr().unwrap().to_string(), target.to_owned());
        let ends: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
        let kept = Arc::clone(&ends);
        std::thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let Ok(far) = TcpStream::connect(&target) else { continue };
                let both = [(near.try_clone(), far.try_clone()), (far.try_clone(), near.try_clone())];
                for (from, to) in both {
                    let (Ok(mut from), Ok(mut to)) = (from, to) else { continue };
                    std::thread::spawn(move || std::io::copy(&mut from, &mut to));
                }
                kept.lock().unwrap().extend([near, far]);
            }
        });
        Self { address, ends }
    }

    /// Ends all connections; how many there were.
    fn cut(&self) -> usize {
        let ends = std::mem::take(&mut *self.ends.lock().unwrap());
        ends.iter().for_each(|end| _ = end.shutdown(Shutdown::Both));
        ends.len() / 2
    }
}

#[test]
fn links_that_are_cut_and_come_back_raise_no_count_of_starts() {
    const CUTS: usize = 12;
    let ((one, one_listen, one_address), (two, two_listen, two_address)) = (prepared(), prepared());
    let cable = Cable::to(&two_listen);
    let through =
        two_address.replace(two_listen.rsplit(':').next().unwrap(), cable.address.rsplit(':').next().unwrap());
    let attic = up(&one, "attic", &one_listen, &through);
    // It knows who the other is, and not where: all links go through the cable.
    let (_, one_id) = one_address.rsplit_once("/p2p/").unwrap();
    let cellar = up(&two, "cellar", &two_listen, &format!("/p2p/{one_id}"));
    let counts = || [&one, &two].map(|place| fs::read_to_string(place.home().join("boot")).unwrap());
    linked(&attic);
    linked(&cellar);
    assert_eq!(counts(), ["1\n", "1\n"]);
    for cut in 1..=CUTS {
        assert!(cable.cut() > 0, "no link goes through the cable");
        attic.wait("the end of the link", |_| attic.log().matches("The link to cellar is gone").count() >= cut);
        linked(&attic);
        linked(&cellar);
    }
    // What a link that came back proves to the other end has arrived by now.
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(counts(), ["1\n", "1\n"], "{}\n{}", attic.log(), cellar.log());
    attic.stop();
    cellar.stop();
}

#[test]
fn a_device_that_is_stopped_is_shown_as_off_at_once_and_one_that_is_killed_as_a_suspect_first() {
    let ((one, one_listen, one_address), (two, two_listen, two_address)) = (prepared(), prepared());
    let attic = up(&one, "attic", &one_listen, &two_address);
    for kill in [true, false] {
        let cellar = up(&two, "cellar", &two_listen, &one_address);
        linked(&cellar);
        attic.wait("the member", |status| {
            status["peers"][0]["linked"] == true && status["peers"][0]["state"] == "alive"
        });
        assert_eq!(attic.status()["peers"][0]["off_s"], serde_json::Value::Null, "it is back");
        if kill {
            cellar.kill();
            attic.wait("a suspicion", |status| {
                assert_eq!(status["peers"][0]["off_s"], serde_json::Value::Null, "nobody said so");
                status["peers"][0]["state"] == "suspect"
            });
        } else {
            cellar.stop();
            attic.wait("its word", |status| {
                assert_ne!(status["peers"][0]["state"], "suspect");
                status["peers"][0]["state"] == "down" && status["peers"][0]["off_s"].is_u64()
            });
            let table = String::from_utf8(attic.cli(["peers"]).stdout).unwrap();
            assert!(table.contains("  off since 20"), "{table}");
            assert!(attic.log().contains("Stopped, as they say themselves: cellar."), "{}", attic.log());
        }
    }
    let cellar = up(&two, "cellar", &two_listen, &one_address);
    linked(&cellar);
    attic.wait("its return", |status| status["peers"][0]["state"] == "alive" && status["peers"][0]["off_s"].is_null());
}
