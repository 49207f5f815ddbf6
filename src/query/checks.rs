//! Which texts of other devices are embedded here, so that a device gains nothing by vectors that its texts do not have.
//!
//! A hit that would stand in the first places with a cosine above that of texts with as many words of the question is checked before the answer
//! leaves, one text at a time in the order of the places. Its score is then that of the text's own vector. A vector that is
//! not the text's is a lie: no vector of that device counts any more, in any open query. Once in a few questions one more
//! hit of those that are shown, drawn by chance, is checked after the answer.

use super::check::{Check, HitText, Lie, is_of};
use super::evidence::{needs_proof, unchecked, unproven};
use super::merge::{has, lacking, scores};
use super::pending::{PendingQueries, PendingQuery};
use crate::base::hit::SearchHit;
use crate::base::id::{PeerKey, TaskId};
use crate::base::rng::Rng;
use crate::base::vector::{Embedding, Quantized};
use crate::limits::{CHECKED_PLACES, CHECKS_MAX, SPOT_CHECK_ONE_IN};
use crate::search::lexical::phrase::Phrases;

impl PendingQueries {
    /// Begins the next check that an open query needs; each open query has one at a time. `issue` gives the number of the
    /// task that is to embed the text. Call again until `None`.
    pub fn begin_check(&mut self, issue: impl FnOnce() -> TaskId) -> Option<(TaskId, HitText)> {
        if self.checks.is_full() {
            return None;
        }
        let idle = |query: &PendingQuery| !self.is_checking(query);
        let next = (0..).zip(&self.open).filter(|(_, query)| idle(query));
        let (at, (peer, place)) = next.filter_map(|(at, query): (usize, _)| Some((at, query.next_check()?))).next()?;
        let query = &mut self.open[at];
        query.beside.checked.push((peer, place));
        let (text, vector) = query.evidence(peer, place)?;
        let check = Check { task: issue(), peer, query: query.number, place, vector, is_void: false };
        let task = check.task;
        // There is room: that was asked first.
        let _ = self.checks.push(check);
        Some((task, text))
    }

    /// After the answer to `query`: once in `SPOT_CHECK_ONE_IN` questions begins the check of one hit, drawn by chance.
    pub fn begin_spot_check(
        &mut self,
        query: &PendingQuery,
        rng: &mut Rng,
        issue: impl FnOnce() -> TaskId,
    ) -> Option<(TaskId, HitText)> {
        if query.beside.vectors.is_empty() || !rng.one_in(SPOT_CHECK_ONE_IN) || self.checks.is_full() {
            return None;
        }
        let unchecked = |peer: PeerKey, place| {
            let checked = query.beside.checked.contains(&(peer, place));
            (!checked).then_some(()).and_then(|()| query.evidence(peer, place)).map(|found| (peer, place, found))
        };
        let shown = query.places().iter().take(query.count);
        let mut shown: Vec<_> = shown.filter_map(|(device, place)| unchecked((*device)?, *place)).collect();
        let drawn = usize::try_from(rng.below(shown.len() as u64)).unwrap_or(0);
        if shown.is_empty() {
            return None;
        }
        let (peer, place, (text, vector)) = shown.swap_remove(drawn);
        let check = Check { task: issue(), peer, query: query.number, place, vector, is_void: false };
        let task = check.task;
        // There is room: that was asked first.
        let _ = self.checks.push(check);
        Some((task, text))
    }

    /// A check ended with the vector of its text, or without one if the text could not be embedded. False if no check has
    /// this task.
    pub fn end_check(&mut self, task: TaskId, own: Option<&Embedding>) -> bool {
        let Some(at) = self.checks.iter().position(|check| check.task == task) else { return false };
        let Check { peer, query, place, vector, is_void, .. } = self.checks.swap_remove(at);
        if is_void {
            return true;
        }
        if let Some(query) = self.open.iter_mut().find(|open| open.number == query) {
            query.take_own_cosine(peer, place, own);
        }
        if own.is_some_and(|own| !is_of(&vector, own)) {
            self.open.iter_mut().for_each(|query| query.disbelieve(peer));
            self.note_lie(peer, Lie::Vector);
        }
        true
    }

    /// Whether a check of this query is under way.
    pub(super) fn is_checking(&self, query: &PendingQuery) -> bool {
        self.checks.iter().any(|check| check.query == query.number && !check.is_void)
    }
}

