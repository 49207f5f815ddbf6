//! `wattle work now` over a restart of the agent. Within one start of the system its end is kept by the clock that counts since then; over a restart of the
//! device it goes on only where the time of day is known before and after: on a board without a clock nobody knows how much of it is left.

use super::pause_request::BurstFrom;
use super::shared::Shared;
use crate::base::span::span;
use crate::base::time::Instant;
use crate::energy::coordinator::persisted::{LeftOfBurst, PersistedBurst};
use crate::energy::policy::wall::Wall;
use crate::platform::{blocking, clock};
use std::sync::Arc;

/// Keeps the order for the next start.
pub(super) async fn save(shared: Arc<Shared>) {
    if !matches!(blocking::run(move || shared.save(true)).await, Some(Ok(()))) {
        log::warn!("`wattle work now` holds until the agent's next start only: its home cannot be written.");
    }
}

/// Goes on with an order of before this start, or says that it has ended.
pub(super) fn restore(shared: &Shared, now: Instant, wall: Option<Wall>, kept: Option<&PersistedBurst>) {
    match kept.map(|kept| kept.left(now, clock::boot().as_deref(), wall)) {
        Some(LeftOfBurst::Time(left)) => {
            log::info!("`wattle work now`, from before this start, goes on for {}.", span(left.as_secs()));
            shared.begin_burst(now, left, BurstFrom::Asked);
        }
        Some(LeftOfBurst::Unknown) => log::warn!(
            "`wattle work now` ended with the restart of this device: nothing vouches for its clock, so nobody knows how much of the time was left. \
             Type it again to go on."
        ),
        Some(LeftOfBurst::Over) | None => {}
    }
}
