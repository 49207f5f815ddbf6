//! Devices that lie about the vectors of their texts, and devices whose engine differs a little from that of the others.

use super::false_worker::{FalseVectors, FalseWorker};
use super::world::World;
use crate::base::id::{Fingerprint, PeerKey, Row};
use crate::store::kv::Space;
use crate::store::makers::Makers;
use crate::store::read;
use crate::store::record::{Record, Vector};
use crate::wire::message::{HitVector, Message};
use crate::wire::work::Work;

impl World {
    /// From now on a device sends false vectors of what is lent to it, after so many honest ones.
    pub fn make_false_worker(&mut self, at: usize, kind: FalseVectors, honest: u64) {
        self.net.false_workers.insert(at, FalseWorker::new(kind, honest, false));
    }

    /// The same, and it asks whomever it works for a question before it sends false ones: nothing is checked while that is answered.
    pub fn make_asking_false_worker(&mut self, at: usize, kind: FalseVectors, honest: u64) {
        self.net.false_workers.insert(at, FalseWorker::new(kind, honest, true));
    }

    /// The same, but for texts whose vectors the other has: it knows them, as it may ask for all that answers.
    pub fn make_knowing_false_worker(&mut self, at: usize, kind: FalseVectors) {
        let mut worker = FalseWorker::new(kind, 0, false);
        worker.spares_known = true;
        self.net.false_workers.insert(at, worker);
    }

    /// The vectors on a device's disk that answer.
    fn answering(&self, at: usize) -> Vec<Vec<u8>> {
        let (disk, mut found) = (&self.devices[at].disk, Vec::new());
        let unproven = Makers::read(disk).map(|makers| makers.unproven()).unwrap_or_default();
        let walked = read::walk(disk, Space::Vector, |key, value| {
            let row = Row(key.try_into().map_or(0, u64::from_be_bytes));
            if !unproven.contains(&row) {
                found.push(Vector::decode_stored(value)?.values.bytes().collect());
            }
            Ok(())
        });
        assert_eq!(walked, Ok(()));
        found
    }

    /// How many false results a device has sent.
    #[must_use]
    pub fn false_results(&self, at: usize) -> u64 {
        self.net.false_workers.get(&at).map_or(0, |worker| worker.lies)
    }

    /// From now on a device sends the question's own vector beside each text, and a cosine of 1.
    pub fn lie_about_vectors(&mut self, at: usize) {
        self.net.liars.insert(at, None);
    }

    /// From now on it says the truth again.
    pub fn stop_lying(&mut self, at: usize) {
        self.net.liars.remove(&at);
    }

    /// From its next start on a device has another model than the others: that of this number.
    pub fn set_model(&mut self, at: usize, number: u8) {
        self.devices[at].run.model = Some(Fingerprint([number; 32]));
    }

    /// From now on a device's engine gives vectors with this much noise in each number.
    pub fn set_engine_noise(&mut self, at: usize, noise: f32) {
        self.devices[at].run.engine_noise = noise;
        if let Some(agent) = &mut self.devices[at].agent {
            agent.embedder.noise = noise;
        }
    }

    /// Texts that a device embedded since its agent started.
    ///
    /// # Panics
    /// If it does not run.
    #[must_use]
    pub fn texts_embedded(&self, at: usize) -> u64 {
        let agent = self.devices[at].agent.as_ref();
        agent.map_or_else(|| panic!("device {at} does not run"), |agent| agent.embedder.texts)
    }

    /// What a device sends where its node wants this sent.
    pub(super) fn as_sent(&mut self, at: usize, peer: PeerKey, mut message: Message) -> Message {
        let spares = self.net.false_workers.get(&at).is_some_and(|worker| worker.spares_known);
        let known = if spares { self.answering(self.holder(at, peer)) } else { Vec::new() };
        if let (Message::Work(Work::Results(results)), Some(worker)) =
            (&mut message, self.net.false_workers.get_mut(&at))
        {
            let question = worker.question(&results.vectors);
            let sent = results.vectors.iter_mut().filter(|vector| !known.contains(&vector.codes));
            sent.for_each(|vector| worker.falsify(vector, &mut self.rng));
            if let Some(question) = question {
                self.send(at, peer, &question);
            }
        }
        if let (Message::Work(Work::Kept(kept)), Some(worker)) = (&mut message, self.net.false_workers.get_mut(&at)) {
            let vectors = kept.results.iter_mut().map(|result| &mut result.vector);
            let sent = vectors.filter(|vector| !known.contains(&vector.codes));
            sent.for_each(|vector| worker.falsify_again(vector, &mut self.rng));
        }
        let to = self.holder(at, peer);
        if let (Message::Query(query), Some(asked)) = (&message, self.net.liars.get_mut(&to)) {
            *asked = Some(HitVector { scale: query.scale, codes: query.codes.clone() });
        }
        let Some(Some(asked)) = self.net.liars.get(&at) else { return message };
        match &mut message {
            Message::Vectors(vectors) => vectors.vectors.iter_mut().for_each(|vector| *vector = asked.clone()),
            Message::Answer(answer) => {
                answer.found.iter_mut().flat_map(|found| &mut found.hits).for_each(|hit| hit.cosine = 1.0);
            }
            _ => {}
        }
        message
    }
}
