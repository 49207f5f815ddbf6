//! The metrics of requests, questions and texts of programs.
//!
//! The labels are the rows of the table of calls, classes of statuses and reasons that the program names. A row has series once it was called, so
//! that a home's few calls make a small page.

use super::page::{Kind, Page, number};
use crate::http::traffic::{CLASSES, OfRoute, Traffic};
use trillium::Method;

/// The label of requests that no row of the table answers.
const NO_ROUTE: (&str, &str) = ("other", "other");

/// Writes all of them. `routes` are the rows of the table of calls, in its order.
pub(super) fn write(page: &mut Page, traffic: &Traffic, routes: impl Iterator<Item = (Method, &'static str)>) {
    let rows = routes.enumerate().map(|(at, (method, path))| ((method.as_str(), path), traffic.of_route(Some(at))));
    let rows = rows.chain([(NO_ROUTE, traffic.of_route(None))]);
    let called: Vec<_> =
        rows.filter_map(|(name, row)| Some((name, row?))).filter(|(_, row)| row.took().count > 0).collect();
    requests(page, &called);
    let refused = traffic.refused().map(|(reason, count)| (reason, number(count)));
    let help = "Requests that were refused, by why: throttled (too many wrong tokens or passwords), unauthorised, forbidden (the token's role, or \
                the address), host, origin, plain (HTTP where TLS is on), too_large, busy.";
    page.add(("wattle_http_refused_total", Kind::Counter), help, "reason", &refused);
    page.gauge("wattle_http_connections", "Connections to the API that are served.", number(traffic.connections.get()));
    let help = "Streams of events that are open: pages that somebody looks at.";
    page.gauge("wattle_http_event_streams", help, number(traffic.streams.get()));
    questions(page, traffic);
    let (texts, tokens) = traffic.texts.counts();
    let help = "Texts of programs that this device embedded for them, without those that members embedded.";
    page.counter("wattle_program_embeddings_total", help, number(texts));
    let help = "Tokens of these texts that the model read.";
    page.counter("wattle_program_embedding_tokens_total", help, number(tokens));
}

/// Those of the rows that were called; nothing where none was.
fn requests(page: &mut Page, called: &[((&str, &str), &OfRoute)]) {
    if called.is_empty() {
        return;
    }
    let name = "wattle_http_requests_total";
    page.begin(name, Kind::Counter, "Requests that were answered, by call of docs/api.md and class of the status.");
    for &((method, route), row) in called {
        for (class, count) in CLASSES.into_iter().zip(row.classes()).filter(|(_, count)| *count > 0) {
            page.series(name, &[("method", method), ("route", route), ("class", class)], number(count));
        }
    }
    let name = "wattle_http_request_duration_seconds";
    page.begin(
        name,
        Kind::Histogram,
        "From a request's head until its answer begins, in seconds, by call of docs/api.md.",
    );
    for &((method, route), row) in called {
        page.histogram(name, &[("method", method), ("route", route)], &row.took());
    }
}

fn questions(page: &mut Page, traffic: &Traffic) {
    let questions = &traffic.questions;
    let results = questions.results().map(|(result, count)| (result, number(count)));
    let help = "Questions of people and programs at this device: answered, refused (the agent was busy, or could not), or unknown (for a device or collection that is none).";
    page.add(("wattle_questions_total", Kind::Counter), help, "result", &results);
    let name = "wattle_question_duration_seconds";
    page.begin(name, Kind::Histogram, "How long the answers to questions took, in seconds, other devices included.");
    page.histogram(name, &[], &questions.took());
    let (asked, silent) = questions.devices();
    let help = "Devices that were asked for these answers, this one among them.";
    page.counter("wattle_question_devices_asked_total", help, number(asked));
    page.counter("wattle_question_devices_silent_total", "Those of them that did not answer in time.", number(silent));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::Duration;
    use trillium::Status;

    #[test]
    fn a_call_has_series_once_it_was_called_and_a_path_that_was_sent_is_no_label() {
        let traffic = Traffic::default();
        let table = || [(Method::Get, "/v1/status"), (Method::Delete, "/v1/things/{name}")].into_iter();
        let written = |traffic: &Traffic| {
            let mut page = Page::default();
            write(&mut page, traffic, table());
            page.into_text()
        };
        assert!(!written(&traffic).contains("wattle_http_request"), "nothing was called yet");
        traffic.answered(Some(1), Status::Ok, None, Duration::from_millis(30));
        traffic.answered(None, Status::NotFound, None, Duration::from_millis(1));
        traffic.questions.answered((3, 2), Duration::from_millis(700));
        let _open = traffic.streams.open();
        let page = written(&traffic);
        for line in [
            "# TYPE wattle_http_requests_total counter",
            "wattle_http_requests_total{method=\"DELETE\",route=\"/v1/things/{name}\",class=\"2xx\"} 1",
            "wattle_http_requests_total{method=\"other\",route=\"other\",class=\"4xx\"} 1",
            "# TYPE wattle_http_request_duration_seconds histogram",
            "wattle_http_request_duration_seconds_bucket{method=\"DELETE\",route=\"/v1/things/{name}\",le=\"0.025\"} 0",
            "wattle_http_request_duration_seconds_bucket{method=\"DELETE\",route=\"/v1/things/{name}\",le=\"0.1\"} 1",
            "wattle_http_request_duration_seconds_sum{method=\"DELETE\",route=\"/v1/things/{name}\"} 0.03",
            "wattle_http_event_streams 1",
            "wattle_questions_total{result=\"answered\"} 1",
            "wattle_question_duration_seconds_bucket{le=\"0.5\"} 0",
            "wattle_question_duration_seconds_bucket{le=\"1\"} 1",
            "wattle_question_devices_asked_total 3",
            "wattle_question_devices_silent_total 1",
        ] {
            assert!(page.lines().any(|one| one == line), "{line}\n{page}");
        }
        assert!(!page.contains("/v1/status"), "{page}");
    }
}
