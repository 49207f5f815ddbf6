//! Which device of the mesh a person means who names one by its PeerId, by a part of it, or by its name.
//!
//! Each device chooses its own name, and names look alike easily: one that two devices have, or that is a part of another one's PeerId,
//! names neither. What tells the two apart is the end of their PeerIds.

use super::mesh_report::{MemberReport, MeshReport};
use super::names::{end, look_alike};
use crate::wire::peer_id::PeerId;

/// The letters of a PeerId that a person gives, at least. Each key can be made anew until these fit, so they only ever name a device
/// where no other one fits as well.
const PEER_ID_PART_MIN: usize = 6;

/// Why a name names no device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unclear<'a> {
    /// None is called so.
    Nobody,
    /// Several are.
    Several(Vec<&'a MemberReport>),
}

impl MeshReport {
    /// The device that a person named.
    ///
    /// # Errors
    /// None or several fit.
    pub fn find(&self, named: &str) -> Result<&MemberReport, Unclear<'_>> {
        if let Some(member) = self.members.iter().find(|member| member.peer_id == named) {
            return Ok(member);
        }
        // A whole PeerId names that device or none: not one that took it for its name.
        if named.parse::<PeerId>().is_ok() {
            return Err(Unclear::Nobody);
        }
        let is_part = |id: &str| named.len() >= PEER_ID_PART_MIN && (id.starts_with(named) || id.ends_with(named));
        let fits = |member: &&MemberReport| {
            is_part(&member.peer_id) || [&member.name, &member.device].into_iter().flatten().any(|name| name == named)
        };
        let fitting: Vec<&MemberReport> = self.members.iter().filter(fits).collect();
        let [one] = fitting[..] else {
            return Err(if fitting.is_empty() { Unclear::Nobody } else { Unclear::Several(fitting) });
        };
        if one.name.as_deref() != Some(named) {
            return Ok(one);
        }
        let alike = |member: &&MemberReport| member.name.as_deref().is_some_and(|name| look_alike(name, named));
        match self.members.iter().filter(alike).collect::<Vec<_>>() {
            several if several.len() > 1 => Err(Unclear::Several(several)),
            _ => Ok(one),
        }
    }
}

impl MemberReport {
    /// Its name, with the end of its PeerId, which names it and no other device.
    #[must_use]
    pub fn told_apart(&self) -> String {
        let here = if self.here { ", this device" } else { "" };
        format!("{} ({}{here})", self.name.as_deref().unwrap_or("a device not seen yet"), end(&self.peer_id))
    }
}
