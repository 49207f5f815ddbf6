//! `wattle link`: the addresses of this agent's page, with the token that opens it, for a browser here and on a phone.
//!
//! Whoever has such an address may do what the owner may. It is printed because it was asked for, also into a pipe.

use super::args::LinkArgs;
use super::output::{Stop, pretty, print_as_is};
use crate::platform::home::{Home, at_home};
use crate::platform::running;
use crate::wire::pairing::qr::Qr;
use serde_json::json;
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::Path;

/// The ways to one agent's page.
struct Link {
    /// For a browser on this machine.
    here: String,
    /// For one in the same network, where the owner has opened the page to it.
    phone: Option<String>,
    /// What to know before it is used.
    remark: Option<String>,
}

/// Prints them for the agent of this home, which answers at `api`.
pub(super) fn link(home: &Path, api: SocketAddr, args: LinkArgs, as_json: bool) -> Result<(), Stop> {
    let at = Home::at(home);
    let runs = running::is_running(&at);
    // Where its file was deleted, an agent that runs has the token still, and the next one makes another.
    let token = if runs { at.token_in_use() } else { at.existing_token() }?;
    let open = at.settings()?.and_then(|config| config.open_api);
    let to = |address: SocketAddr| format!("http://{address}/#token={}", token.reveal());
    let remark = (!runs).then(|| {
        format!("No agent runs with this home: the addresses hold once `{}` runs.", at_home("wattle up", home))
    });
    let link = Link { here: to(api), phone: open.map(to), remark };
    if as_json {
        return print_as_is(&pretty(&json!({ "here": link.here, "phone": link.phone })));
    }
    if args.qr && link.phone.is_none() {
        return Err(Stop::NotDone(Link::how_to_open(home)));
    }
    print_as_is(&link.text(home, args.qr))
}

impl Link {
    fn how_to_open(home: &Path) -> String {
        let up = at_home("wattle up --open-api 192.168.1.4:7780", home);
        format!(
            "The page is for this machine only. For a phone, start the agent once with this machine's own address in your network: `{up}`."
        )
    }

    fn text(&self, home: &Path, qr: bool) -> String {
        let mut text = String::new();
        if let Some(remark) = &self.remark {
            let _ = writeln!(text, "{remark}");
        }
        let _ = writeln!(text, "On this machine: {}", self.here);
        match &self.phone {
            Some(phone) => {
                let _ = writeln!(text, "On a phone in your network: {phone}");
                for line in Qr::of(phone).filter(|_| qr).into_iter().flat_map(|code| code.lines(false)) {
                    let _ = writeln!(text, "{line}");
                }
            }
            None => {
                let _ = writeln!(text, "{}", Self::how_to_open(home));
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
    fn a_phone_has_its_address_and_its_code_where_the_page_is_open_to_it() {
        let home = Path::new("/srv/h");
        let mut link = Link { here: "http://127.0.0.1:7780/#token=00".to_owned(), phone: None, remark: None };
        let text = link.text(home, false);
        assert!(text.contains(":7780/#token=00\n") && text.contains("--open-api 192.168.1.4:7780 --home"), "{text}");
        assert!(text.ends_with("may do less: `wattle token create NAME --home /srv/h`.\n"), "{text}");
        link.phone = Some("http://192.168.1.9:7780/#token=00".to_owned());
        let text = link.text(home, true);
        assert!(text.contains("network: http://192.168.1.9:7780/#token=00\n") && text.contains('█'), "{text}");
        assert!(!link.text(home, false).contains('█'));
    }
}
