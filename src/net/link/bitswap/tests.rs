//! Two agents on loopback: one serves blocks, the other asks for them on streams of its own making.

use super::*;
use crate::limits::{BITSWAP_BLOCK_MAX, GUEST_STREAMS_MAX, GUESTS_ADDRESS_MAX};
use crate::net::blocks::Blocks;
use crate::net::link::stream::choose;
use crate::net::link::yamux_driver::YamuxDriver;
use crate::net::link::{LinkEvent, Links, Settings, connection, handshake, ping};
use crate::wire::bitswap::{Block, Entry, Presence, WantType};
use crate::wire::cid::Cid;
use crate::wire::frame;
use crate::wire::identify::{IDENTIFY, Identify};
use crate::wire::peer_id::PeerId;
use ed25519_dalek::SigningKey;
use smol::Timer;
use smol::future::or;
use smol::io::AsyncReadExt;
use std::net::{SocketAddr, TcpListener};

const CLIENT: [u8; 32] = [2; 32];

/// The links of one agent; the events are only kept.
struct End {
    links: Links,
    address: SocketAddr,
    _events: Receiver<LinkEvent>,
}

impl End {
    fn new(seed: [u8; 32], allowed: &[PeerId]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, events) = smol::channel::bounded(256);
        let seconds = Duration::from_secs;
        let settings = Settings { handshake: seconds(15), ping: seconds(5), handshakes_per_second: 1000 };
        let links = Links::open_with(listener, SigningKey::from_bytes(&seed), allowed, tell, settings).unwrap();
        Self { links, address, _events: events }
    }

    /// An agent that serves these blocks, and knows nobody.
    fn serving(stored: &[Vec<u8>]) -> Self {
        let (server, stored) = (Self::new([1; 32], &[]), stored.to_vec());
        server.links.serve_blocks(Blocks::new(move |cid| stored.iter().find(|block| cid.verifies(block)).cloned()));
        server
    }
}

/// A peer that asks.
struct Client {
    streams: Streams,
    messages: Receiver<Vec<u8>>,
    /// The connection lasts as long as these.
    _kept: (End, Sender<String>),
}

impl Client {
    async fn guest(server: &End) -> Self {
        let own = End::new(CLIENT, &[]);
        let tcp = connection::tcp(server.address).await.unwrap();
        let dialled = handshake::dial_as_guest(&own.links.shared, tcp, Some(server.links.own())).await;
        Self::drive(own, dialled.unwrap())
    }

    async fn member(server: &End) -> Self {
        let own = End::new(CLIENT, &[]);
        assert!(server.links.add_peer(own.links.own()));
        let tcp = connection::tcp(server.address).await.unwrap();
        let dialled = handshake::dial(&own.links.shared, tcp, server.links.own()).await;
        Self::drive(own, dialled.unwrap())
    }

    fn drive(own: End, handshaken: handshake::Handshaken) -> Self {
        let (mut driver, streams, stop) = YamuxDriver::new(handshaken.mux);
        let (tell, messages) = smol::channel::bounded(64);
        let stopping = own.links.shared.stopping.clone();
        smol::spawn(async move {
            let receive = |stream: yamux::Stream| smol::spawn(read(stream.into(), tell.clone())).detach();
            let _ = driver.drive(&stopping, receive).await;
        })
        .detach();
        Self { streams, messages, _kept: (own, stop) }
    }

    async fn ask(&self, message: &Message<'_>) {
        let mut stream = self.streams.open(BITSWAP).await.unwrap();
        let mut wire = Vec::new();
        frame::put(&mut wire, &message.encode());
        stream.write_all(&wire).await.unwrap();
        finish(stream).await;
    }

    async fn answer(&self) -> Vec<u8> {
        soon(self.messages.recv()).await.unwrap()
    }

    async fn protocols(&self) -> Vec<String> {
        let (mut stream, mut bytes) = (self.streams.open(IDENTIFY).await.unwrap(), Vec::new());
        soon(stream.read_to_end(&mut bytes)).await.unwrap();
        Identify::decode(&bytes).unwrap().protocols
    }
}

