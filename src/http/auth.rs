//! Which requests are let in: decided over plain values, before any other handler sees the request.
//!
//! A web page in the owner's own browser can reach this port. Three checks keep it out: the Host header (DNS rebinding: a
//! foreign name that resolves to this machine), the Origin (RFC 6454) with `Sec-Fetch-Site` (the Fetch Metadata draft), and
//! a bearer token (RFC 6750) that no page can read. Whoever tries tokens is slowed (`throttle`); a right one always works, whatever was tried at its address.
//!
//! Where the address has TLS, its certificate keeps foreign names out too, so that the device's own names are taken beside the address: a browser that was
//! led here by another name finds no certificate for it. A request without TLS gets the root certificate there, or is sent on to https, and nothing else.

use super::answer::{self, ROLE_HEADER};
use super::dto::Role;
use super::keys::Keys;
use super::routes::{self, Access};
use super::tls::{Encrypted, Tls};
use super::traffic::Reason;
use crate::base::time::Instant;
use crate::platform::{blocking, clock};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use trillium::{Conn, Handler, Headers, KnownHeaderName, Method, Status};

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// The Host is missing, given twice, or not this machine's own name.
    Host,
    /// The request comes from a page of another origin.
    Origin,
    /// The address has TLS, and the request came without.
    Plain,
    /// No bearer token was sent.
    NoToken,
    /// The token is none of this agent's.
    WrongToken,
    /// The token does not allow the call, which needs this role.
    Role(Role),
    /// The call carries a secret, and came over the network.
    NotHere,
    /// Too many wrong tokens came from the address: it is answered again after so many seconds.
    TooMany(u64),
}

impl Refusal {
    /// One sentence. It never repeats what was sent.
    const fn sentence(self) -> &'static str {
        match self {
            Self::Host => {
                "This agent answers only to its own address: localhost, 127.0.0.1, [::1], or the one where it was opened; where TLS is on, to its names in \
                 the certificate too."
            }
            Self::Origin => "Pages of other origins may not ask this agent.",
            Self::Plain => {
                "This address speaks TLS: nothing was done. Make the call with https in place of http; what was sent with it crossed the network in the clear."
            }
            Self::NoToken => {
                "This call needs the header `Authorization: Bearer TOKEN`; the token is in the file api-token of the agent's home, and `wattle open` opens \
                 the page with it."
            }
            Self::NotHere => {
                "This call carries a secret or changes the mesh, and is not answered over the network, where others could read along. Make it on the \
                 device itself, with the `wattle` command or at the agent's own address."
            }
            Self::WrongToken => {
                "This is no token of this agent: its own is in the file api-token of its home, and `wattle token list` shows the others."
            }
            Self::TooMany(_) => {
                "This is no token of this agent, as many that came from this address were none: the next wrong one is told so within a minute. The header \
                 Retry-After says in how many seconds. A right one is let in meanwhile."
            }
            Self::Role(Role::Write) => {
                "This token may only ask and look. Ask who gave it to you for one with the role write, which `wattle token create NAME --role write` makes."
            }
            Self::Role(_) => {
                "This token may not do that; the call needs the role admin, as the agent's own token has, in the file api-token of its home. Ask who gave it \
                 to you."
            }
        }
    }

    const fn status(self) -> Status {
        match self {
            Self::Host | Self::Origin | Self::Plain | Self::NotHere | Self::Role(_) => Status::Forbidden,
            Self::NoToken | Self::WrongToken => Status::Unauthorized,
            Self::TooMany(_) => Status::TooManyRequests,
        }
    }

    /// What it counts as.
    const fn reason(self) -> Reason {
        match self {
            Self::Host => Reason::Host,
            Self::Origin => Reason::Origin,
            Self::Plain => Reason::Plain,
            Self::NoToken | Self::WrongToken => Reason::Unauthorised,
            Self::Role(_) | Self::NotHere => Reason::Forbidden,
            Self::TooMany(_) => Reason::Throttled,
        }
    }
}

