//! What must hold at each step of a run, whatever goes wrong: nothing is lost, and no table grows beyond its cap. That a text has
//! one vector and that no private one leaves is asserted by the world with each save and each message (`sim::leaves`).

use crate::limits::{LEASE_CHUNKS_MAX, LEASES_EACH_MAX, LENDING_MAX, SAVES_MAX, UNCHECKED_MAX};
use crate::sim::world::World;
use crate::store::audit::audit;
use crate::store::counts::Kind;

/// Checks the caps of a device's lending.
///
/// # Panics
/// If one is exceeded.
pub(super) fn check_caps(world: &World, at: usize) {
    let Some(agent) = &world.devices[at].agent else { return };
    let (mut devices, each) = (0, LEASES_EACH_MAX * LEASE_CHUNKS_MAX);
    for lent in agent.node.lent(world.clock(at)) {
        devices += 1;
        assert!(lent.chunks <= each, "device {at} lends {} chunks to one: {lent:?}", lent.chunks);
        assert!(lent.unchecked <= UNCHECKED_MAX, "device {at} keeps {} results unchecked", lent.unchecked);
    }
    assert!(devices <= LENDING_MAX, "device {at} knows {devices} that it lends to");
}

/// Checks that a device has lost nothing, and that nothing is stored that cannot be: the store's own audit is clean at any time, and
/// as many documents are known as before, all of which are in one state. Gives how many are known.
///
/// # Panics
/// If something is lost.
pub(super) fn check_nothing_lost(world: &World, at: usize, before: u64) -> u64 {
    let device = &world.devices[at];
    let found = audit(&device.disk).unwrap_or_else(|error| panic!("the store of device {at} cannot be read: {error}"));
    assert!(found.clean(), "the audit of device {at} found faults: {:?}", found.faults);
    let Some(agent) = &device.agent else { return before };
    let status = agent.node.status(world.clock(at));
    let kinds = [Kind::Waiting, Kind::Chunked, Kind::Ready, Kind::Refused, Kind::Tombstoned];
    let known: u64 = kinds.iter().map(|kind| status.counts.count(*kind)).sum();
    assert!(known >= before, "device {at} knew {before} documents and knows {known}");
    assert!(status.work.running <= SAVES_MAX + 2, "device {at} has {} tasks and saves under way", status.work.running);
    let borrowed = status.work.shared.borrowed;
    let most = (LEASES_EACH_MAX * LEASE_CHUNKS_MAX) as u64;
    assert!(borrowed <= most, "device {at} borrows {borrowed} chunks");
    known
}
