//! Changes of what a peer may do, at run time and with real sockets: two agents on loopback, each a driver over a node.
//! Only their tasks are simulated: nothing is indexed, and every query finds nothing.

use super::link::{key, name, until};
use smol::channel::{Receiver, Sender, bounded};
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;
use wattle::base::filter::Filter;
use wattle::base::id::{Fingerprint, PeerKey, TaskId};
use wattle::embed::Embedder;
use wattle::embed::stand_in::StandIn;
use wattle::mesh::trust::{self, Rights, Trust};
use wattle::net::address_book::AddressBook;
use wattle::net::diagnostics::{Diagnostics, NetworkReport};
use wattle::net::session::PeerSession;
use wattle::node::input::{Input, Request};
use wattle::node::output::Response;
use wattle::node::{Node, NodeConfig};
use wattle::platform::clock;
use wattle::platform::findings::Findings;
use wattle::platform::reach::Reach;
use wattle::platform::systemd::Watchdog;
use wattle::platform::watcher::FolderWatcher;
use wattle::runtime::driver::{Driver, Outputs};
use wattle::runtime::event::Inbox;
use wattle::runtime::event_log::EventLog;
use wattle::runtime::executor::Clamp;
use wattle::runtime::governor::GovernorHandle;
use wattle::runtime::handle::NodeHandle;
use wattle::runtime::lanes::Lanes;
use wattle::runtime::progress::Progress;
use wattle::runtime::seen::Seen;
use wattle::scheduler::task::{CollectionSummary, Outcome, Summary, Task};
use wattle::wire::peer_id::PeerId;

const MODEL: Fingerprint = Fingerprint([7; 32]);

/// A running agent.
struct Agent {
    name: PeerId,
    address: SocketAddr,
    network: Diagnostics,
    inputs: Sender<Input>,
    handle: NodeHandle,
    thread: std::thread::JoinHandle<()>,
    home: tempfile::TempDir,
}

/// The tasks that the node gives out.
struct Work {
    background: Receiver<(TaskId, Task)>,
    for_people: Receiver<(TaskId, Task)>,
}

fn public(peer: &PeerId) -> PeerKey {
    PeerKey(*peer.public_key())
}

impl Agent {
    /// An agent that admits these peers from its start, and has a hint of their addresses.
    fn start(seed: u8, others: &[(PeerId, SocketAddr)]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let (name, listener) = (name(seed), TcpListener::bind("127.0.0.1:0").unwrap());
        let (address, network) = (listener.local_addr().unwrap(), Diagnostics::default());
        let (handle, calls) = NodeHandle::new();
        let (inbox, senders) = Inbox::new(calls, Watchdog::default());
        let inputs = senders.inputs;
        let mut trust = Trust::new(public(&name));
        for (other, _) in others {
            trust.handle(trust::Input::Grant(public(other), Rights::ALL)).unwrap();
        }
        let session =
            PeerSession::open(1, &key(seed), listener, &trust, network.clone(), inputs.clone(), senders.links).unwrap();
        let config = NodeConfig {
            key_before: None,
            key: public(&name),
            boot: 1,
            seed: u64::from(seed),
            peer_id: name.to_string(),
            device: format!("device {seed}"),
            home: "/home".into(),
            model: "stand-in".to_owned(),
            fingerprint: MODEL,
            fluency: wattle::base::fluency::Fluency::default(),
            multilingual: None,
            scheduler: wattle::scheduler::Config { slots: 1, disk_free: u64::MAX, ..Default::default() },
        };
        let node = Node::new(clock::now(), config, trust);
        for (other, address) in others {
            // As if its owner had given it: nobody is dialled on this machine by hearsay.
            network.add_given_address(*other, *address);
            inputs.try_send(Input::PeerDiscovered(public(other), *address)).unwrap();
        }
        let (background, background_tasks) = bounded(8);
        let (searches, to_search) = bounded(64);
        let outputs = Outputs {
            lanes: Lanes {
                background,
                questions: searches.clone(),
                checks: searches.clone(),
                peer_searches: searches.clone(),
                searches,
                audits: bounded(1).0,
                index: std::sync::Arc::default(),
                people: Default::default(),
            },
            background: None,
            saves: bounded(8).0,
            watch: FolderWatcher::start(inputs.clone(), Findings::default(), home.path().to_owned(), Reach::default())
                .unwrap(),
            address_book: AddressBook::open(home.path(), &[]).0,
            seen: Seen::open(home.path()),
            clamp: Clamp::default(),
            home: home.path().to_owned(),
            inputs: inputs.clone(),
        };
        let driver = Driver::new(node, outputs, Progress::new(false), session, EventLog::new(), GovernorHandle::off());
        smol::spawn(answer_tasks(Work { background: background_tasks, for_people: to_search }, inputs.clone()))
            .detach();
        // On the heap: without optimisation each move of a future of this size takes its room on the stack again.
        let thread = std::thread::spawn(move || smol::block_on(Box::pin(driver.run(inbox))));
        Self { name, address, network, inputs, handle, thread, home }
    }

