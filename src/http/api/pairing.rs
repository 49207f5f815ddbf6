//! The calls of pairing: let a device in, join a mesh, show it, remove a device.

use super::super::answer::{json, refused};
use super::{Api, Nothing, Refused, body, status_of};
use crate::base::id::PeerKey;
use crate::limits::INVITE_ADDRESSES_MAX;
use crate::mesh::pairing::join::Candidate;
use crate::mesh::pairing::window::Secrets;
use crate::mesh::trust::authority::Order;
use crate::node::input::{Pairing, Request, Wanted};
use crate::node::members::Unclear;
use crate::node::mesh_report::{MemberReport, MeshReport};
use crate::node::output::{Problem, Response};
use crate::wire::pairing::Way;
use crate::wire::pairing::invite::Invite;
use crate::wire::pairing::link::PairLink;
use crate::wire::pairing::qr::Qr;
use crate::wire::pairing::secret::{CODE_RANDOM_BYTES, Code, LongSecret};
use crate::wire::peer_id::PeerId;
use core::net::SocketAddr;
use heapless::Vec as Bounded;
use serde::Deserialize;
use serde_json::json as value;
use trillium::{Conn, Status};
use zeroize::Zeroizing;

/// The body of `POST /v1/pair`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    #[serde(default)]
    close: bool,
}

/// The body of `POST /v1/join`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Join {
    /// Eight digits, or the text of a QR code.
    code: Option<String>,
    /// The text of an invite's file.
    invite: Option<String>,
    /// Where to try.
    #[serde(default)]
    at: Vec<SocketAddr>,
}

/// The body of `POST /v1/remove`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Remove {
    peer: String,
}

/// The body of `POST /v1/mesh/admin`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Appoint {
    peer: String,
    phrase: Option<String>,
}

/// The body of `POST /v1/mesh/recover`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recover {
    phrase: Option<String>,
}

/// Devices that are listed where a name fits several.
const FITTING_TOLD_MAX: usize = 8;

/// The body of `POST /v1/leave`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Leave {
    #[serde(default)]
    anyway: bool,
}

impl Api {
    pub(in crate::http) async fn pair(&self, mut conn: Conn) -> Conn {
        let close = match body::<Pair>(&mut conn).await {
            Ok(Pair { close }) => close,
            Err((status, why)) => return refused(conn, status, &why),
        };
        if close {
            return self.request(conn, Ok(Request::Pairing(Pairing::Close))).await;
        }
        if let Err((problem, why)) = self.node.make_mesh().await {
            return refused(conn, status_of(problem), &why);
        }
        let request = secrets().map(|secrets| Request::Pairing(Pairing::Open(Box::new(secrets))));
        self.request(conn, request).await
    }

    pub(in crate::http) async fn qr(&self, conn: Conn) -> Conn {
        let Response::Pairing(report) = self.node.request(Request::Pairing(Pairing::Show)).await else {
            return refused(conn, Status::ServiceUnavailable, "The agent is stopping.");
        };
        match report.window.and_then(|window| Qr::of(&window.link)) {
            Some(qr) => json(conn, Status::Ok, &value!({ "svg": qr.svg() })),
            None => refused(conn, Status::Conflict, "No window is open, so there is no code."),
        }
    }

    pub(in crate::http) async fn join(&self, mut conn: Conn) -> Conn {
        let mut wanted = body::<Join>(&mut conn).await.and_then(Join::wanted);
        if let Ok(wanted) = &mut wanted {
            // Nobody would be found in all the time that a search has. An invite is tried again later, by whichever agent has the card.
            wanted.searching &= matches!(wanted.way, Way::Invite(_)) || self.node.network().may_search();
        }
        self.request(conn, wanted.map(|wanted| Request::Pairing(Pairing::Join(Box::new(wanted))))).await
    }

