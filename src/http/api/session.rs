//! The calls by which a browser is let in without a token: by the page's password, by the code of `wattle open`, or as the first visitor.

use super::browsers::bearer;
use super::unchanged::{not_changed, status_unchanged};
use super::{Api, Nothing, Refused, body};
use crate::http::answer::{json, refused};
use crate::http::dto::{Door, NewToken, Role};
use crate::http::keys::Keys;
use crate::http::password::Typed;
use crate::http::slots::Place;
use crate::http::throttle::{Source, Throttle};
use crate::http::traffic::Reason;
use crate::platform::blocking;
use crate::platform::clock;
use crate::platform::home::Token;
use crate::platform::socket_owner::{Ends, is_own_user};
use crate::platform::unchanged::Unchanged;
use serde::Deserialize;
use serde_json::json as value;
use std::net::{IpAddr, Ipv4Addr};
use trillium::{Conn, KnownHeaderName, Status};
use zeroize::Zeroizing;

/// The body of `POST /v1/session`. It has no `Debug`: it holds a secret.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    password: Option<String>,
    once: Option<String>,
    #[serde(default = "all")]
    role: Role,
}

/// The body of `POST /v1/password/first`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct First {
    password: String,
}

/// The body of `POST /v1/password`. A session tells the password of before.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    password: String,
    old: Option<String>,
}

/// The body of `POST /v1/password/remove`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Removal {
    old: Option<String>,
}

const fn all() -> Role {
    Role::Admin
}

const ONE_OF_THEM: &str = "A session is opened by \"password\", or by \"once\", the code that `wattle open` gives a browser: one of them is needed.";

const NOT_SET: &str =
    "No password is set for this page: it opens by a token. `wattle password set` on the device sets one.";

const WRONG: &str = "This is not the password of this page.";

const NO_ROOM: &str = "The device has no room to look at a password just now. Try again in a moment.";

const ANOTHER_USER: &str = "On this machine only the agent's own user chooses the page's first password: `wattle password set` sets it as that user. Nothing was changed.";

const NOT_FROM_AFAR: &str = "Nobody chooses this page's password over the network now: `wattle password set` on the device sets one. The page opens by it, and by \
                             the address that `wattle link` prints there. Nothing was changed.";

const NOT_YOURS: &str = "This code is not good: it lets one browser in, once, within a minute, and only a browser of the agent's own user on the same \
                         machine. `wattle open` gives another one, and prints an address that works anywhere on this machine.";

impl Api {
    /// What the locked page says, and which fields it has.
    pub(in crate::http) fn door(&self, conn: Conn) -> Conn {
        let is_here = from(&conn).to_canonical().is_loopback();
        let (open, password) = (self.keys.is_open_here() && is_here, self.keys.password());
        let first_visit = if is_here { password.is_first_visit() } else { password.is_first_visit_for_all() };
        let door = Door { password: password.is_set(), first_visit, open };
        json(conn, Status::Ok, &door)
    }

    /// Lets a browser in by the password, or by a code.
    pub(in crate::http) async fn open_session(&self, mut conn: Conn) -> Conn {
        let Asked { password, once, role } = match body(&mut conn).await {
            Ok(asked) => asked,
            Err((status, why)) => return refused(conn, status, &why),
        };
        let version = self.keys.password().version();
        let by_password = password.is_some();
        let proven = match (password, once) {
            (Some(password), None) => self.prove(&Visitor::of(&conn), password).await,
            (None, Some(once)) => self.redeem(&Visitor::of(&conn), once).await,
            _ => Err(Refusal::Said((Status::BadRequest, ONE_OF_THEM.to_owned()))),
        };
        match proven {
            Ok(()) => self.new_session(conn, role, by_password.then_some(version)).await,
            Err(refusal) => turned_away(conn, refusal),
        }
    }

    /// The first visitor chooses the password, and is let in.
    pub(in crate::http) async fn first_password(&self, mut conn: Conn) -> Conn {
        let First { password } = match body(&mut conn).await {
            Ok(first) => first,
            Err((status, why)) => return refused(conn, status, &why),
        };
        // Within one machine other users are strangers; and so is everybody in the network, unless the agent was started for a visitor from there.
        let (visitor, ends) = (from(&conn).to_canonical(), conn.state::<Ends>().copied());
        let is_own = move || ends.is_some_and(Ends::is_of_own_user);
        if visitor.is_loopback() && blocking::run(is_own).await != Some(true) {
            return refused(conn, Status::Conflict, ANOTHER_USER);
        }
        if !visitor.is_loopback() && !self.keys.password().is_first_visit_for_all() {
            return refused(conn, Status::Conflict, NOT_FROM_AFAR);
        }
        match self.keys.password().set(Zeroizing::new(password), true).await {
            Ok(version) => {
                log::info!("The first visitor of the page chose its password.");
                // Its owner may have set another one since.
                self.new_session(conn, Role::Admin, Some(version)).await
            }
            Err(unchanged) => not_changed(conn, &unchanged),
        }
    }

