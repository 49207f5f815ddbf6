//! The change of a collection ([`regroup`](super::regroup)): one save of the list of sources.

use super::machine::{Scheduler, busy_writing};
use super::port::{Output, Refusal};
use super::regroup::Regroup;
use super::saves::AfterSave;
use super::sources::UnsavedSources;
use crate::base::id::ReplyId;
use crate::limits::SAVES_MAX;
use crate::store::change::Change;

impl Scheduler {
    /// Changes a collection; the reply follows once the list of sources is on the disk.
    pub(super) fn on_regroup(&mut self, reply: ReplyId, regroup: &Regroup, out: &mut Vec<Output>) {
        if let Some((refusal, why)) = self.outage.refusal(self.disk.is_full()) {
            return out.push(Output::Refused(reply, refusal, why));
        }
        if self.disk.is_full() {
            return out.push(Output::Refused(reply, Refusal::DiskFull, self.disk.refusal()));
        }
        if self.under_way() >= SAVES_MAX {
            return out.push(busy_writing(reply));
        }
        match regroup.apply(self.sources.newest()) {
            Err(why) => out.push(Output::Refused(reply, Refusal::Conflict, why)),
            Ok((sources, name)) => {
                // Nothing need be looked at: the list alone says to which collection a document belongs.
                let replies = [(reply, None)].into_iter().collect();
                let (added, removed, regrouped) = (None, Vec::new(), Some(name));
                let unsaved = UnsavedSources { sources: sources.clone(), added, removed, regrouped, replies };
                let save = self.saves.begin(AfterSave::Watch(Box::new(unsaved)));
                out.push(Output::Save(save, vec![Change::Sources(sources.clone())]));
                self.sources.begin_save(save, sources);
            }
        }
    }
}
