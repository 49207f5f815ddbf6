//! Folders and disks that come and go under a real agent, and what its owner decides about their documents.

mod bound;
mod decided;
mod ignored;

use super::harness::{Agent, Place, WATTLE};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const BEET: &str = "Pickled beetroot takes three spoons of caraway.\n";
const LOCK: &str = "The bicycle lock has the number 4711.\n";

/// Waits until a question has such an answer, or has none.
fn wait_for(agent: &Agent, question: &str, what: &str, wished: impl Fn(&[Value]) -> bool) {
    let end = Instant::now() + Duration::from_secs(120);
    loop {
        let found = agent.json(&["search", question, "--json"]);
        if wished(found["hits"].as_array().unwrap()) {
            return;
        }
        assert!(Instant::now() < end, "{what} did not come: {found}\n{}", agent.log());
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn names(hit: &Value, path: &Path) -> bool {
    hit["path"].as_str() == path.to_str()
}

/// What the doctor says of folders, and its exit code.
fn doctor(agent: &Agent) -> (String, Option<i32>) {
    let output = agent.cli(["doctor"]);
    let said = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = said.lines().collect();
    (lines.join(" ").split_whitespace().collect::<Vec<_>>().join(" "), output.status.code())
}

fn done(agent: &Agent, command: &str, path: &Path) -> String {
    let output = agent.cli([command, path.to_str().unwrap()]);
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    said
}

#[test]
fn a_folder_that_is_gone_answers_since_when_it_is_away_and_is_followed_once_it_is_made_anew() {
    let place = Place::new();
    place.write("vault/lock.md", LOCK);
    let vault = place.docs().join("vault");
    let agent = place.up(&[vault.to_str().unwrap()]);
    agent.wait_ready(1);
    fs::remove_dir_all(&vault).unwrap();
    wait_for(&agent, "bicycle lock", "the time since which it is away", |hits| {
        hits.iter().any(|hit| names(hit, &vault.join("lock.md")) && hit["away_since"].is_string())
    });
    let files = &agent.json(&["search", "bicycle lock", "--json"])["coverage"]["files"];
    assert_eq!((&files["known"], &files["away"]), (&1.into(), &1.into()), "{files}");
    let (said, code) = doctor(&agent);
    assert!(
        said.contains("has been away since") && said.contains(&format!("wattle forget {}", vault.display())),
        "{said}"
    );
    assert_eq!(code, Some(1));
    let folders = agent.json(&["folders", "--json"]);
    assert_eq!(folders["folders"][0]["away"][0]["documents"], 1, "{folders}");
    assert!(folders["folders"][0]["looked_s_ago"].is_u64(), "{folders}");

    place.write("vault/beet.md", BEET);
    wait_for(&agent, "beetroot", "the new file", |hits| hits.iter().any(|hit| names(hit, &vault.join("beet.md"))));
    agent.wait_ready(1);
    let (said, _) = doctor(&agent);
    assert!(said.contains("Every watched folder is there and followed"), "{said}");
    place.write("vault/deep/lock.md", LOCK);
    agent.wait_ready(2);
    agent.stop();
}

#[test]
fn a_mistaken_add_is_undone_in_one_command() {
    let place = Place::new();
    place.write("good/lock.md", LOCK);
    place.write("bad/beet.md", BEET);
    let (good, bad) = (place.docs().join("good"), place.docs().join("bad"));
    let agent = place.up(&[good.to_str().unwrap(), bad.to_str().unwrap()]);
    agent.wait_ready(2);
    let said = agent.cli(["forget", bad.join("beet.md").to_str().unwrap()]);
    assert!(String::from_utf8_lossy(&said.stderr).contains("it is a part of"), "{said:?}");
    assert!(done(&agent, "forget", &bad).contains("is watched no more, and its documents are forgotten"));
    let hits = agent.search("pickled beetroot");
    assert!(
        hits.iter().all(|path| !path.contains("/bad/")),
        "its documents leave the answers with the command: {hits:?}"
    );
    let status = agent.wait_ready(1);
    assert_eq!((&status["leaving"], status["sources"].as_array().unwrap().len()), (&Value::from(0), 1), "{status}");
    place.write("bad/more.md", BEET);
    place.write("good/more.md", LOCK);
    agent.wait_ready(2);
    agent.stop();
    let agent = place.up(&[]);
    agent.wait_ready(2);
    agent.add(&bad);
    agent.wait_ready(4);
    agent.stop();
}

#[test]
fn to_forget_what_is_no_watched_folder_changes_nothing_and_says_what_is_so() {
    let place = Place::new();
    place.write("good/lock.md", LOCK);
    let (docs, good) = (place.docs(), place.docs().join("good"));
    let agent = place.up(&[good.to_str().unwrap()]);
    agent.wait_ready(1);
    let refused = |command: &str, path: &Path| {
        let output = agent.cli([command, path.to_str().unwrap()]);
        assert!(!output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let nearest = format!("What is watched: {}. `wattle forget FOLDER --home ", good.display());
    for (path, expected) in [
        (Path::new("/"), vec!["/ is not watched itself; folders in it are", good.to_str().unwrap()]),
        (docs.as_path(), vec!["is not watched itself; folders in it are"]),
        (
            Path::new("/nope"),
            vec!["There is nothing at /nope. /nope is not watched, and nothing of it is in the index", &nearest],
        ),
        (&good.join("nope"), vec!["There is nothing at", "it is a part of"]),
        (&docs.join("god"), vec!["There is nothing at", &nearest]),
    ] {
        let said = refused("forget", path);
        assert!(expected.iter().all(|part| said.contains(part)) && said.contains("Nothing was changed"), "{said}");
        assert!(!said.contains("watched no more"), "{said}");
    }
    assert!(refused("add", Path::new("/")).contains("holds the whole system"));
    assert_eq!(agent.status()["sources"].as_array().unwrap().len(), 1);
    assert!(!agent.search("bicycle lock").is_empty());
    let said = agent.cli(["add", docs.to_str().unwrap()]);
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(said.contains(&format!("{} is a part of it now", good.display())), "{said}");
    agent.stop();
}

#[test]
fn a_folder_that_would_lose_most_of_many_documents_asks_first() {
    let place = Place::new();
    let count: u64 = 120;
    for number in 0..count {
        place.write(&format!("{}/{number}.md", number % 3), LOCK);
    }
    let docs = place.docs();
    let agent = place.up(&[docs.to_str().unwrap()]);
    agent.wait_ready(count);
    for decision in ["keep", "forget"] {
        for number in 0..count / 3 * 2 {
            let _ = fs::remove_file(docs.join(format!("{}/{number}.md", number % 3)));
        }
        agent.wait("the question", |status| status["sources"][0]["missing"]["documents"] == 80);
        agent.wait_ready(count);
        let (said, code) = doctor(&agent);
        assert!(said.contains("80 of 120 documents of") && code == Some(1), "{said}");
        assert!(
            said.contains("120 files were held against the index: it has the others as they are. 80 of them"),
            "{said}"
        );
        let findings = agent.status()["findings"].to_string();
        assert!(findings.contains("\"command\":\"wattle keep"), "the harmless one: {findings}");
        done(&agent, decision, &docs);
        if decision == "keep" {
            agent.wait_ready(count);
            assert_eq!(agent.status()["sources"][0]["missing"], Value::Null);
            assert!(!agent.search("bicycle lock").is_empty());
            for number in 0..count {
                place.write(&format!("{}/{number}.md", number % 3), LOCK);
            }
            agent.wait("all of them, read again", |status| {
                status["working"] == false && status["files"]["ready"] == count && status["files"]["waiting"] == 0
            });
            // A look at all files, so that each stands as it is on the disk.
            agent.add(&docs);
            agent.wait_ready(count);
            std::thread::sleep(Duration::from_secs(2));
        }
    }
    agent.wait_ready(count / 3);
    agent.stop();
}

#[test]
fn a_hit_says_that_its_file_is_gone_while_its_owner_is_asked_and_a_later_deletion_goes_at_once() {
    let place = Place::new();
    let count: u64 = 120;
    for number in 0..count - 2 {
        place.write(&format!("{number}.md"), format!("Parcel number {number} is for the neighbour."));
    }
    place.write("beet.md", BEET);
    place.write("lock.md", LOCK);
    let docs = place.docs();
    let agent = place.up(&[docs.to_str().unwrap()]);
    agent.wait_ready(count);
    let (beet, lock) = (docs.join("beet.md"), docs.join("lock.md"));
    fs::remove_file(&beet).unwrap();
    (0..79).for_each(|number| fs::remove_file(docs.join(format!("{number}.md"))).unwrap());
    agent.wait("the question", |status| status["sources"][0]["missing"]["documents"] == 80);
    let found = agent.json(&["search", "pickled beetroot", "--json"]);
    let hits = found["hits"].as_array().unwrap();
    assert!(names(&hits[0], &beet) && hits[0]["gone_since"].is_string(), "{found}");
    let said = agent.cli(["search", "pickled beetroot"]);
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(
        said.contains("The file is gone from its folder since") && said.contains("`wattle doctor --home "),
        "{said}"
    );
    let found = agent.json(&["search", "bicycle lock", "--json"]);
    assert!(names(&found["hits"][0], &lock) && found["hits"][0]["gone_since"].is_null(), "{found}");

    fs::remove_file(&lock).unwrap();
    wait_for(&agent, "bicycle lock", "the end of the file", |hits| !hits.iter().any(|hit| names(hit, &lock)));
    assert_eq!(agent.status()["sources"][0]["missing"]["documents"], 80, "the others wait still");
    // One of them is back.
    place.write("beet.md", BEET);
    wait_for(&agent, "pickled beetroot", "the file", |hits| names(&hits[0], &beet) && hits[0]["gone_since"].is_null());
    agent.wait("the others", |status| status["sources"][0]["missing"]["documents"] == 79);
    done(&agent, "forget", &docs);
    assert!(agent.search("pickled beetroot")[0].ends_with("/beet.md"), "it is no part of what was decided");
    agent.stop();
}

#[test]
fn a_disk_that_is_unplugged_below_a_watched_folder_is_kept_and_followed_again() {
    let place = Place::new();
    place.write("lock.md", LOCK);
    fs::create_dir_all(place.docs().join("stick")).unwrap();
    fs::create_dir_all(place.path().join("seed")).unwrap();
    fs::write(place.path().join("seed/beet.md"), BEET).unwrap();
    let (stick, seed) = (place.docs().join("stick"), place.path().join("seed"));
    // In a user namespace anybody may mount: the seed is the disk, bound to two names.
    let mount = "mount -t tmpfs stick \"$1\" && cp \"$0\"/* \"$1\" && shift && exec \"$@\"";
    let probe = Command::new("unshare").args(["-rm", "mount", "-t", "tmpfs", "x", "/mnt"]).output();
    if !probe.as_ref().is_ok_and(|probe| probe.status.success()) {
        return eprintln!("SKIPPED, NOT TESTED: there is no mount namespace to be had: {probe:?}");
    }
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", mount]).arg(&seed).arg(&stick).arg(WATTLE);
    let agent = Agent::start(command, &place.home(), &[place.docs().to_str().unwrap()]);
    agent.wait_ready(2);
    let pid = agent.child.id().to_string();
    let inside = |args: &[&str]| {
        let run = Command::new("nsenter").args(["-t", &pid, "-U", "-m", "--preserve-credentials"]).args(args).output();
        let run = run.unwrap();
        assert!(run.status.success(), "{args:?}: {}", String::from_utf8_lossy(&run.stderr));
    };
    let stick_name = stick.to_str().unwrap();
    inside(&["umount", stick_name]);
    wait_for(&agent, "beetroot", "the time since which it is away", |hits| {
        hits.iter().any(|hit| names(hit, &stick.join("beet.md")) && hit["away_since"].is_string())
    });
    place.write("stick/stray.md", "A stray note about Sunday.\n");
    agent.wait_ready(3);
    wait_for(&agent, "pickled beetroot", "the file that is away", |hits| {
        hits.iter().any(|hit| names(hit, &stick.join("beet.md")) && hit["away_since"].is_string())
            && hits.iter().all(|hit| names(hit, &stick.join("beet.md")) || hit["away_since"].is_null())
    });
    inside(&["mount", "-t", "tmpfs", "stick", stick_name]);
    inside(&["sh", "-c", &format!("echo 'Beehive honey is taken in July.' > {stick_name}/honey.md")]);
    wait_for(&agent, "beehive honey", "a new file on the disk", |hits| {
        hits.iter().any(|hit| names(hit, &stick.join("honey.md")))
    });
    agent.stop();
}

#[test]
fn files_of_keys_are_counted_and_named_as_they_come_and_go_and_a_private_key_is_in_no_answer() {
    let place = Place::new();
    place.write("beet.md", BEET);
    let docs = place.docs();
    let agent = place.up(&[docs.to_str().unwrap()]);
    agent.wait_ready(1);
    let named = |what: &str, names: &[&str]| {
        let expected: Vec<String> = names.iter().map(|name| docs.join(name).display().to_string()).collect();
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let folder = agent.json(&["folders", "--json"])["folders"][0].clone();
            let paths: Vec<&str> =
                folder["key_file_paths"].as_array().into_iter().flatten().map(|path| path.as_str().unwrap()).collect();
            if paths == expected && folder["key_files"] == expected.len() {
                return;
            }
            assert!(Instant::now() < end, "{what}: {folder}\n{}", agent.log());
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    place.write("server.pem", LOCK);
    place.write(".env", "TOKEN=x\n");
    named("both are counted", &[".env", "server.pem"]);
    let found = agent.json(&["search", "server.pem", "--json"]);
    let told = &found["unusable"][0];
    assert_eq!(told["path"], docs.join("server.pem").to_str().unwrap(), "{found}");
    assert!(told["reason"].as_str().unwrap().contains("keys or passwords, so it is not read. `wattle add "), "{found}");
    let output = agent.cli(["status"]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("`wattle folders --home "), "{output:?}");
    agent.add(&docs.join("server.pem"));
    named("what is named is not left out", &[".env"]);
    done(&agent, "forget", &docs.join("server.pem"));
    named("and is left out again", &[".env", "server.pem"]);
    fs::remove_file(docs.join("server.pem")).unwrap();
    fs::remove_file(docs.join(".env")).unwrap();
    named("both are gone", &[]);

    let letters = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW";
    let key = format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{letters}\n-----END OPENSSH PRIVATE KEY-----\n");
    place.write("my_id_rsa", &key);
    place.write("server.md", format!("The cellar server has this key:\n\n{key}\nIt was made in May.\n"));
    wait_for(&agent, "key of the cellar server", "the note", |hits| {
        hits.iter()
            .any(|hit| names(hit, &docs.join("server.md")) && hit["text"].as_str().unwrap().contains("made in May"))
    });
    let found = agent.json(&["search", "key of the cellar server", "--json"]).to_string();
    assert!(!found.contains("b3Blbn") && !found.contains("PRIVATE KEY"), "{found}");
    let (said, _) = doctor(&agent);
    assert!(said.contains("The file holds a private key and hardly a word besides."), "{said}");
    agent.stop();
}

#[test]
fn what_is_forgotten_is_not_counted_once_the_command_has_ended_and_can_be_added_again_at_once() {
    let place = Place::new();
    (0..100).for_each(|n| place.write(&format!("many/{n}.md"), format!("Note number {n} is about beetroot.\n")));
    place.write("other/lock.md", LOCK);
    let (many, other) = (place.docs().join("many"), place.docs().join("other"));
    let agent = place.up(&[many.to_str().unwrap(), other.to_str().unwrap()]);
    agent.wait_ready(101);
    done(&agent, "forget", &many);
    let status = agent.status();
    assert_eq!((&status["files"]["ready"], &status["chunks"]), (&1.into(), &1.into()), "{status}");
    agent.add(&many);
    agent.wait_ready(101);
    agent.stop();
}

#[test]
fn a_file_of_keys_or_a_hidden_one_in_a_watched_folder_is_indexed_once_it_is_named_and_until_it_is_forgotten() {
    let place = Place::new();
    place.write("beet.md", BEET);
    place.write("server.pem", LOCK);
    place.write(".diary/monday.md", "On Monday the lawn mower was repaired.\n");
    let docs = place.docs();
    let agent = place.up(&[docs.to_str().unwrap()]);
    agent.wait_ready(1);
    agent.add(&docs.join("server.pem"));
    agent.add(&docs.join(".diary"));
    agent.wait_ready(3);
    let has =
        |agent: &Agent, question: &str, name: &str| agent.search(question).iter().any(|path| path.ends_with(name));
    assert!(has(&agent, "bicycle lock", "/server.pem") && has(&agent, "lawn mower", "/.diary/monday.md"));
    // A look at all of the folder, a change, and another start.
    agent.add(&docs);
    place.write("server.pem", "The bicycle lock has the number 1234 now.\n");
    place.write(".diary/tuesday.md", "On Tuesday it rained.\n");
    agent.wait_ready(4);
    wait_for(&agent, "bicycle lock", "the change", |hits| {
        hits.iter().any(|hit| hit["text"].as_str().unwrap().contains("1234"))
    });
    agent.stop();
    let agent = place.up(&[]);
    agent.wait_ready(4);
    std::thread::sleep(Duration::from_secs(2));
    agent.wait_ready(4);
    assert!(has(&agent, "bicycle lock", "/server.pem") && has(&agent, "lawn mower", "/.diary/monday.md"));
    done(&agent, "forget", &docs.join("server.pem"));
    done(&agent, "forget", &docs.join(".diary"));
    agent.wait_ready(1);
    agent.add(&docs);
    agent.wait_ready(1);
    assert!(!has(&agent, "bicycle lock", "/server.pem") && has(&agent, "beetroot", "/beet.md"));
    agent.stop();
}
