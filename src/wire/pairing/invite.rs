//! An invite as a file: what a card's boot partition carries, so that a board without a screen joins by itself.
//!
//! TOML, because people look at it and a FAT partition is edited anywhere. It holds the secret itself: whoever copies the
//! file before it is used can use it in the board's place, once. What the issuers keep is in `mesh::pairing`.

use super::InviteId;
use super::link::{base32, from_base32};
use super::secret::{LongSecret, Verifier};
use crate::base::id::PeerKey;
use crate::limits::{INVITE_ADDRESSES_MAX, INVITE_FILE_BYTES_MAX, INVITE_ISSUERS_MAX, INVITE_LIFE_MS_MAX};
use crate::wire::peer_id::PeerId;
use core::net::SocketAddr;
use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::{Zeroize as _, Zeroizing};

/// The version of the file.
const VERSION: u8 = 1;
const HOUR_MS: u64 = 3_600_000;

/// An invite for one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    /// The mesh that it is for.
    pub mesh: [u8; 32],
    /// Its public name.
    pub id: InviteId,
    /// What lets its holder in.
    pub secret: LongSecret,
    /// The admins that have a record of it: at least one, at most `INVITE_ISSUERS_MAX`.
    pub issuers: Vec<PeerKey>,
    /// Where they were reached when it was written: at most `INVITE_ADDRESSES_MAX`.
    pub addresses: Vec<SocketAddr>,
    /// What the device may do, as bits of `wire::certificate`. Only the issuers' record counts.
    pub caps: u8,
    /// Hours of the issuers' running time for which it is good, from when it was written. Only their record counts.
    pub hours: u16,
}

/// An invite as its issuer saves it, and hands it to the other admins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteRecord {
    /// Its public name.
    pub id: InviteId,
    /// The password of its exchange: to be kept secret like a key.
    pub verifier: Verifier,
    /// What the device may do, as bits of `wire::certificate`.
    pub caps: u8,
    /// Milliseconds of running time that are left of its life; from another admin 0: it was taken back.
    pub left_ms: u64,
    /// How many admins of the mesh were removed when it was written: it is void once there are more.
    pub removed_admins: u32,
    /// The public key of the device that it let in.
    pub holder: Option<PeerKey>,
}

impl InviteRecord {
    /// What an admin tells the others of an invite that was taken back.
    #[must_use]
    pub fn taken_back(id: InviteId, removed_admins: u32) -> Self {
        Self { id, verifier: Verifier::none(), caps: 0, left_ms: 0, removed_admins, holder: None }
    }
}

/// The file's fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u8,
    mesh: String,
    id: String,
    secret: String,
    issuers: Vec<String>,
    addresses: Vec<SocketAddr>,
    caps: u8,
    hours: u16,
}

impl Drop for File {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

impl Invite {
    /// The file's text.
    #[must_use]
    pub fn text(&self) -> Zeroizing<String> {
        let quoted = |items: Vec<String>| items.iter().map(|item| format!("\"{item}\"")).collect::<Vec<_>>().join(", ");
        let issuers = self.issuers.iter().take(INVITE_ISSUERS_MAX);
        let issuers = quoted(issuers.map(|PeerKey(key)| PeerId::from_public_key(key).to_string()).collect());
        let addresses = self.addresses.iter().take(INVITE_ADDRESSES_MAX);
        let addresses = quoted(addresses.map(ToString::to_string).collect());
        let Self { caps, hours, .. } = self;
        Zeroizing::new(format!(
            "# An invite to a Wattle mesh. It lets one device in, once: keep it as you would keep a key.\n\
             version = {VERSION}\nmesh = \"{}\"\nid = \"{}\"\nsecret = \"{}\"\nissuers = [{issuers}]\n\
             addresses = [{addresses}]\ncaps = {caps}\nhours = {hours}\n",
            *base32(&self.mesh),
            *base32(&self.id.0),
            *base32(&*self.secret.0),
        ))
    }

    /// Reads a file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, BadInvite> {
        if text.len() > INVITE_FILE_BYTES_MAX {
            return Err(BadInvite::NotAnInvite);
        }
        let mut file: File = toml::from_str(text).map_err(|_| BadInvite::NotAnInvite)?;
        if file.version > VERSION {
            return Err(BadInvite::Newer);
        }
        Self::of(&mut file).ok_or(BadInvite::Damaged)
    }

