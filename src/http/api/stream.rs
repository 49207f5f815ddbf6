//! `GET /v1/events/stream`: the status whenever it changes, and events of other devices, as server-sent events
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).

use super::Api;
use crate::base::time::{Duration, Instant};
use crate::http::answer::{EVENT_STREAM, escaped, refused};
use crate::http::dto::StatusReport;
use crate::http::events::Events;
use crate::http::pieces::Pieces;
use crate::limits::{STREAM_ALIVE_MS, STREAM_LOOK_MS};
use crate::platform::clock;
use futures_lite::stream;
use serde::Serialize;
use smol::lock::SemaphoreGuardArc;
use trillium::{Body, Conn, KnownHeaderName, Method, Status};

/// One open stream.
struct Follower {
    api: Api,
    /// The status that was sent last, without what changes by itself.
    sent: Option<StatusReport>,
    /// The number of the event that was sent last.
    newest: u64,
    spoke: Instant,
    _permit: SemaphoreGuardArc,
}

impl Api {
    /// Opens a stream, of which there are at most `STREAMS_MAX`: each asks the node again and again.
    pub(in crate::http) fn stream(&self, conn: Conn) -> Conn {
        let Some(permit) = self.streams.try_acquire_arc() else {
            return refused(
                conn,
                Status::ServiceUnavailable,
                "As many pages follow this agent as it allows; this one asks now and then.",
            );
        };
        let conn = conn.with_status(Status::Ok).with_response_header(KnownHeaderName::ContentType, EVENT_STREAM);
        if conn.method() == Method::Head {
            return conn.halt();
        }
        let newest = self.node.events().after(u64::MAX).1;
        let follower = Follower { api: self.clone(), sent: None, newest, spoke: clock::now(), _permit: permit };
        let body = stream::unfold(follower, |mut follower| async move { Some((follower.next().await?, follower)) });
        conn.with_body(Body::new_streaming(Pieces::new(body), None)).halt()
    }
}

impl Follower {
    /// The next piece, once there is something to say; `None` when the agent stops.
    async fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            if self.sent.is_some() {
                clock::sleep_until(Some(clock::now() + Duration::from_millis(STREAM_LOOK_MS))).await;
            }
            let now = clock::now();
            let mut piece = String::new();
            let report = self.api.status_report().await?;
            let still = without_clocks(report.clone());
            if self.sent.as_ref() != Some(&still) {
                piece += &event("status", &report);
                self.sent = Some(still);
            }
            let (events, newest) = self.api.node.events().after(self.newest);
            for one in Events::new(now, &events, newest).events {
                piece += &event("device", &one);
            }
            self.newest = events.last().map_or(newest, |event| event.number);
            if piece.is_empty() && now.since(self.spoke) >= Duration::from_millis(STREAM_ALIVE_MS) {
                // A comment: who reads knows that the agent lives, and a connection that is gone is found.
                ":\n\n".clone_into(&mut piece);
            }
            if !piece.is_empty() {
                self.spoke = now;
                return Some(piece.into_bytes());
            }
        }
    }
}

/// The status without figures that change although nothing happens.
fn without_clocks(mut report: StatusReport) -> StatusReport {
    for source in &mut report.sources {
        source.looked_s_ago = source.looked_s_ago.map(|_| 0);
    }
    for peer in &mut report.peers {
        (peer.round_trip_us, peer.off_s) = (None, peer.off_s.map(|_| 0));
    }
    report
}

/// One event. JSON has no line ends of its own.
fn event(name: &str, data: &impl Serialize) -> String {
    serde_json::to_string(data)
        .map_or_else(|_| String::new(), |json| format!("event: {name}\ndata: {}\n\n", escaped(&json)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_of_data_whatever_stands_in_it() {
        let event = event("device", &serde_json::json!({ "text": "a\nb\u{2028}\r\n\ndata: c" }));
        assert_eq!(event, "event: device\ndata: {\"text\":\"a\\nb\\u2028\\r\\n\\ndata: c\"}\n\n");
        assert_eq!(event.matches('\n').count(), 3);
    }
}
