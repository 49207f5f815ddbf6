//! The link between agents on loopback: it comes up, carries frames, ends, and comes back.

mod guests;
mod hostile;
mod raw;

use ed25519_dalek::SigningKey;
use smol::Timer;
use smol::channel::Receiver;
use smol::future::or;
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};
use wattle::limits::{FRAME_GOSSIP_MAX, FRAME_TASK_MAX, JSON_LINE_MAX, LINK_QUEUE_BYTES_MAX};
use wattle::net::link::{Channel, LinkEvent, Links, SendError, Settings};
use wattle::wire::envelope::Encoding;
use wattle::wire::identify::AGENT;
use wattle::wire::noise::Extensions;
use wattle::wire::peer_id::PeerId;

pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

pub(crate) fn name(seed: u8) -> PeerId {
    PeerId::from_public_key(key(seed).verifying_key().as_bytes())
}

/// Short times, so that no test waits for ten seconds.
fn quick() -> Settings {
    Settings { handshake: Duration::from_secs(2), ping: Duration::from_millis(400), handshakes_per_second: 1000 }
}

/// The links of one agent, and their events.
pub(crate) struct End {
    pub(crate) links: Links,
    pub(crate) events: Receiver<LinkEvent>,
    pub(crate) address: SocketAddr,
    pub(crate) name: PeerId,
}

impl End {
    pub(crate) fn new(seed: u8, friends: &[u8]) -> Self {
        // Long times: the machine may be busy, and these tests are not about time limits.
        let patient = Settings { handshake: Duration::from_secs(15), ping: Duration::from_secs(5), ..quick() };
        Self::with(seed, friends, 256, patient)
    }

