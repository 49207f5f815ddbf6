//! `wattle.txt`: what an owner writes onto the boot partition of the appliance's card, in any editor of any system.
//!
//! Each line is `key = value`. Byte order mark, CR-LF, tabs, quotation marks, capitals and hyphens in keys are taken as they come; a line that is
//! wrong is a mistake with its number, and the other lines hold all the same: a board without a screen cannot ask. Only a file that is
//! no text of this kind at all is not used. No mistake repeats a value.
//!
//! Secrets are taken out of the file once they are used: [`Card::overwritten`] and [`Card::noted`] are what is written over it, one after the other.

mod value;

use crate::limits::{CARD_BYTES_MAX, CARD_MISTAKES_MAX, CARD_SECTOR_BYTES, CARD_SSH_KEYS_MAX, CARD_UPDATE_KEYS_MAX};
use core::fmt::{self, Write as _};
use core::ops::Range;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// What a file says.
#[derive(Clone, Default)]
pub struct Card {
    /// The board's name.
    pub hostname: Option<String>,
    /// The network without a cable.
    pub wifi: Option<Wifi>,
    /// The zone, as the tz database calls it.
    pub time_zone: Option<String>,
    /// Public keys that may log in.
    pub ssh_keys: Vec<String>,
    /// The file of an invite on the same partition, where it is not the usual one.
    pub invite: Option<String>,
    /// The page's password.
    pub page_password: Option<Zeroizing<String>>,
    /// The address that is asked for updates; empty: none is any more.
    pub update_address: Option<String>,
    /// Public keys of the owner's own whose updates are taken, besides the maker's; or one word: `maker`, of the maker's alone, or `none`, of nobody's.
    pub update_keys: Vec<String>,
    /// What is wrong, in the order of its lines.
    pub mistakes: Vec<Mistake>,
    secrets: Vec<(CardSetting, Range<usize>)>,
    /// Where each setting stood first.
    lines: BTreeMap<CardSetting, usize>,
}

/// A network without a cable.
#[derive(Clone)]
pub struct Wifi {
    /// Its name, 1 to 32 bytes.
    pub name: String,
    /// Its password, or `none` for an open one. `None`: the one of before, which was taken out of the file.
    pub password: Option<Zeroizing<String>>,
    /// The country, in two capitals.
    pub country: Option<String>,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong, without a full stop.
    pub what: String,
}

// By hand: no secret is shown by accident.
impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Card").field("used", &self.used()).field("mistakes", &self.mistakes).finish_non_exhaustive()
    }
}

impl fmt::Debug for Wifi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wifi").field("name", &self.name).field("country", &self.country).finish_non_exhaustive()
    }
}

/// The settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CardSetting {
    /// The board's name.
    Hostname,
    /// The network without a cable.
    WifiName,
    /// Its password.
    WifiPassword,
    /// Where its radio is.
    WifiCountry,
    /// The time zone.
    TimeZone,
    /// The page's password.
    PagePassword,
    /// A key that may log in.
    Ssh,
    /// The file of an invite.
    Invite,
    /// The address of updates.
    UpdateAddress,
    /// A key whose updates are taken.
    UpdateKey,
}

/// Their names; the first of each is the one that the docs have, the others are those of other systems' files.
const NAMES: [(&str, CardSetting); 15] = [
    ("hostname", CardSetting::Hostname),
    ("wifi_name", CardSetting::WifiName),
    ("wifi_password", CardSetting::WifiPassword),
    ("wifi_country", CardSetting::WifiCountry),
    ("timezone", CardSetting::TimeZone),
    ("page_password", CardSetting::PagePassword),
    ("ssh_key", CardSetting::Ssh),
    ("invite", CardSetting::Invite),
    ("update_address", CardSetting::UpdateAddress),
    ("update_key", CardSetting::UpdateKey),
    ("wifi_ssid", CardSetting::WifiName),
    ("ssid", CardSetting::WifiName),
    ("wifi_psk", CardSetting::WifiPassword),
    ("country", CardSetting::WifiCountry),
    ("time_zone", CardSetting::TimeZone),
];

impl CardSetting {
    fn name(self) -> &'static str {
        NAMES.iter().find(|(_, key)| *key == self).map_or("", |(name, _)| name)
    }

    /// Whether it may stand in several lines, each of which counts.
    const fn may_repeat(self) -> bool {
        matches!(self, Self::Ssh | Self::UpdateKey)
    }
}

