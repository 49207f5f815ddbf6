//! Why a device was not let in: the joining side's causes, as its owner reads them.

use crate::wire::pairing::Refusal;
use std::fmt;

/// Why a link or its stream is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Nobody answered, or another device did.
    NoLink,
    /// The device there does not speak this protocol.
    NoProtocol,
    /// It ended.
    Ended,
    /// The device there answered, and had no place for another guest.
    TurnedAway,
}

/// Why a device was not let in, from what tells least to what tells most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Failure {
    /// No device was looked for: the agent listens on its own machine only, on this port.
    OnlyHere(u16),
    /// None was looked for: multicast is switched off.
    NoSearch,
    /// No device of a mesh was found.
    NotFound,
    /// One is known, and does not answer.
    Unreachable,
    /// It speaks another version.
    Version,
    /// It has no window open.
    NoWindow,
    /// It does not know the invite.
    UnknownInvite,
    /// It lets in somebody else, has no place for another guest, or the link was lost again and again.
    Busy,
    /// It did not keep to the protocol.
    Malformed,
    /// The window, or the invite's life, is over.
    Expired,
    /// Another invite took the place of this one.
    Replaced,
    /// Another device came first.
    Used,
    /// Too many tries.
    TooManyTries,
    /// It is an admin of another mesh.
    OtherMesh,
    /// The mesh has no room.
    Full,
    /// The admin cannot save anything.
    NotSaved,
    /// Its disk is full.
    DiskFull,
    /// The code is wrong, or somebody is in between.
    WrongCode,
    /// This device is in that mesh already.
    Member,
    /// This device was removed from the mesh.
    Removed,
}

impl Failure {
    pub(super) const fn of(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoWindow => Self::NoWindow,
            Refusal::Expired => Self::Expired,
            Refusal::Replaced => Self::Replaced,
            Refusal::Used => Self::Used,
            Refusal::TooManyTries => Self::TooManyTries,
            Refusal::WrongSecret => Self::WrongCode,
            Refusal::Busy | Refusal::Interrupted => Self::Busy,
            Refusal::Removed => Self::Removed,
            Refusal::Full => Self::Full,
            Refusal::DiskFull => Self::DiskFull,
            Refusal::NotSaved => Self::NotSaved,
            Refusal::Version => Self::Version,
            Refusal::UnknownInvite => Self::UnknownInvite,
            Refusal::Malformed => Self::Malformed,
        }
    }
}

impl Failure {
    /// What a member reads first, that typed a code of which nobody has shown that it is of another mesh: the window that it may be of
    /// is unknown, so nothing is said of that code. `None`: as everybody.
    #[must_use]
    pub const fn to_member(self) -> Option<&'static str> {
        Some(match self {
            Self::NotFound => "No device was found that lets another one in now, so nobody knows this code.",
            Self::Unreachable => "The device that may have shown this code does not answer.",
            Self::NoWindow => {
                "No device that was found shows a code now: this one never was one, or it was forgotten when that agent started again."
            }
            Self::Expired => "The device that was found shows no code now: the time of its last one is over.",
            Self::Used => {
                "The device that was found shows no code now: a device has joined by its last one, perhaps this very one."
            }
            Self::TooManyTries => {
                "The device that was found shows no code now: there were too many tries with its last one."
            }
            Self::OnlyHere(_) | Self::NoSearch => {
                "No other device was looked for from here, so nobody was asked about this code."
            }
            _ => return None,
        })
    }
}

impl Failure {
    /// What is read by whoever joined by an invite: what everybody reads of this is about codes too. `None`: as everybody.
    #[must_use]
    pub const fn of_invite(self) -> Option<&'static str> {
        Some(match self {
            Self::Used => {
                "Another device has joined by this invite, and each invite is for one: it lets nobody in any more. Write another one with \
                 `wattle invite --file DIR` on an admin of the mesh, and join by that."
            }
            Self::Expired => {
                "The time of this invite is over: it lets nobody in any more. Write another one with `wattle invite --file DIR` on an admin of \
                 the mesh, and join by that."
            }
            _ => return None,
        })
    }
}