    fn with(seed: u8, friends: &[u8], room: usize, settings: Settings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, events) = smol::channel::bounded(room);
        let friends: Vec<PeerId> = friends.iter().map(|seed| name(*seed)).collect();
        let links = Links::open_with(listener, key(seed), &friends, tell, settings).unwrap();
        Self { links, events, address, name: name(seed) }
    }

    pub(crate) async fn next(&self) -> LinkEvent {
        loop {
            match soon(async { self.events.recv().await.unwrap() }).await {
                LinkEvent::Started { .. } => {}
                event => return event,
            }
        }
    }

    pub(crate) async fn up(&self) -> PeerId {
        match self.next().await {
            LinkEvent::Up { peer, .. } => peer,
            other => panic!("{other:?}"),
        }
    }

    async fn down(&self) -> String {
        match self.next().await {
            LinkEvent::Down { why, .. } => why,
            other => panic!("{other:?}"),
        }
    }

    async fn failed(&self) -> String {
        match self.next().await {
            LinkEvent::DialFailed { why, .. } => why,
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    or(future, async {
        Timer::after(Duration::from_secs(60)).await;
        panic!("nothing happened for 60 seconds")
    })
    .await
}

pub(crate) async fn until(what: &str, mut held: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !held() {
        assert!(begun.elapsed() < Duration::from_secs(60), "never came: {what}");
        Timer::after(Duration::from_millis(10)).await;
    }
}

async fn linked() -> (End, End) {
    let (a, b) = (End::new(1, &[2]), End::new(2, &[1]));
    a.links.dial(b.name, b.address);
    assert_eq!((a.up().await, b.up().await), (b.name, a.name));
    (a, b)
}

#[test]
fn two_agents_link_identify_and_ping_each_other() {
    smol::block_on(async {
        let (a, b) = linked().await;
        for (one, other) in [(&a, &b), (&b, &a)] {
            until("identify", || one.links.known().iter().any(|known| known.agent == AGENT)).await;
            let known = one.links.known().remove(0);
            assert_eq!(known.peer, other.name);
            assert!(known.protocols.iter().any(|protocol| protocol == "/wattle/task/1"), "{known:?}");
            assert!(one.links.ping(&other.name).await.unwrap() < Duration::from_secs(1));
        }
        assert!(a.links.known()[0].dialled && !b.links.known()[0].dialled);
    });
}

#[test]
fn frames_pass_both_ways_in_order_even_the_largest() {
    smol::block_on(async {
        let (a, b) = linked().await;
        let sent: Vec<Vec<u8>> = (1..=40).map(|number| vec![number as u8; number * 1500]).collect();
        for (one, other) in [(&a, &b), (&b, &a)] {
            for bytes in &sent {
                one.links.send(&other.name, Channel::Gossip, bytes.clone()).unwrap();
            }
            one.links.send(&other.name, Channel::Task, vec![7; FRAME_TASK_MAX]).unwrap();
        }
        for (one, other) in [(&a, &b), (&b, &a)] {
            let (mut gossip, mut task) = (Vec::new(), Vec::new());
            while gossip.len() < sent.len() || task.is_empty() {
                let LinkEvent::Frame { peer, channel, bytes } = one.next().await else { panic!("no frame") };
                assert_eq!(peer, other.name);
                if channel == Channel::Gossip { gossip.push(bytes.to_vec()) } else { task.push(bytes.to_vec()) }
            }
            assert!(gossip == sent && task == [vec![7; FRAME_TASK_MAX]]);
        }
    });
}

#[test]
fn lines_of_json_pass_both_ways_in_order_even_the_largest() {
    smol::block_on(async {
        let (a, b) = linked().await;
        let mut sent: Vec<Vec<u8>> = (1..=40).map(|number| vec![b'a' + number as u8 % 26; number * 300]).collect();
        sent.push(vec![b'z'; JSON_LINE_MAX - 1]);
        sent.push(b"the last".to_vec());
        for (one, other) in [(&a, &b), (&b, &a)] {
            for bytes in &sent {
                one.links.send(&other.name, Channel::Json, bytes.clone()).unwrap();
            }
            assert_eq!(one.links.send(&other.name, Channel::Json, vec![b'a'; JSON_LINE_MAX]), Err(SendError::TooLarge));
        }
        for (one, other) in [(&a, &b), (&b, &a)] {
            for bytes in &sent {
                let LinkEvent::Frame { peer, channel, bytes: line } = one.next().await else { panic!("no frame") };
                assert!((peer, channel) == (other.name, Channel::Json) && line == *bytes);
            }
        }
    });
}

#[test]
fn a_peer_is_answered_in_the_encoding_of_its_last_message() {
    smol::block_on(async {
        let (a, b) = linked().await;
        assert_eq!(a.links.encoding(&b.name), Encoding::Postcard, "the encoding between agents of ours");
        for (channel, encoding) in [(Channel::Json, Encoding::Json), (Channel::Gossip, Encoding::Postcard)] {
            b.links.send(&a.name, channel, vec![b'x']).unwrap();
            assert!(matches!(a.next().await, LinkEvent::Frame { .. }));
            assert_eq!((a.links.encoding(&b.name), b.links.encoding(&a.name)), (encoding, Encoding::Postcard));
        }
        b.links.send(&a.name, Channel::Json, vec![b'x']).unwrap();
        assert!(matches!(a.next().await, LinkEvent::Frame { .. }));
        a.links.hang_up(&b.name, "enough");
        assert_eq!(a.down().await, "enough");
        b.down().await;
        a.links.dial(b.name, b.address);
        assert_eq!((a.up().await, b.up().await), (b.name, a.name));
        assert_eq!(a.links.encoding(&b.name), Encoding::Postcard, "a new link starts with the default");
    });
}

#[test]
fn a_frame_that_cannot_be_sent_is_refused_at_once() {
    smol::block_on(async {
        let (a, b) = linked().await;
        let send = |channel, length| a.links.send(&b.name, channel, vec![0; length]);
        assert_eq!(send(Channel::Gossip, FRAME_GOSSIP_MAX + 1), Err(SendError::TooLarge));
        assert_eq!(send(Channel::Task, FRAME_TASK_MAX + 1), Err(SendError::TooLarge));
        assert_eq!(send(Channel::Task, 0), Err(SendError::TooLarge));
        assert_eq!(a.links.send(&name(9), Channel::Task, vec![0]), Err(SendError::NoLink));
    });
}

#[test]
fn a_slow_receiver_makes_the_sender_wait_and_loses_nothing() {
    smol::block_on(async {
        let a = End::new(1, &[2]);
        let b = End::with(2, &[1], 2, quick());
        a.links.dial(b.name, b.address);
        a.up().await;
        b.up().await;
        let mut sent = 0_u32;
        let begun = Instant::now();
        // Nothing reads the events of b: its channel, the windows and the queue fill up.
        let full = loop {
            let mut bytes = vec![0; 100_000];
            bytes[..4].copy_from_slice(&sent.to_be_bytes());
            match a.links.send(&b.name, Channel::Task, bytes) {
                Ok(()) => (sent, _) = (sent + 1, Timer::after(Duration::from_millis(5)).await),
                Err(error) => break error,
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "{sent} frames were queued without an end");
        };
        assert_eq!(full, SendError::Full);
        assert!(sent as usize * 100_000 < 2 * LINK_QUEUE_BYTES_MAX, "{sent} frames are held");
        // The link is up: pings pass.
        a.links.ping(&b.name).await.unwrap();
        for number in 0..sent {
            let LinkEvent::Frame { bytes, .. } = b.next().await else { panic!("no frame") };
            assert_eq!(bytes[..4], number.to_be_bytes());
        }
        a.links.send(&b.name, Channel::Task, vec![1]).unwrap();
        assert!(matches!(b.next().await, LinkEvent::Frame { .. }));
    });
}

#[test]
fn the_end_of_an_agent_is_noticed_and_it_can_be_dialled_again() {
    smol::block_on(async {
        let (a, b) = linked().await;
        let address = b.address;
        b.links.close().await;
        assert!(!a.down().await.is_empty());
        assert_eq!(a.links.send(&name(2), Channel::Task, vec![0]), Err(SendError::NoLink));
        a.links.dial(name(2), address);
        assert!(a.failed().await.contains("refused"), "nothing listens there now");
        let b = End::new(2, &[1]);
        a.links.dial(b.name, b.address);
        assert_eq!((a.up().await, b.up().await), (b.name, a.name));
        a.links.hang_up(&b.name, "enough");
        assert_eq!(a.down().await, "enough");
        assert!(!b.down().await.is_empty());
    });
}

#[test]
fn a_link_whose_peer_falls_silent_ends_after_two_pings() {
    smol::block_on(async {
        let b = End::with(2, &[1], 64, quick());
        // It finishes the handshake, then neither reads nor writes.
        let _silent = raw::muxed(b.address, 1, b.name).await.unwrap();
        b.up().await;
        // Long before the link ends, it is told that nothing comes over it any more.
        until("the silence", || b.links.known().first().is_some_and(|known| known.silent.is_some())).await;
        assert_eq!(b.down().await, "it did not answer");
    });
}

#[test]
fn a_quiet_link_is_held_up_by_its_pings() {
    smol::block_on(async {
        let (a, b) = (End::with(1, &[2], 64, quick()), End::with(2, &[1], 64, quick()));
        a.links.dial(b.name, b.address);
        a.up().await;
        b.up().await;
        until("a ping of its own", || a.links.known().iter().any(|known| known.ping.is_some())).await;
        Timer::after(Duration::from_secs(2)).await;
        for end in [&a, &b] {
            while let Ok(event) = end.events.try_recv() {
                assert!(matches!(event, LinkEvent::Started { .. }), "no end: {event:?}");
            }
        }
    });
}

#[test]
fn two_agents_that_dial_each_other_at_once_end_with_one_link() {
    smol::block_on(async {
        for _ in 0..20 {
            let (a, b) = (End::new(1, &[2]), End::new(2, &[1]));
            a.links.dial(b.name, b.address);
            b.links.dial(a.name, a.address);
            let same_link = || {
                let (a, b) = (a.links.known(), b.links.known());
                a.len() == 1 && b.len() == 1 && a[0].dialled != b[0].dialled
            };
            // In the end both have one link, of the same connection, and it carries pings.
            until("one link", same_link).await;
            Timer::after(Duration::from_millis(100)).await;
            until("one link", same_link).await;
            a.links.ping(&b.name).await.unwrap();
            b.links.ping(&a.name).await.unwrap();
            for end in [&a, &b] {
                let mut up = 0;
                until("the last Up", || {
                    while let Ok(event) = end.events.try_recv() {
                        match event {
                            LinkEvent::Up { .. } => up += 1,
                            LinkEvent::Down { .. } => up -= 1,
                            LinkEvent::DialFailed { .. }
                            | LinkEvent::UnknownPeer { .. }
                            | LinkEvent::Started { .. } => {}
                            event => panic!("{event:?}"),
                        }
                        assert!(up == 0 || up == 1, "Up and Down alternate");
                    }
                    up == 1
                })
                .await;
            }
            a.links.close().await;
            b.links.close().await;
        }
    });
}

#[test]
fn every_dial_that_fails_is_reported_once_with_its_reason() {
    smol::block_on(async {
        let (a, b) = linked().await;
        a.links.dial(b.name, b.address);
        assert!(a.failed().await.contains("already"));
        a.links.dial(a.name, a.address);
        assert!(a.failed().await.contains("itself"));
        a.links.dial(name(7), b.address);
        assert!(a.failed().await.contains("not allowed"));
        assert!(a.links.add_peer(name(7)));
        a.links.dial(name(7), b.address);
        let why = a.failed().await;
        assert!(why.contains("another agent answered"), "the dialled PeerId must answer: {why}");
        a.links.remove_peer(&b.name, "removed");
        assert_eq!(a.down().await, "removed");
        b.down().await;
        b.links.dial(a.name, a.address);
        assert!(!b.failed().await.is_empty(), "no longer allowed over there");
        let LinkEvent::UnknownPeer { peer, .. } = a.next().await else { panic!("a refusal is reported") };
        assert_eq!(peer, b.name);
        // A listener that sends nothing.
        let mute = TcpListener::bind("127.0.0.1:0").unwrap();
        a.links.dial(name(7), mute.local_addr().unwrap());
        assert!(a.failed().await.contains("in time"));
    });
}

#[test]
fn a_late_handshake_of_an_earlier_start_that_nobody_answers_on_is_no_second_holder_of_the_key() {
    smol::block_on(async {
        let (hub, first) = (End::new(1, &[2]), End::new(2, &[1]));
        first.links.dial(hub.name, hub.address);
        assert_eq!((hub.up().await, first.up().await), (first.name, hub.name));
        let earlier = Extensions { start: Some(7), certificates: Vec::new(), guest: false };
        let silent = raw::muxed_with(hub.address, 2, hub.name, earlier).await.unwrap();
        // The hub ends that link. What it has to tell comes before this frame.
        silent.closed().await;
        first.links.send(&hub.name, Channel::Task, b"heard".to_vec()).unwrap();
        let heard = hub.next().await;
        assert!(matches!(&heard, LinkEvent::Frame { bytes, .. } if *bytes == b"heard"), "{heard:?}");
    });
}

#[test]
fn of_two_agents_with_one_key_the_linked_one_stays_and_the_other_can_be_told_so() {
    smol::block_on(async {
        let (hub, first, second) = (End::new(1, &[2]), End::new(2, &[1]), End::new(2, &[1]));
        first.links.dial(hub.name, hub.address);
        assert_eq!((hub.up().await, first.up().await), (first.name, hub.name));
        for _ in 0..2 {
            second.links.dial(hub.name, hub.address);
            second.up().await;
            let event = hub.next().await;
            let LinkEvent::Duplicate { peer, .. } = event else { panic!("{event:?}") };
            assert_eq!(peer, first.name);
            hub.links.send_to_duplicate(&peer, b"two of you".to_vec()).unwrap();
            let told = second.next().await;
            assert!(matches!(&told, LinkEvent::Frame { bytes, .. } if *bytes == b"two of you"), "{told:?}");
            // What the second one sends is not read, and its link is ended.
            let _ = second.links.send(&hub.name, Channel::Task, b"unheard".to_vec());
            second.down().await;
            assert_eq!(hub.links.known().len(), 1);
            first.links.ping(&hub.name).await.unwrap();
        }
        first.links.send(&hub.name, Channel::Task, b"heard".to_vec()).unwrap();
        let heard = hub.next().await;
        assert!(matches!(&heard, LinkEvent::Frame { bytes, .. } if *bytes == b"heard"), "{heard:?}");
        first.links.close().await;
        hub.down().await;
        second.links.dial(hub.name, hub.address);
        assert_eq!(hub.up().await, second.name, "alone, it is a restarted device");
    });
}
