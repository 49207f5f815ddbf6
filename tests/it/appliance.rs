//! The SD card image's own files, as far as they can be held without making it: wattle.txt, its page, and the units.

use super::harness::{Place, copied, repo};
use super::system_service::analyze;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use wattle::config::Card;
use wattle::limits::{UPDATE_TRIAL_LIMIT_MS, UPDATE_TRIAL_MS, UPDATE_WAIT_MS};

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
    // Both that write to the boot partition wait for each other, and the way back from a program that does not run comes behind the trial that it watches over.
    let look = read("cross/image/root/usr/libexec/wattle/look");
    assert!(look.contains("9>> \"$state/boot.lock\"") && look.contains("state=$at/run/wattle"));
    let boot = read("src/platform/update/boot.rs");
    assert!(
        boot.contains("LOCK: &str = \"boot.lock\"") && read("src/platform/update/system.rs").contains("\"run/wattle\"")
    );
    // The module by which the firmware is told is made, is in the image, and is the one whose presence the program looks for.
    let source = read("cross/image/tryboot/wattle_tryboot.c");
    assert!(source.contains("of:N*T*Craspberrypi,bcm2835-firmware") && source.contains("0x00038064"));
    assert!(read("cross/image/tryboot/Kbuild").contains("wattle_tryboot.o"));
    assert!(read("cross/image/modules").lines().any(|line| line == "late wattle_tryboot"));
    assert!(read("src/platform/update/system.rs").contains("\"sys/module/wattle_tryboot\""));
    let trial = read("cross/image/root/usr/libexec/wattle/trial");
    let seconds = trial.lines().find_map(|line| line.strip_prefix("sleep \"${1:-")?.strip_suffix("}\""));
    let seconds: u64 = seconds.unwrap().parse().unwrap();
    assert!(seconds * 1000 > UPDATE_TRIAL_LIMIT_MS + UPDATE_TRIAL_MS && seconds * 1000 < UPDATE_WAIT_MS, "{seconds}");
    let stick = read("cross/image/root/usr/libexec/wattle/look-at-stick");
    let said = stick.lines().find_map(|line| line.trim().strip_prefix("1:\"")?.split_once('"')).unwrap().0;
    assert!(read("src/platform/update.rs").contains(said), "{said}");
    assert!(
        read("cross/image/config.txt").contains("os_prefix=@SLOT@/")
            && read("cross/image/cmdline.txt").contains("root=PARTUUID=@ROOT@")
    );
}

#[test]
fn what_is_wrong_with_a_board_and_with_its_card_is_on_its_page() {
    let (place, board) = (Place::new(), tempfile::tempdir().unwrap());
    let folders = ["card", "run"].map(|name| board.path().join(name));
    for (folder, line) in folders.iter().zip(["line 3: it is wrong.\r\n", "wrong: The card is very slow.\n"]) {
        fs::create_dir(folder).unwrap();
        fs::write(folder.join("wattle-report.txt"), line).unwrap();
    }
    let [card, run] = folders.each_ref().map(|folder| folder.to_str().unwrap());
    let agent = place.up(&["--boot", card, "--boot", run]);
    let tells = |status: &serde_json::Value, what: &str| status["findings"].to_string().contains(what);
    agent.wait("both", |status| tells(status, "line 3: it is wrong.") && tells(status, "The card is very slow."));
    fs::remove_file(folders[1].join("wattle-report.txt")).unwrap();
    agent.wait("the end of one", |status| !tells(status, "The card is very slow."));
    assert!(tells(&agent.status(), "line 3: it is wrong."));
    agent.stop();
}

