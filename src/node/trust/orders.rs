//! Orders to certify and to remove: signed, saved, and only then carried out and answered.

use super::super::input::Request;
use super::super::mesh_report::of_removal;
use super::super::output::{Notice, Output, Problem, Response};
use super::super::{Node, Out};
use super::peer_id;
use crate::base::id::{PeerKey, ReplyId};
use crate::base::time::Instant;
use crate::limits::ADMINS_MAX;
use crate::mesh::trust::authority::{Order, Step};
use crate::wire::certificate::exchange::Page;
use crate::wire::certificate::{Record, Refusal};

impl Node {
    /// An order of the owner, or of a pairing that succeeded.
    pub(in crate::node) fn on_order(&mut self, now: Instant, reply: ReplyId, order: Order, out: &mut Out) {
        if !self.mesh.trust.authority.order(reply, order) {
            let busy = "Other devices are being paired or removed; ask again in a moment.";
            self.end_order(now, reply, Response::refused(Problem::Busy, busy), None, out);
        }
    }

    /// The records of an order are signed.
    pub(in crate::node) fn on_records_signed(&mut self, records: Vec<Record>) {
        self.mesh.trust.authority.signed(records);
    }

    /// Begins the next order, and the next save, if there is none under way.
    pub(in crate::node) fn run_orders(&mut self, now: Instant, out: &mut Out) {
        while let Some(step) = self.mesh.trust.authority.next(self.config.key, self.trust.records()) {
            match step {
                Step::Sign(records) => out.push(Output::SignRecords(records)),
                Step::Save => {}
                Step::Refuse(reply, why) => {
                    // Whatever a removed device was to do: that is why it does not.
                    let response = if self.trust.records().is_removed(self.config.key) {
                        Response::refused(Problem::Conflict, of_removal(self.removed_by().as_deref()))
                    } else {
                        refused(why)
                    };
                    self.end_order(now, reply, response, Some(why), out);
                }
            }
        }
        let state = &mut self.mesh.trust;
        let of_order = state.authority.unsaved();
        let is_due = of_order.is_some() || state.unsaved && state.resave.is_due(now);
        if state.saving.is_some() || !is_due {
            return;
        }
        let mut records = self.trust.records().clone();
        if let Some(of_order) = of_order {
            // A refusal here is one when the order is carried out as well, and it is answered then.
            let _ = of_order.first().map(|record| records.adopt(record.mesh()));
            let _ = records.take(&page_of(of_order));
        }
        let with_order = of_order.is_some();
        state.saves += 1;
        (state.saving, state.unsaved) = (Some((state.saves, with_order)), false);
        out.push(Output::SaveRecords(state.saves, records.encode()));
    }

    /// The file of records is on the disk, or cannot be written.
    pub(in crate::node) fn on_records_saved(
        &mut self,
        now: Instant,
        save: u64,
        result: Result<(), (Problem, String)>,
        out: &mut Out,
    ) {
        let state = &mut self.mesh.trust;
        let Some((_, with_order)) = state.saving.take_if(|(number, _)| *number == save) else { return };
        // What came from others is in the set already, so it does not come again: it is saved again. A removal that was lost with the
        // next restart would have its device trusted again.
        state.unsaved |= result.is_err();
        if state.resave.ended(now, result.as_ref().err().map(|(_, why)| why.as_str()))
            && let Err((_, why)) = &result
        {
            out.push(Output::Notice(Notice::Held(format!("The list of devices could not be saved. {why}"))));
        }
        if !with_order {
            return;
        }
        let Some((reply, order, records)) = state.authority.end() else { return };
        let (response, why) = match result.map(|()| self.carry_out_order(now, &order, &records, out)) {
            Ok(Ok(response)) => (response, None),
            Ok(Err(why)) => (self.refused_order(&order, why), Some(why)),
            Err((problem, why)) => (Response::refused(problem, format!("Nothing was changed: {why}")), None),
        };
        self.end_order(now, reply, response, why, out);
    }

    /// The records of an order are on the disk.
    fn carry_out_order(
        &mut self,
        now: Instant,
        order: &Order,
        records: &[Record],
        out: &mut Out,
    ) -> Result<Response, Refusal> {
        if let (Order::Enrol(_), Some(first)) = (order, records.first()) {
            for effect in self.trust.adopt(first.mesh())? {
                self.follow(now, effect, out);
            }
        }
        // The name that people know; read before the device is forgotten.
        let name = self.title_of(order.holder());
        let refused = self.take_records(now, None, &page_of(records), out);
        let is_removed = self.trust.records().is_removed(order.holder());
        match (order, refused.first()) {
            (Order::Remove(_), _) if is_removed => return Ok(Response::Done(self.removed(&name, records))),
            (_, Some((_, why))) => return Err(*why),
            (_, None) => {}
        }
        match order {
            Order::Remove(_) => Err(Refusal::NotAllowed),
            Order::Enrol(_) => {
                self.greet_links(now, out);
                Ok(Response::Done("This device belongs to the mesh.".to_owned()))
            }
            Order::Appoint(of) => Ok(Response::Done(format!(
                "{} is an admin of this mesh from now on, and that is saved.",
                self.title_of(of.holder)
            ))),
            Order::Issue { holder, .. } | Order::Redeem { holder, .. } => {
                let chain = self.trust.records().chain(*holder).ok_or(Refusal::Removed)?;
                Ok(Response::Certified(chain.encode()))
            }
        }
    }

    /// Why an order is refused, for people.
    fn refused_order(&self, order: &Order, why: Refusal) -> Response {
        if matches!(order, Order::Appoint(_)) && why == Refusal::Full && self.trust.records().has_all_admins() {
            let why = format!(
                "{ADMINS_MAX} devices were named admins in the life of this mesh, those that were removed among them, and no more can be. \
                 Nothing was changed. The admins that are left go on to let devices in and remove them; for others, make a new mesh: \
                 `wattle leave` on each device, then `wattle pair`."
            );
            return Response::refused(Problem::Conflict, why);
        }
        refused(why)
    }

    /// What a person is told who removed a device: also whom it had let in, if it was an admin. They stay by this device's word, and
    /// whoever took an admin over may have let in a device of its own.
    fn removed(&self, name: &str, records: &[Record]) -> String {
        let stay = records.iter().filter_map(|record| match record {
            Record::Certificate(of) if self.trust.records().caps(of.holder).is_some() => Some(of.holder),
            _ => None,
        });
        let stay: Vec<String> = stay.map(|holder| self.named(holder)).collect();
        let done = format!(
            "{name} is removed for ever, and that is saved. Its links are closed, and the others are told. What is on its own disk it keeps: \
             its documents go on to answer questions that are asked there, and none of this mesh."
        );
        if stay.is_empty() {
            return done;
        }
        format!(
            "{done} It had let in these devices, which stay: {}. Whoever had {name} in hand may have let in one of them, and knows what it was \
             sent: remove each that you do not know with `wattle remove PEERID`.",
            stay.join(", ")
        )
    }

    /// A device's name with its PeerId.
    fn named(&self, peer: PeerKey) -> String {
        let (title, id) = (self.title_of(peer), peer_id(peer));
        if title == id { id } else { format!("{title} ({id})") }
    }
}

fn refused(why: Refusal) -> Response {
    Response::refused(Problem::Conflict, why.to_string())
}

impl From<Order> for Request {
    fn from(order: Order) -> Self {
        Self::Mesh(order)
    }
}

/// The records of one order, which are taken together however many they are.
fn page_of(records: &[Record]) -> Page {
    Page { issuers: Vec::new(), records: records.to_vec() }
}
