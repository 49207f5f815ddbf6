//! The side that lets devices in.
//!
//! An exchange has three states. *Offered*: the own share was sent, the joining device's is awaited. *Shared*: there is a
//! key, and its proof is awaited. *Proven*: the certificate is awaited, from whoever issues it and saves that first. What
//! ends one goes through `end`, which counts the try.
//!
//! An exchange that is proven ends by `granted` or `denied` alone: the order for its certificate is under way, so neither the time nor
//! the device itself can take it back. Otherwise whoever knows the code could hang up after the proof, and have its certificate while
//! the code stays good for the next device.

use super::invites::Invites;
use super::window::{Closed, Secrets, Window, seconds};
use crate::base::id::PeerKey;
use crate::base::outbox::Outbox;
use crate::base::time::{Duration, Instant, earliest};
use crate::limits::{PAIR_CERTIFICATE_MAX, PAIR_EXCHANGE_MS, PAIR_EXCHANGES_MAX, PAIR_TRY_PAUSE_MS};
use crate::wire::envelope::Encoding;
use crate::wire::pairing::exchange::{EXCHANGE_RANDOM_BYTES, Exchange, Parties, SessionKey, Side, Transcript};
use crate::wire::pairing::secret::Secret;
use crate::wire::pairing::words::Words;
use crate::wire::pairing::{BadMessage, Certificate, DeviceName, InviteId, Message, Refusal, Way};
use heapless::Vec as Bounded;

mod void;

/// What the machine wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The message is sent to this peer, on the stream that it opened.
    Send(PeerKey, Vec<u8>),
    /// The stream is closed after what was sent.
    HangUp(PeerKey),
    /// The device has proven the secret: a certificate is issued for it, the invite's use is recorded, both are saved, and
    /// then [`Admin::granted`] or [`Admin::denied`] is called.
    Issue(Issue),
    /// The device has its certificate. The words are shown; and the number of the window whose code it used, `None` for an invite, where nobody
    /// compares words. The next window may be open already.
    Paired(PeerKey, DeviceName, Words, Option<u64>),
    /// An exchange did not end well. With the tries that are left, if it was one with the window's code.
    Failed(PeerKey, Refusal, Option<u8>),
    /// The window has closed.
    Closed(Closed),
}

/// Whom a certificate is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// The device's public key, which its link proves.
    pub holder: PeerKey,
    /// Its name, as it gave it.
    pub device: DeviceName,
    /// What it may do.
    pub caps: u8,
    /// The invite that it used.
    pub invite: Option<InviteId>,
}

/// One frame or line that came, and random bytes for an answer to it.
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    /// Whose link it came over.
    pub peer: PeerKey,
    /// The encoding of its stream.
    pub encoding: Encoding,
    /// The content of the frame or line.
    pub bytes: &'a [u8],
    /// From the operating system; used for one exchange only.
    pub random: &'a [u8; EXCHANGE_RANDOM_BYTES],
}

#[derive(Debug)]
struct Running {
    peer: PeerKey,
    encoding: Encoding,
    device: DeviceName,
    way: Way,
    /// The window whose code it uses.
    window: Option<u64>,
    caps: u8,
    until: Instant,
    /// Its stream is over: what follows is not sent, since the device may have opened another one.
    is_gone: bool,
    messages: Transcript,
    state: State,
}

#[derive(Debug)]
enum State {
    Offered(Box<Exchange>),
    Shared(SessionKey),
    Proven(SessionKey),
    /// A message is being taken; if it was a wrong one, the exchange ends at once.
    Broken,
}

/// The machine.
#[derive(Debug)]
pub struct Admin {
    own: PeerKey,
    mesh: [u8; 32],
    window: Window,
    invites: Invites,
    running: Bounded<Running, PAIR_EXCHANGES_MAX>,
}

impl Admin {
    /// The machine of the agent with this key, an admin of this mesh.
    #[must_use]
    pub fn new(own: PeerKey, mesh: [u8; 32]) -> Self {
        Self { own, mesh, window: Window::default(), invites: Invites::default(), running: Bounded::new() }
    }