    pub(in crate::http) async fn make_mesh(&self, mut conn: Conn) -> Conn {
        if let Err((status, why)) = body::<Nothing>(&mut conn).await {
            return refused(conn, status, &why);
        }
        let phrase = match self.node.make_mesh().await {
            Ok(()) => self.node.recovery_phrase().await,
            Err(why) => Err(why),
        };
        match phrase {
            Ok(phrase) => json(conn, Status::Ok, &value!({ "phrase": *phrase })),
            Err((problem, why)) => refused(conn, status_of(problem), &why),
        }
    }

    pub(in crate::http) async fn remove(&self, mut conn: Conn) -> Conn {
        let named = match body::<Remove>(&mut conn).await {
            Ok(Remove { peer }) => peer,
            Err((status, why)) => return refused(conn, status, &why),
        };
        let order = match self.mesh_report().await {
            Ok(report) => removal(&named, &report),
            Err(refused) => Err(refused),
        };
        self.request(conn, order).await
    }

    pub(in crate::http) async fn appoint(&self, mut conn: Conn) -> Conn {
        let Appoint { peer, phrase } = match body(&mut conn).await {
            Ok(appoint) => appoint,
            Err((status, why)) => return refused(conn, status, &why),
        };
        let named = match self.mesh_report().await {
            Ok(report) => member_by_peer_id(&peer, &report).and_then(key_of).map(|key| (report, key)),
            Err(refused) => Err(refused),
        };
        match named {
            Ok((report, key)) => said(conn, self.node.appoint(&report, key, phrase.map(Zeroizing::new)).await),
            Err((status, why)) => refused(conn, status, &why),
        }
    }

    pub(in crate::http) async fn recover(&self, mut conn: Conn) -> Conn {
        let phrase = match body(&mut conn).await {
            Ok(Recover { phrase }) => phrase,
            Err((status, why)) => return refused(conn, status, &why),
        };
        match self.mesh_report().await {
            Ok(report) => said(conn, self.node.recover(&report, phrase.map(Zeroizing::new)).await),
            Err((status, why)) => refused(conn, status, &why),
        }
    }

    pub(in crate::http) async fn leave(&self, mut conn: Conn) -> Conn {
        match body(&mut conn).await {
            Ok(Leave { anyway }) => said(conn, self.node.leave(anyway).await),
            Err((status, why)) => refused(conn, status, &why),
        }
    }

    async fn mesh_report(&self) -> Result<MeshReport, Refused> {
        let report = self.node.mesh_report().await;
        report.map(|report| *report).map_err(|(problem, why)| (status_of(problem), why))
    }
}

/// Answers with what was done, or why it was not.
fn said(conn: Conn, done: Result<String, (Problem, String)>) -> Conn {
    match done {
        Ok(done) => json(conn, Status::Ok, &value!({ "done": done })),
        Err((problem, why)) => refused(conn, status_of(problem), &why),
    }
}

/// The order to remove the device that a person named.
fn removal(named: &str, report: &MeshReport) -> Result<Request, Refused> {
    let member = member(named, report)?;
    if member.here {
        let why = "This is the device itself. `wattle leave` takes it out of its mesh.";
        return Err((Status::Conflict, why.to_owned()));
    }
    Ok(Request::Mesh(Order::Remove(key_of(member)?)))
}

/// The device with this whole PeerId, if there is one.
fn of_peer_id<'a>(named: &str, report: &'a MeshReport) -> Result<Option<&'a MemberReport>, Refused> {
    if report.mesh.is_none() {
        let why =
            "This device belongs to no mesh. `wattle pair` makes one, `wattle join CODE` joins that of another device.";
        return Err((Status::Conflict, why.to_owned()));
    }
    Ok(report.members.iter().find(|member| member.peer_id == named))
}

/// The device that a person named to give it power, by its whole PeerId: each device chooses its own name, also that of another one that
/// is off.
fn member_by_peer_id<'a>(named: &str, report: &'a MeshReport) -> Result<&'a MemberReport, Refused> {
    of_peer_id(named, report)?.ok_or_else(|| {
        let why = format!(
            "No device of the mesh has the PeerId {named}. An admin is named by its whole PeerId, since each device chooses its own name: \
             `wattle mesh` lists both. Nothing was changed."
        );
        (Status::NotFound, why)
    })
}

