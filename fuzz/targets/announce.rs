//! TXT records of multicast DNS: what is heard is bounded, and announced again it is heard as the same.

use wattle::limits::ADDRESSES_MAX;
use wattle::wire::mdns::{Service, decode, encode, read, strings};
use wattle::wire::peer_id::PeerId;

/// See the head of this file. The first byte picks the service.
pub fn check(data: &[u8]) {
    let Some((which, record)) = data.split_first() else { return };
    let service = Service::ALL[usize::from(which % 2)];
    let Some(heard) = decode(service, record) else { return };
    assert!(heard.places.len() <= ADDRESSES_MAX);
    assert_eq!(heard.places.is_empty(), service == Service::Wattle);
    for (at, place) in heard.places.iter().enumerate() {
        assert!(place.port() != 0 && !heard.places[..at].contains(place));
        // What can be announced by us comes back; addresses with a scope or of nobody are not announced.
        if let Some(ours) = strings(service, heard.peer, Some(*place)) {
            let again = decode(service, &encode(&ours)).unwrap();
            assert_eq!((again.peer, again.places.as_slice()), (heard.peer, &[*place][..]));
        }
    }
    // mdns-sd hands over strings that it took apart itself.
    let mut taken = Vec::new();
    let mut rest = record;
    while let Some((length, after)) = rest.split_first() {
        let (string, after) = after.split_at(usize::from(*length));
        taken.push(string);
        rest = after;
    }
    assert_eq!(read(service, taken.into_iter()), Some(heard));
}

/// Our own announcements, and js-libp2p's encoding of one.
pub fn seeds() -> Vec<Vec<u8>> {
    let peer = PeerId::from_public_key(ed25519_dalek::SigningKey::from_bytes(&[1; 32]).verifying_key().as_bytes());
    let ours = |service, at: &str| encode(&strings(service, peer, Some(at.parse().unwrap())).unwrap());
    let many = [
        format!("dnsaddr=/ip4/192.168.1.9/udp/4001/quic-v1/p2p/{peer}"),
        format!("DNSADDR=/ip4/192.168.1.9/tcp/4001/p2p/{peer}"),
        format!("dnsaddr=/ip6/fe80::9/tcp/4001/p2p/{peer}"),
        "agent-name=js".to_owned(),
    ];
    [
        (0, ours(Service::Wattle, "10.0.0.1:1")),
        (1, ours(Service::Libp2p, "192.168.1.7:7781")),
        (1, ours(Service::Libp2p, "[fd00::7]:7781")),
        (1, encode(&many)),
        (0, vec![255; 300]),
    ]
    .map(|(which, record)| [&[which][..], &record].concat())
    .to_vec()
}
