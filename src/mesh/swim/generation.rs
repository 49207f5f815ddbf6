//! The numbers of generations: on whose word this agent takes a higher one, and whose word counts for another member.
//!
//! A member that says that this agent is known in a higher generation may be right: the agent lost its count of starts. It
//! may lie as well, and wear the number out. So the word of one member raises the generation by `RAISE_ALONE_MAX` in
//! `RAISE_MS` at most; further up two members must say so, or this agent's own signature (`wire::envelope`).

use super::packet::{Id, KeyPrefix, name_of};
use super::raises::Verdict;
use super::{Effect, Membership};
use crate::base::id::PeerKey;
use crate::base::time::{Duration, Instant};
use crate::limits::{DUPLICATE_MS, RENEW_MS};
use foca::{Member as Claim, State, Timer};

impl Membership {
    /// Two devices hold this key: for a while, what others say of its generation is not believed, of whichever device it is
    /// true; only what arrives directly counts. If it is this agent's own key, its generation stays.
    pub fn contest(&mut self, now: Instant, key: PeerKey) {
        let until = Some(now + Duration::from_millis(DUPLICATE_MS));
        if name_of(key) == self.foca.identity().name {
            self.raises.contested = until;
        } else if let Some(known) = self.known.get_mut(&name_of(key)) {
            known.contested = until;
        }
    }

    /// Whether two devices hold this member's key.
    pub(super) fn is_contested(&self, now: Instant, name: KeyPrefix) -> bool {
        self.known.get(&name).is_some_and(|known| known.contested.is_some_and(|until| now < until))
    }

    /// Takes a generation of at least this number, which this agent's own signature proves to be free; returns the one it is
    /// in then.
    pub fn raise(&mut self, now: Instant, generation: u32) -> u32 {
        if generation > self.generation() {
            self.take_generation(now, generation);
        }
        self.generation()
    }

    /// Member `from` knows this agent in a higher generation than its own: it takes the next one above, if `from` is
    /// believed.
    pub(super) fn renew_above(&mut self, now: Instant, from: KeyPrefix, generation: u32) {
        let own = self.generation();
        if self.raises.is_contested(now) {
            return;
        }
        match self.raises.hear(now, from, own, generation) {
            Verdict::Believed => {
                if self.renew(now, generation) {
                    self.raises.spend(from, self.generation().saturating_sub(own));
                }
            }
            Verdict::Doubted => {}
            Verdict::False => {
                if let Some(known) = self.known.get(&from) {
                    self.effects.push(Effect::FalseCount(known.key));
                }
            }
        }
    }

    /// Takes the generation after this one, unless it took one just now.
    pub(super) fn renew(&mut self, now: Instant, generation: u32) -> bool {
        let soon = self.renewed.is_some_and(|at| now.since(at) < Duration::from_millis(RENEW_MS));
        let next = generation.checked_add(1).filter(|_| !soon && !self.raises.is_contested(now));
        if let Some(next) = next {
            self.take_generation(now, next);
        }
        next.is_some()
    }

    fn take_generation(&mut self, now: Instant, generation: u32) {
        let own = *self.foca.identity();
        self.renewed = Some(now);
        self.down_claimants.clear();
        self.call(now, |foca, runtime| foca.change_identity(Id { generation, ..own }, runtime));
        // foca takes itself for alone until it gets any update.
        self.call(now, |foca, runtime| foca.apply_many(core::iter::empty(), true, runtime));
        self.effects.push(Effect::Renewed(generation));
    }

    /// A member is in a lower generation than this agent was told by others: foca forgets the other one. Nobody is told; the
    /// member is met again in its own.
    pub(super) fn believe_itself(&mut self, now: Instant, name: KeyPrefix) {
        let Some(entry) = self.entry(name).cloned() else { return };
        let (id, effects) = (*entry.id(), self.effects.len());
        let down = Claim::new(id, entry.incarnation(), State::Down);
        // foca removes only members that are down.
        self.call(now, |foca, runtime| {
            foca.apply_many(core::iter::once(down), false, &mut *runtime)?;
            foca.handle_timer(Timer::RemoveDown(id), runtime)
        });
        self.effects.truncate(effects);
        if let Some(known) = self.known.get_mut(&name) {
            (known.status, known.suspect_claim, known.down_claim) = (None, None, None);
        }
    }
}