impl Card {
    /// Reads a file.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Self {
        let mut reading = Reading::default();
        if bytes.len() > CARD_BYTES_MAX {
            reading.wrong(
                1,
                format!(
                    "the file has more than {CARD_BYTES_MAX} bytes, so it is no wattle.txt: nothing of it was used"
                ),
            );
        } else if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
            reading.wrong(
                1,
                "the file is saved as UTF-16 (\"Unicode\"): save it as UTF-8. Nothing of it was used".to_owned(),
            );
        } else {
            let (mut at, whole) = (0, bytes.len() - torn(bytes));
            for (number, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
                if at < whole {
                    reading.line(number + 1, at, line);
                } else {
                    reading.wrong(number + 1, TORN.to_owned());
                }
                at += line.len();
            }
        }
        reading.ended()
    }

    /// A setting turns out to be wrong as it is carried out: a mistake in its line, which only its owner can mend, and not used.
    pub fn refuse(&mut self, setting: CardSetting, what: &str) {
        let line = self.lines.get(&setting).copied().unwrap_or(1);
        self.mistakes.push(Mistake { line, what: what.to_owned() });
        self.mistakes.sort_by_key(|mistake| mistake.line);
        match setting {
            CardSetting::WifiName => self.wifi = None,
            CardSetting::TimeZone => self.time_zone = None,
            CardSetting::Invite => self.invite = None,
            _ => {}
        }
    }

    /// A secret could not be put where it belongs: it stays in the file for another try.
    pub fn keep_secret(&mut self, setting: CardSetting) {
        self.secrets.retain(|(secret, _)| *secret != setting);
    }

    /// What of the file is used, in words.
    #[must_use]
    pub fn used(&self) -> Vec<&'static str> {
        let parts = [
            (self.hostname.is_some(), "the name"),
            (self.wifi.is_some(), "the Wi-Fi"),
            (self.time_zone.is_some(), "the time zone"),
            (self.page_password.is_some(), "the page's password"),
            (!self.ssh_keys.is_empty(), "who may log in"),
            (self.invite.is_some(), "the invite"),
            (self.update_address.is_some(), "the address of updates"),
            (!self.update_keys.is_empty(), "whose updates are taken"),
        ];
        parts.into_iter().filter_map(|(is_used, what)| is_used.then_some(what)).collect()
    }

    /// The file with each secret's line overwritten, byte by byte: as long as it was.
    #[must_use]
    pub fn overwritten(&self, bytes: &[u8]) -> Vec<u8> {
        let mut over = bytes.to_vec();
        for (_, place) in &self.secrets {
            if let Some(line) = over.get_mut(place.clone()) {
                line.fill(b'#');
            }
        }
        over
    }

    /// The file with a note in place of each secret's line; `None` where it has none.
    #[must_use]
    pub fn noted(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let (mut noted, mut from) = (Vec::with_capacity(bytes.len()), 0);
        for (key, place) in &self.secrets {
            noted.extend_from_slice(bytes.get(from..place.start)?);
            let note = format!("# {} was used, and taken out of this file. To change it, write it anew.", key.name());
            noted.extend_from_slice(note.as_bytes());
            from = place.end;
        }
        noted.extend_from_slice(bytes.get(from..)?);
        (!self.secrets.is_empty()).then_some(noted)
    }

    /// What stands beside the file afterwards, with the line ends of every system; with what could not be done.
    #[must_use]
    pub fn report(&self, failed: &[String]) -> String {
        let mut text = "What this board made of wattle.txt.\r\n\r\n".to_owned();
        let used = self.used();
        let _ = match used.as_slice() {
            [] => write!(text, "No setting of it is used.\r\n"),
            _ => write!(text, "Used: {}.\r\n", used.join(", ")),
        };
        for Mistake { line, what } in self.mistakes.iter().take(CARD_MISTAKES_MAX) {
            let _ = write!(text, "line {line}: {what}.\r\n");
        }
        let more = self.mistakes.len().saturating_sub(CARD_MISTAKES_MAX);
        if more > 0 {
            let _ = write!(text, "{more} more lines are wrong.\r\n");
        }
        for what in failed {
            let _ = write!(text, "not done: {what}.\r\n");
        }
        if self.mistakes.is_empty() && failed.is_empty() {
            text += "Nothing is wrong.\r\n";
        }
        text
    }
}

/// One more key, if there is room.
fn add(keys: &mut Vec<String>, most: usize, key: String) -> Result<(), String> {
    if keys.len() >= most {
        return Err(format!("there are more than {most} keys, and this one is not used"));
    }
    keys.push(key);
    Ok(())
}

/// What is wrong with the last line of a file that ends with a sector.
const TORN: &str = "it has no end, and was not used: perhaps the file was not written to its end. If it was, put an empty line behind it";

/// Bytes of a last line of which there may be more: of a card that was pulled out, a file ends with a sector. A password that was cut would be used, and
/// wiped. Most editors end the last line; of those that do not, one file in 512 is told to.
fn torn(bytes: &[u8]) -> usize {
    if !bytes.len().is_multiple_of(CARD_SECTOR_BYTES) {
        return 0;
    }
    let last = bytes.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    if last.trim_ascii_start().starts_with(b"#") { 0 } else { last.len() }
}

/// A file that is being read.
#[derive(Default)]
struct Reading {
    card: Card,
    wifi_name: Option<String>,
    wifi_password: Option<Zeroizing<String>>,
    wifi_country: Option<String>,
}

impl Reading {
    fn wrong(&mut self, line: usize, what: String) {
        self.card.mistakes.push(Mistake { line, what });
    }

