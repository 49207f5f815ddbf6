//! A card carried out on a folder that stands for the system.

use super::*;
use crate::base::id::PeerKey;
use crate::http::dto::Role;
use crate::http::keys::Keys;
use crate::platform::home::Token;
use crate::wire::pairing::InviteId;
use crate::wire::pairing::secret::LongSecret;
use std::os::unix::fs::PermissionsExt;

struct Board {
    folder: tempfile::TempDir,
}

impl Board {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for place in ["boot", "data/system", "data/card", "usr/share/zoneinfo/Europe"] {
            fs::create_dir_all(folder.path().join(place)).unwrap();
        }
        fs::write(folder.path().join("usr/share/zoneinfo/Europe/Berlin"), "TZif").unwrap();
        Self { folder }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.at(name)).unwrap_or_default()
    }

    /// What the report says after this was written.
    fn apply(&self, text: &str) -> String {
        fs::write(self.at("boot/wattle.txt"), text).unwrap();
        self.again()
    }

    fn again(&self) -> String {
        let done = apply(&self.at("boot"), self.folder.path(), true);
        for copy in ["data/card", "data/system"] {
            assert_eq!(self.text("boot/wattle-report.txt"), self.text(&format!("{copy}/wattle-report.txt")));
        }
        let report = self.text("boot/wattle-report.txt");
        assert_eq!(done.is_err(), report.contains("not done: "), "{report}");
        report
    }
}

const ALL: &str = "hostname = attic\r\nwifi_name = Kitchen\r\nwifi_password = six \"quoted\" words\r\nwifi_country = de\r\n\
                   timezone = Europe/Berlin\r\npage_password = quince and plum\r\nssh_key = ssh-ed25519 AAAAC3Nz ann\r\n";

#[test]
fn a_card_is_carried_out_and_its_secrets_are_taken_away() {
    let board = Board::new();
    let report = board.apply(ALL);
    assert!(report.contains("Nothing is wrong."), "{report}");
    assert_eq!(
        (board.text("data/system/hostname").as_str(), board.text("data/system/ssh/authorized_keys").as_str()),
        ("attic\n", "ssh-ed25519 AAAAC3Nz ann\n")
    );
    assert_eq!(
        fs::read_link(board.at("data/system/localtime")).unwrap(),
        Path::new("/usr/share/zoneinfo/Europe/Berlin")
    );
    let wifi = board.text("data/system/wifi.conf");
    assert!(wifi.contains("country=DE\n") && wifi.contains("\tssid=4b69746368656e\n"), "{wifi}");
    assert!(wifi.contains("\tpsk=\"six \"quoted\" words\"\n"), "{wifi}");
    let mode = fs::metadata(board.at("data/system/wifi.conf")).unwrap().permissions().mode();
    assert_eq!((mode & 0o777, board.text("data/card/page-password").as_str()), (0o600, "quince and plum"));
    let left = board.text("boot/wattle.txt");
    assert!(!left.contains("quoted") && !left.contains("quince") && left.contains("hostname = attic\r\n"), "{left}");
    assert!(!report.contains("quoted") && !report.contains("quince"), "{report}");
}

#[test]
fn a_card_that_is_carried_out_again_keeps_the_password_that_was_taken_out() {
    let board = Board::new();
    board.apply(ALL);
    let changed = board.text("boot/wattle.txt").replace("attic", "cellar").replace("= de", "= FR");
    let report = board.apply(&changed);
    assert!(report.contains("Nothing is wrong."), "{report}");
    let wifi = board.text("data/system/wifi.conf");
    assert!(wifi.contains("country=FR\n") && wifi.contains("six \"quoted\" words"), "{wifi}");
    assert_eq!(board.text("data/system/hostname"), "cellar\n");
    // Another network has no password of before.
    let report = board.apply("wifi_name = Other\nwifi_country = DE\n");
    assert!(report.contains("the Wi-Fi has no password"), "{report}");
    assert!(board.text("data/system/wifi.conf").contains("4b69746368656e"), "the one of before stays");
    board.apply("wifi_name = Other\nwifi_country = DE\nwifi_password = none\n");
    assert!(board.text("data/system/wifi.conf").contains("key_mgmt=NONE"));
}

#[test]
fn what_cannot_be_done_is_told_and_keeps_the_secrets_for_another_try() {
    let board = Board::new();
    fs::create_dir(board.at("data/system/wifi.conf")).unwrap();
    let report = board.apply(ALL);
    assert!(report.contains("not done: the Wi-Fi could not be written"), "{report}");
    let left = board.text("boot/wattle.txt");
    assert!(left.contains("quoted"), "what was not carried out stays");
    assert!(!left.contains("quince"), "what was is not set again at the next start: {left}");
    assert_eq!(board.text("data/system/hostname"), "attic\n", "the rest is done");
    fs::remove_file(board.at("boot/wattle.txt")).unwrap();
    assert!(board.again().contains("No setting of it is used."));
}

