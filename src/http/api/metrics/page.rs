//! A page of metrics in Prometheus' text format, as it is written
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>).

use crate::http::traffic::Snapshot;
use std::fmt::Write;

/// The page so far.
#[derive(Default)]
pub(super) struct Page(String);

/// What a metric is, in Prometheus' words.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Gauge,
    Counter,
    Histogram,
}

/// Names of labels with their values. Both are names of ours: of nothing in them Prometheus' escapes differ from Rust's.
type Labels<'a> = [(&'a str, &'a str)];

impl Page {
    /// One metric with its series: for each the value of the label, empty where the metric has none. Without a series there is no metric.
    pub(super) fn add(&mut self, (name, kind): (&str, Kind), help: &str, label: &str, series: &[(&str, f64)]) {
        if series.is_empty() {
            return;
        }
        self.begin(name, kind, help);
        for (of, value) in series {
            let labels = [(label, *of)];
            self.series(name, if label.is_empty() { &[] } else { &labels }, *value);
        }
    }

    /// A metric of one series that may fall.
    pub(super) fn gauge(&mut self, name: &str, help: &str, value: f64) {
        self.add((name, Kind::Gauge), help, "", &[("", value)]);
    }

    /// A metric of one series that only grows while the agent runs.
    pub(super) fn counter(&mut self, name: &str, help: &str, value: f64) {
        self.add((name, Kind::Counter), help, "", &[("", value)]);
    }

    /// The beginning of a metric, before its series.
    pub(super) fn begin(&mut self, name: &str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Gauge => "gauge",
            Kind::Counter => "counter",
            Kind::Histogram => "histogram",
        };
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    /// One series.
    pub(super) fn series(&mut self, name: &str, labels: &Labels<'_>, value: f64) {
        self.0.push_str(name);
        for (number, (label, of)) in labels.iter().enumerate() {
            let before = if number == 0 { '{' } else { ',' };
            let _ = write!(self.0, "{before}{label}={of:?}");
        }
        let after = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.0, "{after} {value}");
    }

    /// The series of one histogram, of which each bucket counts those before it too.
    pub(super) fn histogram(&mut self, name: &str, labels: &Labels<'_>, of: &Snapshot) {
        let bucket = format!("{name}_bucket");
        let bounds = of.buckets.iter().map(|(bound, count)| (bound.to_string(), *count));
        for (bound, count) in bounds.chain([("+Inf".to_owned(), of.count)]) {
            let with_bound: Vec<_> = labels.iter().copied().chain([("le", bound.as_str())]).collect();
            self.series(&bucket, &with_bound, number(count));
        }
        self.series(&format!("{name}_sum"), labels, of.sum_s);
        self.series(&format!("{name}_count"), labels, number(of.count));
    }

    /// The whole page.
    pub(super) fn into_text(self) -> String {
        self.0
    }
}

/// Counts of files and bytes are far below 2^53.
pub(super) const fn number(count: u64) -> f64 {
    count as f64
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
        page.counter("c_total", "More.", 4.0);
        assert_eq!(
            page.into_text(),
            "# HELP a_total Some.\n# TYPE a_total counter\na_total{state=\"x\"} 1\na_total{state=\"y\"} 2.5\n\
             # HELP b Other.\n# TYPE b gauge\nb 3\n# HELP c_total More.\n# TYPE c_total counter\nc_total 4\n"
        );
    }

    #[test]
    fn a_histogram_has_its_buckets_with_their_bounds_in_seconds_and_one_for_all() {
        let mut page = Page::default();
        let snapshot = Snapshot { buckets: vec![(0.005, 1), (10.0, 2)], count: 3, sum_s: 12.25 };
        page.begin("a_seconds", Kind::Histogram, "Some.");
        page.histogram("a_seconds", &[("route", "/v1/x")], &snapshot);
        page.histogram("a_seconds", &[], &snapshot);
        assert_eq!(
            page.into_text(),
            "# HELP a_seconds Some.\n# TYPE a_seconds histogram\n\
             a_seconds_bucket{route=\"/v1/x\",le=\"0.005\"} 1\na_seconds_bucket{route=\"/v1/x\",le=\"10\"} 2\n\
             a_seconds_bucket{route=\"/v1/x\",le=\"+Inf\"} 3\na_seconds_sum{route=\"/v1/x\"} 12.25\na_seconds_count{route=\"/v1/x\"} 3\n\
             a_seconds_bucket{le=\"0.005\"} 1\na_seconds_bucket{le=\"10\"} 2\na_seconds_bucket{le=\"+Inf\"} 3\na_seconds_sum 12.25\na_seconds_count 3\n"
        );
    }
}
