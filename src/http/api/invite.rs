//! The call that writes an invite, alone or in the place of an earlier one.

use super::super::answer::{json, refused};
use super::pairing::random;
use super::{Api, NO_ANSWER, Refused, body, status_of};
use crate::limits::{INVITE_LIFE_MS, INVITE_LIFE_MS_MAX};
use crate::mesh::pairing::invites::Before;
use crate::node::input::{Pairing, Request};
use crate::node::mesh_report::InviteReport;
use crate::node::output::Response;
use crate::wire::certificate::Caps;
use crate::wire::pairing::InviteId;
use crate::wire::pairing::invite::{Invite, InviteRecord};
use crate::wire::pairing::secret::LongSecret;
use serde::Deserialize;
use serde_json::json as value;
use trillium::{Conn, Status};
use zeroize::Zeroizing;

/// The body of `POST /v1/invite`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewInvite {
    #[serde(default = "usual_hours")]
    hours: u16,
    /// The text of the invite in whose place this one is written: it is void from then on.
    replaces: Option<String>,
}

const fn usual_hours() -> u16 {
    24
}

const HOUR_MS: u64 = 3_600_000;
const _: () = assert!(usual_hours() as u64 * HOUR_MS == INVITE_LIFE_MS, "the usual life of an invite");

/// What is issued: the secret of an invite, its record and its life in hours, and the invite in whose place it is.
struct Issued {
    secret: LongSecret,
    record: InviteRecord,
    hours: u16,
    replaces: Option<Invite>,
}

impl Api {
    pub(in crate::http) async fn invite(&self, mut conn: Conn) -> Conn {
        let issued = match body::<NewInvite>(&mut conn).await {
            Ok(wanted) => wanted.issued(),
            Err(refused) => Err(refused),
        };
        let Issued { secret, record, hours, replaces } = match issued {
            Ok(issued) => issued,
            Err((status, why)) => return refused(conn, status, &why),
        };
        if let Err((problem, why)) = self.node.make_mesh().await {
            return refused(conn, status_of(problem), &why);
        }
        let (id, caps, old) = (record.id, record.caps, replaces.as_ref().map(|old| old.id));
        match self.node.request(Request::Pairing(Pairing::Invite(Box::new(record), old))).await {
            Response::Invited(report) => {
                let InviteReport { mesh, issuers, addresses, before } = *report;
                let is_other = replaces.is_some_and(|old| old.mesh != mesh);
                let not_void = before.and_then(|before| of_not_void(before, is_other));
                let replaced = before.map(|before| before == Before::Void);
                let text = Invite { mesh, id, secret, issuers, addresses, caps, hours }.text();
                let answer =
                    value!({ "invite": *text, "hours": hours, "replaced": replaced, "not_replaced": not_void });
                json(conn, Status::Ok, &answer)
            }
            Response::Refused(problem, why) => refused(conn, status_of(problem), &why),
            _ => refused(conn, Status::InternalServerError, NO_ANSWER),
        }
    }
}

impl NewInvite {
    fn issued(self) -> Result<Issued, Refused> {
        let Self { hours, replaces } = self;
        let left_ms = u64::from(hours) * HOUR_MS;
        if hours == 0 || left_ms > INVITE_LIFE_MS_MAX {
            let why = format!("An invite is good for 1 to {} hours.", INVITE_LIFE_MS_MAX / HOUR_MS);
            return Err((Status::BadRequest, why));
        }
        let replaces = match replaces.map(Zeroizing::new).map(|text| Invite::parse(&text)) {
            Some(Err(_)) => {
                let why = "\"replaces\" is no invite that can be read, so nobody knows which one would be void. Nothing was changed.";
                return Err((Status::BadRequest, why.to_owned()));
            }
            replaces => replaces.and_then(Result::ok),
        };
        let (id, secret) = (InviteId(*random()?), LongSecret::new(*random()?));
        let record = InviteRecord {
            id,
            verifier: secret.verifier(id),
            caps: Caps::DEVICE.into(),
            left_ms,
            // The node writes what it knows.
            removed_admins: 0,
            holder: None,
        };
        Ok(Issued { secret, record, hours, replaces })
    }
}

/// Why the invite that was to be replaced did not become void by that; `None`: it did.
const fn of_not_void(before: Before, is_of_another_mesh: bool) -> Option<&'static str> {
    Some(match before {
        Before::Void => return None,
        Before::Used => "The one that was there was used already: a device has joined by it.",
        Before::InUse => {
            "A device has just proven the secret of the one that was there, and is being let in by it: `wattle mesh` lists it."
        }
        Before::Expired => "The time of the one that was there was over already.",
        Before::Replaced => "The one that was there was void already: another one was written in its place.",
        Before::Unknown if is_of_another_mesh => {
            "The one that was there is of another mesh, where it is as good as it was before."
        }
        Before::Unknown => {
            "This device has no record of the one that was there: another admin may have written it, and where it is known it is as good as it \
             was before; or it is void, because an admin was removed since."
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::PeerKey;

    fn text() -> String {
        let key = PeerKey(*ed25519_dalek::SigningKey::from_bytes(&[1; 32]).verifying_key().as_bytes());
        let (id, secret) = (InviteId([7; 16]), LongSecret::new([9; 16]));
        let invite = Invite { mesh: [1; 32], id, secret, issuers: vec![key], addresses: Vec::new(), caps: 3, hours: 1 };
        invite.text().to_string()
    }

    #[test]
    fn an_invite_to_replace_that_cannot_be_read_is_refused_before_anything_is_changed() {
        let issued = |replaces: &str| NewInvite { hours: 24, replaces: Some(replaces.to_owned()) }.issued();
        assert_eq!(issued(&text()).ok().and_then(|issued| issued.replaces).map(|old| old.id), Some(InviteId([7; 16])));
        for unread in ["", "\n\n\n", &text()[..60], &text().replace("version = 1", "version = 2")] {
            let (status, why) = issued(unread).err().expect("it is refused");
            assert!(status == Status::BadRequest && why.ends_with("Nothing was changed."), "{unread:?}: {why}");
        }
        assert!(NewInvite { hours: 24, replaces: None }.issued().is_ok_and(|issued| issued.replaces.is_none()));
    }

    #[test]
    fn what_became_of_the_earlier_invite_is_told_as_it_is_known() {
        let said = |before| of_not_void(before, false).unwrap_or("void");
        let all = [Before::Void, Before::Used, Before::InUse, Before::Expired, Before::Replaced, Before::Unknown];
        let parts = ["void", "a device has joined by it", "is being let in", "time", "void already", "has no record"];
        for (before, part) in all.into_iter().zip(parts) {
            assert!(said(before).contains(part), "{before:?}: {}", said(before));
        }
        assert!(of_not_void(Before::Unknown, true).is_some_and(|why| why.contains("another mesh")));
    }
}
