//! `wattle link`: the addresses of this agent's page, with the token that opens it, for a browser here and on a phone.
//!
//! Whoever has such an address may do what the owner may. It is printed because it was asked for, also into a pipe. `wattle open` prints the
//! same, and opens the page too.

use super::args::LinkArgs;
use super::code::Code;
use super::output::{Stop, pretty, print_as_is};
use super::style::Style;
use crate::http::client::Client;
use crate::http::opened::Opened;
use crate::platform::home::{Home, at_home};
use crate::platform::host::host_name;
use crate::platform::running;
use crate::wire::x509::{Names, is_permitted};
use serde_json::json;
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;

/// The ways to one agent's page.
pub(super) struct Link {
    /// For a browser on this machine.
    pub(super) here: String,
    /// For one in the same network, where the owner has opened the page to it.
    phone: Option<String>,
    /// Why there is none, and what to type.
    trouble: Option<String>,
    /// Whether an agent answers there now.
    pub(super) runs: bool,
}

/// Prints them for the agent of this home, which answers at `api`.
pub(super) fn link(home: &Path, api: SocketAddr, args: LinkArgs, as_json: bool) -> Result<(), Stop> {
    let link = Link::of(home, api)?;
    if as_json {
        return print_as_is(&link.json(None));
    }
    if let Some(trouble) = link.trouble.as_ref().filter(|_| args.qr) {
        return Err(Stop::NotDone(trouble.clone()));
    }
    print_as_is(&link.text(home, args.qr.then(Style::columns_of_stdout)))
}

/// Where a phone opens the page: at its address, or by the device's name where that alone is in the certificate.
fn at_phone(open: SocketAddr, tls: bool, host: &str) -> String {
    match (tls, is_permitted(open.ip())) {
        (false, _) => format!("http://{open}"),
        (true, true) => format!("https://{open}"),
        (true, false) => format!("https://{}:{}", Names::of(host, open.ip()).first(), open.port()),
    }
}

impl Link {
    /// The ways to the page of this home's agent.
    pub(super) fn of(home: &Path, api: SocketAddr) -> Result<Self, Stop> {
        let at = Home::at(home);
        let runs = running::is_running(&at);
        if !runs && at.lacks_its_token() {
            // Says what is so with this home, as every other command does.
            Client::new(api, home).map(drop)?;
        }
        // Where its file was deleted, an agent that runs has the token still, and the next one makes another.
        let token = if runs { at.token_in_use() } else { at.existing_token() }?;
        let config = at.settings()?.unwrap_or_default();
        let with_token = |place: &str| format!("{place}/#token={}", token.reveal());
        let opened = Opened::now(config.open_api, api.port());
        let phone = opened.address().map(|open| with_token(&at_phone(open, config.tls, &host_name())));
        Ok(Self { here: with_token(&format!("http://{api}")), phone, trouble: opened.trouble(home), runs })
    }

    /// Both for programs, and, of `open`, whether a browser was started.
    pub(super) fn json(&self, opens: Option<bool>) -> String {
        let mut json = json!({ "here": self.here, "phone": self.phone, "why": self.trouble });
        if let Some(opens) = opens {
            json["opens"] = opens.into();
        }
        pretty(&json)
    }

    /// The same page, for a browser that was let in before.
    pub(super) fn without_token(&self) -> &str {
        self.here.split('#').next().unwrap_or_default()
    }

    /// All of them as a person reads them, with the phone's as a code where it fits so many columns.
    pub(super) fn text(&self, home: &Path, code: Option<usize>) -> String {
        let mut text = String::new();
        if !self.runs {
            let up = at_home("wattle up", home);
            let _ = writeln!(text, "No agent runs with this home: the addresses hold once `{up}` runs.");
        }
        let _ = writeln!(text, "On this machine: {}", self.here);
        match &self.phone {
            Some(phone) => {
                let _ = writeln!(text, "On a phone in your network: {phone}");
                if phone.starts_with("https:") {
                    let root = at_home("wattle tls root", home);
                    let _ = writeln!(
                        text,
                        "If its browser warns, it lacks the root certificate of this device: `{root}` says how to install it."
                    );
                }
                let close = at_home("wattle up --open-api off", home);
                let _ = writeln!(
                    text,
                    "To close the page to other devices again, stop the agent, and start it once with `{close}`."
                );
                if let Some(columns) = code {
                    text += Code::of(phone, columns).shown();
                }
            }
            None => {
                let _ = writeln!(text, "{}", self.trouble.as_deref().unwrap_or_default());
            }
        }
        let token = at_home("wattle token create NAME", home);
        let _ = writeln!(
            text,
            "Whoever has such an address may do everything that you may. For somebody who may do less: `{token}`."
        );
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_in_which_no_agent_ran_is_told_as_by_the_other_commands() {
        let home = tempfile::tempdir().unwrap();
        let none = Link::of(home.path(), "127.0.0.1:7780".parse().unwrap()).err().unwrap();
        assert!(matches!(&none, Stop::NoAgent(why) if why.starts_with("No agent has run with the home ")), "{none:?}");
    }

    #[test]
    fn a_phone_opens_the_page_at_the_address_and_by_the_name_where_the_certificate_has_that_alone() {
        let of = |open: &str, tls| at_phone(open.parse().unwrap(), tls, "attic");
        assert_eq!(of("192.168.1.4:7780", false), "http://192.168.1.4:7780");
        assert_eq!(of("192.168.1.4:7780", true), "https://192.168.1.4:7780");
        assert_eq!(of("[2001:db8::4]:7780", false), "http://[2001:db8::4]:7780", "names are taken with TLS alone");
        assert_eq!(of("[2001:db8::4]:7780", true), "https://attic.local:7780");
    }

    #[test]
    fn a_phone_has_its_address_and_its_code_where_the_page_is_open_to_it() {
        let home = Path::new("/srv/h");
        let trouble = Some("The page is for this machine only.".to_owned());
        let mut link = Link { here: "http://127.0.0.1:7780/#token=00".to_owned(), phone: None, trouble, runs: true };
        let text = link.text(home, None);
        assert!(text.contains(":7780/#token=00\nThe page is for this machine only.\n"), "{text}");
        assert!(text.ends_with("may do less: `wattle token create NAME --home /srv/h`.\n"), "{text}");
        assert!(!text.contains("No agent runs"), "{text}");
        assert_eq!(link.without_token(), "http://127.0.0.1:7780/");
        link.phone = Some("http://192.168.1.9:7780/#token=00".to_owned());
        let text = link.text(home, Some(80));
        assert!(text.contains("network: http://192.168.1.9:7780/#token=00\n") && text.contains('█'), "{text}");
        assert!(!link.text(home, None).contains('█') && !text.contains("root certificate"));
        assert!(text.contains("start it once with `wattle up --open-api off --home /srv/h`."), "{text}");
        let narrow = link.text(home, Some(30));
        assert!(narrow.contains("The QR code is not drawn") && !narrow.contains('█'), "{narrow}");
        assert_eq!(link.text(home, Some(usize::MAX)), link.text(home, None), "a pipe gets the links");
        link.phone = Some("https://192.168.1.9:7780/#token=00".to_owned());
        assert!(link.text(home, None).contains("#token=00\nIf its browser warns") && text.contains("http:"), "{text}");
        link.runs = false;
        assert!(link.text(home, None).starts_with("No agent runs with this home"));
    }
}
