//! What the values of `wattle.txt` may be. An error never repeats a value: it may be a secret in the wrong place.

use crate::base::password::check;
use zeroize::Zeroizing;

/// In place of a key of the owner's: `none` has the board take nobody's updates, and `maker` those of the image's maker alone.
pub(super) const UPDATE_KEY_WORDS: [&str; 2] = ["none", "maker"];

/// A name in the home's network: a label of RFC 1123, with or without `.local` behind it.
pub(super) fn hostname(text: &str) -> Result<String, String> {
    let name = text.to_lowercase();
    let name = name.strip_suffix(".local").unwrap_or(&name);
    let is_sign = |sign: u8| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == b'-';
    if (1..=63).contains(&name.len()) && name.bytes().all(is_sign) && !name.starts_with('-') && !name.ends_with('-') {
        return Ok(name.to_owned());
    }
    Err("hostname has letters a to z, digits and hyphens, 63 at most, and a hyphen neither first nor last".to_owned())
}

/// The name of a network: 32 bytes at most (IEEE 802.11).
pub(super) fn wifi_name(text: &str) -> Result<String, String> {
    if text.len() <= 32 { Ok(text.to_owned()) } else { Err("wifi_name has 32 bytes at most".to_owned()) }
}

/// The password of a network, or `none` for an open one: 8 to 63 signs, or 64 hexadecimal digits, which are the key itself.
pub(super) fn wifi_password(text: &str) -> Result<Zeroizing<String>, String> {
    let is_key = text.len() == 64 && text.bytes().all(|sign| sign.is_ascii_hexdigit());
    if (8..=63).contains(&text.len()) || is_key || text.eq_ignore_ascii_case("none") {
        return Ok(Zeroizing::new(text.to_owned()));
    }
    Err("wifi_password has 8 to 63 signs (or is none, for a network without one)".to_owned())
}

/// A country of ISO 3166, in two letters.
pub(super) fn wifi_country(text: &str) -> Result<String, String> {
    let country = text.to_uppercase();
    match country.as_str() {
        "UK" => Err("wifi_country of the United Kingdom is GB".to_owned()),
        _ if country.len() == 2 && country.bytes().all(|sign| sign.is_ascii_uppercase()) => Ok(country),
        _ => Err("wifi_country is two letters, as DE, GB or US".to_owned()),
    }
}

/// The name of a zone, as the tz database has it: a path that leads to nowhere else.
pub(super) fn time_zone(text: &str) -> Result<String, String> {
    let is_sign = |sign: u8| sign.is_ascii_alphanumeric() || b"_+-/".contains(&sign);
    let has_parts = text.split('/').all(|part| part.starts_with(|sign: char| sign.is_ascii_alphanumeric()));
    if text.len() <= 64 && text.bytes().all(is_sign) && has_parts {
        return Ok(text.to_owned());
    }
    Err("timezone is a name as Europe/Berlin or America/New_York".to_owned())
}

/// The page's password.
pub(super) fn page_password(text: &str) -> Result<Zeroizing<String>, String> {
    check(text).map_err(|why| format!("page_password {why}"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// A public key, as a `.pub` file has it.
pub(super) fn ssh_key(text: &str) -> Result<String, String> {
    if text.contains("PRIVATE KEY") || text.starts_with("-----") {
        let why = "ssh_key is the public key, the one line of the .pub file. This looks like a private one: take it off the card, and make another";
        return Err(why.to_owned());
    }
    let mut words = text.split_whitespace();
    let (kind, key) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let is_kind = ["ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"]
        .contains(&kind)
        || ["sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"].contains(&kind);
    // Its bytes begin with the length of its kind, a small number in four of them: in base64 that is AAAA.
    let is_key =
        key.starts_with("AAAA") && key.bytes().all(|sign| sign.is_ascii_alphanumeric() || b"+/=".contains(&sign));
    if is_kind && is_key && text.len() <= 4096 {
        return Ok(text.to_owned());
    }
    Err("ssh_key is the whole line of a .pub file: it begins with ssh-ed25519 or another kind of key".to_owned())
}

/// A file on the same partition.
pub(super) fn invite(text: &str) -> Result<String, String> {
    let path = text.replace('\\', "/");
    let stays = path.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
    if stays && path.len() <= 255 && !path.contains(':') {
        return Ok(path);
    }
    Err("invite is the name of a file on this partition, as wattle/invite.toml".to_owned())
}

/// The address of a web server's folder with updates, or nothing for `none`.
pub(super) fn update_address(text: &str) -> Result<String, String> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(String::new());
    }
    let is_sign = |sign: u8| sign.is_ascii_graphic();
    if text.len() <= 1024
        && text.bytes().all(is_sign)
        && text.strip_prefix("http://").is_some_and(|rest| !rest.is_empty())
    {
        return Ok(text.to_owned());
    }
    if text.starts_with("https://") {
        return Err("update_address begins with http://: this board asks without TLS, as an update's signature says whether it is genuine".to_owned());
    }
    Err("update_address is the address of a folder, as http://nas.local/wattle/ (or none)".to_owned())
}

/// A public key of `wattle update key`; or one of the words that stand alone, in small letters.
pub(super) fn update_key(text: &str) -> Result<String, String> {
    if let Some(word) = UPDATE_KEY_WORDS.into_iter().find(|word| text.eq_ignore_ascii_case(word)) {
        return Ok(word.to_owned());
    }
    let is_sign = |sign: u8| sign.is_ascii_digit() || (b'a'..=b'f').contains(&sign);
    if text.len() == 64 && text.bytes().all(is_sign) {
        return Ok(text.to_owned());
    }
    Err("update_key is a public key as `wattle update key FILE` prints it (64 digits, 0 to 9 and a to f), or maker, or none".to_owned())
}

/// A value without the quotation marks around it: some people write them, and word processors curl them.
pub(super) fn unquoted(text: &str) -> &str {
    for (open, close) in [('"', '"'), ('\'', '\''), ('\u{201c}', '\u{201d}'), ('\u{2018}', '\u{2019}')] {
        if let Some(inner) = text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)) {
            return inner;
        }
    }
    text
}
