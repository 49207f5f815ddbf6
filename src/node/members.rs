//! Which device of the mesh a person means who names one by its PeerId, by a part of it, or by its name.
//!
//! Each device chooses its own name, and names look alike easily: one that two devices have, or that is a part of another one's PeerId,
//! names neither. What tells the two apart is the end of their PeerIds.

use super::mesh_report::{MemberReport, MeshReport};
use super::names::{ID_MARK, end, look_alike};
use crate::base::id::PeerKey;
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

impl MeshReport {
    /// Names the devices that this one is not linked with and has heard of before: one that was removed knows no peer any more.
    pub fn name_others(&mut self, name_of: impl Fn(&str) -> Option<String>) {
        for at in 0..self.members.len() {
            let Some(name) = self.members.get(at).filter(|of| of.name.is_none()).and_then(|of| name_of(&of.peer_id))
            else {
                continue;
            };
            let alike = |of: &MemberReport| of.name.as_deref().is_some_and(|other| look_alike(other, &name));
            let is_alone = !self.members.iter().any(alike) && !name.contains(ID_MARK);
            let member = &mut self.members[at];
            member.device =
                Some(if is_alone { name.clone() } else { format!("{name} ({ID_MARK}{})", end(&member.peer_id)) });
            member.name = Some(name);
        }
    }
}

impl MeshReport {
    /// Adds from whose links nothing comes, and for how many seconds.
    pub fn add_silent(&mut self, silent: &[(PeerKey, u64)]) {
        for (key, seconds) in silent {
            let peer_id = PeerId::from_public_key(&key.0).to_string();
            let linked = self.members.iter_mut().find(|member| member.linked && member.peer_id == peer_id);
            linked.into_iter().for_each(|member| member.silent_s = Some(*seconds));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_was_heard_of_before_keeps_its_name_and_two_of_one_name_are_told_apart() {
        let member = |peer_id: &str, name: Option<&str>| MemberReport {
            device: name.map(str::to_owned),
            name: name.map(str::to_owned),
            peer_id: peer_id.to_owned(),
            caps: Vec::new(),
            here: false,
            linked: false,
            since: None,
            seen: Some(7),
            no_help: None,
            silent_s: None,
        };
        let members = vec![
            member("12D3aaaaaaaa", Some("attic")),
            member("12D3bbbbbbbb", None),
            member("12D3cccccccc", None),
            member("12D3dddddddd", None),
        ];
        let (mesh, peer_id) = (None, "12D3aaaaaaaa".to_owned());
        let mut report = MeshReport {
            mesh,
            peer_id,
            removed_here: true,
            removed_by: None,
            members,
            removed: 1,
            removals: Vec::new(),
            epoch: 1,
            next_serial: 1,
        };
        report.name_others(|peer_id| match peer_id {
            "12D3bbbbbbbb" => Some("cellar".to_owned()),
            "12D3cccccccc" => Some("Attic".to_owned()),
            _ => None,
        });
        let devices: Vec<Option<&str>> = report.members.iter().map(|member| member.device.as_deref()).collect();
        assert_eq!(devices, [Some("attic"), Some("cellar"), Some("Attic (\u{2026}cccccccc)"), None]);
        assert_eq!(report.find("cellar").map(|member| &*member.peer_id), Ok("12D3bbbbbbbb"));
    }
}
