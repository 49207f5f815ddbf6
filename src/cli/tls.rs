//! `wattle tls`: whether the page is encrypted for other devices, and the root certificate that their browsers install.
//!
//! No agent is asked: what holds stands in config.toml and in the home, and a running agent takes it at its next start.

use super::args::TlsCommand;
use super::code::Code;
use super::output::{Stop, show, show_done};
use super::style::Style;
use crate::base::time::date;
use crate::config::{Config, Setting};
use crate::platform::home::{Home, TlsRoot, is_agent_home};
use crate::platform::host::host_name;
use crate::platform::new_file::write_new;
use crate::platform::running;
use crate::wire::x509::{Names, ROOT_UNTIL, fingerprint, pem};
use serde_json::json;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

/// Runs one of the commands for this home.
pub(super) fn tls(home: &Path, what: TlsCommand, as_json: bool) -> Result<(), Stop> {
    let at = Home::at(home);
    match what {
        TlsCommand::On => switch(&at, true, as_json),
        TlsCommand::Off => switch(&at, false, as_json),
        TlsCommand::Status => status(&at, as_json),
        TlsCommand::Root { file, qr } => root(&at, file.as_deref(), qr, as_json),
    }
}

fn settings(home: &Home) -> Result<Config, Stop> {
    Ok(home.settings()?.unwrap_or_default())
}

fn until() -> String {
    date(ROOT_UNTIL / 86_400).unwrap_or_default()
}

/// Writes the setting down. The root is made now, so that it can be installed before anything is encrypted by it. To switch TLS off no root is
/// needed: one that cannot be read keeps the agent from starting while TLS is on, and this is the way out.
fn switch(home: &Home, on: bool, as_json: bool) -> Result<(), Stop> {
    if !is_agent_home(|file| home.path().join(file).symlink_metadata().is_ok()) {
        return Err(Stop::NotDone(format!(
            "No agent has run with the home {}: start one with `wattle up`, then type this again. Nothing was changed.",
            home.path().display()
        )));
    }
    let made = if on { Some(home.tls_root()?) } else { None };
    home.remember(&[Setting::Tls(on)])?;
    let (root, damage) = known(made.map_or_else(|| home.existing_tls_root(), |root| Ok(Some(root))));
    let config = settings(home)?;
    let mut text = said_of(on, config.open_api.is_some());
    if running::is_running(home) {
        text += "The agent that runs takes it at its next start: stop it, and start it again with `wattle up`.\n";
    }
    if let Some(damage) = damage {
        let _ = writeln!(text, "{damage}");
    }
    if on {
        text +=
            "Each phone and computer installs the root certificate of this device once: `wattle tls root` says how.\n";
    }
    if on && config.open_api.is_none() {
        text += "The page is for this machine only so far: `wattle link` names the command that opens it to other devices.\n";
    }
    let print = root.map(|root| fingerprint(root.certificate()));
    show_done(as_json, json!({ "tls": word(on), "fingerprint": print }), &text)
}

/// What a switch changes for other devices; `is_open`: the page is open to them.
fn said_of(on: bool, is_open: bool) -> String {
    let what = match (on, is_open) {
        (true, _) => "TLS is on: the page and the API are encrypted for other devices.",
        (false, true) => {
            "TLS is off: the page and the API are not encrypted, and everybody on the network can read along."
        }
        (false, false) => {
            "TLS is off. The page and the API are for this machine only, so nothing crosses the network; once they are opened to other devices, \
             everybody on the network can read along."
        }
    };
    let phones =
        if on { "" } else { " Remove the root certificate from phones that shall not trust this device any more." };
    format!("{what}{phones}\n")
}

/// The root, if it can be used, and what is wrong with it.
fn known(root: Result<Option<TlsRoot>, String>) -> (Option<TlsRoot>, Option<String>) {
    match root {
        Ok(root) => (root, None),
        Err(damage) => (None, Some(damage)),
    }
}