    async fn decide(&self, input: trust::Input) {
        self.inputs.send(Input::Trust(input)).await.unwrap();
    }

    async fn request(&self, request: Request) -> Response {
        self.handle.request(request).await
    }

    fn status(&self) -> wattle::node::status::Status {
        match smol::block_on(self.request(Request::Status)) {
            Response::Status(status) => *status,
            other => panic!("{other:?}"),
        }
    }

    /// Whether the other agent is a linked member that is up.
    fn has(&self, other: &PeerId) -> bool {
        let alive = wattle::mesh::swim::Liveness::Alive;
        let peers = self.status().peers;
        peers.iter().any(|peer| peer.key == public(other) && peer.linked && peer.liveness == alive)
    }

    fn knows(&self, other: &PeerId) -> bool {
        self.status().peers.iter().any(|peer| peer.key == public(other))
    }

    fn network_report(&self) -> NetworkReport {
        self.network.report(clock::now())
    }

    /// How many devices a query was sent to, and how many answered, this one included.
    async fn query(&self) -> (usize, usize) {
        match self.request(Request::Search { question: "violin".to_owned(), count: 3, filter: Filter::default() }).await
        {
            Response::Hits { asked, answered, .. } => (asked, answered),
            other => panic!("{other:?}"),
        }
    }

    fn stop(self) {
        smol::block_on(self.inputs.send(Input::Stop)).unwrap();
        self.thread.join().unwrap();
    }
}

/// Answers the node's tasks as if nothing were indexed.
async fn answer_tasks(work: Work, inputs: Sender<Input>) {
    let next = || smol::future::or(work.for_people.recv(), work.background.recv());
    while let Ok((id, task)) = next().await {
        let outcome = match task {
            Task::EmbedQuery { question } => Outcome::QueryEmbedding(StandIn::new(MODEL).embed(&question).unwrap()),
            Task::Retrieve(_) => Outcome::Found(Box::default(), Vec::new()),
            // Something that is not searched yet, so that it is asked.
            Task::Summarize => {
                let one = CollectionSummary { files: 1, ..CollectionSummary::default() };
                Outcome::Summarized(Summary { collections: vec![one], ..Summary::default() })
            }
            other => Outcome::Failed(format!("{other:?} is not simulated")),
        };
        if inputs.send(Input::Done(id, outcome, Duration::ZERO)).await.is_err() {
            return;
        }
    }
}