    /// A code for a browser that is about to be started on this machine.
    pub(in crate::http) async fn new_once(&self, mut conn: Conn) -> Conn {
        if let Err((status, why)) = body::<Nothing>(&mut conn).await {
            return refused(conn, status, &why);
        }
        match self.keys.once().issue(clock::now()) {
            Ok(code) => json(conn, Status::Ok, &value!({ "once": code.reveal() })),
            Err(why) => refused(conn, Status::ServiceUnavailable, &why),
        }
    }

    /// Sets the password, and ends all sessions.
    pub(in crate::http) async fn set_password(&self, mut conn: Conn) -> Conn {
        let Change { password, old } = match body(&mut conn).await {
            Ok(change) => change,
            Err((status, why)) => return refused(conn, status, &why),
        };
        if let Err(refusal) = self.may_change(&Visitor::of(&conn), self.is_session(&conn), old).await {
            return turned_away(conn, refusal);
        }
        match self.keys.password().set(Zeroizing::new(password), false).await {
            Ok(_) => self.sessions_ended(conn, "The password is set.").await,
            Err(unchanged) => not_changed(conn, &unchanged),
        }
    }

    /// Removes the password, and ends all sessions.
    pub(in crate::http) async fn remove_password(&self, mut conn: Conn) -> Conn {
        let Removal { old } = match body(&mut conn).await {
            Ok(removal) => removal,
            Err((status, why)) => return refused(conn, status, &why),
        };
        if let Err(refusal) = self.may_change(&Visitor::of(&conn), self.is_session(&conn), old).await {
            return turned_away(conn, refusal);
        }
        match self.keys.password().remove().await {
            Ok(()) => self.sessions_ended(conn, "The page has no password any more: it opens by a token alone.").await,
            Err(unchanged) => not_changed(conn, &unchanged),
        }
    }

    fn is_session(&self, conn: &Conn) -> bool {
        self.keys.is_session(bearer(conn))
    }

    /// Whoever has a session, and not a token, has to know the password to change it: the browser may be left open.
    async fn may_change(&self, visitor: &Visitor, is_session: bool, old: Option<String>) -> Result<(), Refusal> {
        match old {
            // 401 would say that the session is void.
            Some(old) if self.keys.password().is_set() => {
                self.prove(visitor, old).await.map_err(|refusal| match refusal {
                    Refusal::Said((Status::Unauthorized, why)) => Refusal::Said((Status::Forbidden, why)),
                    other => other,
                })
            }
            None if is_session && self.keys.password().is_set() => {
                let why = "A browser's session changes the password only with the one of before, as \"old\".";
                Err(Refusal::Said((Status::BadRequest, why.to_owned())))
            }
            _ => Ok(()),
        }
    }

    /// Looks at a password. It counts as a wrong one until it is found right, so that many at once are no more than one after the other.
    async fn prove(&self, visitor: &Visitor, typed: String) -> Result<(), Refusal> {
        let (password, throttle) = (self.keys.password(), self.keys.throttle());
        let typed = Zeroizing::new(typed);
        if !password.is_set() {
            return Err(Refusal::Said((Status::Conflict, NOT_SET.to_owned())));
        }
        let source = visitor.source(throttle, visitor.user().await);
        let rank = throttle.try_password(source, clock::now()).map_err(Refusal::Wait)?;
        let _held = visitor.place.as_ref().and_then(Place::hold);
        match password.look_at(typed, rank).await {
            Typed::Right => {
                throttle.forgive(source);
                Ok(())
            }
            Typed::Wrong => Err(Refusal::Said((Status::Unauthorized, WRONG.to_owned()))),
            Typed::Unset => Err(Refusal::Said((Status::Conflict, NOT_SET.to_owned()))),
            Typed::Busy => Err(Refusal::Said((Status::ServiceUnavailable, NO_ROOM.to_owned()))),
        }
    }

    /// Takes a code of `wattle open`, of a browser of the agent's own user. A right one is taken whatever was tried before: as a token, it cannot be guessed.
    async fn redeem(&self, visitor: &Visitor, code: String) -> Result<(), Refusal> {
        let code = Zeroizing::new(code);
        let user = visitor.user().await;
        let (is_own, source) = (user.is_some_and(is_own_user), visitor.source(self.keys.throttle(), user));
        // One that somebody else shows is not used up by that.
        if is_own && self.keys.once().redeem(&code, clock::now()) {
            self.keys.throttle().forgive(source);
            return Ok(());
        }
        self.keys.throttle().try_password(source, clock::now()).map_err(Refusal::Wait)?;
        Err(Refusal::Said((Status::Unauthorized, NOT_YOURS.to_owned())))
    }

