//! What a service tells systemd: that it answers, what it does, that it is alive and that it ends. The protocol is that of sd_notify(3): lines
//! of `NAME=value` in a datagram to the socket that the environment names.
//!
//! Where nobody waits for that, as in a terminal or a container, nothing is sent. Nothing here fails: an agent that cannot tell how it is goes
//! on, and a service manager that hears nothing of it does what its unit says.
//!
//! The watchdog is fed by whoever would stand still if the agent did (`runtime::event`), and by nobody else: a thread of its own would feed it
//! beside an agent that is stuck.

use crate::base::time::{Duration, Instant};
use crate::limits::{NOTIFY_WAIT_MS, WATCHDOG_REST_MS};
use std::ffi::OsString;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::Arc;

/// The service manager that started this process; where there is none, whatever it is told goes nowhere.
#[derive(Clone, Debug, Default)]
pub struct ServiceManager {
    to: Option<Arc<(UnixDatagram, SocketAddr)>>,
    /// It starts the service anew if it hears nothing for this long.
    watchdog: Option<Duration>,
}

impl ServiceManager {
    /// The one that the environment names.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "it is no setting: systemd names itself there")]
    pub fn of_environment() -> Self {
        Self::named(|name| std::env::var_os(name), std::process::id())
    }

    fn named(variable: impl Fn(&str) -> Option<OsString>, process: u32) -> Self {
        let number = |name| variable(name)?.to_str()?.parse::<u64>().ok();
        let to = variable("NOTIFY_SOCKET").and_then(|name| socket(name.as_bytes())).map(Arc::new);
        // A process that the service started inherits the variables, and is not meant.
        let is_meant = number("WATCHDOG_PID").is_none_or(|of| of == u64::from(process));
        let watchdog = number("WATCHDOG_USEC").filter(|within| is_meant && *within > 0).map(Duration::from_micros);
        Self { watchdog: watchdog.filter(|_| to.is_some()), to }
    }

    /// One that listens at this path and waits for a sign of life within this time.
    #[cfg(test)]
    pub(crate) fn at(path: &std::path::Path, within: Duration) -> Self {
        Self { to: socket(path.as_os_str().as_bytes()).map(Arc::new), watchdog: Some(within) }
    }

    /// The service answers; and one line of what it does. From now on the watchdog waits.
    pub fn tell_ready(&self, status: &str) {
        // After an agent started itself anew in place it still waits as long as for that.
        self.tell(&["READY=1".to_owned(), told(status)], self.watchdog);
    }

    /// The service ends, for this reason. What is under way is finished first, and nobody feeds the watchdog meanwhile.
    pub fn tell_stopping(&self, status: &str) {
        self.tell(&["STOPPING=1".to_owned(), told(status)], self.rest());
    }

    /// The service ends and begins anew as the same process: for the manager it goes on.
    pub fn tell_starting_anew(&self, status: &str) {
        self.tell(&[told(status)], self.rest());
    }

    /// What the manager waits for.
    #[must_use]
    pub fn watchdog(self) -> Watchdog {
        Watchdog { manager: self, fed: None }
    }

    /// The time without food that an end may take, where there is a watchdog.
    fn rest(&self) -> Option<Duration> {
        self.watchdog.map(|_| Duration::from_millis(WATCHDOG_REST_MS))
    }

    fn tell(&self, lines: &[String], watchdog: Option<Duration>) {
        let Some(to) = &self.to else { return };
        let within = watchdog.map(|within| format!("WATCHDOG_USEC={}", within.as_micros()));
        let message = lines.iter().chain(&within).map(String::as_str).collect::<Vec<_>>().join("\n");
        // See the head: nobody could do anything about it.
        let _ = to.0.send_to_addr(message.as_bytes(), &to.1);
    }
}

/// Tells the service manager that the agent is alive, at half the time that it waits for that.
#[derive(Debug, Default)]
pub struct Watchdog {
    manager: ServiceManager,
    fed: Option<Instant>,
}

impl Watchdog {
    /// Feeds it if that is due. Gives when it is due next; `None`: nobody waits for it.
    #[must_use]
    pub fn feed(&mut self, now: Instant) -> Option<Instant> {
        let pause = self.manager.watchdog? / 2;
        let due = self.fed.map_or(now, |fed| fed + pause);
        if now < due {
            return Some(due);
        }
        self.manager.tell(&["WATCHDOG=1".to_owned()], None);
        self.fed = Some(now);
        Some(now + pause)
    }
}

/// A socket for datagrams to this name: a path, or a name of the abstract namespace behind a `@`. Other kinds are for other machines.
fn socket(name: &[u8]) -> Option<(UnixDatagram, SocketAddr)> {
    let address = match name {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name).ok()?,
        [b'/', ..] => SocketAddr::from_pathname(std::ffi::OsStr::from_bytes(name)).ok()?,
        _ => return None,
    };
    let socket = UnixDatagram::unbound().ok()?;
    // A manager that does not read must not stop the agent.
    socket.set_write_timeout(Some(Duration::from_millis(NOTIFY_WAIT_MS))).ok()?;
    Some((socket, address))
}