/// The parts of a request that are checked.
#[derive(Clone, Copy, Debug)]
struct Caller<'a> {
    /// `Host`.
    host: Field<'a>,
    /// `Origin`.
    origin: Field<'a>,
    /// `Sec-Fetch-Site`, which browsers set and pages cannot.
    site: Field<'a>,
    /// `Authorization`.
    authorization: Field<'a>,
    /// Who may make the call, by the table of routes.
    access: Access,
    /// Where the connection comes from.
    from: IpAddr,
    /// What the program calls itself.
    agent: &'a str,
    now: Instant,
    /// What is known of the connection's TLS.
    tls: Secured<'a>,
}

/// Whether a request came over TLS, and whether it could have.
#[derive(Clone, Copy, Debug)]
enum Secured<'a> {
    /// The address has no TLS.
    No,
    /// It has, and the request came without.
    Plain(&'a Tls),
    /// It came over TLS.
    Yes(&'a Tls),
}

impl<'a> Secured<'a> {
    const fn tls(self) -> Option<&'a Tls> {
        match self {
            Self::No => None,
            Self::Plain(tls) | Self::Yes(tls) => Some(tls),
        }
    }
}

/// A header that should come at most once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field<'a> {
    /// Not there.
    Absent,
    /// There, once, as text.
    One(&'a str),
    /// More than once, or not text.
    Many,
}

/// Whether this caller is let in. `lan_address` is the address at which the API is open to other devices; `None` for a
/// listener that serves this machine alone.
///
/// Returns what the caller may do; `None` where the call needs no token. The error is the first check that fails, in the order host, origin, tries, token,
/// role, address.
fn admitted(caller: &Caller<'_>, keys: &Keys, lan_address: Option<SocketAddr>) -> Result<Option<Role>, Refusal> {
    let Field::One(host) = caller.host else { return Err(Refusal::Host) };
    // At the LAN address too, no name is accepted without TLS: anybody can register one that resolves to it.
    let is_name = |address: SocketAddr| caller.tls.tls().is_some_and(|tls| tls.is_name(host, address.port()));
    let is_own = |address: SocketAddr| is_address(host, address) || is_name(address);
    if !lan_address.map_or_else(|| is_loopback(host), is_own) {
        return Err(Refusal::Host);
    }
    if matches!(caller.tls, Secured::Plain(_)) && caller.access != Access::Public {
        return Err(Refusal::Plain);
    }
    let own_origin = match caller.origin {
        Field::Absent => true,
        Field::One(origin) => same_origin(origin, host, matches!(caller.tls, Secured::Yes(_))),
        Field::Many => false,
    };
    // "same-site" is another port of this machine, which belongs to some other program.
    let own_site = matches!(caller.site, Field::Absent | Field::One("same-origin" | "none"));
    if !own_origin || !own_site {
        return Err(Refusal::Origin);
    }
    let Some(needed) = caller.access.role() else { return Ok(None) };
    let Field::One(authorization) = caller.authorization else {
        let is_open = keys.is_open_here() && lan_address.is_none() && caller.authorization == Field::Absent;
        return if is_open { Ok(Some(Role::Admin)) } else { Err(Refusal::NoToken) };
    };
    let Some((scheme, offered)) = authorization.split_once(' ') else { return Err(Refusal::NoToken) };
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Refusal::NoToken);
    }
    let throttle = keys.throttle();
    let Some(role) = keys.role_of(offered.trim()) else {
        let counted = throttle.wrong_token(caller.from, offered.trim(), caller.now);
        return Err(counted.map_or_else(Refusal::TooMany, |()| Refusal::WrongToken));
    };
    // Only these: with ever other names a guest's token would give as many guesses at the password.
    if role == Role::Admin {
        throttle.let_in(caller.from, caller.agent);
    }
    if role < needed {
        return Err(Refusal::Role(needed));
    }
    if caller.access == Access::Local && lan_address.is_some() { Err(Refusal::NotHere) } else { Ok(Some(role)) }
}