    /// Opens a session. One that was proven by a password of before, which another one replaced meanwhile, ends at once.
    async fn new_session(&self, conn: Conn, role: Role, version: Option<u64>) -> Conn {
        let agent = conn.request_headers().get_str(KnownHeaderName::UserAgent).unwrap_or_default().to_owned();
        let keys = self.keys.clone();
        match blocking::run(move || opened(&keys, role, &agent, version)).await {
            Some(Ok(Some((name, token)))) => {
                log::info!("A browser was let in: the session {name}, which may {role}.");
                json(conn, Status::Ok, &NewToken { name, role, token: token.reveal().to_owned() })
            }
            Some(Ok(None)) => refused(conn, Status::Unauthorized, WRONG),
            Some(Err(unchanged)) => not_changed(conn, &unchanged),
            None => refused(conn, Status::ServiceUnavailable, NO_ROOM),
        }
    }

    async fn sessions_ended(&self, conn: Conn, done: &str) -> Conn {
        let keys = self.keys.clone();
        match blocking::run(move || keys.end_sessions()).await {
            Some(Ok(())) => {
                log::info!("{done}");
                json(
                    conn,
                    Status::Ok,
                    &value!({ "done": format!("{done} Browsers that were let in by one are asked again.") }),
                )
            }
            Some(Err(unchanged)) => refused(
                conn,
                status_unchanged(&unchanged),
                &format!("{done} Browsers that were let in before still are: {unchanged}"),
            ),
            None => refused(
                conn,
                Status::ServiceUnavailable,
                &format!("{done} Browsers that were let in before still are. {NO_ROOM}"),
            ),
        }
    }
}

/// A session, by its name and token; `None`, and no session, where a password of another version than the one that proves it holds by now.
fn opened(keys: &Keys, role: Role, agent: &str, version: Option<u64>) -> Result<Option<(String, Token)>, Unchanged> {
    let opened = keys.open_session(role, agent)?;
    // One that was set after this look ends the session by itself.
    if version.is_some_and(|version| version != keys.password().version()) {
        keys.revoke(&opened.0)?;
        return Ok(None);
    }
    Ok(Some(opened))
}

fn turned_away(conn: Conn, refusal: Refusal) -> Conn {
    match refusal {
        Refusal::Said((status, why)) => refused(conn, status, &why),
        Refusal::Wait(seconds) => refused(conn, Status::TooManyRequests, &too_many(seconds))
            .with_response_header(KnownHeaderName::RetryAfter, seconds.to_string())
            .with_state(Reason::Throttled),
    }
}

/// What a person reads who has to wait, and what lets in meanwhile.
fn too_many(seconds: u64) -> String {
    format!(
        "Too many wrong passwords came from this address: try again in {seconds} seconds. The address that `wattle link` prints on the device, and \
         `wattle open` there, let you in meanwhile."
    )
}

/// Who knocks.
struct Visitor {
    from: IpAddr,
    ends: Option<Ends>,
    /// What the program calls itself.
    agent: String,
    place: Option<Place>,
}

impl Visitor {
    fn of(conn: &Conn) -> Self {
        let agent = conn.request_headers().get_str(KnownHeaderName::UserAgent).unwrap_or_default().to_owned();
        Self { from: from(conn), ends: conn.state::<Ends>().copied(), agent, place: conn.state::<Place>().cloned() }
    }

    /// Whose program it is, where that can be known: on this machine.
    async fn user(&self) -> Option<u32> {
        let ends = self.ends.filter(|_| self.from.to_canonical().is_loopback())?;
        blocking::run(move || ends.owner()).await.flatten()
    }

    /// As it is told from others.
    fn source(&self, throttle: &Throttle, user: Option<u32>) -> Source {
        throttle.source(self.from, user, &self.agent)
    }
}

/// Why somebody is not let in.
enum Refusal {
    Said(Refused),
    /// The address is answered again after so many seconds.
    Wait(u64),
}

fn from(conn: &Conn) -> IpAddr {
    conn.peer_ip().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_let_in_by_a_password_that_was_replaced_meanwhile_has_no_session() {
        let home = tempfile::tempdir().unwrap();
        let keys = Keys::load(home.path(), Token::random().unwrap());
        let set = |words: &str| smol::block_on(keys.password().set(Zeroizing::new(words.to_owned()), false)).unwrap();
        // As of the first visitor, before whose session the owner sets another one.
        let (first, owners) = (set("quince and plum"), set("another long one"));
        assert_eq!(opened(&keys, Role::Admin, "curl", Some(first)).unwrap().map(|(name, _)| name), None);
        assert!(keys.list().is_empty());
        assert!(opened(&keys, Role::Admin, "curl", Some(owners)).unwrap().is_some());
        assert!(opened(&keys, Role::Admin, "curl", None).unwrap().is_some(), "by the code of `wattle open`");
        assert_eq!(keys.list().len(), 2);
    }
}
