//! The story of a link: dialled, greeted, heard, lost, dialled again.

use super::input::LinkInput;
use super::output::{Notice, Output};
use super::{Node, Out};
use crate::base::id::PeerKey;
use crate::base::time::Instant;
use crate::wire::talk::{Echo, Talk};

impl Node {
    pub(super) fn on_link(&mut self, now: Instant, peer: PeerKey, input: LinkInput, out: &mut Out) {
        // Only peers that this agent was told of have links; the link itself sees to that.
        let Some(known) = self.peers.get(peer) else { return };
        match input {
            LinkInput::Up(address) => {
                out.push(Output::Notice(Notice::Linked(known.name().to_owned())));
                out.push(self.hello(peer, false));
                self.on_linked(now, peer, address, out);
                self.greet_with_rumours(now, peer, out);
            }
            LinkInput::Down(why) => {
                out.push(Output::Notice(Notice::Unlinked(known.name().to_owned(), why)));
                self.peers.lost(now, peer);
                self.on_silence(peer, out);
                self.on_unlinked(peer);
            }
            LinkInput::NotDialled => self.peers.not_dialled(now, peer),
            LinkInput::Said(talk) => {
                self.peers.used(now, peer);
                self.member.heard(now, peer);
                self.on_talk(now, peer, *talk, out);
            }
        }
    }

    fn on_talk(&mut self, now: Instant, peer: PeerKey, talk: Talk, out: &mut Out) {
        match talk {
            Talk::Hello { device, ask, listen } => {
                self.peers.listens(now, peer, &listen);
                self.peers.named(peer, device);
                if ask {
                    out.push(self.hello(peer, false));
                }
            }
            Talk::Ask(ask) => self.on_asked(peer, ask, out),
            Talk::Answer(answer) => self.on_peer_answer(peer, answer, out),
            Talk::Echo(Echo { answer: true, .. }) => {}
            Talk::Echo(asked) => out.push(Output::Send(peer, Talk::Echo(Echo { answer: true, ..asked }))),
            Talk::Member(packet) => self.on_packet(now, peer, &packet, true, out),
            Talk::Roll { ask, members } => self.on_roll(now, peer, ask, &members, out),
            Talk::Gossip(gossip) => self.on_gossip(now, peer, gossip, out),
            // Of the sockets, and handled there.
            Talk::Keys(_) => {}
        }
    }

    fn hello(&self, peer: PeerKey, ask: bool) -> Output {
        Output::Send(peer, Talk::Hello { device: self.facts.device.clone(), ask, listen: self.listen.clone() })
    }

    /// Asks linked peers for their name as long as they have not said it; dials whoever is due and ends links that
    /// are spare.
    pub(super) fn dial(&mut self, now: Instant, out: &mut Out) {
        while let Some(peer) = self.peers.nameless(now) {
            out.push(self.hello(peer, true));
        }
        while let Some((peer, address)) = self.peers.due(now) {
            out.push(Output::Dial(peer, address));
        }
        while let Some(peer) = self.peers.idle(now) {
            out.push(Output::HangUp(peer));
        }
    }
}