/// Whether a Host is a name of this machine's loopback: localhost, 127.0.0.0/8, `[::1]`.
fn is_loopback(host: &str) -> bool {
    if let Some(rest) = host.strip_prefix('[') {
        let Some((literal, port)) = rest.split_once(']') else { return false };
        let port_fits = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        return port_fits && literal.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback());
    }
    let name = match host.split_once(':') {
        Some((name, port)) if is_port(port) => name,
        Some(_) => return false,
        None => host,
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

/// Whether a Host is this address, with its port or without.
fn is_address(host: &str, address: SocketAddr) -> bool {
    let bare = match address.ip() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    host == address.to_string() || host == bare
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

/// Whether an Origin is that of pages served from `host`. The `null` origin never is.
fn same_origin(origin: &str, host: &str, is_encrypted: bool) -> bool {
    let (scheme, port) = if is_encrypted { ("https://", ":443") } else { ("http://", ":80") };
    let plain = |text: &str| text.strip_suffix(port).unwrap_or(text).to_ascii_lowercase();
    origin.strip_prefix(scheme).is_some_and(|from| plain(from) == plain(host))
}

/// The handler that runs before every other one.
#[derive(Debug)]
pub(super) struct Auth {
    keys: Keys,
    lan_address: Option<SocketAddr>,
    tls: Option<Tls>,
}

impl Auth {
    /// Lets requests with one of these tokens in, on a loopback listener or on the one at `lan_address`, which may have TLS.
    pub(super) fn new(keys: Keys, lan_address: Option<SocketAddr>, tls: Option<Tls>) -> Self {
        Self { keys, lan_address, tls }
    }
}

/// Where a page is that was asked for without TLS. Not for good: a browser would remember it, and find nothing where TLS is switched off again.
fn sent_on(conn: Conn) -> Conn {
    let host = conn.request_headers().get_str(KnownHeaderName::Host).unwrap_or_default();
    let query = conn.querystring();
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    let place = format!("https://{host}{}{query}", conn.path());
    conn.with_response_header(KnownHeaderName::Location, place)
        .with_response_header(KnownHeaderName::Connection, "close")
        .with_status(Status::TemporaryRedirect)
        .halt()
}

/// Whether a browser asks for something to look at, and sends no token along.
fn is_visit(conn: &Conn) -> bool {
    let shows = conn.request_headers().has_header(KnownHeaderName::Authorization);
    // What does not begin with a slash would be a part of the host's name in the address that it is sent on to.
    matches!(conn.method(), Method::Get | Method::Head) && !shows && conn.path().starts_with('/')
}

impl Handler for Auth {
    async fn run(&self, conn: Conn) -> Conn {
        let headers = conn.request_headers();
        let caller = Caller {
            host: field(headers, KnownHeaderName::Host),
            origin: field(headers, KnownHeaderName::Origin),
            site: field(headers, KnownHeaderName::SecFetchSite),
            authorization: field(headers, KnownHeaderName::Authorization),
            access: routes::access(conn.method(), conn.path()),
            from: conn.peer_ip().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
            agent: headers.get_str(KnownHeaderName::UserAgent).unwrap_or_default(),
            now: clock::now(),
            tls: match &self.tls {
                None => Secured::No,
                Some(tls) if conn.state::<Encrypted>().is_some() => Secured::Yes(tls),
                Some(tls) => Secured::Plain(tls),
            },
        };
        match admitted(&caller, &self.keys, self.lan_address) {
            Ok(role) => {
                if self.keys.has_news() {
                    let keys = self.keys.clone();
                    smol::spawn(async move { blocking::run(move || keys.note_uses()).await }).detach();
                }
                match role {
                    // What the call itself decides may ask for more than its row of the table.
                    Some(role) => conn.with_response_header(ROLE_HEADER, role.to_string()).with_state(role),
                    None => conn,
                }
            }
            Err(Refusal::Plain) if is_visit(&conn) => sent_on(conn),
            Err(refusal) => {
                let conn = answer::refused(conn, refusal.status(), refusal.sentence()).with_state(refusal.reason());
                match refusal {
                    Refusal::NoToken | Refusal::WrongToken => {
                        conn.with_response_header(KnownHeaderName::WwwAuthenticate, "Bearer")
                    }
                    Refusal::TooMany(seconds) => {
                        conn.with_response_header(KnownHeaderName::RetryAfter, seconds.to_string())
                    }
                    _ => conn,
                }
            }
        }
    }
}

fn field(headers: &Headers, name: KnownHeaderName) -> Field<'_> {
    match headers.get_values(name) {
        None => Field::Absent,
        Some(values) => values.one().and_then(|value| value.as_str()).map_or(Field::Many, Field::One),
    }
}

#[cfg(test)]
mod test;
