//! Queries that wait for answers, and the merge of the answers of several devices.
//!
//! A query is embedded once. Its embedding is searched on this device and sent to peers, and each device returns its
//! best chunks with the statistics that are needed to score them (`base::hit`). [`pending`] holds the query until
//! every device has answered, or until its deadline: then the answer is made of the results that have come ([`ending`]). [`evidence`]
//! replaces the figures of a peer's answer by our own, [`filtered`] leaves out of it what the filters of the question leave out, [`checks`] chooses the texts that are embedded here to hold a peer's
//! vectors against them, and [`merge`] scores the chunks of all devices with the sum of their
//! statistics, lists each text once, leaves no device all of the first places, and lists what is a title alone behind what says more. [`remark`] tells which
//! remarks of what no passage has stand beside the answer.
//!
//! Invariants: every query is answered exactly once, at its deadline at the latest, with the number of devices that
//! were asked and that answered. At most `QUERIES_MAX` queries are pending; one waits `QUERY_MS_MAX` at most, and
//! `PEER_ANSWER_MS` for peers. A query keeps its place until its task on this device has ended, so at most `QUERIES_MAX` of
//! these are under way.
//!
//! The search itself is done by `worker::retrieve`; messages to peers are sent by `node::query`.

pub mod check;
pub mod checks;
pub mod ending;
pub mod evidence;
pub mod filtered;
pub mod merge;
pub mod pending;
pub mod question;
pub mod remark;
mod statistics;
mod title;
