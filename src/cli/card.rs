//! `wattle card`: a board of the appliance becomes what its owner wrote on its card. The image's services call it at each start at which
//! `wattle.txt` is another one than before; its folders are those of the image.
//!
//! The order is that of a power cut at any moment: first each setting is on the data partition, then secrets are wiped from the boot partition, then the
//! report is written. Whatever fails is told in the report, and the rest is done. What fails may go well at the next start, at which all is carried out
//! again; so each secret is wiped once its own setting is put, or that start would set a password again that was changed meanwhile. What the owner alone
//! can mend is a mistake, and is not tried again.

use super::args::CardCommand;
use super::exit::Exit;
use super::output::{Stop, show_done};
use super::paths::absolute;
use crate::config::{Card, CardSetting};
use crate::http;
use crate::platform::card;
use crate::platform::home::Home;
use crate::platform::invite_card;
use crate::wire::pairing::invite::Invite;
use serde_json::json;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Where the image keeps the settings of its owner, and what the agent is handed.
const SYSTEM: &str = "data/system";
const HANDED: &str = "data/card";

/// Which invite was moved to the agent last: its line stays in `wattle.txt` when the agent has used and wiped it.
const MOVED: &str = "data/system/invite.moved";

/// Runs one of the commands.
pub(super) fn run(what: CardCommand, home: &Path, as_json: bool) -> Result<(), Stop> {
    match what {
        CardCommand::Apply { boot, root } => apply(&absolute(&boot)?, &absolute(&root)?, as_json),
        CardCommand::Take { boot } => take(&absolute(&boot)?, home, as_json),
    }
}

/// Carries out what the owner wrote.
fn apply(boot: &Path, root: &Path, as_json: bool) -> Result<(), Stop> {
    let name = boot.join("wattle.txt");
    let unreadable =
        |error: std::io::Error| format!("{} cannot be read: {error}. Nothing was changed.", name.display());
    let read = card::read(boot).map_err(unreadable)?;
    let bytes = read.unwrap_or_default();
    let mut card = Card::read(&bytes);
    let mut failed = put_all(&mut card, root);
    failed.extend(hand_over(&mut card, boot, root));
    if let Some(noted) = card.noted(&bytes)
        && let Err(error) = card::wipe(boot, &card.overwritten(&bytes), &noted)
    {
        failed
            .push(format!("the passwords stand in wattle.txt still, as it cannot be written ({error}): take them out"));
    }
    let (report, handed) = (card.report(&failed), root.join(HANDED));
    // Root reads it again, and not in a folder of the agent's.
    let own = root.join(SYSTEM);
    let told = [boot, handed.as_path(), own.as_path()].map(|folder| card::write_report(folder, &report));
    let _ = card::give(&handed.join("wattle-report.txt"));
    if let Some(error) = told.into_iter().find_map(Result::err) {
        failed.push(format!("the report cannot be written ({error})"));
    }
    let mistakes: Vec<_> =
        card.mistakes.drain(..).map(|mistake| json!({ "line": mistake.line, "what": mistake.what })).collect();
    show_done(
        as_json,
        json!({ "used": card.used(), "mistakes": mistakes, "failed": failed }),
        &report.replace('\r', ""),
    )?;
    // Then the image's service has it done again at the next start: a card may be full today.
    if failed.is_empty() { Ok(()) } else { Err(Stop::Reported(Exit::NotDone)) }
}

/// Puts each setting where the image looks for it; what could not be put.
fn put_all(card: &mut Card, root: &Path) -> Vec<String> {
    let at = |name: &str| root.join(SYSTEM).join(name);
    let mut failed = Vec::new();
    let mut tried = |what: &str, result: std::io::Result<()>| {
        if let Err(error) = result {
            failed.push(format!("{what} could not be written ({error})"));
        }
    };
    if let Some(name) = &card.hostname {
        tried("the name", card::put(&at("hostname"), format!("{name}\n").as_bytes()));
    }
    if !card.ssh_keys.is_empty() {
        let keys = card.ssh_keys.join("\n") + "\n";
        tried("who may log in", card::put(&at("ssh/authorized_keys"), keys.as_bytes()));
    }
    if let Some(address) = &card.update_address {
        tried("the address of updates", card::put(&at("update.address"), format!("{address}\n").as_bytes()));
    }
    if !card.update_keys.is_empty() {
        let keys = card.update_keys.join("\n") + "\n";
        tried("whose updates are taken", card::put(&at("update.keys"), keys.as_bytes()));
    }
    if let Some(zone) = &card.time_zone {
        let file = Path::new("/usr/share/zoneinfo").join(zone);
        let below = root.join(file.strip_prefix("/").unwrap_or(&file));
        if below.is_file() {
            tried("the time zone", card::lead(&at("localtime"), &file));
        } else {
            let what =
                "the time zone is none that this system knows, and was not used: its name is one as Europe/Berlin";
            card.refuse(CardSetting::TimeZone, what);
        }
    }
    if let Err(error) = wifi(card, &at("wifi.conf")) {
        card.keep_secret(CardSetting::WifiPassword);
        failed.push(format!("the Wi-Fi could not be written ({error})"));
    }
    failed
}

