//! Finds the TXT records of libp2p's service in a multicast DNS packet.
//!
//! mdns-sd only reports services that have SRV and address records, while libp2p's specification requires PTR and TXT
//! alone, and that is what its implementations send. Source: RFC 1035 section 4 (header, names with pointers, records),
//! RFC
//! 6762. Only what leads to those records is parsed, and nothing is copied: each record's data is lent to the caller.

use crate::limits::{DNS_BYTES_MAX, DNS_RECORDS_MAX};
use heapless::Vec as Bounded;

const HEAD: usize = 12;
const TXT: u16 = 16;

/// Labels that are compared: those of an instance of `_p2p._udp.local`, and one more to notice a longer name.
const LABELS_MAX: usize = 5;

/// Compression pointers that one name may have.
const JUMPS_MAX: usize = 8;

/// Calls `each` with the data of every TXT record of an instance of `_p2p._udp.local`. Parsing ends at the first fault;
/// the records before it count.
pub fn texts(packet: &[u8], mut each: impl FnMut(&[u8])) {
    let _ = read(packet, &mut each);
}

fn read(packet: &[u8], each: &mut impl FnMut(&[u8])) -> Option<()> {
    let answer = *packet.get(2).filter(|_| packet.len() <= DNS_BYTES_MAX)? & 0x80 != 0;
    if !answer {
        return None;
    }
    let count = |at: usize| number(packet, at).map(usize::from);
    let (questions, records) = (count(4)?, count(6)? + count(8)? + count(10)?);
    let mut at = HEAD;
    for _ in 0..questions.min(DNS_RECORDS_MAX) {
        at = name(packet, at)?.1 + 4;
    }
    for _ in 0..records.min(DNS_RECORDS_MAX) {
        let (labels, fixed) = name(packet, at)?;
        let (kind, length) = (number(packet, fixed)?, usize::from(number(packet, fixed + 8)?));
        let data = packet.get(fixed + 10..fixed + 10 + length)?;
        if kind == TXT && is_instance(&labels) {
            each(data);
        }
        at = fixed + 10 + length;
    }
    Some(())
}

fn is_instance(labels: &[&[u8]]) -> bool {
    match labels {
        [_, service, protocol, top] => {
            service.eq_ignore_ascii_case(b"_p2p")
                && protocol.eq_ignore_ascii_case(b"_udp")
                && top.eq_ignore_ascii_case(b"local")
        }
        _ => false,
    }
}

fn number(packet: &[u8], at: usize) -> Option<u16> {
    packet.get(at..at + 2)?.first_chunk().map(|bytes| u16::from_be_bytes(*bytes))
}

/// The first `LABELS_MAX` labels of the name at `at`, and the offset after the name.
fn name(packet: &[u8], mut at: usize) -> Option<(Bounded<&[u8], LABELS_MAX>, usize)> {
    let (mut labels, mut after, mut jumps) = (Bounded::new(), None, 0);
    loop {
        let length = usize::from(*packet.get(at)?);
        match length >> 6 {
            0 if length == 0 => return Some((labels, after.unwrap_or(at + 1))),
            0 => {
                // A name with more labels than fit is not the service's.
                let _ = labels.push(packet.get(at + 1..at + 1 + length)?);
                at += 1 + length;
            }
            3 => {
                let target = usize::from(number(packet, at)? & 0x3fff);
                after = after.or(Some(at + 2));
                jumps += 1;
                // Only backwards, so that no name is a loop.
                if target >= at || jumps > JUMPS_MAX {
                    return None;
                }
                at = target;
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use crate::wire::mdns::{Service, decode, encode};
    use crate::wire::random_bytes;

    const ID: &str = "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA";

    fn label(text: &str) -> Vec<u8> {
        [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat()
    }

    fn record(name: &[u8], kind: u16, data: &[u8]) -> Vec<u8> {
        let (kind, length) = (kind.to_be_bytes(), u16::try_from(data.len()).unwrap().to_be_bytes());
        [name, &kind[..], &[0, 1, 0, 0, 0, 120][..], &length[..], data].concat()
    }

    /// A response as js-libp2p sends it: PTR and TXT, names compressed.
    fn answer() -> Vec<u8> {
        let service = [label("_p2p"), label("_udp"), label("local"), vec![0]].concat();
        let instance = [label("abcdefghijklmnopqrstuvwxyz012345"), vec![0xc0, 12]].concat();
        let text = encode(&[format!("dnsaddr=/ip4/192.168.1.9/tcp/4001/p2p/{ID}")]);
        let mut packet = vec![0, 0, 0x84, 0, 0, 0, 0, 2, 0, 0, 0, 0];
        packet.extend(record(&service, 12, &instance));
        packet.extend(record(&instance, TXT, &text));
        packet
    }

    fn addresses(packet: &[u8]) -> Vec<String> {
        let mut all = Vec::new();
        texts(packet, |data| {
            let advert = decode(Service::Libp2p, data);
            all.extend(advert.iter().flat_map(|advert| advert.addresses.iter().map(ToString::to_string)));
        });
        all
    }

    #[test]
    fn a_libp2p_response_without_srv_and_address_records_is_read() {
        assert_eq!(addresses(&answer()), ["192.168.1.9:4001"]);
    }

    #[test]
    fn queries_other_services_and_truncated_packets_yield_nothing() {
        let mut question = answer();
        question[2] = 0;
        assert!(addresses(&question).is_empty());
        let other: Vec<u8> = answer().iter().map(|byte| if *byte == b'2' { b'3' } else { *byte }).collect();
        assert!(addresses(&other).is_empty(), "_p3p is another service");
        let packet = answer();
        for end in 0..packet.len() {
            assert!(addresses(&packet[..end]).is_empty(), "{end}");
        }
        assert!(addresses(&[answer(), vec![0; DNS_BYTES_MAX]].concat()).is_empty());
    }

    #[test]
    fn a_name_that_points_at_itself_or_forwards_ends_the_parsing() {
        for pointer in [[0xc0, 12], [0xc0, 14], [0xff, 0xff], [0x80, 1]] {
            let mut packet = vec![0, 0, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0];
            packet.extend(record(&pointer, TXT, b"\x03a=b"));
            assert!(addresses(&packet).is_empty());
        }
    }

    #[test]
    fn damaged_packets_never_panic() {
        let mut rng = Rng::new(6);
        let good = answer();
        for _ in 0..40_000 {
            let mut packet = good.clone();
            random_bytes::damage(&mut rng, &mut packet, 6);
            let _ = addresses(&packet);
            let mut garbage = random_bytes::bytes(&mut rng, 400);
            garbage.iter_mut().skip(2).take(1).for_each(|flags| *flags |= 0x80);
            let _ = addresses(&garbage);
        }
    }
}
