//! The address at which the page is open to other devices: whether this device has it and the agent listens there, and what is typed in its
//! place. `wattle link`, `open` and `doctor` look by themselves, at what the owner set; status and page tell what is so with the agent that runs.

use super::dto::PageOutside;
use crate::base::finding::{Area, Finding, quoted};
use crate::net::discovery::interface::{is_own, own_addresses};
use crate::platform::home::at_home;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// What is so of it now.
#[derive(Debug)]
pub struct Opened {
    /// The one that the owner set.
    set: Option<SocketAddr>,
    /// Whether this device has it.
    is_here: bool,
    /// Those that other devices reach this one by.
    own: Vec<SocketAddr>,
}

impl Opened {
    /// On this machine now; `port` is the one for an address that is not set yet.
    #[must_use]
    pub fn now(set: Option<SocketAddr>, port: u16) -> Self {
        let is_here = set.is_some_and(is_own);
        let own = if is_here { Vec::new() } else { own_addresses(set.map_or(port, |set| set.port())) };
        Self { set, is_here, own }
    }

    /// Where other devices reach the page.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.set.filter(|_| self.is_here)
    }

    /// That this device does not have the address that is set, and which ones it has, if that is so.
    fn lost(&self) -> Option<String> {
        let set = self.set.filter(|_| !self.is_here)?;
        let own: Vec<String> = self.own.iter().map(|own| own.ip().to_string()).collect();
        let own = if own.is_empty() { "no address in a network now".to_owned() } else { own.join(" and ") };
        Some(format!(
            "The page is to be open to other devices at {set}, and this device does not have that address: none reaches it there. It has {own}."
        ))
    }

    /// The command that opens it at an address which this device has, if it has one.
    fn command(&self) -> Option<String> {
        self.own.first().map(|own| format!("wattle up --open-api {}", quoted(&own.to_string())))
    }

    /// The same as a finding, with the command that helps, for the user's usual home.
    #[must_use]
    pub fn finding(&self) -> Option<Finding> {
        let (lost, command) = (self.lost()?, self.command());
        let then = if command.is_some() { " Stop the agent, and start it once by this command." } else { "" };
        let command = command.unwrap_or_else(|| "ip address".to_owned());
        Some(Finding { area: Area::State, what: format!("{lost}{then}"), command: Some(command) })
    }

    /// Why no phone reaches the page of this home, and what to type; `None` where one does.
    #[must_use]
    pub fn trouble(&self, home: &Path) -> Option<String> {
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

/// What the agent that runs opened to other devices. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Outside(Arc<Mutex<Option<Door>>>);

/// The address that this run opens.
#[derive(Clone, Copy, Debug)]
struct Door {
    at: SocketAddr,
    tls: bool,
    /// Whether the agent listens there: a device may get the address later.
    listens: bool,
}

impl Outside {
    /// This run opens the page at the address, with TLS or without, once the device has it.
    pub fn opens(&self, at: SocketAddr, tls: bool) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Door { at, tls, listens: false });
    }

    /// The agent listens there now.
    pub fn listens(&self) {
        if let Some(door) = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            door.listens = true;
        }
    }

    /// How other devices reach the page now, and a finding where the address is one that this device does not have; `None`: it is for this machine
    /// alone. Firewalls between are not seen from here.
    #[must_use]
    pub fn now(&self) -> (Option<PageOutside>, Option<Finding>) {
        let Some(Door { at, tls, listens }) = *self.0.lock().unwrap_or_else(PoisonError::into_inner) else {
            return (None, None);
        };
        let opened = Opened::now(Some(at), at.port());
        let waits = || format!("The agent does not listen at {at} yet. It tries again every ten seconds.");
        let trouble = opened.lost().or_else(|| (!listens).then(waits));
        let address = format!("{}://{at}", if tls { "https" } else { "http" });
        (Some(PageOutside { address, tls, trouble }), opened.finding())
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
    fn an_address_that_nobody_reaches_is_a_finding_in_the_words_of_the_other_commands() {
        let lost = opened(Some("192.168.1.4:7780"), false, &["10.0.0.7:7780"]);
        let found = lost.finding().unwrap();
        assert!(found.what.starts_with(&lost.lost().unwrap()) && found.what.ends_with("by this command."), "{found:?}");
        assert_eq!(found.command.as_deref(), Some("wattle up --open-api 10.0.0.7:7780"));
        let offline = opened(Some("192.168.1.4:7780"), false, &[]).finding().unwrap();
        assert!(!offline.what.contains("this command") && offline.command.as_deref() == Some("ip address"));
        let bracketed = opened(Some("192.168.1.4:7780"), false, &["[fd00::2]:7780"]).finding().unwrap();
        assert_eq!(
            bracketed.command.as_deref(),
            Some("wattle up --open-api '[fd00::2]:7780'"),
            "a shell takes brackets as a pattern"
        );
        assert_eq!(opened(None, false, &["10.0.0.7:7780"]).finding(), None, "a page that is closed is no fault");
        assert_eq!(opened(Some("10.0.0.7:7780"), true, &[]).finding(), None);
    }

    #[test]
    fn what_runs_is_told_and_not_what_was_set() {
        let outside = Outside::default();
        assert_eq!(outside.now(), (None, None));
        outside.opens("127.0.0.1:7780".parse().unwrap(), true);
        let (page, finding) = outside.now();
        let page = page.unwrap();
        assert!(page.address == "https://127.0.0.1:7780" && page.tls && finding.is_none(), "{page:?}");
        assert!(page.trouble.unwrap().starts_with("The agent does not listen at 127.0.0.1:7780 yet."));
        outside.listens();
        assert_eq!(outside.now().0.unwrap().trouble, None);
        // RFC 5737 reserves it for documentation: no device has it.
        outside.opens("192.0.2.1:7780".parse().unwrap(), false);
        outside.listens();
        let (page, finding) = outside.now();
        let page = page.unwrap();
        assert!(page.address == "http://192.0.2.1:7780" && !page.tls, "{page:?}");
        assert!(page.trouble.unwrap().contains("does not have that address") && finding.is_some());
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
