//! The address at which the page is open to other devices: whether this device has it, and what is typed in its place.

use crate::net::discovery::interface::{is_own, own_addresses};
use crate::platform::home::at_home;
use std::net::SocketAddr;
use std::path::Path;

/// What is so of it now.
pub(super) struct Opened {
    /// The one that the owner set.
    set: Option<SocketAddr>,
    /// Whether this device has it.
    is_here: bool,
    /// Those that other devices reach this one by.
    own: Vec<SocketAddr>,
}

impl Opened {
    /// On this machine now; `port` is the one for an address that is not set yet.
    pub(super) fn now(set: Option<SocketAddr>, port: u16) -> Self {
        let is_here = set.is_some_and(is_own);
        let own = if is_here { Vec::new() } else { own_addresses(set.map_or(port, |set| set.port())) };
        Self { set, is_here, own }
    }

    /// Where other devices reach the page.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        self.set.filter(|_| self.is_here)
    }

    /// That this device does not have the address that is set, and which ones it has, if that is so.
    pub(super) fn lost(&self) -> Option<String> {
        let set = self.set.filter(|_| !self.is_here)?;
        let own: Vec<String> = self.own.iter().map(|own| own.ip().to_string()).collect();
        let own = if own.is_empty() { "no address in a network now".to_owned() } else { own.join(" and ") };
        Some(format!(
            "The page is to be open to other devices at {set}, and this device does not have that address: none reaches it there. It has {own}."
        ))
    }

    /// The command that opens it at an address which this device has, if it has one.
    pub(super) fn command(&self) -> Option<String> {
        self.own.first().map(|own| format!("wattle up --open-api {own}"))
    }

    /// Why no phone reaches the page of this home, and what to type; `None` where one does.
    pub(super) fn trouble(&self, home: &Path) -> Option<String> {
        if self.is_here {
            return None;
        }
        let up = self.command().map(|up| at_home(&up, home));
        Some(match (self.lost(), up) {
            (Some(lost), Some(up)) => format!("{lost} Stop the agent, and start it once with `{up}`."),
            (Some(lost), None) => lost,
            (None, Some(up)) => format!(
                "The page is for this machine only. For a phone, start the agent once with this machine's own address in your network: `{up}`."
            ),
            (None, None) => "The page is for this machine only, and this machine has no address in a network now. Once it has one, this command names \
                             the one that opens the page to a phone."
                .to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(set: Option<&str>, is_here: bool, own: &[&str]) -> Opened {
        let own = own.iter().map(|own| own.parse().unwrap()).collect();
        Opened { set: set.map(|set| set.parse().unwrap()), is_here, own }
    }

    #[test]
    fn what_to_type_has_an_address_that_the_device_has_and_one_that_it_has_not_is_told() {
        let home = Path::new("/srv/h");
        let trouble = |set, is_here, own: &[&str]| opened(set, is_here, own).trouble(home);
        let up = "`wattle up --open-api 10.0.0.7:7780 --home /srv/h`.";
        let closed = trouble(None, false, &["10.0.0.7:7780", "10.1.0.7:7780"]).unwrap();
        assert!(closed.starts_with("The page is for this machine only. ") && closed.ends_with(up), "{closed}");
        let lost = trouble(Some("192.168.1.4:7780"), false, &["10.0.0.7:7780", "10.1.0.7:7780"]).unwrap();
        assert!(lost.contains("at 192.168.1.4:7780, and this device does not have"), "{lost}");
        assert!(lost.contains(" It has 10.0.0.7 and 10.1.0.7. ") && lost.ends_with(up), "{lost}");
        for set in [None, Some("192.168.1.4:7780")] {
            let offline = trouble(set, false, &[]).unwrap();
            assert!(offline.contains("no address in a network now") && !offline.contains("--open-api"), "{offline}");
        }
        assert_eq!(trouble(Some("192.168.1.4:7780"), true, &[]), None);
    }

    #[test]
    fn an_address_is_only_told_where_this_machine_has_it() {
        // RFC 5737 reserves it for documentation: no device has it.
        let lost = Opened::now(Some("192.0.2.1:7780".parse().unwrap()), 7780);
        assert!(lost.address().is_none() && lost.lost().is_some());
        let here = Opened::now(Some("127.0.0.1:7780".parse().unwrap()), 7780);
        assert!(here.address().is_some() && here.lost().is_none());
        assert!(Opened::now(None, 7790).own.iter().all(|own| own.port() == 7790));
    }
}
