//! The membership machine, fed with packets and member lists: nothing panics, tables are bounded, an unknown peer never
//! becomes a member, and nobody is down only because another member claims it.
//!
//! The input is a sequence of steps: a byte for the event, one for the pause before it, one for the sender, then its
//! bytes.

use wattle::base::id::PeerKey;
use wattle::base::rng::Rng;
use wattle::base::time::{Duration, Instant};
use wattle::limits::{MEMBER_BYTES_MAX, PEERS_MAX};
use wattle::mesh::swim::{Effect, Liveness, MemberState, Membership};

const OWN: PeerKey = PeerKey([1; 32]);

fn peer(number: u8) -> PeerKey {
    PeerKey([10 + number % 4; 32])
}

/// The packets of a machine that knows us, as seeds.
fn packets_of(key: PeerKey) -> Vec<Vec<u8>> {
    let mut machine = Membership::new(key, 3, Rng::new(9));
    let (mut packets, mut now) = (Vec::new(), Instant::ZERO);
    for other in [OWN, peer(1), peer(2)] {
        machine.add_peer(other);
    }
    for _ in 0..40 {
        machine.tick(now);
        machine.apply_member_list(
            now,
            OWN,
            &[MemberState { key: OWN, generation: 1, incarnation: 0, liveness: Liveness::Alive }],
        );
        packets.extend(machine.effects().into_iter().filter_map(|effect| match effect {
            Effect::Send { packet, .. } => Some(packet),
            _ => None,
        }));
        now = now + Duration::from_millis(500);
    }
    packets
}

fn member_state(byte: u8, numbers: &[u8]) -> MemberState {
    let number = |at: usize| numbers.get(at).copied().unwrap_or_default();
    let generation = match byte % 4 {
        0 => u32::MAX,
        1 => 0,
        _ => u32::from_le_bytes([number(0), number(1), 0, 0]),
    };
    let states = [Liveness::Alive, Liveness::Suspect, Liveness::Down, Liveness::Unknown];
    let key = match number(2) % 8 {
        0 => OWN,
        7 => PeerKey([number(3); 32]),
        other => peer(other),
    };
    MemberState {
        key,
        generation,
        incarnation: u16::from_le_bytes([number(4), number(5)]),
        liveness: states[usize::from(byte / 4) % 4],
    }
}

/// Asserts what the head of this file describes.
pub fn check(data: &[u8]) {
    let mut machine = Membership::new(OWN, 1, Rng::new(1));
    let members = 4;
    (0..members).for_each(|number| assert!(machine.add_peer(peer(number))));
    let (mut now, mut rest) = (Instant::ZERO, data);
    while let Some(([event, pause, sender], after)) = rest.split_first_chunk::<3>() {
        // Up to 51 s; 255 is a month, in which this machine was suspended.
        let pause =
            if *pause == 255 { Duration::from_secs(2_600_000) } else { Duration::from_millis(u64::from(*pause) * 200) };
        now = now + pause;
        let length = usize::from(after.first().copied().unwrap_or_default()) * 5;
        let (bytes, later) = after.split_at(length.min(after.len()));
        rest = later;
        let from = if *sender == 99 { PeerKey([99; 32]) } else { peer(*sender) };
        match event % 8 {
            0..=3 => {
                let bytes = bytes.get(1..).unwrap_or_default();
                let accepted = machine.packet(now, from, bytes);
                assert!(
                    !accepted || (*sender != 99 && bytes.len() <= MEMBER_BYTES_MAX),
                    "a packet of an unknown peer was accepted"
                );
            }
            4 => {
                let list: Vec<MemberState> = bytes.chunks(7).map(|part| member_state(part[0], &part[1..])).collect();
                machine.apply_member_list(now, from, &list);
            }
            5 => machine.record_contact(now, from),
            6 => machine.wake(now),
            _ => drop(machine.tick(now)),
        }
        let mut sent = 0;
        for effect in machine.effects() {
            match effect {
                Effect::Send { packet, to, .. } => {
                    assert!(packet.len() <= MEMBER_BYTES_MAX, "{} bytes to {to:?}", packet.len());
                    sent += 1;
                }
                Effect::Up(key, ..)
                | Effect::Restarted(key, _)
                | Effect::Down(key)
                | Effect::Stops(key)
                | Effect::FalseCount(key)
                | Effect::Quarantined(key) => {
                    assert!((0..members).any(|number| peer(number) == key), "{key:?} is no member");
                }
                Effect::FoundDown(packet) | Effect::Warn(_, packet) => assert!(packet.len() <= MEMBER_BYTES_MAX),
                Effect::Renewed(_) | Effect::Suspended(_) => {}
            }
        }
        assert!(sent <= 4 * PEERS_MAX, "{sent} packets for one input");
        assert!(machine.count() <= PEERS_MAX && machine.member_list(OWN).len() <= PEERS_MAX + 1);
        assert!((0..members).all(|number| !(machine.is_up(peer(number)) && machine.is_down(peer(number)))));
    }
}

/// Steps with genuine packets, with lists, with suspends, and with all of them.
pub fn seeds() -> Vec<Vec<u8>> {
    let step = |event: u8, pause: u8, sender: u8, bytes: &[u8]| {
        let mut step = vec![event, pause, sender];
        let length = (bytes.len() + 1).div_ceil(5);
        let mut body = vec![u8::try_from(length).unwrap_or(u8::MAX)];
        body.extend(bytes);
        body.resize(length * 5, 0);
        step.extend(body);
        step
    };
    let packets = packets_of(peer(0));
    let packet_steps: Vec<u8> = packets.iter().take(12).flat_map(|packet| step(0, 3, 0, packet)).collect();
    let down = [8, 1, 0, 2, 1, 0, 0];
    let list_steps: Vec<u8> =
        (0..6).flat_map(|sender| [step(4, 10, sender, &down.repeat(3)), step(7, 20, 0, &[])].concat()).collect();
    let suspends: Vec<u8> = [step(5, 1, 1, &[]), step(6, 255, 0, &[]), step(7, 30, 0, &[])].concat();
    vec![packet_steps.clone(), list_steps.clone(), suspends.clone(), [packet_steps, suspends, list_steps].concat()]
}