    /// One line, with its end, which begins at this byte.
    fn line(&mut self, number: usize, at: usize, line: &[u8]) {
        let (at, line) = match line.strip_prefix(b"\xef\xbb\xbf") {
            Some(line) if number == 1 => (at + 3, line),
            _ => (at, line),
        };
        let length = line.trim_ascii_end().len();
        if line.trim_ascii_start().starts_with(b"#") {
            return;
        }
        let Ok(text) = str::from_utf8(line) else {
            return self.wrong(number, "it is no text in UTF-8, and was not used".to_owned());
        };
        let text = text.trim();
        if text.is_empty() || text.starts_with(';') {
            return;
        }
        // Zeros stand where a file was not written to its end.
        if text.contains(|sign: char| sign.is_control() && sign != '\t') {
            return self.wrong(
                number,
                "it has signs that no keyboard types, and was not used: perhaps the file was not written to its end"
                    .to_owned(),
            );
        }
        let Some((key, value)) = text.split_once('=') else {
            return self.wrong(
                number,
                "it has no equals sign, and was not used: a setting is a line as hostname = attic".to_owned(),
            );
        };
        let name = key.trim().to_lowercase().replace(['-', ' '], "_");
        let Some((_, key)) = NAMES.iter().find(|(known, _)| *known == name) else {
            let known: Vec<&str> =
                NAMES.iter().filter(|(name, key)| key.name() == *name).map(|(name, _)| *name).collect();
            return self.wrong(
                number,
                format!("this setting is not known, and was not used; those that are: {}", known.join(", ")),
            );
        };
        if let Err(why) = self.set(number, *key, value::unquoted(value.trim()), at..at + length) {
            self.wrong(number, why);
        }
    }

    fn set(&mut self, number: usize, key: CardSetting, value: &str, place: Range<usize>) -> Result<(), String> {
        if value.is_empty() {
            return Err(format!("{} has no value, and was passed over", key.name()));
        }
        if matches!(key, CardSetting::WifiPassword | CardSetting::PagePassword) {
            self.card.secrets.push((key, place));
        }
        if let Some(first) = self.card.lines.get(&key).filter(|_| !key.may_repeat()) {
            return Err(format!("{} stands in line {first} already, which is used, and this is not", key.name()));
        }
        match key {
            CardSetting::Hostname => self.card.hostname = Some(value::hostname(value)?),
            CardSetting::WifiName => self.wifi_name = Some(value::wifi_name(value)?),
            CardSetting::WifiPassword => self.wifi_password = Some(value::wifi_password(value)?),
            CardSetting::WifiCountry => self.wifi_country = Some(value::wifi_country(value)?),
            CardSetting::TimeZone => self.card.time_zone = Some(value::time_zone(value)?),
            CardSetting::PagePassword => self.card.page_password = Some(value::page_password(value)?),
            CardSetting::Invite => self.card.invite = Some(value::invite(value)?),
            CardSetting::UpdateAddress => self.card.update_address = Some(value::update_address(value)?),
            CardSetting::Ssh => add(&mut self.card.ssh_keys, CARD_SSH_KEYS_MAX, value::ssh_key(value)?)?,
            CardSetting::UpdateKey => self.update_key(value::update_key(value)?)?,
        }
        self.card.lines.insert(key, number);
        Ok(())
    }

    /// A key beside others, or a word that stands alone. The line that stands first holds.
    fn update_key(&mut self, key: String) -> Result<(), String> {
        let is_word = |key: &String| value::UPDATE_KEY_WORDS.contains(&key.as_str());
        let keys = &mut self.card.update_keys;
        if keys.iter().any(is_word) || is_word(&key) && !keys.is_empty() {
            return Err("update_key is none or maker, or one or more keys: another line says otherwise, which is used, and this is not".to_owned());
        }
        add(keys, CARD_UPDATE_KEYS_MAX, key)
    }

    fn ended(mut self) -> Card {
        let line = |key| self.card.lines.get(&key).copied();
        let (name, password, country) =
            (line(CardSetting::WifiName), line(CardSetting::WifiPassword), line(CardSetting::WifiCountry));
        match (name, password, country) {
            (None, Some(line), _) | (None, None, Some(line)) => {
                self.wrong(line, "the Wi-Fi has no name (wifi_name), and is not used".to_owned());
            }
            (Some(line), _, None) => {
                let what =
                    "the Wi-Fi has no country (wifi_country): it is tried on the channels that are allowed everywhere";
                self.wrong(line, what.to_owned());
            }
            _ => {}
        }
        let Self { mut card, wifi_name, wifi_password, wifi_country, .. } = self;
        card.wifi = wifi_name.map(|name| Wifi { name, password: wifi_password, country: wifi_country });
        card.mistakes.sort_by_key(|mistake| mistake.line);
        // One that is not used stays in the file, for its owner to mend.
        let (wifi, page) =
            (card.wifi.as_ref().is_some_and(|wifi| wifi.password.is_some()), card.page_password.is_some());
        card.secrets.retain(|(key, _)| if *key == CardSetting::WifiPassword { wifi } else { page });
        card
    }
}

#[cfg(test)]
#[path = "card/card_test.rs"]
mod card_test;