/// Passes on what arrives on a stream of the server; other protocols than bitswap are refused.
async fn read(mut stream: Stream, tell: Sender<Vec<u8>>) {
    if choose(&mut stream, &[BITSWAP]).await.is_err() {
        return;
    }
    let mut decoder = Decoder::new(BITSWAP_MESSAGE_MAX);
    while let Ok(input @ [_, ..]) = stream.fill_buf().await {
        let (used, message) = decoder.feed(input).unwrap();
        stream.consume(used);
        if let Some(message) = message {
            tell.send(message).await.unwrap();
        }
    }
    finish(stream).await;
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    or(future, async {
        Timer::after(Duration::from_secs(60)).await;
        panic!("nothing happened for 60 seconds")
    })
    .await
}

async fn gets_blocks_and_is_told_what_is_not_there(client: &Client, stored: &[Vec<u8>]) {
    assert!(client.protocols().await.iter().any(|protocol| protocol == BITSWAP));
    let [one, two] = [&stored[0], &stored[1]].map(|block| Cid::of_raw(block).to_bytes());
    let unknown = Cid::of_raw(b"unknown").to_bytes();
    let wants = vec![
        Entry { cid: &one, ..Entry::default() },
        Entry { cid: &two, want: WantType::Have, ..Entry::default() },
        Entry { cid: &unknown, send_dont_have: true, ..Entry::default() },
    ];
    client.ask(&Message { wants, full: true, ..Message::default() }).await;
    let expected = Message {
        blocks: vec![Block { prefix: &one[..4], data: &stored[0] }],
        presences: vec![Presence { cid: &two, has: true }, Presence { cid: &unknown, has: false }],
        ..Message::default()
    };
    assert_eq!(Message::decode(&client.answer().await), Ok(expected));
    // On a new stream, as helia does it, after the first exchange has ended.
    client.ask(&Message { wants: vec![Entry { cid: &two, ..Entry::default() }], ..Message::default() }).await;
    let expected = Message { blocks: vec![Block { prefix: &two[..4], data: &stored[1] }], ..Message::default() };
    assert_eq!(Message::decode(&client.answer().await), Ok(expected));
}

fn two_blocks() -> [Vec<u8>; 2] {
    [b"a public document".to_vec(), vec![7; 300_000]]
}

#[test]
fn a_guest_fetches_blocks_and_is_told_what_is_not_there() {
    smol::block_on(async {
        let server = End::serving(&two_blocks());
        let client = Client::guest(&server).await;
        gets_blocks_and_is_told_what_is_not_there(&client, &two_blocks()).await;
    });
}

#[test]
fn a_peer_with_a_link_fetches_blocks_too() {
    smol::block_on(async {
        let server = End::serving(&two_blocks());
        let client = Client::member(&server).await;
        gets_blocks_and_is_told_what_is_not_there(&client, &two_blocks()).await;
    });
}

#[test]
fn nobody_is_served_unless_the_owner_has_switched_it_on() {
    smol::block_on(async {
        let server = End::new([1; 32], &[]);
        for client in [Client::guest(&server).await, Client::member(&server).await] {
            assert!(client.protocols().await.iter().all(|protocol| protocol != BITSWAP));
            let refused = client.streams.open(BITSWAP).await.err().unwrap();
            assert!(refused.contains("does not support"), "{refused}");
        }
    });
}

#[test]
fn a_document_of_many_blocks_and_the_largest_block_come_whole() {
    smol::block_on(async {
        let mut stored: Vec<Vec<u8>> = (0..20).map(|n| vec![n; 65_536]).collect();
        stored.push(vec![99; BITSWAP_BLOCK_MAX]);
        let server = End::serving(&stored);
        let client = Client::guest(&server).await;
        let cids: Vec<_> = stored.iter().map(|block| Cid::of_raw(block).to_bytes()).collect();
        let wants = cids.iter().map(|cid| Entry { cid, ..Entry::default() }).collect();
        client.ask(&Message { wants, ..Message::default() }).await;
        let (mut received, mut messages) = (Vec::new(), 0);
        while received.len() < stored.len() {
            let bytes = client.answer().await;
            received.extend(Message::decode(&bytes).unwrap().blocks.iter().map(|block| block.data.to_vec()));
            messages += 1;
        }
        assert!(received == stored && messages > 2, "in the order of the wants, in {messages} messages");
    });
}

