//! The flow of updates: the image's service, which alone can write the card, says how far this device is, and is told when its turn has come. What a
//! device says of itself goes to the mesh as a gossip item, and is said again while it holds (`mesh::update`).

use super::output::{Output, Response};
use super::{Node, Out};
use crate::base::id::{PeerKey, ReplyId};
use crate::base::time::{Duration, Instant};
use crate::limits::UPDATE_SAY_MS;
use crate::mesh::trust::Rights;
use crate::mesh::update::{Said, Turn};
use crate::wire::gossip::{Fact, Kind};

const SAY: Duration = Duration::from_millis(UPDATE_SAY_MS);

impl Node {
    /// This device wants to update, does so, or neither; the service says it every half minute.
    pub(super) fn on_update(&mut self, now: Instant, reply: ReplyId, said: Said, out: &mut Out) {
        let members: Vec<PeerKey> =
            self.trust.iter().filter(|(_, rights)| rights.contains(Rights::SIGN)).map(|(peer, _)| peer).collect();
        let heard: Vec<(PeerKey, Said)> = members.iter().map(|peer| (*peer, self.says(now, *peer))).collect();
        let missing: Vec<PeerKey> = members.iter().copied().filter(|peer| !self.member.is_up(*peer)).collect();
        let updates = &mut self.mesh.records.updates;
        updates.away.retain(|peer, _| missing.contains(peer));
        missing.iter().for_each(|peer| _ = updates.away.entry(*peer).or_insert(now));
        let seen: Vec<Instant> = updates.away.values().copied().collect();
        let key = self.config.key;
        let turn = updates.turn.get_or_insert_with(|| Turn::new(key, said == Said::Updates));
        match said {
            Said::Wants => turn.want(),
            Said::Updates => turn.begin(),
            Said::Nothing => turn.end(),
        }
        heard.into_iter().for_each(|(peer, said)| turn.heard(now, peer, said));
        // The answer to an earlier call may not have arrived: it is told again.
        let comes = turn.comes(now, &seen) || said == Said::Wants && turn.said() == Said::Updates;
        let own = turn.said();
        let is_due = match updates.published {
            Some((published, at)) => published != own || own != Said::Nothing && now.since(at) >= SAY,
            // A start in the middle of an update, and one after which the mesh may still believe an earlier word.
            None => true,
        };
        if is_due {
            updates.published = Some((own, now));
            out.push(Output::Sign(Fact::Update(own)));
        }
        out.push(Output::Reply(reply, Response::Turn(comes)));
    }

    /// What a member said last of its update, if that still holds.
    fn says(&self, now: Instant, peer: PeerKey) -> Said {
        match self.gossip.items.fact(now, peer, Kind::Update) {
            Some(Fact::Update(said)) => said,
            _ => Said::Nothing,
        }
    }
}

#[cfg(test)]
#[path = "update_test.rs"]
mod update_test;
