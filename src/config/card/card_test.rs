//! `wattle.txt` as people write it, and as a card that was pulled out leaves it.

use super::*;

fn mistakes(bytes: &[u8]) -> Vec<(usize, String)> {
    Card::read(bytes).mistakes.into_iter().map(|mistake| (mistake.line, mistake.what)).collect()
}

#[test]
fn a_file_of_a_windows_editor_is_read_whole() {
    let text = "\u{feff}hostname = Attic.local\r\n# a note\r\n\r\nWiFi-SSID =\t\"K\u{fc}che 5\"\r\nwifi_password= rose = #1 \r\n\
                wifi_country = de\r\ntimezone = Europe/Berlin\r\nPage_Password = \u{201c}quince and plum\u{201d}\r\n\
                ssh_key = ssh-ed25519 AAAAC3Nz ann@attic\r\nssh-key = ssh-rsa AAAAB3Nz\r\ninvite = wattle\\attic.toml\r\n";
    let card = Card::read(text.as_bytes());
    assert_eq!(card.mistakes, []);
    let wifi = card.wifi.as_ref().unwrap();
    assert_eq!((card.hostname.as_deref(), wifi.name.as_str()), (Some("attic"), "K\u{fc}che 5"));
    assert_eq!(wifi.password.as_ref().unwrap().as_str(), "rose = #1", "a number sign within a value is a part of it");
    assert_eq!((wifi.country.as_deref(), card.time_zone.as_deref()), (Some("DE"), Some("Europe/Berlin")));
    assert_eq!(card.page_password.as_ref().unwrap().as_str(), "quince and plum");
    assert_eq!((card.ssh_keys.len(), card.invite.as_deref()), (2, Some("wattle/attic.toml")));
    assert!(
        card.report(&[]).contains("Used: the name, the Wi-Fi, the time zone")
            && card.report(&[]).contains("Nothing is wrong.")
    );
    let failed = card.report(&["the card is full".to_owned()]);
    assert!(
        failed.ends_with("\r\nnot done: the card is full.\r\n") && !failed.contains("Nothing is wrong"),
        "{failed}"
    );
    let shown = format!("{card:?} {wifi:?}");
    assert!(!shown.contains("rose") && !shown.contains("quince"), "{shown}");
}