impl PendingQuery {
    /// The hit that is to be checked next, once this device has searched: the first one of the first places that needs it.
    pub(super) fn next_check(&self) -> Option<(PeerKey, usize)> {
        let many = self.beside.checked.len() >= CHECKS_MAX;
        if many || !self.has_searched() || self.beside.vectors.is_empty() {
            return None;
        }
        let terms = self.question.terms();
        let unchecked = |(device, place): &(Option<PeerKey>, usize)| {
            let peer = device.filter(|peer| !self.beside.checked.contains(&(*peer, *place)))?;
            let (_, found) = self.lists.iter().find(|(of, _)| of == device)?;
            needs_proof(&terms, found.hits.get(*place)?).then_some((peer, *place))
        };
        self.places().iter().take(CHECKED_PLACES).find_map(unchecked)
    }

    /// The hits of all devices, best first: the device, and the place in its list. They are scored once, until a list or a cosine changes.
    pub(super) fn places(&self) -> &[(Option<PeerKey>, usize)] {
        self.beside.order.get_or_init(|| self.scored_places())
    }

    fn scored_places(&self) -> Vec<(Option<PeerKey>, usize)> {
        let lacking = lacking(&self.question, &self.lists);
        let mut scores = scores(&self.question.terms(), &self.lists, &lacking).into_iter();
        let mut places: Vec<(f32, Option<PeerKey>, usize, &SearchHit)> = Vec::new();
        for (device, found) in &self.lists {
            let mut score = || scores.next().unwrap_or_default();
            places.extend((0..).zip(&found.hits).map(|(place, hit)| (score(), *device, place, hit)));
        }
        places.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        let phrases = Phrases::of(&self.question.text);
        if places.iter().any(|(.., hit)| has(&phrases, hit)) {
            places.retain(|(.., hit)| has(&phrases, hit));
        }
        places.into_iter().map(|(_, device, place, _)| (device, place)).collect()
    }

    /// The text of a peer's hit and the vector that came with it. A text that its device found by its words and has not embedded has none: there is
    /// nothing to hold against it.
    fn evidence(&self, peer: PeerKey, place: usize) -> Option<(HitText, Quantized)> {
        let found = self.lists.iter().find(|(device, _)| *device == Some(peer)).map(|(_, found)| found)?;
        let vectors = self.beside.vectors_of(peer).filter(|vectors| vectors.len() == found.hits.len())?;
        let vector = vectors.get(place).filter(|vector| !vector.is_none())?;
        Some((HitText::of(found.hits.get(place)?), vector.clone()))
    }

    /// The cosine of a peer's hit is that of its text's own vector; without one it counts as far as the words bear it out.
    fn take_own_cosine(&mut self, peer: PeerKey, place: usize, own: Option<&Embedding>) {
        self.beside.order.take();
        let own = own.and_then(|own| own.cosine(self.embedding()?).ok());
        let fluency = self.question.fluency;
        if let Some(hit) = self.hits_of(peer).into_iter().flatten().nth(place) {
            hit.cosine = own.map_or_else(|| unproven(hit, fluency), |cosine| cosine.clamp(-1.0, 1.0));
        }
    }

    /// No vector of this peer counts any more.
    fn disbelieve(&mut self, peer: PeerKey) {
        self.beside.vectors.retain(|(from, _)| *from != peer);
        self.beside.order.take();
        let (checked, fluency) = (self.beside.checked.clone(), self.question.fluency);
        for (place, hit) in self.hits_of(peer).into_iter().flatten().enumerate() {
            if !checked.contains(&(peer, place)) {
                hit.cosine = unproven(hit, fluency);
            }
        }
    }

    /// What was not checked counts no more than texts with as many words seldom exceed.
    pub(super) fn doubt_unchecked(&mut self) {
        let terms = self.question.terms();
        self.beside.order.take();
        let checked = self.beside.checked.clone();
        for (device, found) in &mut self.lists {
            let Some(peer) = *device else { continue };
            for (place, hit) in found.hits.iter_mut().enumerate() {
                if !checked.contains(&(peer, place)) {
                    hit.cosine = unchecked(&terms, hit);
                }
            }
        }
    }

    fn hits_of(&mut self, peer: PeerKey) -> Option<&mut Vec<SearchHit>> {
        self.lists.iter_mut().find(|(device, _)| *device == Some(peer)).map(|(_, found)| &mut found.hits)
    }
}

#[cfg(test)]
mod tests;
