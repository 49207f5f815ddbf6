//! By which window a device came in: its certificate may be saved while the next one is open.

use super::*;
use crate::base::outbox::Outbox;
use crate::mesh::pairing::join::{Candidate, Effect as Step, Join, Settings};
use crate::node::input::GuestInput;
use crate::wire::envelope::Encoding;
use crate::wire::pairing::Way;

const GUEST: PeerKey = PeerKey([9; 32]);

fn open(node: &mut Node, ms: u64, code: &str) {
    let secrets = Secrets { code: Code::parse(code).unwrap(), link: LongSecret::new([7; 16]) };
    handle(node, at(ms), Input::Api(ReplyId(ms), Request::Pairing(Pairing::Open(Box::new(secrets)))));
}

/// A guest tries this code: what is to be signed for it; `None` if it is another one.
fn tries(node: &mut Node, code: &str) -> Option<Vec<Record>> {
    let address = core::net::SocketAddr::from(([192, 168, 1, 9], 7781));
    let guest = |what| Input::Guest(GUEST, address, what);
    let settings = Settings {
        own: GUEST,
        device: DeviceName::try_from("attic").unwrap(),
        secret: Code::parse(code).unwrap().secret(),
        way: Way::Code,
        mesh: None,
        is_member: false,
        admins: heapless::Vec::new(),
    };
    let (mut join, mut steps) = (Join::new(at(11), settings, false), Outbox::new());
    join.found(at(11), Candidate { address, peer: None }, &mut steps);
    join.linked(at(11), OWN, Encoding::Postcard, &mut steps);
    handle(node, at(11), guest(GuestInput::Began { dialled: false, encoding: Encoding::Postcard }));
    for ms in 12..20 {
        let sent = steps.drain().filter_map(|step| if let Step::Send(bytes) = step { Some(bytes) } else { None });
        let sent: Vec<Vec<u8>> = sent.collect();
        for bytes in sent {
            let mut out = handle(node, at(ms), guest(GuestInput::Received { bytes, random: Box::new([5; 64]) }));
            out.extend(handle(node, at(ms), Input::Wake));
            for out in out {
                match out {
                    Output::SignRecords(records) => return Some(records),
                    Output::SendToGuest(_, bytes) => join.received(at(ms), &bytes, &[6; 64], &mut steps),
                    _ => {}
                }
            }
        }
    }
    None
}

#[test]
fn a_device_whose_certificate_is_saved_while_the_next_window_is_open_is_told_with_the_number_of_its_own() {
    let mut node = admin();
    open(&mut node, 10, "12345678");
    let records = tries(&mut node, "12345678").expect("it has proven the code");
    open(&mut node, 30, "87654321");
    let out = handle(&mut node, at(31), Input::RecordsSigned(records));
    let save = out.iter().find_map(|out| if let Output::SaveRecords(save, _) = out { Some(*save) } else { None });
    handle(&mut node, at(32), Input::RecordsSaved(save.expect("it is signed"), Ok(())));
    let out = handle(&mut node, at(33), Input::Api(ReplyId(33), Request::Pairing(Pairing::Show)));
    let report = out
        .into_iter()
        .find_map(|out| if let Output::Reply(_, Response::Pairing(of)) = out { Some(of) } else { None })
        .expect("it is answered");
    assert_eq!(report.window.map(|window| window.number), Some(2));
    let told = report.closed.expect("a device has joined");
    assert_eq!(told.number, Some(1), "whoever waits at the first window reads who came in");
    assert!(told.joined.is_some_and(|joined| joined.words.is_some()), "with the words");
}

#[test]
fn whoever_shows_a_code_reads_that_a_device_had_another_one_and_how_many_tries_are_left() {
    let mut node = admin();
    open(&mut node, 10, "12345678");
    assert!(tries(&mut node, "87654321").is_none());
    let out = handle(&mut node, at(33), Input::Api(ReplyId(33), Request::Pairing(Pairing::Show)));
    let report = out
        .into_iter()
        .find_map(|out| if let Output::Reply(_, Response::Pairing(of)) = out { Some(of) } else { None })
        .expect("it is answered");
    assert_eq!(report.window.map(|window| window.tries_left), Some(4));
    assert_eq!(
        report.trouble.as_deref(),
        Some("A wrong code was entered on a device. This one is good for 4 more tries.")
    );
}
