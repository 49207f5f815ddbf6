//! `GET /v1/events/stream`: the status and the energy whenever they change, and events of other devices, as server-sent events
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).

use super::Api;
use super::browsers::bearer;
use crate::base::time::{Duration, Instant};
use crate::energy::reason::Reason;
use crate::http::answer::{EVENT_STREAM, escaped, refused};
use crate::http::dto::StatusReport;
use crate::http::events::Events;
use crate::http::pieces::Pieces;
use crate::http::traffic::Open;
use crate::limits::{STREAM_ALIVE_MS, STREAM_ENERGY_MS, STREAM_LOOK_MS};
use crate::platform::clock;
use crate::runtime::governor::Current;
use futures_lite::stream;
use serde::Serialize;
use smol::lock::SemaphoreGuardArc;
use trillium::{Body, Conn, KnownHeaderName, Method, Status};

/// What a stream has told of the energy.
#[derive(Default)]
struct SentEnergy {
    /// What was sent last, without what changes by itself.
    sent: Option<Current>,
    /// When it was looked at last.
    looked: Option<Instant>,
    /// Why no more was allowed then.
    reason: Option<Reason>,
}

/// One open stream.
struct Follower {
    api: Api,
    /// The mark of a token that may be revoked meanwhile.
    mark: Option<String>,
    /// The status that was sent last, without what changes by itself.
    sent: Option<StatusReport>,
    /// The number of the event that was sent last.
    newest: u64,
    spoke: Instant,
    energy: SentEnergy,
    _permit: SemaphoreGuardArc,
    _open: Open,
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
        // Whoever is let in without a token, as the owner allowed on this machine, has none that could end.
        let mark = Some(bearer(&conn)).filter(|token| !token.is_empty()).and_then(|token| self.keys.mark_of(token));
        let follower = Follower {
            api: self.clone(),
            mark,
            sent: None,
            newest,
            spoke: clock::now(),
            energy: SentEnergy::default(),
            _permit: permit,
            _open: self.keys.traffic().streams.open(),
        };
        let body = stream::unfold(follower, |mut follower| async move { Some((follower.next().await?, follower)) });
        conn.with_body(Body::new_streaming(Pieces::new(body), None)).halt()
    }
}

impl Follower {
    /// The next piece, once there is something to say; `None` when the agent stops, or whoever follows is not let in any more.
    async fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            let is_first = self.sent.is_none();
            if !is_first {
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
            // A sensor that hangs delays no first status.
            if !is_first && let Some(energy) = self.energy(now, report.activity.background_reason).await {
                piece += &event("energy", &energy);
            }
            let (events, newest) = self.api.node.events().after(self.newest);
            for one in Events::new(now, &events, newest).events {
                piece += &event("device", &one);
            }
            self.newest = events.last().map_or(newest, |event| event.number);
            // Asked last: what was looked at before takes its time, and whoever is signed out meanwhile is sent nothing of it.
            if self.mark.as_ref().is_some_and(|mark| !self.api.keys.still_lets_in(mark)) {
                return None;
            }
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

impl Follower {
    /// What the governor measures and allows, where that has changed. It reads the sensors, so it is looked at now and then only, and at once
    /// when another reason holds the work.
    async fn energy(&mut self, now: Instant, reason: Option<Reason>) -> Option<Current> {
        let SentEnergy { sent, looked, reason: before } = &mut self.energy;
        let is_due = looked.is_none_or(|at| now.since(at) >= Duration::from_millis(STREAM_ENERGY_MS));
        if !is_due && *before == reason {
            return None;
        }
        (*looked, *before) = (Some(now), reason);
        let current = self.api.node.governor_handle().current().await?;
        let still = without_noise(current.clone());
        if sent.as_ref() == Some(&still) {
            return None;
        }
        *sent = Some(still);
        Some(current)
    }
}

/// The energy without what changes although nothing happens: noise of sensors, and times that run out.
fn without_noise(mut energy: Current) -> Current {
    energy.report.sensors.clear();
    energy.report.cpu_temp_c = energy.report.cpu_temp_c.map(f64::round);
    energy.report.headroom = (energy.report.headroom * 100.0).round();
    let details = &mut energy.details;
    (details.why, details.duty) = (String::new(), (details.duty * 100.0).round());
    details.foreign_cores = details.foreign_cores.map(|cores| (cores * 10.0).round());
    let wishes = &mut energy.wishes;
    (wishes.paused_s, wishes.burst_s) = (wishes.paused_s.map(|_| 0), wishes.burst_s.map(|_| 0));
    energy
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
    fn the_noise_of_a_sensor_and_time_that_runs_out_are_no_change_and_a_degree_is_one() {
        let read = |temp: f64, paused_s: u64, foreign: f64| -> Current {
            let json = serde_json::json!({
                "board": null, "cpu_sensor": "cpu", "cpu_temp_c": temp, "t_lim_c": 80.0, "t_lim_from": "default", "power_source": "ac",
                "battery_pct": null, "throttling": null, "headroom": 0.5, "reason": "paused", "why": format!("At {temp}."), "mode": "off", "workers": 0,
                "sensors": [{ "name": "cpu", "kind": "thermal", "temp_c": temp }], "duty": 0.0, "goal_c": null, "foreign_cores": foreign,
                "energy": "normal", "energy_source": null, "leads": true, "followers": 0, "paused": true, "paused_s": paused_s, "today": [],
            });
            without_noise(serde_json::from_value(json).unwrap())
        };
        assert_eq!(read(50.1, 60, 0.31), read(49.8, 55, 0.29));
        assert_ne!(read(50.1, 60, 0.31), read(51.2, 60, 0.31));
        assert_ne!(read(50.1, 60, 0.31), read(50.1, 60, 1.4));
    }

    #[test]
    fn an_event_is_one_line_of_data_whatever_stands_in_it() {
        let event = event("device", &serde_json::json!({ "text": "a\nb\u{2028}\r\n\ndata: c" }));
        assert_eq!(event, "event: device\ndata: {\"text\":\"a\\nb\\u2028\\r\\n\\ndata: c\"}\n\n");
        assert_eq!(event.matches('\n').count(), 3);
    }
}