    /// Opens a window for one device with these rights. An earlier one closes, and so does an exchange with its code.
    pub fn open(&mut self, now: Instant, secrets: Secrets, caps: u8, out: &mut Outbox<Effect>) {
        self.close(now, out);
        self.window.open(now, secrets, caps);
    }

    /// Closes the window, if one is open.
    pub fn close(&mut self, now: Instant, out: &mut Outbox<Effect>) {
        self.close_window(now, Closed::ByOwner, out);
    }

    /// The window, to be shown.
    #[must_use]
    pub const fn window(&self) -> &Window {
        &self.window
    }

    /// The invites.
    pub const fn invites(&mut self) -> &mut Invites {
        &mut self.invites
    }

    /// When [`Self::tick`] is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        earliest(self.window.deadline(), self.unproven().map(|running| running.until).min())
    }

    /// Ends what has taken too long.
    pub fn tick(&mut self, now: Instant, out: &mut Outbox<Effect>) {
        if self.window.deadline().is_some_and(|until| until <= now) {
            self.close_window(now, Closed::Expired, out);
        }
        let late = |all: &Self| all.unproven().find(|running| running.until <= now).map(|late| late.peer);
        while let Some(late) = late(self) {
            self.end(now, late, Refusal::Interrupted, out);
        }
    }

    /// The exchanges that can still fail by what the device or the time does.
    fn unproven(&self) -> impl Iterator<Item = &Running> {
        self.running.iter().filter(|running| !running.is_proven(running.peer))
    }

    /// Takes a message of a peer.
    pub fn received(&mut self, now: Instant, received: &Received<'_>, out: &mut Outbox<Effect>) {
        self.tick(now, out);
        let message = Message::read(received.encoding, received.bytes);
        let Some(at) = self.running.iter().position(|running| running.peer == received.peer) else {
            return self.begin(now, received, message, out);
        };
        if self.running.get(at).is_some_and(|running| running.is_proven(received.peer)) {
            return self.early(now, received, out);
        }
        let Some(running) = self.running.get_mut(at).filter(|running| running.encoding == received.encoding) else {
            return self.end(now, received.peer, Refusal::Malformed, out);
        };
        match message {
            Ok(message) => match running.take(received.bytes, &message) {
                Ok(None) => {}
                Ok(Some(issue)) => out.push(Effect::Issue(issue)),
                Err(why) => self.end(now, received.peer, why, out),
            },
            Err(_) => self.end(now, received.peer, Refusal::Malformed, out),
        }
    }

    /// The stream, or the link, of a peer has ended. A device that is in the mesh already notices by the first answer that it is, and hangs up:
    /// it has told and learnt nothing of the code, so that is no try.
    pub fn lost(&mut self, now: Instant, peer: PeerKey, is_member: bool, out: &mut Outbox<Effect>) {
        match self.running.iter_mut().find(|running| running.peer == peer) {
            Some(running) if running.is_proven(peer) => running.is_gone = true,
            Some(running) => {
                let is_no_try = is_member && matches!(running.state, State::Offered(_));
                self.end_as(now, peer, Refusal::Interrupted, is_no_try, out);
            }
            None => {}
        }
    }

    /// A device that has proven the secret says something before its certificate is there: on a new stream, because its old one broke,
    /// or out of turn. It is to come again; then it gets the certificate.
    fn early(&mut self, now: Instant, received: &Received<'_>, out: &mut Outbox<Effect>) {
        let Some(proven) = self.running.iter_mut().find(|running| running.is_proven(received.peer)) else { return };
        proven.is_gone = true;
        let wait = seconds(proven.until.since(now).min(Duration::from_millis(PAIR_TRY_PAUSE_MS)));
        refuse(received.peer, received.encoding, Refusal::Busy, wait, out);
    }

    /// The certificate for this peer was issued and saved.
    pub fn granted(&mut self, now: Instant, peer: PeerKey, certificate: &[u8], out: &mut Outbox<Effect>) {
        let Some(at) = self.running.iter().position(|running| running.is_proven(peer)) else { return };
        if !(1..=PAIR_CERTIFICATE_MAX).contains(&certificate.len()) {
            return self.end(now, peer, Refusal::Full, out);
        }
        let mut running = self.running.swap_remove(at);
        let State::Proven(key) = std::mem::replace(&mut running.state, State::Broken) else { return };
        if !running.is_gone {
            running.send(&Message::Grant(Certificate(certificate.to_vec())), out);
            let proof = key.confirmation(Side::Admin, &running.messages);
            running.send(&Message::Confirm(proof), out);
            out.push(Effect::HangUp(peer));
        }
        // Also if it has gone: it holds a certificate that everybody trusts, so it is who the code was for.
        if let Way::Invite(id) = running.way {
            self.invites.used(id, peer);
        }
        out.push(Effect::Paired(peer, running.device, key.words(), running.window));
        if running.window.is_some_and(|window| self.window.won(window, peer)) {
            out.push(Effect::Closed(Closed::Used));
        }
    }

    /// No certificate is issued for this peer: it was removed, there is no room, or nothing can be saved.
    pub fn denied(&mut self, now: Instant, peer: PeerKey, why: Refusal, out: &mut Outbox<Effect>) {
        if self.running.iter().any(|running| running.is_proven(peer)) {
            self.end(now, peer, why, out);
        }
    }

    fn begin(
        &mut self,
        now: Instant,
        received: &Received<'_>,
        message: Result<Message, BadMessage>,
        out: &mut Outbox<Effect>,
    ) {
        let begun = match message {
            Ok(Message::Begin { device, way, .. }) => {
                self.secret(now, received.peer, way).map(|(secret, caps, window)| {
                    let parties = Parties { joiner: received.peer, admin: self.own, mesh: self.mesh };
                    let (exchange, share) = Exchange::begin(Side::Admin, &secret, &parties, received.random);
                    let mut running = Running {
                        peer: received.peer,
                        encoding: received.encoding,
                        device,
                        way,
                        window,
                        caps,
                        until: now + Duration::from_millis(PAIR_EXCHANGE_MS),
                        is_gone: false,
                        messages: Transcript::default(),
                        state: State::Offered(Box::new(exchange)),
                    };
                    running.messages.add(received.bytes);
                    running.send(&Message::Offer { mesh: self.mesh, share }, out);
                    running
                })
            }
            Err(BadMessage::Newer) => Err((Refusal::Version, 0)),
            Ok(_) | Err(BadMessage::Malformed) => Err((Refusal::Malformed, 0)),
        };
        match begun {
            // There is room: `secret` has looked.
            Ok(running) => drop(self.running.push(running)),
            Err((cause, wait)) => refuse(received.peer, received.encoding, cause, wait, out),
        }
    }

    /// The secret of an exchange that may begin now. A try of the window is taken.
    fn secret(&mut self, now: Instant, peer: PeerKey, way: Way) -> Result<(Secret, u8, Option<u64>), (Refusal, u16)> {
        // One exchange at a time with the window's code, whether digits or QR, and with each invite.
        let same = |running: &&Running| match way {
            Way::Code | Way::Link => running.window.is_some(),
            Way::Invite(_) => running.way == way,
        };
        let until = match self.running.iter().find(same) {
            None if self.running.is_full() => self.running.iter().map(|running| running.until).min(),
            same => same.map(|running| running.until),
        };
        if let Some(until) = until {
            return Err((Refusal::Busy, seconds(until.since(now))));
        }
        if let Way::Invite(id) = way {
            return match self.invites.begin(now, id, peer) {
                Ok((secret, caps)) => Ok((secret, caps, None)),
                Err(why) => Err((why, 0)),
            };
        }
        let open = self.window.begin(now, peer)?;
        let secret = if way == Way::Code { open.secrets.code.secret() } else { open.secrets.link.secret() };
        Ok((secret, open.caps, Some(open.number)))
    }

    /// Ends a peer's exchange, if there is one, without a certificate.
    fn end(&mut self, now: Instant, peer: PeerKey, why: Refusal, out: &mut Outbox<Effect>) {
        let is_own_fault = matches!(why, Refusal::DiskFull | Refusal::NotSaved);
        let is_no_try = is_own_fault && self.running.iter().any(|running| running.is_proven(peer));
        self.end_as(now, peer, why, is_no_try, out);
    }

    fn end_as(&mut self, now: Instant, peer: PeerKey, why: Refusal, is_no_try: bool, out: &mut Outbox<Effect>) {
        let Some(at) = self.running.iter().position(|running| running.peer == peer) else { return };
        let running = self.running.swap_remove(at);
        let open = self.window.shown().is_some();
        let left = running.window.and_then(|window| {
            if is_no_try { self.window.spared(now, window) } else { self.window.failed(now, window) }
        });
        if !running.is_gone {
            refuse(peer, running.encoding, why, 0, out);
        }
        out.push(Effect::Failed(peer, why, left));
        if open && self.window.shown().is_none() {
            out.push(Effect::Closed(Closed::TooManyTries));
        }
    }

    fn close_window(&mut self, now: Instant, why: Closed, out: &mut Outbox<Effect>) {
        let shown = self.window.shown().is_some();
        if !self.window.close(now, why) {
            return;
        }
        // Whoever has proven the code in time gets its certificate.
        let unproven = self.unproven().find(|running| running.window.is_some()).map(|running| running.peer);
        if let Some(peer) = unproven {
            let cause = if why == Closed::Expired { Refusal::Expired } else { Refusal::NoWindow };
            self.end(now, peer, cause, out);
        }
        if shown {
            out.push(Effect::Closed(why));
        }
    }
}

