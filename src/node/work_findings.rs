//! What the doctor says of other devices' part in the work.

use super::Node;
use crate::base::count::{count, plural};
use crate::base::finding::{Area, Finding};
use crate::base::span::span;
use crate::base::time::{Duration, Instant};
use crate::limits::{ASK_PAUSE_MS_MAX, OWED_FAILS_TOLD};

impl Node {
    pub(super) fn findings_of_work(&self, now: Instant) -> impl Iterator<Item = Finding> {
        let undecided = self.scheduler.lent(now).filter(|lent| lent.undecided > 0);
        let undecided = undecided.map(|lent| of_undecided(&self.title(Some(lent.peer)), lent.undecided as u64));
        // A request or two may be lost; what lasts longer than the longest pause between two is no chance.
        let long = Duration::from_millis(ASK_PAUSE_MS_MAX);
        // Where two devices use this device's key, nobody answers it: that finding says what helps.
        let is_twice = self.is_own_key_twice(now);
        let silent = self.scheduler.silent_owners().filter(move |owner| !is_twice && now.since(owner.since) > long);
        let silent = silent.map(move |owner| {
            let ago = now.since(owner.since).as_secs();
            of_silent_owner(&self.title(Some(owner.peer)), u64::from(owner.chunks), u64::from(owner.questions), ago)
        });
        let failing = self.scheduler.lent(now).filter_map(|lent| {
            let rest = self.scheduler.owed_rest(lent.peer).filter(|rest| rest.attempts >= OWED_FAILS_TOLD)?;
            Some(of_owed(&self.title(Some(lent.peer)), lent.owed, rest.attempts as u64, &rest.why))
        });
        let disputes = self.mesh.records.disputes.list(now);
        let disputes =
            disputes.map(|(peer, ago, left)| of_dispute(&self.title(Some(peer)), ago.as_secs(), left.as_secs()));
        undecided.chain(silent).chain(failing).chain(disputes)
    }
}

/// A device made something else of texts than another one, and this device can compute neither.
pub(crate) fn of_undecided(name: &str, texts: u64) -> Finding {
    let what = format!(
        "{name} made other vectors of {} than another device, and this device cannot embed {} itself: one of the two is false. Each further device of the mesh that \
         may work for this one is asked, and what it makes decides.",
        count(texts, "passage"),
        plural(texts, "it", "them"),
    );
    Finding { area: Area::Peers, what, command: None }
}

/// What a device made cannot be checked here. `passages`: 0 where nobody has counted them yet.
pub(crate) fn of_owed(name: &str, passages: u64, attempts: u64, why: &str) -> Finding {
    let of = if passages == 0 { "some passages".to_owned() } else { count(passages, "passage") };
    let what = format!(
        "The vectors of {of} that {name} made are to be checked by making some of them here, and the last {} failed. {}. Until one succeeds they \
         answer questions unchecked.",
        count(attempts, "attempt"),
        why.trim_end_matches('.'),
    );
    Finding { area: Area::Peers, what, command: None }
}

/// A device says that a vector that this one made for it is false.
pub(crate) fn of_dispute(name: &str, ago_s: u64, left_s: u64) -> Finding {
    let what = format!(
        "{name} says that a vector which this device made for it is not that of its passage: it found that {} ago, and gives this device no work for another {}. One of \
         the two computes wrongly. If several devices say so, it is this one, and the vectors of its own documents may be false too: install the same version of \
         wattle on all of them, end any overclocking, look at the heat and the power supply, test the memory, and start the agent here again. If {name} alone says \
         so, do the same there first.",
        span(ago_s),
        span(left_s),
    );
    Finding { area: Area::Peers, what, command: None }
}

/// A device offers work and gives no answer.
pub(crate) fn of_silent_owner(name: &str, passages: u64, requests: u64, ago_s: u64) -> Finding {
    let what = format!(
        "{name} offers {} to be embedded here, and has answered none of {} for some in {}. Nothing else waits for it; if it is to be helped, start its agent again, \
         and install the same version of wattle on both.",
        count(passages, "passage"),
        count(requests, "request"),
        span(ago_s),
    );
    Finding { area: Area::Peers, what, command: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_told_that_the_vectors_of_no_passages_cannot_be_checked() {
        let what = |passages| of_owed("cellar", passages, 3, "They could not be read from the store.").what;
        assert!(what(0).starts_with("The vectors of some passages that cellar made"), "{}", what(0));
        assert!(what(1).starts_with("The vectors of 1 passage that cellar made"), "{}", what(1));
    }
}