#[test]
fn each_mistake_is_told_with_its_line_and_never_with_its_value_and_the_others_hold() {
    let text = "hostname = -attic\nhostname = attic\nwifi_pasword = hunter2hunter2\njust words\nwifi_country = UK\n\
                timezone = ../../etc/passwd\npage_password = short\nssh_key = -----BEGIN OPENSSH PRIVATE KEY-----\n\
                invite = ../x\nhostname = cellar\nwifi_name =\n";
    let card = Card::read(text.as_bytes());
    assert_eq!(card.hostname.as_deref(), Some("attic"), "a line that is wrong takes no other one's place");
    let lines: Vec<usize> = card.mistakes.iter().map(|mistake| mistake.line).collect();
    assert_eq!(lines, [1, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    let report = card.report(&[]);
    for secret in ["hunter2", "short", "OPENSSH", "passwd", "just words"] {
        assert!(!report.contains(secret), "{report}");
    }
    assert!(report.contains("line 10: hostname stands in line 2 already"), "{report}");
    assert!(report.contains("\r\nline 5: wifi_country of the United Kingdom is GB.\r\n"), "{report}");
    assert!(report.contains(
        "those that are: hostname, wifi_name, wifi_password, wifi_country, timezone, page_password, ssh_key, invite, update_address, update_key."
    ));
}

#[test]
fn an_address_of_updates_and_keys_of_the_owners_own_are_taken_and_what_is_neither_is_told() {
    let key = "0a".repeat(32);
    let card = Card::read(
        format!("update_address = http://nas.local/wattle/\nupdate_key = {key}\nupdate-key={key}\n").as_bytes(),
    );
    assert_eq!(card.mistakes, []);
    assert_eq!((card.update_address.as_deref(), card.update_keys.len()), (Some("http://nas.local/wattle/"), 2));
    assert!(card.report(&[]).contains("Used: the address of updates, whose updates are taken."));
    assert_eq!(Card::read(b"update_address = None").update_address.as_deref(), Some(""), "none is asked any more");
    for (line, what) in [
        ("update_address = https://nas.local/", "begins with http://"),
        ("update_address = nas.local", "the address of a folder"),
        ("update_address = http://", "the address of a folder"),
        ("update_key = 0A0A", "64 digits"),
    ] {
        let found = mistakes(line.as_bytes());
        assert!(found.len() == 1 && found[0].1.contains(what), "{line}: {found:?}");
    }
    for (text, used, wrong) in [
        ("update_key = None\n".to_owned(), "none", vec![]),
        ("update_key = \"maker\"\n".to_owned(), "maker", vec![]),
        (format!("update_key = none\nupdate_key = {key}\nupdate_key = none\n"), "none", vec![2, 3]),
        (format!("update_key = {key}\nupdate_key = maker\n"), key.as_str(), vec![2]),
    ] {
        let card = Card::read(text.as_bytes());
        assert_eq!(card.update_keys, [used], "{text}");
        assert_eq!(card.mistakes.iter().map(|mistake| mistake.line).collect::<Vec<_>>(), wrong, "{text}");
    }
    let many = mistakes(format!("update_key = {key}\n").repeat(CARD_UPDATE_KEYS_MAX + 1).as_bytes());
    assert_eq!(many.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [CARD_UPDATE_KEYS_MAX + 1]);
}

#[test]
fn a_file_that_was_written_half_gives_what_is_whole() {
    let mut bytes = b"hostname = attic\ntimezone = Europe/Ber".to_vec();
    bytes.extend([0; 400]);
    let card = Card::read(&bytes);
    assert_eq!((card.hostname.as_deref(), card.time_zone.as_deref()), (Some("attic"), None));
    assert!(matches!(mistakes(&bytes).as_slice(), [(2, why)] if why.contains("not written to its end")));
    let broken = b"hostname = att\xc3\nwifi_name = n\nwifi_country = DE\nwifi_password = none\n";
    let card = Card::read(broken);
    assert_eq!((card.hostname, card.wifi.unwrap().password.unwrap().as_str()), (None, "none"));
}

#[test]
fn a_file_that_is_cut_anywhere_has_nothing_that_the_whole_one_has_not() {
    let text = "\u{feff}hostname = attic\r\nwifi_name = K\u{fc}che\r\nwifi_password = six words of it\r\nwifi_country = DE\r\n\
                timezone = Europe/Berlin\r\ninvite = wattle/attic.toml\r\npage_password = quince and plum\r\n";
    let whole = Card::read(text.as_bytes());
    assert_eq!((whole.mistakes.len(), whole.used().len()), (0, 5));
    for cut in 0..text.len() {
        let bytes = &text.as_bytes()[..cut];
        let card = Card::read(bytes);
        let begins =
            |part: Option<&str>, all: &str| assert!(part.is_none_or(|part| all.starts_with(part)), "{cut}: {part:?}");
        begins(card.hostname.as_deref(), "attic");
        begins(card.time_zone.as_deref(), "Europe/Berlin");
        begins(card.invite.as_deref(), "wattle/attic.toml");
        begins(card.page_password.as_ref().map(|password| password.as_str()), "quince and plum");
        begins(card.wifi.as_ref().map(|wifi| wifi.name.as_str()), "K\u{fc}che");
        // The line that was cut, and a Wi-Fi whose country comes later.
        assert!(card.mistakes.len() <= 2, "{cut}: {:?}", card.mistakes);
        assert_eq!(card.overwritten(bytes).len(), cut);
        let noted = card.noted(bytes).unwrap_or_else(|| bytes.to_vec());
        assert_eq!(noted.split(|byte| *byte == b'\n').count(), bytes.split(|byte| *byte == b'\n').count(), "{cut}");
    }
}

#[test]
fn a_line_without_an_end_where_a_sector_ends_is_not_used_and_its_secret_stays() {
    let head = format!("hostname = attic\n# {}\n", "x".repeat(400));
    let cut = |line: &str| {
        let mut bytes = (head.clone() + line + " and more words").into_bytes();
        bytes.resize(CARD_SECTOR_BYTES, b'y');
        bytes
    };
    let bytes = cut("page_password = quince");
    let card = Card::read(&bytes);
    assert_eq!((card.hostname.as_deref(), card.page_password.is_none()), (Some("attic"), true));
    assert!(matches!(card.mistakes.as_slice(), [Mistake { line: 3, what }] if what.starts_with("it has no end")));
    assert!(card.noted(&bytes).is_none(), "the owner has it still");
    // The same line with an end, in a file of another length, and a comment, are whole.
    let ended = [bytes.as_slice(), b"\r\n"].concat();
    assert!(Card::read(&ended).page_password.is_some());
    assert!(Card::read(&bytes[..CARD_SECTOR_BYTES - 1]).page_password.is_some());
    assert_eq!(mistakes(&cut("# a note")), []);
    assert_eq!(mistakes(b""), []);
}

#[test]
fn what_is_no_such_file_gives_nothing_and_says_so() {
    let huge = b"hostname = attic\n".repeat(8_000);
    let utf16: Vec<u8> = "\u{feff}hostname = attic".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for bytes in [huge, utf16] {
        let card = Card::read(&bytes);
        assert!(card.hostname.is_none() && card.mistakes.len() == 1 && card.noted(&bytes).is_none());
    }
    let noise: Vec<u8> = (0..50_000_u32).map(|n| u8::try_from(n.wrapping_mul(2_654_435_761) >> 24).unwrap()).collect();
    let card = Card::read(&noise);
    assert!(card.used().is_empty() && !card.mistakes.is_empty() && card.report(&[]).len() < 32 * 1024);
    assert_eq!(mistakes(b""), []);
}

#[test]
fn a_wifi_without_a_name_is_not_used_and_one_without_a_country_is() {
    assert!(matches!(mistakes(b"wifi_password = longenough\n").as_slice(), [(1, why)] if why.contains("no name")));
    let card = Card::read(b"wifi_name = n\n");
    assert!(card.wifi.unwrap().password.is_none());
    assert!(matches!(card.mistakes.as_slice(), [one] if one.what.contains("no country")));
}

#[test]
fn secrets_that_are_used_are_overwritten_and_noted_and_all_else_stays() {
    let text = "\u{feff}page_password = quince and plum\r\nhostname = attic\r\nwifi_name = n\r\nwifi_country = DE\r\n\
                wifi_password = hunter2hunter2\r\nwifi_password = hunter3hunter3";
    let card = Card::read(text.as_bytes());
    let over = card.overwritten(text.as_bytes());
    assert_eq!(over.len(), text.len());
    let noted = card.noted(text.as_bytes()).unwrap();
    for file in [&over, &noted] {
        let file = str::from_utf8(file).unwrap();
        assert!(!file.contains("quince") && !file.contains("hunter"), "{file}");
        assert!(
            file.starts_with('\u{feff}') && file.contains("\r\nhostname = attic\r\n") && file.lines().count() == 6,
            "{file}"
        );
    }
    // Read again, it says nothing of the secrets: those of before hold.
    let again = Card::read(&noted);
    assert!(again.mistakes.is_empty() && again.page_password.is_none() && again.noted(&noted).is_none());
    assert!(again.wifi.unwrap().password.is_none());
    // One that is not used is left for its owner.
    let unused = b"page_password = short\n";
    assert!(Card::read(unused).noted(unused).is_none());
}
