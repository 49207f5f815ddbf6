//! wattle.txt on a card: whatever stands in it, the report is short text, and no secret that is used is left when the file is written over.

use wattle::config::Card;
use wattle::limits::{CARD_BYTES_MAX, CARD_REPORT_BYTES_MAX, CARD_SSH_KEYS_MAX};

/// Asserts what the head of this file describes.
pub fn check(data: &[u8]) {
    let card = Card::read(data);
    assert!(card.ssh_keys.len() <= CARD_SSH_KEYS_MAX);
    let report = card.report(&[]);
    assert!(
        report.len() <= CARD_REPORT_BYTES_MAX
            && !report.contains(|sign: char| sign.is_control() && !"\r\n".contains(sign))
    );
    assert_eq!(card.overwritten(data).len(), data.len());
    let Some(noted) = card.noted(data) else { return };
    let again = Card::read(&noted);
    assert!(again.page_password.is_none() && again.wifi.is_none_or(|wifi| wifi.password.is_none()));
    // The notes are longer than some of the secrets.
    assert!(noted.len() > CARD_BYTES_MAX || again.hostname == card.hostname);
}

/// A file with each setting, and one of a Windows editor with mistakes.
pub fn seeds() -> Vec<Vec<u8>> {
    let all = "hostname = attic\nwifi_name = Kitchen\nwifi_password = hunter2hunter2\nwifi_country = DE\ntimezone = Europe/Berlin\n\
               page_password = quince and plum\nssh_key = ssh-ed25519 AAAAC3Nz ann\ninvite = wattle/attic.toml\n";
    let odd = "\u{feff}# a note\r\nSSID = \"n\"\r\nwifi-psk = none\r\ncountry = uk\r\njust words\r\npage_password = short\r\nhostname =\r\n";
    vec![all.into(), odd.into()]
}
