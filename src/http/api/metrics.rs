//! `GET /metrics` in Prometheus' text format, and `GET /readyz`
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>).
//!
//! No label has the name of a device, a folder or a document: the number of series is fixed, and nothing private is in them.

use super::Api;
use crate::http::answer::{plain, refused};
use crate::http::dto::StatusReport;
use crate::runtime::governor::Current;
use std::fmt::Write;
use trillium::{Conn, KnownHeaderName, Status};

/// A page of metrics that is being written.
#[derive(Default)]
struct Page(String);

/// What a metric is, in Prometheus' words.
#[derive(Clone, Copy)]
enum Kind {
    Gauge,
    Counter,
}

impl Page {
    /// One metric with its series: for each the value of the label, empty where the metric has none. Without a series there is no metric.
    fn add(&mut self, (name, kind): (&str, Kind), help: &str, label: &str, series: &[(&str, f64)]) {
        if series.is_empty() {
            return;
        }
        let kind = match kind {
            Kind::Gauge => "gauge",
            Kind::Counter => "counter",
        };
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
        for (of, value) in series {
            // The values are names of ours; of nothing in them Prometheus' escapes differ from Rust's.
            let label = if label.is_empty() { String::new() } else { format!("{{{label}={of:?}}}") };
            let _ = writeln!(self.0, "{name}{label} {value}");
        }
    }

    fn gauge(&mut self, name: &str, help: &str, value: f64) {
        self.add((name, Kind::Gauge), help, "", &[("", value)]);
    }
}

/// Counts of files and bytes are far below 2^53.
const fn number(count: u64) -> f64 {
    count as f64
}

impl Api {
    /// Whether the agent takes calls: it is up, is not stopping, and has room.
    pub(in crate::http) fn ready(&self, conn: Conn) -> Conn {
        if self.node.takes_calls() {
            return plain(conn, "ready");
        }
        refused(conn, Status::ServiceUnavailable, "The agent is stopping, or has too many requests at once.")
    }

    pub(in crate::http) async fn metrics(&self, conn: Conn) -> Conn {
        let Some(report) = self.status_report().await else {
            return refused(conn, Status::ServiceUnavailable, "The agent is stopping or too busy. Try again.");
        };
        let mut page = Page::default();
        work(&mut page, &report);
        devices(&mut page, &report);
        if let Some(current) = self.node.governor_handle().current().await {
            energy(&mut page, &current);
        }
        if let Some(bytes) = resident() {
            page.gauge("process_resident_memory_bytes", "Memory of the agent's process, in bytes.", bytes);
        }
        conn.with_status(Status::Ok)
            .with_response_header(KnownHeaderName::ContentType, "text/plain; version=0.0.4; charset=utf-8")
            .with_body(page.0)
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
    let panics = [("", number(report.activity.panics))];
    let help = "Tasks that a defect of the program stopped since the agent started.";
    page.add(("wattle_panics_total", Kind::Counter), help, "", &panics);
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
    fn a_metric_has_its_help_its_type_and_a_line_for_each_label() {
        let mut page = Page::default();
        page.add(("a_total", Kind::Counter), "Some.", "state", &[("x", 1.0), ("y", 2.5)]);
        page.add(("none", Kind::Gauge), "Of nothing.", "state", &[]);
        page.gauge("b", "Other.", 3.0);
        assert_eq!(
            page.0,
            "# HELP a_total Some.\n# TYPE a_total counter\na_total{state=\"x\"} 1\na_total{state=\"y\"} 2.5\n\
             # HELP b Other.\n# TYPE b gauge\nb 3\n"
        );
        assert!(resident().is_some_and(|bytes| bytes > 1e6));
    }
}