impl fmt::Display for Failure {
    /// What happened and what to do. The device is as it was before.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OnlyHere(port) => {
                return write!(
                    f,
                    "This device listens on its own machine only, where no other one can be found. Name the address of the device that shows \
                     the code with `--at ADDRESS`, or stop the agent here and start it with `wattle up --listen 0.0.0.0:{port}`, then join again."
                );
            }
            Self::NoSearch => {
                "Looking for devices in the network is switched off here. Name the address of the device that shows the code with \
                 `--at ADDRESS`: `wattle pair` shows it there."
            }
            Self::NotFound => {
                "No device of a mesh was found in this network. Run `wattle pair` on a device of the mesh; if it runs, name its address with --at."
            }
            Self::Unreachable => {
                "The device does not answer. Check that it is on, runs Wattle, and is in the same network; guest networks often keep devices apart."
            }
            Self::Version => "The two devices speak different versions of pairing. Update the older one, then join again.",
            Self::NoWindow => {
                "A device that runs Wattle was found, but it lets nobody in now: no code was made there, or its agent has started again, which ends \
                 a code. Run `wattle pair` there or on an admin of its mesh, then join by the new code."
            }
            Self::UnknownInvite => {
                "The device that was found has no record of this invite, or an admin was removed since, which makes invites void. Join where the device that \
                 wrote it is on, or write a new one with `wattle invite --file DIR` on an admin."
            }
            Self::Busy => {
                "The other device is busy with another exchange, or with other devices that are connected to be let in, or the connection \
                 broke. Join again in a moment; if that goes on, `wattle doctor` there says more."
            }
            Self::Malformed => {
                "The other device sent something that is not pairing. Nothing of it was kept. Join again, by --at if other devices are near."
            }
            Self::Expired => {
                "The device that was found lets nobody in by this: the time of its last code is over, or that of this invite. Run `wattle pair` there, or \
                 write a new invite, and join again."
            }
            Self::Replaced => {
                "This invite was replaced by a newer one, and lets nobody in any more. Join by the newer one, or write another with `wattle invite --file DIR` on an admin."
            }
            Self::Used => {
                "Another device has joined by the last code of the one that was found, or by this invite. Each is for one device: get a new one."
            }
            Self::TooManyTries => "There were too many tries with the last code of the device that was found. Run `wattle pair` there again.",
            Self::OtherMesh => "The device that was found belongs to another mesh than the invite or code. Name the right one with --at.",
            Self::Full => "The mesh has no room for another device. Remove one that is gone with `wattle remove DEVICE` on an admin.",
            Self::DiskFull => {
                "The code or invite is right, and the disk of the device that lets others in is full, so nobody was let in. Free some space there, \
                 then join again by the same one: it is still good."
            }
            Self::NotSaved => {
                "The code or invite is right, and the device that lets others in cannot save anything, so nobody was let in. `wattle doctor` there \
                 says why. Then join again by the same one: it is still good."
            }
            Self::WrongCode => {
                "The code is wrong, or something between the two devices changes what they send. Nobody was let in. Read the code again: it ends \
                 after five wrong ones, and the device that shows it, where `wattle pair` or the page waits, says how many tries are left."
            }
            Self::Member => {
                "The device that was found is of the mesh of this one, which is a member of this very mesh already and needs no code. Nothing was \
                 changed; if a device shows this code now, it stays good for another one."
            }
            Self::Removed => {
                "This device was removed from the mesh, for ever. `wattle leave` gives it a new identity: start the agent again, and it can join by \
                 a new code."
            }
        })
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_invite_that_is_used_or_over_it_is_said_how_another_one_is_made_and_nothing_of_codes() {
        for (why, part) in [(Failure::Used, "has joined by this invite"), (Failure::Expired, "The time of this invite")]
        {
            let told = why.of_invite().unwrap();
            assert!(told.contains(part) && told.contains("`wattle invite --file DIR` on an admin"), "{told}");
            assert!(!told.contains("code"), "{told}");
            assert_ne!(why.to_string(), told, "whoever typed a code reads of codes");
        }
        assert_eq!(Failure::Busy.of_invite(), None);
    }
}
