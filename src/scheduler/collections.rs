//! The change of a collection ([`regroup`](super::regroup)): one save of the list of sources.

use super::machine::{Scheduler, busy_writing};
use super::port::{Output, Refusal};
use super::regroup::Regroup;
use super::saves::AfterSave;
use super::sources::UnsavedSources;
use crate::base::id::{ReplyId, SaveId};
use crate::limits::SAVES_MAX;
use crate::store::change::Change;
use crate::store::record::{Marks, Sources};

impl Scheduler {
    /// Changes a collection; the reply follows once the list of sources is on the disk. What is so already needs no save. Whoever makes
    /// a collection private is not told to make room first: that save is the smallest there is, and is tried on a full disk too.
    pub(super) fn on_regroup(&mut self, reply: ReplyId, regroup: &Regroup, out: &mut Vec<Output>) {
        let change = regroup.apply(self.sources.newest());
        if let Ok((sources, name)) = &change
            && self.sources.save_under_way().is_none()
            && *sources == self.sources.saved
        {
            return out.push(Output::Regrouped(reply, name.clone()));
        }
        let is_first = regroup.makes_private() && !self.outage.needs_restart();
        if let Some((refusal, why)) = self.outage.refusal(self.disk.is_full()).filter(|_| !is_first) {
            return out.push(Output::Refused(reply, refusal, why));
        }
        if self.disk.is_full() && !is_first {
            return out.push(Output::Refused(reply, Refusal::DiskFull, self.disk.refusal()));
        }
        if self.under_way() >= SAVES_MAX {
            return out.push(busy_writing(reply));
        }
        let (sources, name) = match change {
            Err(why) => return out.push(Output::Refused(reply, Refusal::Conflict, why)),
            Ok(change) => change,
        };
        // Nothing need be looked at: the list alone says to which collection a document belongs.
        let replies = [(reply, None)].into_iter().collect();
        let (added, removed, regrouped) = (None, Vec::new(), Some(name));
        let unsaved = Box::new(UnsavedSources { sources: sources.clone(), added, removed, regrouped, replies });
        let list = Change::Sources(sources.clone());
        if !self.outage.is_on() {
            let save = self.saves.begin(AfterSave::Watch(unsaved));
            out.push(Output::Save(save, vec![list]));
            return self.sources.begin_save(save, sources);
        }
        // In place of the next try to go on, which would save the list as it was.
        if !self.outage.try_for(self.saves.len() > 0) {
            return out
                .extend(self.outage.refusal(self.disk.is_full()).map(|(kind, why)| Output::Refused(reply, kind, why)));
        }
        let marks = Change::Marks(Marks(self.decisions.revert_marks().to_vec()));
        let save = self.saves.begin_with(AfterSave::Mended(Some(unsaved)), std::slice::from_ref(&marks));
        out.push(Output::Mend(save, vec![list, marks]));
        self.sources.begin_save(save, sources);
    }

    /// Gives a collection a model for its language. Where nothing can be saved just now, the next count of the languages does it.
    pub(super) fn on_model_chosen(&mut self, regroup: &Regroup, out: &mut Vec<Output>) {
        let Ok((sources, name)) = regroup.apply(self.sources.newest()) else { return };
        let is_busy = self.sources.save_under_way().is_some() || self.under_way() >= SAVES_MAX;
        if is_busy || sources == self.sources.saved || self.outage.is_on() || self.disk.is_full() {
            return;
        }
        let (removed, regrouped, replies) = (Vec::new(), Some(name), heapless::Vec::new());
        let unsaved = Box::new(UnsavedSources { sources: sources.clone(), added: None, removed, regrouped, replies });
        let save = self.saves.begin(AfterSave::Watch(unsaved));
        out.push(Output::Save(save, vec![Change::Sources(sources.clone())]));
        self.sources.begin_save(save, sources);
    }

    /// The list of sources is on the disk. Where collections have other models by it, all documents are looked at.
    pub(super) fn sources_saved(&mut self, save: SaveId, sources: Sources) {
        let has_other_models = self.sources.saved.models != sources.models;
        let is_moved = !sources.models.is_empty() && self.sources.saved.places != sources.places;
        self.sources.on_saved(save, sources);
        if has_other_models || is_moved {
            self.decisions.models_changed();
        }
    }
}
