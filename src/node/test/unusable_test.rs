//! How many files a device cannot use: what its peers are told, and what is known of theirs.

use super::*;
use crate::limits::PEER_FILES_MAX;
use crate::scheduler::task::Summary;
use crate::wire::message::{Holdings, Message, Unusable};

const NAS: PeerKey = PeerKey([1; 32]);

fn address() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 1))
}

/// The counts that the peer is told.
fn told(out: &[Output]) -> Vec<u64> {
    let of = |out: &Output| match out {
        Output::Send(NAS, Message::Unusable(told)) => Some(told.files),
        _ => None,
    };
    out.iter().filter_map(of).collect()
}

fn counted(node: &mut Node, files: u64) -> Vec<u64> {
    let mut out = Out::new();
    node.tell_unusable(files, &mut out);
    told(&out.drain().collect::<Vec<_>>())
}

#[test]
fn a_peer_is_told_with_the_count_of_the_collections_at_each_change_and_on_a_new_link() {
    let mut node = node(u64::MAX);
    admit(&mut node, NAS, address());
    let out = handle(&mut node, at(1), Input::Link(NAS, LinkInput::Up(address())));
    assert!(told(&out).is_empty(), "nothing is counted yet: {out:?}");
    let count = |out: &Output| if let Output::Start(task, Task::Summarize) = out { Some(*task) } else { None };
    let task = out.iter().find_map(count).expect("it counts");
    let summary = Summary { unusable: 6, ..Summary::default() };
    let out = handle(&mut node, at(2), Input::Done(task, Outcome::Summarized(summary), Duration::ZERO));
    assert_eq!(told(&out), vec![6]);
    let none = Vec::<u64>::new();
    assert_eq!([counted(&mut node, 6), counted(&mut node, 7), counted(&mut node, 7)], [none.clone(), vec![7], none]);
    let again = |node: &mut Node, ms| {
        handle(node, at(ms), Input::Link(NAS, LinkInput::Down("gone".to_owned())));
        told(&handle(node, at(ms + 1), Input::Link(NAS, LinkInput::Up(address()))))
    };
    assert_eq!(again(&mut node, 10), vec![7], "what was said on an earlier link holds no more");
    assert_eq!(counted(&mut node, 0), vec![0], "it takes that back");
    assert!(again(&mut node, 20).is_empty(), "none is what who says nothing has");
}

#[test]
fn what_a_peer_says_is_in_the_status_until_its_link_ends_and_is_no_more_than_a_device_can_have() {
    let (mut node, _) = linked(&[1]);
    let from = |node: &mut Node, message| {
        handle(node, at(10), Input::Link(NAS, LinkInput::Received(Box::new(message))));
    };
    let known = |node: &Node| node.status(at(10)).peers[0].unusable;
    assert_eq!(known(&node), 0);
    for (files, is) in [(6, 6), (0, 0), (u64::MAX, PEER_FILES_MAX), (4, 4)] {
        from(&mut node, Message::Unusable(Unusable { files }));
        assert_eq!(known(&node), is);
    }
    from(&mut node, Message::Holdings(Holdings::default()));
    assert_eq!(known(&node), 4, "what it shares is another matter");
    handle(&mut node, at(11), Input::Link(NAS, LinkInput::Down("gone".to_owned())));
    assert_eq!(known(&node), 0);
}
