//! How texts of programs meet the work that others do: messages about their parts, and when those are due.

use crate::base::id::{PeerKey, ReplyId};
use crate::base::time::Instant;
use crate::scheduler::machine::Scheduler;
use crate::scheduler::offload::recipient::Recipient;
use crate::scheduler::port::Output;
use crate::wire::work::Work;

impl Scheduler {
    /// A part of a program's texts is wanted of other devices.
    pub(in crate::scheduler) fn on_spread(
        &mut self,
        now: Instant,
        reply: ReplyId,
        texts: Vec<String>,
        out: &mut Vec<Output>,
    ) {
        if !self.offload.spread.add(now, reply, texts) {
            out.push(Output::Embedded(reply, None));
        }
    }

    /// Nobody waits for a part any more.
    pub(in crate::scheduler) fn on_unspread(&mut self, reply: ReplyId, out: &mut Vec<Output>) {
        out.extend(self.offload.spread.cancel(reply).map(|(peer, work)| Output::Work(peer, work)));
    }

    /// Takes a message of work that is about a program's texts; gives back any other one.
    pub(super) fn on_spread_work(
        &mut self,
        now: Instant,
        peer: PeerKey,
        work: Work,
        out: &mut Vec<Output>,
    ) -> Option<Work> {
        let (spread, lender) = (&mut self.offload.spread, &mut self.offload.lender);
        let batch = match &work {
            // Somebody waits for these: they come before documents. One that gave false vectors gets none.
            Work::Ask(_) if lender.may_get(now, peer) => {
                let Some(grant) = spread.grant(now, peer) else { return Some(work) };
                out.push(Output::Work(peer, grant));
                lender.heard(now, peer);
                return None;
            }
            Work::Results(results) => results.batch,
            Work::Failed(failed) => failed.batch,
            Work::Renew(batch) | Work::Return(batch) => *batch,
            _ => return Some(work),
        };
        if !spread.has(peer, batch) {
            return Some(work);
        }
        lender.heard(now, peer);
        let answered = match &work {
            Work::Results(results) => spread.on_results(now, results),
            Work::Renew(_) => {
                spread.on_renew(now, batch);
                None
            }
            _ => spread.give_up(batch),
        };
        out.extend(answered.map(|(reply, vectors)| Output::Embedded(reply, vectors)));
        None
    }

    /// Gives up parts that are overdue, and those of devices that may work no more.
    pub(super) fn wake_spread(&mut self, now: Instant, recipients: &[Recipient], out: &mut Vec<Output>) {
        let (over, told) = self.offload.spread.wake(now, recipients);
        out.extend(over.into_iter().map(|(reply, vectors)| Output::Embedded(reply, vectors)));
        out.extend(told.into_iter().map(|(peer, work)| Output::Work(peer, work)));
    }
}