#[test]
fn the_programs_of_the_image_do_what_they_say_on_a_folder_that_stands_for_a_board() {
    if !fs::exists("/usr/bin/dash").unwrap() {
        println!("not checked: there is no dash, the shell of the board");
        return;
    }
    let output = Command::new(repo().join("cross/image/test")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains(" passed"), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_agent_of_the_image_is_opened_to_the_home_by_the_owners_password_alone() {
    let root = repo().join("cross/image/root");
    let settings = fs::read_to_string(root.join("usr/share/wattle/config.toml")).unwrap();
    // The settings open nothing: `run` opens the page at the board's address, where whoever opens it first chooses a password (docs/security.md).
    let config = wattle::config::Config::parse(&settings).unwrap();
    assert!(!config.open_here && config.open_api.is_none());
    let run = fs::read_to_string(root.join("usr/libexec/wattle/run")).unwrap();
    assert!(run.contains("--open-api \"$address:7780\" --first-visitor\n"), "{run}");
    // Both folders that `look` and `card` write for the agent.
    assert!(run.contains("--boot /data/card --boot /run/wattle"), "{run}");
}

/// The image's units in a root of their own, enabled as cross/image/assemble does it, below targets that stand for systemd's.
fn units_in(root: &Path) {
    copied(&repo().join("cross/image/root/usr"), root);
    let units = root.join("usr/lib/systemd/system");
    fs::copy(repo().join("cross/service/wattle.service"), units.join("wattle.service")).unwrap();
    fs::create_dir_all(root.join("usr/bin")).unwrap();
    // Any program: it is looked at, not run.
    fs::copy(units.join("../../../libexec/wattle/led"), root.join("usr/bin/wattle")).unwrap();
    for (target, lines) in [
        ("local-fs", "DefaultDependencies=no"),
        ("sysinit", "DefaultDependencies=no\nWants=local-fs.target\nAfter=local-fs.target"),
        ("basic", "DefaultDependencies=no\nRequires=sysinit.target\nAfter=sysinit.target"),
        ("network", "DefaultDependencies=no"),
        ("sockets", "DefaultDependencies=no"),
        ("shutdown", "DefaultDependencies=no"),
        ("multi-user", "Requires=basic.target\nAfter=basic.target\nWants=sockets.target"),
    ] {
        fs::write(units.join(format!("{target}.target")), format!("[Unit]\nDescription=A target\n{lines}\n")).unwrap();
    }
    for entry in fs::read_dir(&units).unwrap() {
        let (path, name) = (entry.as_ref().unwrap().path(), entry.unwrap().file_name());
        let text = fs::read_to_string(&path).unwrap_or_default();
        for target in text.lines().filter_map(|line| line.strip_prefix("WantedBy=")) {
            let wants = root.join(format!("etc/systemd/system/{target}.wants"));
            fs::create_dir_all(&wants).unwrap();
            symlink(Path::new("/usr/lib/systemd/system").join(&name), wants.join(&name)).unwrap();
        }
    }
}

#[test]
fn systemd_knows_every_line_of_the_images_units_and_none_waits_for_itself() {
    let root = tempfile::tempdir().unwrap();
    units_in(root.path());
    let at_root = format!("--root={}", root.path().display());
    let verify = || analyze(&["verify", "--man=no", &at_root, "multi-user.target"]);
    let Some(output) = verify() else { return };
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    // It would say so.
    let unit = root.path().join("usr/lib/systemd/system/wattle-data.service");
    let planted = fs::read_to_string(&unit).unwrap().replace("\nBefore=", "\nBefore=wattle-disk.service ");
    fs::write(&unit, planted).unwrap();
    let said = verify().unwrap().stderr;
    assert!(String::from_utf8_lossy(&said).contains("ordering cycle"), "{}", String::from_utf8_lossy(&said));
}

#[test]
fn a_board_with_a_stand_in_for_its_data_takes_no_update() {
    let units = repo().join("cross/image/root/usr/lib/systemd/system");
    for unit in ["wattle-update.service", "wattle-stick@.service"] {
        let text = fs::read_to_string(units.join(unit)).unwrap();
        assert!(text.contains("\nConditionPathExists=!/run/wattle/stand-in\n"), "{unit}");
    }
}

#[test]
fn what_the_scripts_of_the_image_read_beside_them_is_there() {
    let folder = repo().join("cross/image");
    let mut read = 0;
    for script in ["assemble", "customize"] {
        let text = fs::read_to_string(folder.join(script)).unwrap();
        for rest in text.split("$here/").skip(1) {
            let path = rest.split(['"', ' ', '\n']).next().unwrap().trim_end_matches("/.");
            assert!(folder.join(path).exists(), "{script} reads {path}");
            read += 1;
        }
    }
    assert!(read >= 8, "{read}");
}

#[test]
fn the_image_has_what_systemd_opens_by_name_alone() {
    let packages = fs::read_to_string(repo().join("cross/image/packages")).unwrap();
    // No package asks for it. Without it resolved cannot read the board's name, and NAME.local is linux.local for all boards.
    assert!(packages.lines().any(|package| package == "libidn2-0"), "{packages}");
}