    fn of(file: &mut File) -> Option<Self> {
        let issuer = |text: &String| {
            let peer: PeerId = text.parse().ok()?;
            Some(PeerKey(*peer.public_key()))
        };
        let issuers: Vec<PeerKey> =
            file.issuers.iter().take(INVITE_ISSUERS_MAX + 1).map(issuer).collect::<Option<_>>()?;
        let hours = (1..=INVITE_LIFE_MS_MAX / HOUR_MS).contains(&u64::from(file.hours));
        let sound = file.version == VERSION
            && hours
            && (1..=INVITE_ISSUERS_MAX).contains(&issuers.len())
            && file.addresses.len() <= INVITE_ADDRESSES_MAX
            && file.addresses.iter().all(|address| address.port() != 0);
        sound.then_some(Self {
            mesh: from_base32(&file.mesh)?,
            id: InviteId(from_base32(&file.id)?),
            secret: LongSecret::new(from_base32(&file.secret)?),
            issuers,
            addresses: std::mem::take(&mut file.addresses),
            caps: file.caps,
            hours: file.hours,
        })
    }
}

/// Why a file is not an invite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadInvite {
    /// It does not have an invite's fields.
    NotAnInvite,
    /// It is of a later version.
    Newer,
    /// A field holds what cannot be.
    Damaged,
}

impl fmt::Display for BadInvite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAnInvite => {
                "The file is not an invite. Nothing was sent and the file is as it was. Write a new one with `wattle invite --file DIR` on an admin of the mesh."
            }
            Self::Newer => {
                "The invite was written by a later version of Wattle. Nothing was sent and the file is as it was. Update this device first."
            }
            Self::Damaged => {
                "The invite is damaged: a key, a number or an address in it cannot be. Nothing was sent and the file is as it was. Write a new one with `wattle invite --file DIR` on an admin of the mesh."
            }
        })
    }
}

impl std::error::Error for BadInvite {}

#[cfg(test)]
mod tests {
    use super::*;

    fn invite() -> Invite {
        Invite {
            mesh: [0x5b; 32],
            id: InviteId([7; 16]),
            secret: LongSecret::new([0xa7; 16]),
            issuers: [1, 2]
                .map(|seed| PeerKey(*ed25519_dalek::SigningKey::from_bytes(&[seed; 32]).verifying_key().as_bytes()))
                .to_vec(),
            addresses: ["192.168.1.5:7781", "[fd00::5]:7781"].map(|address| address.parse().unwrap()).to_vec(),
            caps: 3,
            hours: 24,
        }
    }

    #[test]
    fn an_invite_survives_its_file_whatever_ends_its_lines() {
        let text = invite().text();
        assert_eq!(Invite::parse(&text), Ok(invite()));
        assert_eq!(Invite::parse(&text.replace('\n', "\r\n")), Ok(invite()), "an editor of another system");
        let alone = Invite { addresses: Vec::new(), ..invite() };
        assert_eq!(Invite::parse(&alone.text()), Ok(alone), "found by mDNS");
    }

    #[test]
    fn the_largest_invite_fits_its_file() {
        let address = "[1111:2222:3333:4444:5555:6666:7777:8888]:65535".parse().unwrap();
        let issuer = invite().issuers[0];
        let largest = Invite {
            issuers: vec![issuer; INVITE_ISSUERS_MAX],
            addresses: vec![address; INVITE_ADDRESSES_MAX],
            hours: 720,
            ..invite()
        };
        assert_eq!(Invite::parse(&largest.text()), Ok(largest));
    }

    #[test]
    fn a_damaged_file_is_told_from_another_one_and_a_later_one() {
        let text = invite().text();
        let changed = |from: &str, to: &str| {
            assert!(text.contains(from), "{from}");
            Invite::parse(&text.replacen(from, to, 1))
        };
        assert_eq!(changed("version = 1", "version = 2"), Err(BadInvite::Newer));
        assert_eq!(changed("version = 1", "version = 0"), Err(BadInvite::Damaged));
        assert_eq!(changed("hours = 24", "hours = 0"), Err(BadInvite::Damaged));
        assert_eq!(changed("hours = 24", "hours = 721"), Err(BadInvite::Damaged));
        assert_eq!(changed("secret = \"M", "secret = \"\u{fffd}"), Err(BadInvite::Damaged));
        assert_eq!(changed("12D3KooWK", "12D3KooWX"), Err(BadInvite::Damaged));
        assert_eq!(changed(":7781", ":0"), Err(BadInvite::Damaged));
        assert_eq!(changed("caps = 3", "caps = 300"), Err(BadInvite::NotAnInvite));
        assert_eq!(changed("caps = 3", "caps = 3\nroot = true"), Err(BadInvite::NotAnInvite));
        assert_eq!(Invite::parse("mesh_key = 1"), Err(BadInvite::NotAnInvite));
        assert_eq!(Invite::parse(&" ".repeat(INVITE_FILE_BYTES_MAX + 1)), Err(BadInvite::NotAnInvite));
        for end in 0..text.len() - "\nhours = 24\n".len() {
            assert!(text.get(..end).is_none_or(|text| Invite::parse(text).is_err()), "truncated at {end}");
        }
    }
}
