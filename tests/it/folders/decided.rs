//! What owners decide about folders: what is kept is shown and can be taken out, and what is added says what was so.

use super::*;

#[test]
fn what_its_owner_keeps_without_files_is_shown_after_a_restart_too_and_can_be_taken_out() {
    let place = Place::new();
    for number in 0..120 {
        place.write(&format!("{}/{number}.md", number % 3), if number == 1 { BEET } else { LOCK });
    }
    let docs = place.docs();
    let mut agent = place.up(&[docs.to_str().unwrap()]);
    agent.wait_ready(120);
    (0..120).filter(|number| number % 3 > 0).for_each(|number| {
        fs::remove_file(docs.join(format!("{}/{number}.md", number % 3))).unwrap();
    });
    agent.wait("the question", |status| status["sources"][0]["missing"]["documents"] == 80);
    assert!(done(&agent, "keep", &docs).contains("`wattle forget --kept"), "how to undo that");
    for again in [true, false] {
        agent.wait("what is kept", |status| status["sources"][0]["kept_without_files"] == 80);
        let folders = String::from_utf8(agent.cli(["folders"]).stdout).unwrap();
        assert!(folders.contains("80 documents are kept without a file by your word"), "{folders}");
        let found = agent.json(&["search", "pickled beetroot", "--json"]);
        let hit = &found["hits"][0];
        assert!(names(hit, &docs.join("1/1.md")) && hit["kept_since"].is_string(), "{found}");
        assert!(hit["away_since"].is_null() && hit["gone_since"].is_null(), "nobody waits for it: {found}");
        if again {
            agent.stop();
            agent = place.up(&[]);
        }
    }
    let part = docs.join("1");
    let refused = agent.cli(["forget", part.to_str().unwrap()]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("`wattle forget --kept"), "{refused:?}");
    let taken = agent.cli(["forget", "--kept", part.to_str().unwrap()]);
    assert!(String::from_utf8_lossy(&taken.stdout).contains("40 documents of"), "{taken:?}");
    agent.wait_ready(80);
    agent.wait("the count", |status| status["sources"][0]["kept_without_files"] == 40);
    assert!(
        !agent.cli(["forget", "--kept", part.to_str().unwrap()]).status.success(),
        "nothing is kept there any more"
    );
    agent.stop();
}

#[test]
fn to_add_what_is_watched_says_so_and_what_was_private_is_not_shared_by_a_forgotten_name() {
    let place = Place::new();
    place.write("notes/lock.md", LOCK);
    place.write("diary/beet.md", BEET);
    let (notes, diary) = (place.docs().join("notes"), place.docs().join("diary"));
    let agent = place.up(&[notes.to_str().unwrap()]);
    agent.wait_ready(1);
    assert!(done(&agent, "add", &notes).contains("already, in the collection home"));
    let diary = diary.to_str().unwrap();
    assert!(agent.cli(["add", diary, "--collection", "diary", "--ring", "private"]).status.success());
    agent.wait_ready(2);
    done(&agent, "forget", diary.as_ref());
    let misspelt = agent.cli(["add", diary, "--collection", "dairy"]);
    let why = String::from_utf8_lossy(&misspelt.stderr).into_owned();
    assert!(!misspelt.status.success() && why.contains("no collection \"dairy\""), "{why}");
    assert!(why.contains(&format!("`wattle add {diary} --collection diary")), "{why}");
    let refused = agent.cli(["add", diary]);
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    let (keep, share) =
        (format!("`wattle add {diary} --collection diary"), format!("`wattle add {diary} --collection home"));
    assert!(!refused.status.success() && why.contains(&keep) && why.contains(&share), "{why}");
    assert_eq!(agent.json(&["folders", "--json"])["folders"].as_array().unwrap().len(), 1, "nothing was shared");
    agent.stop();
    let why = place.up_fails(&[diary]);
    assert!(why.contains(&keep.replace("wattle add", "wattle up")), "no agent runs that could share it: {why}");
    let agent = place.up(&[]);
    assert_eq!(agent.json(&["folders", "--json"])["folders"].as_array().unwrap().len(), 1, "nothing was shared");
    let kept = agent.cli(["add", diary, "--collection", "diary"]);
    assert!(String::from_utf8_lossy(&kept.stdout).contains("diary"), "{kept:?}");
    agent.wait("the folder", |status| status["sources"][1]["ring"] == "private");
    agent.stop();
}
