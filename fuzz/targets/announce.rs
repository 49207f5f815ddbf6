//! TXT records of multicast DNS: an announcement is bounded, and survives encoding and decoding.

use wattle::limits::ADDRESSES_MAX;
use wattle::wire::mdns::{Service, decode, encode, read, strings};
use wattle::wire::peer_id::PeerId;

/// Asserts what the head of this file describes. The first byte selects the service.
pub fn check(data: &[u8]) {
    let Some((which, record)) = data.split_first() else { return };
    let service = Service::ALL[usize::from(which % 2)];
    let Some(advert) = decode(service, record) else { return };
    assert!(advert.addresses.len() <= ADDRESSES_MAX);
    assert_eq!(advert.addresses.is_empty(), service == Service::Wattle);
    for (at, place) in advert.addresses.iter().enumerate() {
        assert!(place.port() != 0 && !advert.addresses[..at].contains(place));
        // Scoped and unspecified addresses are not announced.
        if let Some(ours) = strings(service, advert.peer, Some(*place)) {
            let again = decode(service, &encode(&ours)).unwrap();
            assert_eq!((again.peer, again.addresses.as_slice()), (advert.peer, &[*place][..]));
        }
    }
    // mdns-sd passes strings that it has separated itself.
    let mut separate = Vec::new();
    let mut rest = record;
    while let Some((length, after)) = rest.split_first() {
        let (string, after) = after.split_at(usize::from(*length));
        separate.push(string);
        rest = after;
    }
    assert_eq!(read(service, separate.into_iter()), Some(advert));
}

/// Our own announcements, and one of js-libp2p.
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
