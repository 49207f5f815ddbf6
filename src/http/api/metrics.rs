//! `GET /metrics` in Prometheus' text format, and `GET /readyz`
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>).
//!
//! No label has the name of a device, a folder or a document, a token or an address: the number of series is bounded, and nothing private is in them.

mod page;
mod traffic;

use super::Api;
use crate::http::answer::{plain, refused};
use crate::http::dto::StatusReport;
use crate::runtime::governor::Current;
use page::{Kind, Page, number};
use trillium::{Conn, KnownHeaderName, Method, Status};

impl Api {
    /// Whether the agent takes calls: it is up, is not stopping, and has room.
    pub(in crate::http) fn ready(&self, conn: Conn) -> Conn {
        if self.node.takes_calls() {
            return plain(conn, "ready");
        }
        refused(conn, Status::ServiceUnavailable, "The agent is stopping, or has too many requests at once.")
    }

    /// `routes` are the rows of the table of calls, in its order.
    pub(in crate::http) async fn metrics(
        &self,
        conn: Conn,
        routes: impl Iterator<Item = (Method, &'static str)> + Send,
    ) -> Conn {
        let Some(report) = self.status_report().await else {
            return refused(conn, Status::ServiceUnavailable, "The agent is stopping or too busy. Try again.");
        };
        let mut page = Page::default();
        work(&mut page, &report);
        devices(&mut page, &report);
        traffic::write(&mut page, self.keys.traffic(), routes);
        if let Some(current) = self.node.governor_handle().current().await {
            energy(&mut page, &current);
        }
        if let Some(bytes) = resident() {
            page.gauge("process_resident_memory_bytes", "Memory of the agent's process, in bytes.", bytes);
        }
        conn.with_status(Status::Ok)
            .with_response_header(KnownHeaderName::ContentType, "text/plain; version=0.0.4; charset=utf-8")
            .with_body(page.into_text())
            .halt()
    }
}

fn work(page: &mut Page, report: &StatusReport) {
    let version = [(env!("CARGO_PKG_VERSION"), 1.0)];
    page.add(("wattle_build_info", Kind::Gauge), "The version of the agent; always 1.", "version", &version);
    let files = &report.files;
    let states = [
        ("ready", files.ready),
        ("waiting", files.waiting),
        ("chunked", files.chunked),
        ("refused", files.refused),
        ("parked", files.parked),
    ];
    let help = "Files by state: ready, waiting to be read, chunked (being embedded), refused (not usable), parked.";
    page.add(("wattle_files", Kind::Gauge), help, "state", &states.map(|(state, count)| (state, number(count))));
    let passages = &report.progress.passages;
    let states = [("embedded", passages.embedded), ("waiting", passages.waiting), ("lent", passages.lent)];
    let help = "Passages by state: embedded, waiting to be, or lent to another device for that.";
    page.add(("wattle_passages", Kind::Gauge), help, "state", &states.map(|(state, count)| (state, number(count))));
    let bytes = [("vectors", number(report.index_bytes.vectors)), ("words", number(report.index_bytes.words))];
    page.add(("wattle_index_bytes", Kind::Gauge), "Memory of the indexes, in bytes.", "index", &bytes);
    let working = if report.activity.working { 1.0 } else { 0.0 };
    page.gauge("wattle_working", "1 while something is scanned, read or embedded, or comes next.", working);
    let help = "Tasks that a defect of the program stopped since the agent started.";
    page.counter("wattle_panics_total", help, number(report.activity.panics));
    let findings = number(report.findings.len() as u64);
    page.gauge("wattle_findings", "What is wrong or in doubt, as wattle status lists it.", findings);
}

fn devices(page: &mut Page, report: &StatusReport) {
    let of = |state: &str| number(report.peers.iter().filter(|peer| peer.state == state).count() as u64);
    let states = ["alive", "suspect", "down", "unknown"].map(|state| (state, of(state)));
    page.add(
        ("wattle_devices", Kind::Gauge),
        "Other devices of the mesh, by what is believed of them.",
        "state",
        &states,
    );
    let linked = report.peers.iter().filter(|peer| peer.linked).count() as u64;
    page.gauge("wattle_devices_linked", "Other devices with a link to this one.", number(linked));
}

fn energy(page: &mut Page, current: &Current) {
    let details = &current.details;
    page.gauge("wattle_duty_ratio", "Share of its time that each background worker may work, 0 to 1.", details.duty);
    let workers = number(details.workers as u64);
    page.gauge("wattle_background_workers", "Background workers that may work at once.", workers);
    let report = &current.report;
    page.gauge("wattle_headroom_ratio", "Share of the device that background work may take, 0 to 1.", report.headroom);
    if let Some(degrees) = report.cpu_temp_c {
        page.gauge("wattle_cpu_temperature_celsius", "Temperature of the processor, in degrees Celsius.", degrees);
    }
    if let Some(percent) = report.battery_pct {
        page.gauge("wattle_battery_ratio", "Charge of the battery, 0 to 1.", f64::from(percent) / 100.0);
    }
    let today = &current.consumption.today;
    let joules: Vec<_> = today.iter().filter_map(|of| Some((of.method.as_str(), of.joules?))).collect();
    let help = "Joules of background work today, by how they are known; begins anew at midnight.";
    page.add(("wattle_today_joules", Kind::Gauge), help, "method", &joules);
    let chunks: Vec<_> = today.iter().map(|of| (of.method.as_str(), number(of.chunks))).collect();
    let help = "Passages embedded today, by how their joules are known; begins anew at midnight.";
    page.add(("wattle_today_passages", Kind::Gauge), help, "method", &chunks);
    let paused = if current.wishes.paused { 1.0 } else { 0.0 };
    page.gauge("wattle_paused", "1 while background work is paused by its owner.", paused);
}

/// Bytes of memory that this process has, as Linux counts them.
fn resident() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split(' ').nth(1)?.parse().ok()?;
    Some(number(pages) * number(rustix::param::page_size() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_of_this_process_is_found() {
        assert!(resident().is_some_and(|bytes| bytes > 1e6));
    }
}