#[test]
fn what_the_owner_alone_can_mend_is_a_mistake_that_keeps_no_secret_and_has_nothing_tried_again() {
    let page = "page_password = quince and plum\n";
    for (text, told) in [
        ("timezone = Europe/Nowhere\n", "line 1: the time zone is none that this system knows"),
        ("wifi_name = Kitchen\nwifi_country = DE\n", "line 1: the Wi-Fi has no password"),
        ("invite = attic.toml\n", "line 1: the invite that it names is not on this partition"),
    ] {
        let board = Board::new();
        let report = board.apply(&format!("{text}{page}"));
        assert!(report.contains(told) && !report.contains("not done: "), "{report}");
        assert!(report.contains("Used: the page's password.\r\n"), "{report}");
        let left = board.text("boot/wattle.txt");
        assert!(left.starts_with(text) && !left.contains("quince"), "{left}");
        fs::remove_file(board.at("data/card/page-password")).unwrap();
        board.again();
        assert!(!board.at("data/card/page-password").exists(), "one that was changed meanwhile is not set again");
    }
}

#[test]
fn an_invite_is_moved_to_the_agent_and_wiped_from_the_card_and_a_damaged_one_stays() {
    let board = Board::new();
    fs::create_dir_all(board.at("boot/wattle")).unwrap();
    fs::write(board.at("boot/wattle/invite.toml"), "version = 1\n").unwrap();
    assert!(board.apply("").contains("the invite on this partition is damaged"));
    assert!(board.at("boot/wattle/invite.toml").exists() && !board.at("data/card/wattle").exists());
    fs::remove_file(board.at("boot/wattle/invite.toml")).unwrap();
    assert!(board.apply("invite = attic.toml\n").contains("the invite that it names is not on this partition"));
    let invite = Invite {
        mesh: [0x5b; 32],
        id: InviteId([7; 16]),
        secret: LongSecret::new([0xa7; 16]),
        issuers: vec![PeerKey(*ed25519_dalek::SigningKey::from_bytes(&[1; 32]).verifying_key().as_bytes())],
        addresses: Vec::new(),
        caps: 3,
        hours: 24,
    };
    // A link of the agent's in place of its folder has root write nowhere else.
    std::os::unix::fs::symlink(board.at("data/system"), board.at("data/card/wattle")).unwrap();
    fs::write(board.at("boot/attic.toml"), invite.text().replace('\n', "\r\n")).unwrap();
    assert!(board.again().contains("Nothing is wrong."));
    assert!(board.at("data/card/wattle/invite.toml").exists() && !board.at("boot/attic.toml").exists());
    assert!(!board.at("data/card/wattle").is_symlink() && !board.at("data/system/invite.toml").exists());
    assert!(board.again().contains("Nothing is wrong."), "one that was moved is no mistake");
    fs::remove_file(board.at("data/card/wattle/invite.toml")).unwrap();
    assert!(board.again().contains("Nothing is wrong."), "nor is it once the agent has used it");
    assert!(board.apply("invite = cellar.toml\n").contains("the invite that it names is not on this partition"));
}

#[test]
fn a_password_that_was_left_is_set_once_and_forgotten() {
    let board = Board::new();
    let home = board.at("home");
    take(&board.at("data/card"), &home, true).unwrap();
    assert!(!home.exists(), "where there is none, nothing is made");
    board.apply(ALL);
    take(&board.at("data/card"), &home, true).unwrap();
    assert!(fs::read_to_string(home.join("api-password")).unwrap().contains("salt"));
    assert!(!board.at("data/card/page-password").exists());
}

#[test]
fn a_password_of_the_card_ends_the_sessions_of_before_and_no_token() {
    let board = Board::new();
    let home = board.at("home");
    let keys = || Keys::load(&home, Token::random().unwrap());
    board.apply(ALL);
    take(&board.at("data/card"), &home, true).unwrap();
    let (_, browser) = keys().open_session(Role::Admin, "Firefox").unwrap();
    let program = keys().create("grafana", Role::Read).unwrap();
    assert_eq!(keys().role_of(browser.reveal()), Some(Role::Admin));
    board.apply("page_password = plum and quince\n");
    take(&board.at("data/card"), &home, true).unwrap();
    assert_eq!((keys().role_of(browser.reveal()), keys().role_of(program.reveal())), (None, Some(Role::Read)));
}

#[test]
fn whose_updates_are_taken_is_what_the_card_says() {
    let board = Board::new();
    fs::create_dir_all(board.at("usr/share/wattle")).unwrap();
    fs::create_dir_all(board.at("proc")).unwrap();
    fs::write(board.at("usr/share/wattle/image"), "arm64\n").unwrap();
    fs::write(board.at("usr/share/wattle/update.keys"), "0a".repeat(32)).unwrap();
    fs::write(board.at("proc/cmdline"), "root=PARTUUID=57415454-02\n").unwrap();
    let keys = |text: &str| {
        assert!(board.apply(text).contains("Nothing is wrong."), "{text}");
        crate::platform::update::System::find(board.folder.path()).unwrap().unwrap().keys().unwrap()
    };
    let own = format!("update_key = {}\n", "0b".repeat(32));
    assert_eq!(keys(&own), [[0x0a; 32], [0x0b; 32]]);
    assert!(keys("update_key = none\n").is_empty(), "no updates at all");
    assert!(keys("hostname = attic\n").is_empty(), "a line that is gone changes nothing");
    assert_eq!(keys("update_key = maker\n"), [[0x0a; 32]]);
}