/// Writes the file for `wpa_supplicant`. One whose password was taken out of `wattle.txt` keeps the earlier one.
fn wifi(card: &mut Card, file: &Path) -> std::io::Result<()> {
    let Some(wifi) = &card.wifi else { return Ok(()) };
    let name = wifi.name.bytes().fold(String::new(), |mut name, byte| {
        let _ = write!(name, "{byte:02x}");
        name
    });
    let secret = match wifi.password.as_ref().map(|password| password.as_str()) {
        Some(open) if open.eq_ignore_ascii_case("none") => "\tkey_mgmt=NONE\n".to_owned(),
        // Also with WPA3 where the radio can: wpa_supplicant leaves out what it cannot.
        Some(key) if key.len() == 64 => format!("\tkey_mgmt=WPA-PSK SAE\n\tieee80211w=1\n\tpsk={key}\n"),
        // A quotation mark within is a sign like others: the last one of the line ends it (wpa_supplicant.conf(5)).
        Some(words) => format!("\tkey_mgmt=WPA-PSK SAE\n\tieee80211w=1\n\tpsk=\"{words}\"\n"),
        None => {
            let Some(earlier) = earlier(file, &name) else {
                let what = "the Wi-Fi has no password, and was not used: write wifi_password, or wifi_password = none where the network has none";
                card.refuse(CardSetting::WifiName, what);
                return Ok(());
            };
            earlier
        }
    };
    let country = wifi.country.as_ref().map(|country| format!("country={country}\n")).unwrap_or_default();
    let text = zeroize::Zeroizing::new(format!(
        "# Made of wattle.txt.\nctrl_interface=/run/wpa_supplicant\nupdate_config=0\n{country}network={{\n\tssid={name}\n\tscan_ssid=1\n{secret}}}\n"
    ));
    card::put(file, text.as_bytes())
}

/// The lines of the password in an earlier file of the same network.
fn earlier(file: &Path, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let is_same = text.lines().any(|line| line.trim() == format!("ssid={name}"));
    let starts = ["\tkey_mgmt=", "\tieee80211w=", "\tpsk="];
    let lines = text.lines().filter(|line| starts.iter().any(|start| line.starts_with(start)));
    is_same.then(|| lines.fold(String::new(), |lines, line| lines + line + "\n"))
}

/// Hands the page's password and the invite to the agent, which may read neither the boot partition's secrets nor write there.
fn hand_over(card: &mut Card, boot: &Path, root: &Path) -> Vec<String> {
    let mut failed = Vec::new();
    let left = card.page_password.as_ref().map(|password| card::leave_password(&root.join(HANDED), password));
    if let Some(Err(error)) = left {
        card.keep_secret(CardSetting::PagePassword);
        failed.push(format!("the page's password could not be handed to the agent ({error})"));
    }
    failed.extend(invite(card, boot, root).err());
    failed
}

/// Moves the invite, if there is one, to where the agent reads and wipes it.
fn invite(card: &mut Card, boot: &Path, root: &Path) -> Result<(), String> {
    let (handed, remembered) = (root.join(HANDED), root.join(MOVED));
    let named = card.invite.as_ref().map(|name| boot.join(name)).filter(|file| file.is_file());
    let Some(file) = named.or_else(|| invite_card::find(&[boot.to_owned()])) else {
        // One that was named, and moved at an earlier start, is no mistake, also when the agent has used it.
        let is_moved = |name: &String| {
            invite_card::find(std::slice::from_ref(&handed)).is_some()
                || fs::read_to_string(&remembered).is_ok_and(|moved| moved == *name)
        };
        if card.invite.as_ref().is_some_and(|name| !is_moved(name)) {
            let what =
                "the invite that it names is not on this partition; if this board is in your mesh, take the line out";
            card.refuse(CardSetting::Invite, what);
        }
        return Ok(());
    };
    let text = invite_card::read(&file)?;
    Invite::parse(&text).map_err(
        |_| "the invite on this partition is damaged, or none: write another one with `wattle invite --file DIR`",
    )?;
    card::clear(&handed.join("wattle"))
        .map_err(|error| format!("the invite could not be handed to the agent ({error})"))?;
    let moved = invite_card::write(&handed, &text)?;
    let given: std::io::Result<()> =
        [moved.parent().map(PathBuf::from), Some(moved)].into_iter().flatten().try_for_each(|place| card::give(&place));
    let noted = given.and_then(|()| card.invite.iter().try_for_each(|name| card::put(&remembered, name.as_bytes())));
    noted.map_err(|error| format!("the invite could not be handed to the agent ({error})"))?;
    invite_card::wipe(&file)
}

/// Takes over what was handed to the agent and is not the running agent's to take.
fn take(handed: &Path, home: &Path, as_json: bool) -> Result<(), Stop> {
    let unreadable = |error: std::io::Error| format!("The password in {} cannot be read: {error}.", handed.display());
    let Some(password) = card::left_password(handed).map_err(unreadable)? else {
        return show_done(as_json, json!({ "set": false }), "No password was left for the page.\n");
    };
    // Whole, with its lock: no agent runs beside this.
    let opened = Home::open(home)?;
    smol::block_on(http::set_page_password(opened.path(), password))?;
    // After it is set: a power cut before this sets it once more.
    card::forget_password(handed)
        .map_err(|error| format!("The page's password is set, and stands in {} still: {error}.", handed.display()))?;
    show_done(as_json, json!({ "set": true }), "The page has the password of the card.\n")
}

#[cfg(test)]
#[path = "card/card_test.rs"]
mod card_test;
