//! The TXT records of libp2p's service in a multicast DNS packet. mdns-sd tells only of services that have SRV and
//! address records; libp2p's specification asks for PTR and TXT alone, and that is what its implementations send.
//!
//! Source: RFC 1035 section 4 (header, names with pointers, records). Only what leads to those records is read, and
//! nothing is kept: each record's data is lent to the caller.

use crate::limits::{DNS_BYTES_MAX, DNS_RECORDS_MAX};
use heapless::Vec as Bounded;

const HEAD: usize = 12;
const TXT: u16 = 16;

/// Labels below the root: an instance of `_p2p._udp.local`, and one more to see that a name is longer.
const LABELS_MAX: usize = 5;

/// Pointers that one name may follow.
const JUMPS_MAX: usize = 8;

/// Lends the data of every TXT record of an instance of `_p2p._udp.local` to `each`. Whatever is malformed ends the
/// packet; what was read before it counts.
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

/// The labels of the name that begins at `at` (the first `LABELS_MAX`), and where what follows it begins.
fn name(packet: &[u8], mut at: usize) -> Option<(Bounded<&[u8], LABELS_MAX>, usize)> {
    let (mut labels, mut after, mut jumps) = (Bounded::new(), None, 0);
    loop {
        let length = usize::from(*packet.get(at)?);
        match length >> 6 {
            0 if length == 0 => return Some((labels, after.unwrap_or(at + 1))),
            0 => {
                // A longer name than is looked at: it is not one of ours.
                let _ = labels.push(packet.get(at + 1..at + 1 + length)?);
                at += 1 + length;
            }
            3 => {
                let target = usize::from(number(packet, at)? & 0x3fff);
                after = after.or(Some(at + 2));
                jumps += 1;
                // Only backwards, so that no name runs in a circle.
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

    /// As js-libp2p answers: PTR and TXT, names compressed.
    fn answer() -> Vec<u8> {
        let service = [label("_p2p"), label("_udp"), label("local"), vec![0]].concat();
        let instance = [label("abcdefghijklmnopqrstuvwxyz012345"), vec![0xc0, 12]].concat();
        let text = encode(&[format!("dnsaddr=/ip4/192.168.1.9/tcp/4001/p2p/{ID}")]);
        let mut packet = vec![0, 0, 0x84, 0, 0, 0, 0, 2, 0, 0, 0, 0];
        packet.extend(record(&service, 12, &instance));
        packet.extend(record(&instance, TXT, &text));
        packet
    }

    fn heard(packet: &[u8]) -> Vec<String> {
        let mut all = Vec::new();
        texts(packet, |data| {
            let heard = decode(Service::Libp2p, data);
            all.extend(heard.iter().flat_map(|heard| heard.places.iter().map(ToString::to_string)));
        });
        all
    }

    #[test]
    fn a_libp2p_answer_without_srv_and_addresses_is_read() {
        assert_eq!(heard(&answer()), ["192.168.1.9:4001"]);
    }

    #[test]
    fn questions_other_services_and_cut_packets_are_nothing() {
        let mut question = answer();
        question[2] = 0;
        assert!(heard(&question).is_empty());
        let other: Vec<u8> = answer().iter().map(|byte| if *byte == b'2' { b'3' } else { *byte }).collect();
        assert!(heard(&other).is_empty(), "_p3p is somebody else's");
        let packet = answer();
        for end in 0..packet.len() {
            assert!(heard(&packet[..end]).is_empty(), "{end}");
        }
        assert!(heard(&[answer(), vec![0; DNS_BYTES_MAX]].concat()).is_empty());
    }

    #[test]
    fn a_name_that_points_at_itself_or_onwards_ends_the_packet() {
        for pointer in [[0xc0, 12], [0xc0, 14], [0xff, 0xff], [0x80, 1]] {
            let mut packet = vec![0, 0, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0];
            packet.extend(record(&pointer, TXT, b"\x03a=b"));
            assert!(heard(&packet).is_empty());
        }
    }

    #[test]
    fn any_bytes_are_read_to_an_end() {
        let mut rng = Rng::new(6);
        let good = answer();
        for _ in 0..40_000 {
            let mut packet = good.clone();
            random_bytes::damage(&mut rng, &mut packet, 6);
            let _ = heard(&packet);
            let mut noise = random_bytes::bytes(&mut rng, 400);
            noise.iter_mut().skip(2).take(1).for_each(|flags| *flags |= 0x80);
            let _ = heard(&noise);
        }
    }
}
