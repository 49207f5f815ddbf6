//! The driver's inbox: one bounded channel for each kind of producer, and the node's deadline.
//!
//! A producer has the sender of its own channel only: threads, the governor and discovery one of `Input`, the links one of
//! `LinkEvent`, HTTP tasks one of `Call`. Events of one channel stay in order; between channels there is no order, so events
//! that must follow one another go through the same channel: a link is up before its frames, and ends
//! of tasks arrive in the order in which they ended. The inbox takes from its channels round-robin: a flood on one of them delays each other channel by one event.
//!
//! Here the service manager's watchdog is fed: a driver that is stuck does not come for its next event, and is started anew.

use super::handle::Call;
use crate::base::time::Instant;
use crate::limits::{INPUTS_MAX, LINK_EVENTS_MAX};
use crate::net::link::LinkEvent;
use crate::node::input::Input;
use crate::platform::clock;
use crate::platform::systemd::Watchdog;
use futures_lite::Stream;
use futures_lite::future::{or, poll_fn};
use smol::channel::{Receiver, Sender, bounded};
use std::pin::Pin;
use std::task::{Context, Poll};

/// What reaches the driver.
#[derive(Debug)]
pub enum Event {
    /// For the node.
    Input(Input),
    /// A call of a person or their program.
    Request(Call),
    /// Something happened on a link.
    Link(LinkEvent),
}

/// The senders for producers; HTTP tasks have theirs in the `NodeHandle`.
#[derive(Clone, Debug)]
pub struct Senders {
    /// For threads, the governor and discovery: at most `INPUTS_MAX` wait.
    pub inputs: Sender<Input>,
    /// For the links: at most `LINK_EVENTS_MAX` wait, then links stop reading.
    pub links: Sender<LinkEvent>,
}

/// The receivers, held by the driver.
#[derive(Debug)]
pub struct Inbox {
    // Boxed so that each stays registered with its channel from one wait to the next.
    inputs: Pin<Box<Receiver<Input>>>,
    requests: Pin<Box<Receiver<Call>>>,
    links: Pin<Box<Receiver<LinkEvent>>>,
    next: Source,
    watchdog: Watchdog,
}

/// One of the channels.
#[derive(Clone, Copy, Debug)]
enum Source {
    Inputs,
    Requests,
    Links,
}

impl Source {
    const COUNT: usize = 3;

    const fn after(self) -> Self {
        match self {
            Self::Inputs => Self::Requests,
            Self::Requests => Self::Links,
            Self::Links => Self::Inputs,
        }
    }
}

impl Inbox {
    /// An inbox that also takes from `requests` and feeds this watchdog, and the senders of its other channels.
    #[must_use]
    pub fn new(requests: Receiver<Call>, watchdog: Watchdog) -> (Self, Senders) {
        let (inputs, input_events) = bounded(INPUTS_MAX);
        let (links, link_events) = bounded(LINK_EVENTS_MAX);
        let inbox = Self {
            inputs: Box::pin(input_events),
            requests: Box::pin(requests),
            links: Box::pin(link_events),
            next: Source::Inputs,
            watchdog,
        };
        (inbox, Senders { inputs, links })
    }

    /// The next event; `Input::Wake` once `deadline` has passed and nothing else waits (the node does what is due at every
    /// input, so a full inbox delays no deadline). `None` when every sender is dropped.
    pub async fn next(&mut self, deadline: Option<Instant>) -> Option<Event> {
        loop {
            let hungry = self.watchdog.feed(clock::now());
            // Only to feed it: the node is not woken for that.
            let is_food = hungry.is_some_and(|hungry| deadline.is_none_or(|deadline| hungry < deadline));
            let until = if is_food { hungry } else { deadline };
            let due = async {
                clock::sleep_until(until).await;
                None
            };
            let event = or(async { Some(poll_fn(|context| self.poll(context)).await) }, due).await;
            match event {
                Some(event) => return event,
                None if is_food => {}
                None => return Some(Event::Input(Input::Wake)),
            }
        }
    }