#[test]
fn a_peer_admitted_at_run_time_links_and_an_expelled_one_is_cut_off_and_refused() {
    smol::block_on(async {
        let host = Agent::start(71, &[]);
        let peer = Agent::start(72, &[(host.name, host.address)]);
        until("the refusal of a peer that is not admitted", || !host.network_report().unknown_peers.is_empty()).await;
        assert!(!host.knows(&peer.name) && host.network_report().peers.is_empty());

        for round in 0..2 {
            host.decide(trust::Input::Grant(public(&peer.name), Rights::ALL)).await;
            until("the link of an admitted peer, without a restart", || host.has(&peer.name) && peer.has(&host.name))
                .await;
            until("its round-trip time", || !host.status().driver.round_trips.is_empty()).await;
            until("its datagrams", || host.network_report().peers.iter().any(|peer| peer.received > 0)).await;
            assert_eq!(host.query().await, (2, 2), "round {round}");
            assert_eq!(peer.query().await, (2, 2), "round {round}");

            let before = host.network_report();
            let tries = || host.network_report().unknown_peers.iter().map(|unknown| unknown.tries).sum::<u64>();
            let tried = tries();
            host.decide(trust::Input::Revoke(public(&peer.name))).await;
            until("the end of the link", || !peer.has(&host.name)).await;
            assert!(
                !host.knows(&peer.name) && host.network_report().peers.is_empty(),
                "its records are removed with it"
            );
            assert_eq!(host.query().await, (1, 1), "the query neither goes to it nor waits for it");
            until("its datagrams that are not opened any more", || host.network_report().garbage > before.garbage)
                .await;
            until("its dials that are refused", || {
                let refused = peer.network_report();
                let there = refused.peers.iter().find(|peer| peer.peer_id == host.name.to_string()).unwrap();
                there.linked.is_none() && there.failed.is_some()
            })
            .await;
            until("its tries, which are counted", || tries() > tried).await;
            let unknown_peer = host.network_report().unknown_peers.remove(0);
            assert_eq!(unknown_peer.peer_id, peer.name.to_string());
            let (asked, answered) = peer.query().await;
            assert_eq!((asked, answered), (2, 1), "the host does not answer it");
        }
        let saved = || std::fs::read_to_string(peer.home.path().join("peers")).unwrap_or_default();
        until("the file of addresses", || saved().contains(&host.name.to_string())).await;
        peer.decide(trust::Input::Revoke(public(&host.name))).await;
        until("the address that is forgotten", || !saved().contains(&host.name.to_string())).await;
        assert!(!peer.knows(&host.name) && peer.network_report().peers.is_empty());
        host.stop();
        peer.stop();
    });
}

#[test]
fn the_messages_of_a_peer_that_may_not_sign_any_more_are_refused_while_its_link_is_up() {
    smol::block_on(async {
        let host = Agent::start(75, &[]);
        let peer = Agent::start(76, &[(host.name, host.address)]);
        host.decide(trust::Input::Grant(public(&peer.name), Rights::ALL)).await;
        until("the link", || host.has(&peer.name) && peer.has(&host.name)).await;
        assert_eq!((host.query().await, peer.query().await), ((2, 2), (2, 2)));
        let rest = Rights::LINK | Rights::MEMBER | Rights::PROBE | Rights::ANSWER;
        host.decide(trust::Input::Grant(public(&peer.name), rest)).await;
        assert_eq!(host.query().await, (2, 1), "it is asked, and its answer is refused");
        assert_eq!(peer.query().await, (2, 1), "its question is refused");
        assert!(host.status().peers[0].linked);
        host.stop();
        peer.stop();
    });
}

#[test]
fn a_peer_that_may_only_link_has_a_link_and_its_messages_are_refused() {
    smol::block_on(async {
        let host = Agent::start(73, &[]);
        let peer = Agent::start(74, &[(host.name, host.address)]);
        host.decide(trust::Input::Grant(public(&peer.name), Rights::LINK)).await;
        until("the link", || peer.status().peers.iter().any(|peer| peer.linked)).await;
        smol::Timer::after(Duration::from_secs(3)).await;
        let status = host.status();
        assert_eq!(status.peers.len(), 1, "{:?}", status.peers);
        assert_eq!(
            (status.peers[0].linked, status.peers[0].device.clone()),
            (true, None),
            "the message with its name is refused"
        );
        assert_eq!(status.peers[0].liveness, wattle::mesh::swim::Liveness::Unknown);
        assert_eq!(host.network_report().peers[0].received, 0, "no datagram of it is opened");
        assert_eq!(host.query().await, (1, 1));
        host.stop();
        peer.stop();
    });
}