/// The device that a person named, by its PeerId, or where that leaves no doubt by the beginning or end of it, or by its name.
fn member<'a>(named: &str, report: &'a MeshReport) -> Result<&'a MemberReport, Refused> {
    if let Some(member) = of_peer_id(named, report)? {
        return Ok(member);
    }
    report.find(named).map_err(|why| match why {
        Unclear::Nobody => {
            let why = format!("No device of the mesh is called {named}. `wattle mesh` lists them with their PeerIds.");
            (Status::NotFound, why)
        }
        Unclear::Several(fitting) => {
            let some: Vec<String> = fitting.iter().take(FITTING_TOLD_MAX).map(|member| member.told_apart()).collect();
            let more = if fitting.len() > some.len() { " and others" } else { "" };
            let why = format!(
                "Several devices fit {named}: {}{more}. Name one by the end of its PeerId, which is in brackets: `wattle mesh` shows when each \
                 was seen last. Nothing was changed.",
                some.join(", ")
            );
            (Status::Conflict, why)
        }
    })
}

fn key_of(member: &MemberReport) -> Result<PeerKey, Refused> {
    let broken = |_| (Status::InternalServerError, "A PeerId is broken.".to_owned());
    member.peer_id.parse::<PeerId>().map(|peer| PeerKey(*peer.public_key())).map_err(broken)
}

impl Join {
    fn wanted(self) -> Result<Wanted, Refused> {
        let bad = |why: &str| (Status::BadRequest, why.to_owned());
        if self.at.len() > INVITE_ADDRESSES_MAX || self.at.iter().any(|at| at.port() == 0) {
            return Err(bad("\"at\" is a list of at most eight addresses, each as 192.168.1.5:7781."));
        }
        let given = self.at.iter().map(|at| Candidate { address: *at, peer: None });
        let mut wanted = match (self.code, self.invite) {
            (Some(code), None) if code.starts_with("wattle:") => {
                of_link(&PairLink::parse(code.trim()).map_err(|why| bad(&why.to_string()))?)
            }
            (Some(code), None) => {
                let code = Code::parse(&code).ok_or_else(|| {
                    bad("A code has eight digits. Nothing was sent. Read it again on the device that runs `wattle pair`.")
                })?;
                Wanted {
                    secret: code.secret(),
                    way: Way::Code,
                    mesh: None,
                    admins: Bounded::new(),
                    places: Bounded::new(),
                    searching: self.at.is_empty(),
                }
            }
            (None, Some(invite)) => Wanted::from(&Invite::parse(&invite).map_err(|why| bad(&why.to_string()))?),
            _ => return Err(bad("This call has \"code\" or \"invite\", and not both.")),
        };
        for place in given {
            // Full: the first ones are tried.
            let _ = wanted.places.push(place);
        }
        Ok(wanted)
    }
}

fn of_link(link: &PairLink) -> Wanted {
    let peer = Some(link.admin);
    let places: Bounded<Candidate, INVITE_ADDRESSES_MAX> =
        link.addresses.iter().take(INVITE_ADDRESSES_MAX).map(|at| Candidate { address: *at, peer }).collect();
    let searching = places.is_empty();
    let admins = peer.into_iter().collect();
    Wanted { secret: link.secret.secret(), way: Way::Link, mesh: Some(link.mesh), admins, places, searching }
}

/// The secrets of a new window.
fn secrets() -> Result<Secrets, Refused> {
    let link = LongSecret::new(*random()?);
    loop {
        // Once in 10^13 draws there is none.
        if let Some(code) = Code::draw(&*random::<CODE_RANDOM_BYTES>()?) {
            return Ok(Secrets { code, link });
        }
    }
}

pub(super) fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, Refused> {
    let mut bytes = Zeroizing::new([0; N]);
    let failed = |error| (Status::InternalServerError, format!("The system gives no random numbers: {error}."));
    getrandom::fill(&mut *bytes).map_err(failed)?;
    Ok(bytes)
}

#[cfg(test)]
#[path = "pairing_test.rs"]
mod test;