/// The line of a status, which can bring no second line with it.
fn told(status: &str) -> String {
    let line = status.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    format!("STATUS={}", line.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// A manager's socket in this folder, and what a service of it has in its environment.
    fn manager(folder: &Path, more: &'static [(&str, &str)]) -> (UnixDatagram, ServiceManager) {
        let path = folder.join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        (socket, service(path, more))
    }

    fn service(at: impl Into<OsString>, more: &'static [(&str, &str)]) -> ServiceManager {
        let found = |name: &str| more.iter().find(|(of, _)| *of == name).map(|(_, value)| OsString::from(value));
        let at = at.into();
        ServiceManager::named(|name| if name == "NOTIFY_SOCKET" { Some(at.clone()) } else { found(name) }, 7)
    }

    fn heard(socket: &UnixDatagram) -> Option<String> {
        socket.set_nonblocking(true).unwrap();
        let mut buffer = [0; 512];
        let length = socket.recv(&mut buffer).ok()?;
        Some(String::from_utf8(buffer[..length].to_vec()).unwrap())
    }

    #[test]
    fn a_service_tells_that_it_answers_and_that_it_ends_in_lines_that_are_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let (socket, service) = manager(folder.path(), &[]);
        service.tell_ready("attic\nSTOPPING=1\r answers.");
        assert_eq!(heard(&socket).unwrap(), "READY=1\nSTATUS=attic STOPPING=1  answers.");
        service.tell_stopping("It ends.");
        assert_eq!(heard(&socket).unwrap(), "STOPPING=1\nSTATUS=It ends.");
        service.tell_starting_anew("Soon.");
        assert_eq!(heard(&socket).unwrap(), "STATUS=Soon.");
        assert_eq!(service.watchdog().feed(Instant::ZERO), None, "nobody waits for it");
        assert_eq!(heard(&socket), None);
    }

    #[test]
    fn the_watchdog_is_fed_at_half_its_time_and_waits_longer_for_an_end() {
        let folder = tempfile::tempdir().unwrap();
        let (socket, service) = manager(folder.path(), &[("WATCHDOG_USEC", "30000000"), ("WATCHDOG_PID", "7")]);
        service.tell_ready("Up.");
        assert_eq!(heard(&socket).unwrap(), "READY=1\nSTATUS=Up.\nWATCHDOG_USEC=30000000");
        let mut watchdog = service.clone().watchdog();
        let at = |second: u64| Instant::from_millis(second * 1000);
        assert_eq!(watchdog.feed(at(100)), Some(at(115)));
        assert_eq!(heard(&socket).unwrap(), "WATCHDOG=1");
        assert_eq!((watchdog.feed(at(114)), heard(&socket)), (Some(at(115)), None));
        assert_eq!(watchdog.feed(at(116)), Some(at(131)));
        assert_eq!(heard(&socket).unwrap(), "WATCHDOG=1");
        let rest = format!("WATCHDOG_USEC={}", WATCHDOG_REST_MS * 1000);
        service.tell_starting_anew("Soon.");
        assert_eq!(heard(&socket).unwrap(), format!("STATUS=Soon.\n{rest}"));
        service.tell_stopping("It ends.");
        assert!(heard(&socket).unwrap().ends_with(&rest));
    }

    #[test]
    fn a_name_of_the_abstract_namespace_is_behind_an_at() {
        let name = format!("wattle-notify-{}", std::process::id());
        let socket = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        service(format!("@{name}"), &[]).tell_ready("Up.");
        assert_eq!(heard(&socket).unwrap(), "READY=1\nSTATUS=Up.");
    }

    #[test]
    fn where_nobody_listens_or_another_process_is_meant_nothing_is_sent() {
        let waits = |service: ServiceManager| service.watchdog().feed(Instant::ZERO).is_some();
        let none = ServiceManager::named(|_| None, 7);
        none.tell_ready("Up.");
        none.tell_stopping("It ends.");
        assert!(!waits(none) && !waits(ServiceManager::default()));
        for odd in ["", "relative", "vsock:2:1234", "@", "/nowhere/at/all"] {
            service(odd, &[("WATCHDOG_USEC", "x")]).tell_stopping("It ends.");
        }
        let folder = tempfile::tempdir().unwrap();
        let (socket, service) = manager(folder.path(), &[("WATCHDOG_USEC", "30000000"), ("WATCHDOG_PID", "8")]);
        assert!(!waits(service), "its parent is watched, not this process");
        assert_eq!(heard(&socket), None);
    }
}
