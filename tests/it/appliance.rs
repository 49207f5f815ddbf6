//! The SD card image's own files, as far as they can be held without making it: wattle.txt, its page, and the units.

use super::harness::repo;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use wattle::config::Card;

/// The settings that the program knows: it names them to whoever writes another one.
fn known() -> BTreeSet<String> {
    let card = Card::read(b"nonsense = x\n");
    let (_, list) = card.mistakes[0].what.split_once("those that are: ").unwrap();
    list.split(", ").map(str::to_owned).collect()
}

#[test]
fn the_file_on_the_card_and_its_page_have_each_setting_and_no_other() {
    let file = fs::read_to_string(repo().join("cross/image/root/usr/share/wattle/wattle.txt")).unwrap();
    assert_eq!(Card::read(file.as_bytes()).used(), Vec::<&str>::new());
    let settings = file.lines().filter_map(|line| line.strip_prefix('#')?.split_once('=')).map(|(key, _)| key);
    let settings: BTreeSet<String> =
        settings.filter(|key| !key.starts_with(' ')).map(|key| key.trim().to_owned()).collect();
    assert_eq!(settings, known());
    let page = fs::read_to_string(repo().join("docs/appliance.md")).unwrap();
    for setting in known() {
        assert!(page.contains(&format!("`{setting}`")), "docs/appliance.md tells of {setting}");
    }
}

#[test]
fn what_the_units_of_the_image_start_is_there_and_can_be_started() {
    let root = repo().join("cross/image/root");
    let mut started = 0;
    for entry in fs::read_dir(root.join("usr/lib/systemd/system")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let unit = fs::read_to_string(&path).unwrap();
        for line in unit.lines().filter_map(|line| line.split_once('=')) {
            let (key, words) = line;
            let program = words.split(' ').next().unwrap();
            if key.starts_with("Exec") && program.starts_with("/usr/libexec/wattle/") {
                let mode = fs::metadata(root.join(program.trim_start_matches('/'))).unwrap().permissions().mode();
                assert!(mode & 0o111 == 0o111, "{program} of {}", path.display());
                started += 1;
            }
        }
    }
    assert!(started >= 10, "{started}");
    let settings = fs::read_to_string(root.join("usr/share/wattle/config.toml")).unwrap();
    let config = wattle::config::Config::parse(&settings).unwrap();
    assert!(config.node.listen.is_some_and(|at| at.ip().is_unspecified()), "other devices reach the board");
}

#[test]
fn a_board_hands_on_at_the_port_at_which_others_ask_and_knows_whose_updates_it_takes() {
    let read = |name: &str| fs::read_to_string(repo().join(name)).unwrap();
    let socket = read("cross/image/root/usr/lib/systemd/system/wattle-hand-on.socket");
    let port = socket.lines().find_map(|line| line.strip_prefix("ListenStream=")).unwrap();
    assert!(read("src/cli/update/origin.rs").contains(&format!("HAND_ON_PORT: u16 = {port};")), "{port}");
    // What the program looks for in a root is what the image's recipe puts there, and both folders have what the firmware's two files are made of.
    let recipe = read("cross/image/assemble");
    for place in ["usr/share/wattle/image", "usr/share/wattle/update.keys"] {
        assert!(
            read("src/platform/update/system.rs").contains(place) && recipe.contains(&format!("$add/{place}")),
            "{place}"
        );
    }
    for file in ["a/config.txt", "b/config.txt"] {
        assert!(recipe.contains(&format!("$boot/{file}")), "{file}");
    }
    assert!(
        read("cross/image/config.txt").contains("os_prefix=@SLOT@/")
            && read("cross/image/cmdline.txt").contains("root=PARTUUID=@ROOT@")
    );
}
