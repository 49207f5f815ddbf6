//! The check of config.toml, which says who is let in by it.

use super::check::Check;
use crate::base::finding::{Finding, quoted_bytes};
use crate::cli::args::DEFAULT_API;
use crate::config::Config;
use crate::http::opened::Opened;
use crate::platform::home::{Home, HomeFile};
use crate::platform::host::host_name;
use crate::wire::x509::{Names, is_permitted};
use std::path::Path;

/// What is said where the owner let everybody in who uses the machine.
const OPEN_HERE: &str = "config.toml can be used. By api.open_here in it, whoever uses this machine may do everything at the API and on the page, without a \
                         token or a password. Where that is somebody else too, remove the line and start the agent again.";

/// What is said where the owner serves public documents.
const BITSWAP: &str = " By ipfs.bitswap in it, any program that reaches this device may fetch the documents of collections whose ring is public, and no others.";

/// The same over HTTP.
const GATEWAY: &str = " By ipfs.gateway in it, whoever reaches the API may fetch the documents of collections whose ring is public over HTTP without a token.";

/// What is said where browsers warn of the page at its address for other devices, as no certificate can be for that; nothing elsewhere.
fn uncertified(config: &Config, host: &str) -> String {
    let Some(open) = config.open_api.filter(|open| config.tls && !is_permitted(open.ip())) else {
        return String::new();
    };
    format!(
        " The page has TLS, and {} is not in its certificate, which is for private addresses and names alone: a browser that opens it at the address warns. By \
         the name it does not: https://{}:{}.",
        open.ip(),
        Names::of(host, open.ip()).first(),
        open.port()
    )
}

/// Whether config.toml can be used, and who is let in by it.
pub(super) fn settings(home: &Path) -> Check {
    let at = Home::at(home);
    if let Some(Finding { what, command, .. }) = at.settings_outlook() {
        return Check::wrong("settings", what, command.unwrap_or_default());
    }
    let outcome = match at.settings() {
        Ok(Some(config)) => {
            let opened = Opened::now(config.open_api, DEFAULT_API.port());
            if let Some(lost) = opened.finding() {
                return Check::wrong("settings", lost.what, lost.command.unwrap_or_default());
            }
            let can_be_used = if config.open_here { OPEN_HERE } else { "config.toml can be used." };
            let bitswap = if config.ipfs.bitswap { BITSWAP } else { "" };
            let gateway = if config.ipfs.gateway { GATEWAY } else { "" };
            let uncertified = uncertified(&config, &host_name());
            Ok(format!("{can_be_used}{bitswap}{gateway}{uncertified}"))
        }
        Ok(None) => Ok("There is no config.toml; the defaults hold.".to_owned()),
        Err(why) => Err((
            why,
            format!("${{EDITOR:-vi}} {}", quoted_bytes(at.file(HomeFile::Settings).as_os_str().as_encoded_bytes())),
        )),
    };
    Check::of("settings", outcome)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn an_address_that_is_not_in_the_certificate_is_told_with_the_name_that_is() {
        let said = |open: &str, tls: &str| {
            let config = Config::parse(&format!("[api]\nopen = \"{open}\"\ntls = \"{tls}\"\n")).unwrap();
            uncertified(&config, "attic")
        };
        let told = said("[2001:db8::4]:7780", "on");
        assert!(told.contains("2001:db8::4 is not in its certificate"), "{told}");
        assert!(told.ends_with("https://attic.local:7780."), "{told}");
        for (open, tls) in [("[2001:db8::4]:7780", "off"), ("192.168.1.4:7780", "on"), ("off", "on")] {
            assert_eq!(said(open, tls), "", "{open} {tls}");
        }
    }

    #[test]
    fn a_file_that_is_wrong_is_told_with_its_line_and_one_that_lets_others_in_with_whom() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("config.toml"), "[energy]\nlimit = 3\n").unwrap();
        let wrong = settings(folder.path());
        assert!(!wrong.is_good() && wrong.says().contains("line 2"), "{wrong:?}");
        fs::write(folder.path().join("config.toml"), "[api]\nopen_here = true\n").unwrap();
        let open = settings(folder.path());
        assert!(open.is_good() && open.says().contains("without a token or a password"), "{open:?}");
        // RFC 5737 reserves it for documentation: no device has it.
        fs::write(folder.path().join("config.toml"), "[api]\nopen = \"192.0.2.1:7780\"\n").unwrap();
        let lost = settings(folder.path());
        assert!(!lost.is_good() && lost.says().contains("does not have that address"), "{lost:?}");
        fs::write(folder.path().join("config.toml"), "[ipfs]\nbitswap = true\n").unwrap();
        assert!(!open.says().contains("bitswap") && settings(folder.path()).says().contains("By ipfs.bitswap in it"));
        fs::write(folder.path().join("config.toml"), "[ipfs]\ngateway = true\n").unwrap();
        let gateway = settings(folder.path());
        assert!(gateway.says().contains("By ipfs.gateway in it") && !gateway.says().contains("bitswap"), "{gateway:?}");
    }
}
