//! The membership machine, fed with packets and lists of a member: time moves, nothing panics, tables are bounded,
//! who is no member stays none, and who says that another is down is not believed at once.
//!
//! The input is a life: a byte for what happens, a byte for how long after, a byte for who, then its bytes.

use wattle::base::id::PeerKey;
use wattle::base::rng::Rng;
use wattle::base::time::{Duration, Instant};
use wattle::limits::{MEMBER_BYTES_MAX, PEERS_MAX};
use wattle::mesh::swim::{Effect, Liveness, MemberState, Membership};

const OWN: PeerKey = PeerKey([1; 32]);

fn peer(number: u8) -> PeerKey {
    PeerKey([10 + number % 4; 32])
}

/// The packets of a machine that knows us, for seeds and to be said again.
fn packets_of(key: PeerKey) -> Vec<Vec<u8>> {
    let mut machine = Membership::new(key, 3, Rng::new(9));
    let (mut packets, mut now) = (Vec::new(), Instant::ZERO);
    for other in [OWN, peer(1), peer(2)] {
        machine.know(other);
    }
    for _ in 0..40 {
        machine.tick(now);
        machine.told(now, OWN, &[MemberState { key: OWN, generation: 1, incarnation: 0, standing: Liveness::Alive }]);
        packets.extend(machine.effects().into_iter().filter_map(|effect| match effect {
            Effect::Send { packet, .. } => Some(packet),
            _ => None,
        }));
        now = now + Duration::from_millis(500);
    }
    packets
}

fn told(byte: u8, numbers: &[u8]) -> MemberState {
    let number = |at: usize| numbers.get(at).copied().unwrap_or_default();
    let generation = match byte % 4 {
        0 => u32::MAX,
        1 => 0,
        _ => u32::from_le_bytes([number(0), number(1), 0, 0]),
    };
    let standing = [Liveness::Alive, Liveness::Suspect, Liveness::Down, Liveness::Unknown];
    let key = match number(2) % 8 {
        0 => OWN,
        7 => PeerKey([number(3); 32]),
        other => peer(other),
    };
    MemberState {
        key,
        generation,
        incarnation: u16::from_le_bytes([number(4), number(5)]),
        standing: standing[usize::from(byte / 4) % 4],
    }
}

/// See the head of this file.
pub fn check(data: &[u8]) {
    let mut machine = Membership::new(OWN, 1, Rng::new(1));
    let friends = 4;
    (0..friends).for_each(|number| assert!(machine.know(peer(number))));
    let (mut now, mut rest) = (Instant::ZERO, data);
    while let Some(([what, pause, who], after)) = rest.split_first_chunk::<3>() {
        // Up to a minute at a time, now and then a month: this machine slept.
        let pause =
            if *pause == 255 { Duration::from_secs(2_600_000) } else { Duration::from_millis(u64::from(*pause) * 200) };
        now = now + pause;
        let length = usize::from(after.first().copied().unwrap_or_default()) * 5;
        let (bytes, later) = after.split_at(length.min(after.len()));
        rest = later;
        let from = if *who == 99 { PeerKey([99; 32]) } else { peer(*who) };
        match what % 8 {
            0..=3 => {
                let bytes = bytes.get(1..).unwrap_or_default();
                let taken = machine.packet(now, from, bytes);
                assert!(!taken || (*who != 99 && bytes.len() <= MEMBER_BYTES_MAX), "a stranger was heard");
            }
            4 => {
                let list: Vec<MemberState> = bytes.chunks(7).map(|part| told(part[0], &part[1..])).collect();
                machine.told(now, from, &list);
            }
            5 => machine.heard(now, from),
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
                Effect::Up(key, ..) | Effect::Anew(key, _) | Effect::Down(key) | Effect::Liar(key) => {
                    assert!((0..friends).any(|number| peer(number) == key), "{key:?} is no member");
                }
                Effect::Found(packet) => assert!(packet.len() <= MEMBER_BYTES_MAX),
                Effect::Renewed(_) | Effect::Slept(_) => {}
            }
        }
        assert!(sent <= 4 * PEERS_MAX, "{sent} packets for one input");
        assert!(machine.count() <= PEERS_MAX && machine.roll(OWN).len() <= PEERS_MAX + 1);
        assert!((0..friends).all(|number| !(machine.is_up(peer(number)) && machine.is_down(peer(number)))));
    }
}

/// Lives of true packets, of lists, and of both.
pub fn seeds() -> Vec<Vec<u8>> {
    let step = |what: u8, pause: u8, who: u8, bytes: &[u8]| {
        let mut step = vec![what, pause, who];
        let length = (bytes.len() + 1).div_ceil(5);
        let mut body = vec![u8::try_from(length).unwrap_or(u8::MAX)];
        body.extend(bytes);
        body.resize(length * 5, 0);
        step.extend(body);
        step
    };
    let packets = packets_of(peer(0));
    let packet_life: Vec<u8> = packets.iter().take(12).flat_map(|packet| step(0, 3, 0, packet)).collect();
    let down = [8, 1, 0, 2, 1, 0, 0];
    let list_life: Vec<u8> =
        (0..6).flat_map(|who| [step(4, 10, who, &down.repeat(3)), step(7, 20, 0, &[])].concat()).collect();
    let naps: Vec<u8> = [step(5, 1, 1, &[]), step(6, 255, 0, &[]), step(7, 30, 0, &[])].concat();
    vec![packet_life.clone(), list_life.clone(), naps.clone(), [packet_life, naps, list_life].concat()]
}