#[test]
fn a_guest_that_fetches_keeps_no_place_from_a_device_that_comes() {
    smol::block_on(async {
        let server = End::serving(&two_blocks());
        let mut clients = Vec::new();
        for _ in 0..GUESTS_ADDRESS_MAX {
            let client = Client::guest(&server).await;
            gets_blocks_and_is_told_what_is_not_there(&client, &two_blocks()).await;
            clients.push(client);
        }
        let next = Client::guest(&server).await;
        gets_blocks_and_is_told_what_is_not_there(&next, &two_blocks()).await;
        let (last, first) = clients.split_last().unwrap();
        let gone = async {
            while last.streams.open(BITSWAP).await.is_ok() {
                Timer::after(Duration::from_millis(10)).await;
            }
        };
        soon(gone).await;
        for client in first {
            assert!(client.streams.open(BITSWAP).await.is_ok(), "who came first gets to the end");
        }
    });
}

#[test]
fn a_peer_that_sends_more_than_one_message_at_once_loses_a_stream_and_is_served_on() {
    smol::block_on(async {
        let server = End::serving(&two_blocks());
        let client = Client::guest(&server).await;
        let mut half = Vec::new();
        varint::put(&mut half, BITSWAP_MESSAGE_MAX as u64);
        half.resize(BITSWAP_MESSAGE_MAX / 4 * 3, 0);
        let mut first = client.streams.open(BITSWAP).await.unwrap();
        soon(first.write_all(&half)).await.unwrap();
        soon(first.flush()).await.unwrap();
        let mut second = client.streams.open(BITSWAP).await.unwrap();
        // It may be told while it writes, or when it reads.
        let written = soon(async {
            second.write_all(&half).await?;
            second.flush().await
        })
        .await;
        assert!(written.is_err() || !matches!(soon(second.read(&mut [0])).await, Ok(1)));
        let cid = Cid::of_raw(&two_blocks()[0]).to_bytes();
        client.ask(&Message { wants: vec![Entry { cid: &cid, ..Entry::default() }], ..Message::default() }).await;
        assert_eq!(Message::decode(&client.answer().await).unwrap().blocks.len(), 1);
    });
}

#[test]
fn a_message_of_the_largest_size_is_taken_with_its_length_before_it() {
    smol::block_on(async {
        let server = End::serving(&two_blocks());
        let client = Client::guest(&server).await;
        let cid = Cid::of_raw(&two_blocks()[0]).to_bytes();
        let filled = |bytes: usize| {
            let data = vec![0; bytes];
            let blocks = vec![Block { prefix: &cid[..4], data: &data }];
            let wants = vec![Entry { cid: &cid, ..Entry::default() }];
            Message { wants, blocks, ..Message::default() }.encode()
        };
        let about = BITSWAP_MESSAGE_MAX - 1000;
        let message = filled(about + BITSWAP_MESSAGE_MAX - filled(about).len());
        assert_eq!(message.len(), BITSWAP_MESSAGE_MAX);
        let mut stream = client.streams.open(BITSWAP).await.unwrap();
        let mut wire = Vec::new();
        frame::put(&mut wire, &message);
        soon(stream.write_all(&wire)).await.unwrap();
        finish(stream).await;
        assert_eq!(Message::decode(&client.answer().await).unwrap().blocks.len(), 1);
    });
}

#[test]
fn a_guest_has_two_streams_that_fetch_nothing_and_many_that_do() {
    smol::block_on(async {
        let server = End::serving(&two_blocks());
        let client = Client::guest(&server).await;
        let (mut open, mut back) = (Vec::new(), [0; 32]);
        for n in 0..4 {
            let mut stream = client.streams.open(ping::PROTOCOL).await.unwrap();
            // It may be told while it writes, or when it reads.
            let pinged = soon(async {
                stream.write_all(&[n; 32]).await?;
                stream.flush().await?;
                stream.read_exact(&mut back).await
            });
            assert_eq!(pinged.await.is_ok(), usize::from(n) < GUEST_STREAMS_MAX, "stream {n}");
            open.push(stream);
        }
        for _ in 0..GUEST_STREAMS_MAX {
            open.push(client.streams.open(BITSWAP).await.unwrap());
        }
        let cid = Cid::of_raw(&two_blocks()[0]).to_bytes();
        client.ask(&Message { wants: vec![Entry { cid: &cid, ..Entry::default() }], ..Message::default() }).await;
        assert_eq!(Message::decode(&client.answer().await).unwrap().blocks.len(), 1);
    });
}