const fn word(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

/// Where other devices find the page, by address and by name.
fn pages(config: &Config) -> Vec<String> {
    let scheme = if config.tls { "https" } else { "http" };
    let Some(open) = config.open_api else { return Vec::new() };
    let by_address = format!("{scheme}://{open}");
    let names = Names::of(&host_name(), open.ip());
    let by_name = config.tls.then(|| format!("{scheme}://{}:{}", names.first(), open.port()));
    [by_address].into_iter().chain(by_name).collect()
}

fn status(home: &Home, as_json: bool) -> Result<(), Stop> {
    let config = settings(home)?;
    let (root, damage) = known(home.existing_tls_root());
    let (pages, print) = (pages(&config), root.map(|root| fingerprint(root.certificate())));
    let json = json!({ "tls": word(config.tls), "pages": pages, "fingerprint": print, "root_until": until(), "damage": damage });
    show(as_json, &json, || {
        let mut text = format!("TLS is {} (api.tls in config.toml).\n", word(config.tls));
        text += &match pages.is_empty() {
            true => "The page is for this machine only: no other device reaches it.\n".to_owned(),
            false => format!("For other devices: {}\n", pages.join(" or ")),
        };
        text += &match (&print, &damage) {
            (_, Some(damage)) if config.tls => format!(
                "{damage} The next start puts a damaged one aside and makes another, which phones have to install; with one that cannot be \
                 read it does not start while TLS is on (`wattle tls off` switches it off).\n"
            ),
            (_, Some(damage)) => format!("{damage}\n"),
            (Some(print), None) => format!("Root certificate, until {}, SHA-256:\n  {print}\n", until()),
            (None, None) => "There is no root certificate yet; `wattle tls on` makes one.\n".to_owned(),
        };
        text
    })
}

fn root(home: &Home, file: Option<&Path>, qr: bool, as_json: bool) -> Result<(), Stop> {
    let none = || Stop::NotDone("There is no root certificate yet: `wattle tls on` makes one.".to_owned());
    let root = home.existing_tls_root()?.ok_or_else(none)?;
    let config = settings(home)?;
    let address = config.open_api.filter(|_| config.tls).map(at_phone);
    if qr && address.is_none() {
        let why = "A phone loads the certificate from the page's address for other devices: `wattle link` names the command that opens one, and \
                   `wattle tls on` switches TLS on.";
        return Err(Stop::NotDone(why.to_owned()));
    }
    if let Some(file) = file {
        keep(&root, file)?;
    }
    let certificate = pem(root.certificate());
    let print = fingerprint(root.certificate());
    let to = file.map(|file| file.display().to_string());
    let json = json!({ "pem": certificate, "fingerprint": print, "until": until(), "address": address, "file": to });
    show(as_json, &json, || {
        let mut text = match file {
            Some(file) => format!("The root certificate is in {}.\n", file.display()),
            None => certificate,
        };
        let _ = writeln!(text, "\nGood until {}. SHA-256:\n  {print}\n", until());
        text += STEPS;
        if let Some(address) = &address {
            let _ = writeln!(text, "\nOn a phone in your network, load it from {address}");
            if qr {
                text += Code::of(address, Style::columns_of_stdout()).shown();
            }
            text += "That way is not encrypted: compare the fingerprint above with the one that the phone shows, where it shows one.\n";
        }
        text
    })
}

/// From where a browser that does not trust this device yet loads its root certificate.
fn at_phone(open: SocketAddr) -> String {
    format!("http://{open}/v1/tls/root")
}

/// Writes the certificate into a new file.
fn keep(root: &TlsRoot, file: &Path) -> Result<(), String> {
    write_new(file, 0o666, pem(root.certificate()).as_bytes())
        .map_err(|error| format!("The certificate is not written into {}: {error}.", file.display()))
}

/// How the root certificate is installed, on each system.
const STEPS: &str = "\
Who installs it trusts this device for names in .local, .home.arpa, .lan and .internal and for private addresses, and for nothing in the internet: \
the certificate says so. Most systems go by that; no phone was tested.
iPhone, iPad: open the address below in Safari, allow the profile; Settings > General > VPN & Device Management: install it; then Settings > \
General > About > Certificate Trust Settings: switch it on.
Android: load the file, then Settings > Security > Encryption & credentials > Install a certificate > CA certificate.
Firefox: Settings > Privacy & Security > Certificates > View Certificates > Authorities > Import; on Android, Settings > About Firefox, five taps on the \
logo, then Secret Settings > Use third party CA certificates.
Windows: open the file > Install Certificate > Local Machine > Trusted Root Certification Authorities.
macOS: open the file, then in Keychain Access: Trust > Always Trust.
Linux: copy it to /usr/local/share/ca-certificates/wattle.crt and type `sudo update-ca-certificates`; Chrome: Settings > Privacy and security > Security > \
Manage certificates > Import.
";

#[cfg(test)]
mod tests {
    use super::*;

    fn json_of(config: &str) -> (Vec<String>, Config) {
        let config = Config::parse(config).unwrap();
        (pages(&config), config)
    }

    #[test]
    fn other_devices_find_the_page_by_https_and_by_a_name_where_tls_is_on_and_by_http_where_it_is_off() {
        assert!(json_of("").0.is_empty() && !json_of("").1.tls, "off by default");
        let (plain, _) = json_of("[api]\nopen = \"192.168.1.4:7780\"\n");
        assert_eq!(plain, ["http://192.168.1.4:7780"]);
        let (pages, config) = json_of("[api]\nopen = \"192.168.1.4:7780\"\ntls = \"on\"\n");
        assert!(config.tls && pages[0] == "https://192.168.1.4:7780", "{pages:?}");
        assert!(pages[1].starts_with("https://") && pages[1].ends_with(".local:7780"), "{pages:?}");
    }

    #[test]
    fn where_no_other_device_reaches_the_page_nobody_reads_along() {
        assert!(said_of(false, true).contains("everybody on the network can read along."));
        assert!(said_of(false, false).starts_with("TLS is off. The page and the API are for this machine only"));
        assert!(!said_of(true, false).contains("Remove"));
    }

    #[test]
    fn a_folder_that_is_no_home_gets_no_key_and_no_settings() {
        let folder = tempfile::tempdir().unwrap();
        let stop = switch(&Home::at(folder.path()), true, false).unwrap_err();
        assert!(matches!(&stop, Stop::NotDone(why) if why.contains("No agent has run")), "{stop:?}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn tls_is_switched_off_and_its_status_told_where_the_root_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path());
        // As an agent that has run leaves them.
        for name in ["identity.key", "api-token", "boot"] {
            std::fs::write(folder.path().join(name), "1").unwrap();
        }
        switch(&home, true, true).unwrap();
        assert!(settings(&home).unwrap().tls);
        std::fs::read_dir(folder.path()).unwrap().flatten().map(|entry| entry.path()).for_each(|path| {
            if path.to_string_lossy().contains("tls-root") {
                std::fs::write(path, "damaged\n").unwrap();
            }
        });
        let damage = known(home.existing_tls_root()).1.unwrap();
        assert!(damage.contains("cannot be used"), "{damage}");
        status(&home, true).unwrap();
        assert!(switch(&home, true, true).is_err(), "a root that cannot be read is never overwritten");
        switch(&home, false, true).unwrap();
        assert!(!settings(&home).unwrap().tls);
    }

    #[test]
    fn the_certificate_is_written_into_a_new_file_and_no_file_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let root = Home::at(folder.path()).tls_root().unwrap();
        let file = folder.path().join("root.crt");
        keep(&root, &file).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), pem(root.certificate()));
        let why = keep(&root, &file).unwrap_err();
        assert!(why.contains("root.crt"), "{why}");
    }
}