    /// Polls every channel once, beginning after the one that gave the last event.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Event>> {
        let mut open = false;
        for _ in 0..Source::COUNT {
            let source = self.next;
            self.next = source.after();
            match self.poll_one(source, context) {
                Poll::Ready(Some(event)) => return Poll::Ready(Some(event)),
                // This channel is closed and empty.
                Poll::Ready(None) => {}
                Poll::Pending => open = true,
            }
        }
        if open { Poll::Pending } else { Poll::Ready(None) }
    }

    fn poll_one(&mut self, source: Source, context: &mut Context<'_>) -> Poll<Option<Event>> {
        match source {
            Source::Inputs => self.inputs.as_mut().poll_next(context).map(|input| input.map(Event::Input)),
            Source::Requests => self.requests.as_mut().poll_next(context).map(|call| call.map(Event::Request)),
            Source::Links => self.links.as_mut().poll_next(context).map(|event| event.map(Event::Link)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::CALLS_MAX;
    use crate::node::input::Request;
    use crate::platform::systemd::ServiceManager;
    use crate::wire::peer_id::PeerId;
    use std::os::unix::net::UnixDatagram;
    use std::time::Duration;

    fn inbox() -> (Inbox, Senders, Sender<Call>) {
        let (ask, requests) = bounded(CALLS_MAX);
        let (inbox, senders) = Inbox::new(requests, Watchdog::default());
        (inbox, senders, ask)
    }

    fn touched(number: usize) -> Input {
        Input::PathChanged(number.to_string().into_bytes())
    }

    fn down(number: usize) -> LinkEvent {
        LinkEvent::Down { peer: PeerId::from_public_key(&[1; 32]), why: number.to_string() }
    }

    fn call() -> Call {
        Call { request: Request::Status, reply: bounded(1).0 }
    }

    fn next(inbox: &mut Inbox) -> Option<Event> {
        smol::block_on(inbox.next(Some(clock::now() + Duration::from_secs(10))))
    }

    #[test]
    fn a_flood_on_one_channel_delays_the_others_by_one_event_each() {
        let (mut inbox, senders, ask) = inbox();
        // Each channel floods in turn; one event on each of the other two must come among the next three.
        for flooding in 0..Source::COUNT {
            let fill = |times: usize| {
                for number in 0..times {
                    // The channel runs full: that is the flood.
                    let _ = match flooding {
                        0 => senders.inputs.try_send(touched(number)).is_ok(),
                        1 => ask.try_send(call()).is_ok(),
                        _ => senders.links.try_send(down(number)).is_ok(),
                    };
                }
            };
            fill(10_000);
            for _ in 0..5 {
                assert!(next(&mut inbox).is_some());
                fill(1);
            }
            let others = usize::from(flooding != 0 && senders.inputs.try_send(touched(0)).is_ok())
                + usize::from(flooding != 1 && ask.try_send(call()).is_ok())
                + usize::from(flooding != 2 && senders.links.try_send(down(0)).is_ok());
            let mut seen = 0;
            for _ in 0..Source::COUNT {
                let source = match next(&mut inbox) {
                    Some(Event::Input(_)) => 0,
                    Some(Event::Request(_)) => 1,
                    Some(Event::Link(_)) => 2,
                    None => panic!("senders are still open"),
                };
                seen += usize::from(source != flooding);
                fill(1);
            }
            assert_eq!((others, seen), (2, 2), "channel {flooding} floods");
            while !(inbox.inputs.is_empty() && inbox.requests.is_empty() && inbox.links.is_empty()) {
                next(&mut inbox);
            }
        }
    }

    #[test]
    fn events_of_one_channel_stay_in_order() {
        let (mut inbox, senders, ask) = inbox();
        for number in 0..LINK_EVENTS_MAX {
            senders.inputs.try_send(touched(number)).unwrap();
            senders.links.try_send(down(number)).unwrap();
            ask.try_send(call()).unwrap();
        }
        let (mut inputs, mut links, mut requests) = (0, 0, 0);
        for _ in 0..3 * LINK_EVENTS_MAX {
            match next(&mut inbox) {
                Some(Event::Input(input)) => {
                    assert_eq!(input, touched(inputs));
                    inputs += 1;
                }
                Some(Event::Link(event)) => {
                    assert_eq!(event, down(links));
                    links += 1;
                }
                Some(Event::Request(_)) => requests += 1,
                None => panic!("senders are still open"),
            }
        }
        assert_eq!((inputs, links, requests), (LINK_EVENTS_MAX, LINK_EVENTS_MAX, LINK_EVENTS_MAX));
    }

    #[test]
    fn an_event_that_comes_while_the_driver_waits_wakes_it_and_so_does_the_deadline() {
        let (mut inbox, senders, ask) = inbox();
        let later = |send: Box<dyn FnOnce() + Send>| {
            smol::spawn(async move {
                smol::Timer::after(Duration::from_millis(20)).await;
                send();
            })
            .detach();
        };
        let began = clock::now();
        let links = senders.links.clone();
        later(Box::new(move || links.try_send(down(1)).unwrap()));
        assert!(matches!(next(&mut inbox), Some(Event::Link(_))));
        later(Box::new(move || ask.try_send(call()).unwrap()));
        assert!(matches!(next(&mut inbox), Some(Event::Request(_))));
        let inputs = senders.inputs.clone();
        later(Box::new(move || inputs.try_send(touched(1)).unwrap()));
        assert!(matches!(next(&mut inbox), Some(Event::Input(Input::PathChanged(_)))));
        let due = clock::now() + Duration::from_millis(20);
        assert!(matches!(smol::block_on(inbox.next(Some(due))), Some(Event::Input(Input::Wake))));
        let now = clock::now();
        assert!(
            now >= due && now.since(began) < Duration::from_secs(5),
            "nothing waited for the deadline of ten seconds"
        );
    }

    #[test]
    fn a_closed_channel_ends_nothing_as_long_as_another_is_open() {
        let (mut inbox, Senders { inputs, links }, ask) = inbox();
        drop(ask);
        drop(inputs);
        links.try_send(down(1)).unwrap();
        drop(links);
        assert!(
            matches!(next(&mut inbox), Some(Event::Link(_))),
            "an event that was sent before the close is still taken"
        );
        assert!(next(&mut inbox).is_none());
    }

    #[test]
    fn the_watchdog_is_fed_while_the_driver_waits_and_not_while_it_is_stuck_in_an_event() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_nonblocking(true).unwrap();
        let heard = || (0..).take_while(|_| socket.recv(&mut [0; 64]).is_ok()).count();
        let (_ask, requests) = bounded(CALLS_MAX);
        let watchdog = ServiceManager::at(&path, Duration::from_millis(100)).watchdog();
        let (mut inbox, senders) = Inbox::new(requests, watchdog);
        let due = clock::now() + Duration::from_millis(300);
        assert!(matches!(smol::block_on(inbox.next(Some(due))), Some(Event::Input(Input::Wake))));
        assert!(clock::now() >= due, "the node is not woken for it");
        let fed = heard();
        assert!(fed >= 3, "it was fed {fed} times");
        smol::block_on(async { smol::Timer::after(Duration::from_millis(100)).await });
        assert_eq!(heard(), 0, "nothing feeds it beside the driver");
        senders.inputs.try_send(touched(1)).unwrap();
        assert!(next(&mut inbox).is_some());
        assert_eq!(heard(), 1, "the driver comes back");
    }
}
