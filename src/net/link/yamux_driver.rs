//! yamux, driven: its task, the streams that are opened and arrive, and its end.

use super::noise_stream::NoiseStream;
use super::stream::{Order, Streams, within};
use crate::limits::{LINK_CLOSE_MS, LINK_ORDERS_MAX};
use smol::channel::{Receiver, Sender};
use smol::future::{or, poll_fn};
use smol::stream::Stream as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// yamux, which makes progress only while it is polled, and the requests to it.
pub(super) struct YamuxDriver {
    mux: yamux::Connection<NoiseStream>,
    ordered: Pin<Box<Receiver<Order>>>,
    stopped: Pin<Box<Receiver<String>>>,
    wanted: Option<Order>,
}

impl YamuxDriver {
    /// A driver, what opens streams, and what ends it with a reason.
    pub(super) fn new(mux: yamux::Connection<NoiseStream>) -> (Self, Streams, Sender<String>) {
        let (orders, ordered) = smol::channel::bounded(LINK_ORDERS_MAX);
        let (stop, stopped) = smol::channel::bounded(1);
        let driver = Self { mux, ordered: Box::pin(ordered), stopped: Box::pin(stopped), wanted: None };
        (driver, Streams::new(orders), stop)
    }

    /// Drives the connection until it ends, and hands each stream that the peer opens to `receive`; returns the reason.
    pub(super) async fn drive(&mut self, stopping: &Receiver<()>, mut receive: impl FnMut(yamux::Stream)) -> String {
        let driven = async {
            loop {
                match poll_fn(|cx| self.poll_next(cx)).await {
                    Ok(stream) => receive(stream),
                    Err(why) => return why,
                }
            }
        };
        let stopped = async {
            let _ = stopping.recv().await;
            "the agent stops".to_owned()
        };
        or(driven, stopped).await
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<yamux::Stream, String>> {
        if let Poll::Ready(why) = self.stopped.as_mut().poll_next(cx) {
            return Poll::Ready(Err(why.unwrap_or_else(|| "nobody needs it".to_owned())));
        }
        loop {
            if self.wanted.is_none()
                && let Poll::Ready(Some(order)) = self.ordered.as_mut().poll_next(cx)
            {
                self.wanted = Some(order);
            }
            if self.wanted.is_some()
                && let Poll::Ready(opened) = self.mux.poll_new_outbound(cx)
                && let Some(order) = self.wanted.take()
            {
                // The receiver may have given up.
                let _ = order.try_send(opened.map_err(|error| error.to_string()));
                continue;
            }
            return self.mux.poll_next_inbound(cx).map(|stream| match stream {
                Some(Ok(stream)) => Ok(stream),
                Some(Err(error)) => Err(error.to_string()),
                None => Err("the other end closed it".to_owned()),
            });
        }
    }

    /// Closes the connection, with a Go Away for the other end if it still reads.
    pub(super) async fn close(&mut self) {
        let closed = poll_fn(|cx| self.mux.poll_close(cx));
        // An error means that it is closed already.
        let _ = within(Duration::from_millis(LINK_CLOSE_MS), closed).await;
    }
}