impl Running {
    fn is_proven(&self, peer: PeerKey) -> bool {
        self.peer == peer && matches!(self.state, State::Proven(_))
    }

    /// Takes the next message of the joining device; whom a certificate is for, if it was the proof.
    fn take(&mut self, bytes: &[u8], message: &Message) -> Result<Option<Issue>, Refusal> {
        let state = std::mem::replace(&mut self.state, State::Broken);
        match message {
            Message::Share(share) => {
                let State::Offered(exchange) = state else { return Err(Refusal::Malformed) };
                self.messages.add(bytes);
                self.state = State::Shared(exchange.finish(share).ok_or(Refusal::WrongSecret)?);
                Ok(None)
            }
            Message::Confirm(proof) => {
                let State::Shared(key) = state else { return Err(Refusal::Malformed) };
                if !key.confirms(Side::Joiner, &self.messages, proof) {
                    return Err(Refusal::WrongSecret);
                }
                self.messages.add(bytes);
                self.state = State::Proven(key);
                let invite = match self.way {
                    Way::Invite(id) => Some(id),
                    Way::Code | Way::Link => None,
                };
                Ok(Some(Issue { holder: self.peer, device: self.device.clone(), caps: self.caps, invite }))
            }
            // The joining device gives up, or begins anew on another stream before the end of this one was noticed.
            Message::Refused { cause, .. } => Err(*cause),
            Message::Begin { .. } => Err(Refusal::Interrupted),
            Message::Offer { .. } | Message::Grant(_) => Err(Refusal::Malformed),
        }
    }

    /// Sends a message, which the confirmations cover.
    fn send(&mut self, message: &Message, out: &mut Outbox<Effect>) {
        let mut bytes = Vec::new();
        message.put(self.encoding, &mut bytes);
        self.messages.add(&bytes);
        out.push(Effect::Send(self.peer, bytes));
    }
}

fn refuse(peer: PeerKey, encoding: Encoding, cause: Refusal, wait: u16, out: &mut Outbox<Effect>) {
    let mut bytes = Vec::new();
    Message::Refused { cause, wait }.put(encoding, &mut bytes);
    out.push(Effect::Send(peer, bytes));
    out.push(Effect::HangUp(peer));
}
