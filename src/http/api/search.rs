//! `POST /v1/search`: a question, its filters as fields or as words in it.

use super::{Api, NO_ANSWER, Refused, body, status_of};
use crate::base::filter::{self, Filter, Key};
use crate::http::dto::{SearchAnswer, SearchResults};
use crate::http::shape::takes_strings;
use crate::limits::{HITS_MAX, QUESTION_BYTES_MAX};
use crate::node::input::Request;
use crate::node::output::{Problem, Response};
use crate::platform::clock;
use crate::runtime::governor::WaitingWork;
use serde::Deserialize;
use serde_json::Value;
use trillium::{Conn, Status};

/// The body of `POST /v1/search`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Search {
    query: String,
    #[serde(default = "default_count")]
    pub(super) k: usize,
    #[serde(default)]
    collection: Values,
    #[serde(default)]
    device: Values,
    #[serde(default)]
    path: Values,
    #[serde(default, rename = "type")]
    of_type: Values,
    #[serde(default)]
    after: Values,
    #[serde(default)]
    before: Values,
}

/// No value, one, or several of which one fits.
#[derive(Debug, Default, Deserialize)]
#[serde(untagged)]
enum Values {
    #[default]
    None,
    One(String),
    Several(Vec<String>),
    /// None of these: serde would not say which field it is of.
    Other(Value),
}

const fn default_count() -> usize {
    10
}

impl Api {
    pub(in crate::http) async fn search(&self, mut conn: Conn) -> Conn {
        let request = body::<Search>(&mut conn).await.map_err(with_limit).and_then(|search| search_request(&search));
        self.request(conn, request).await
    }

    /// Asks the node, and counts what becomes of a question.
    pub(super) async fn ask(&self, request: Request) -> Response {
        let (is_question, began) = (matches!(request, Request::Search { .. }), clock::now());
        let response = self.node.request(request).await;
        let questions = &self.keys.traffic().questions;
        match &response {
            Response::Hits { asked, answered, .. } => {
                questions.answered((*asked, *answered), clock::now().since(began));
            }
            Response::Refused(Problem::Conflict, _) if is_question => questions.unknown(),
            _ if is_question => questions.refused(),
            _ => {}
        }
        response
    }

    /// What the node found, as it is told.
    pub(super) fn results(&self, response: Response) -> Result<SearchResults, Refused> {
        let (hits, narrowed, coverage, unusable) = match response {
            Response::Hits {
                hits,
                asked,
                answered,
                silent,
                not_asked,
                nothing_else,
                frozen,
                uncovered,
                files,
                others,
                fits,
                narrowed,
                unusable,
                held,
            } => {
                let allowed = |work| self.node.governor_handle().sentence(work);
                let coverage = SearchAnswer {
                    asked,
                    answered,
                    silent: silent.iter().map(|silent| silent.device.clone()).collect(),
                    silent_devices: silent,
                    not_asked,
                    nothing_else,
                    frozen,
                    uncovered,
                    files,
                    others,
                    unusable: unusable.0,
                    background: WaitingWork::of(&files).and_then(|work| held.or_else(|| allowed(work))),
                };
                (hits, (fits, narrowed), coverage, unusable.1)
            }
            Response::Refused(problem, why) => return Err((status_of(problem), why)),
            _ => return Err((Status::InternalServerError, NO_ANSWER.to_owned())),
        };
        Ok(SearchResults::new(hits, narrowed, unusable, coverage))
    }
}

impl Values {
    fn add_to(&self, filter: &mut Filter, key: Key) -> Result<(), String> {
        match self {
            Self::None => Ok(()),
            Self::One(value) => filter.add(key, value),
            Self::Several(values) => values.iter().try_for_each(|value| filter.add(key, value)),
            Self::Other(sent) => Err(takes_strings(key.name(), example(key), sent)),
        }
    }
}

/// A value that a filter takes.
const fn example(key: Key) -> &'static str {
    match key {
        Key::Collection => "home",
        Key::Device => "attic",
        Key::Path => "notes/*.md",
        Key::Type => "pdf",
        Key::After => "2024-01",
        Key::Before => "2025",
    }
}

/// Why a question is refused for its length; `None` if it can be asked. White space around it does not count.
#[must_use]
pub fn too_long(question: &str) -> Option<String> {
    let bytes = question.trim().len();
    let why = || format!("The question has {bytes} bytes; at most {QUESTION_BYTES_MAX} are read.");
    (bytes > QUESTION_BYTES_MAX).then(why)
}

/// A body that is too large is mostly a question that is: its own limit is named too.
fn with_limit((status, why): Refused) -> Refused {
    if status != Status::PayloadTooLarge {
        return (status, why);
    }
    (status, format!("{why} A question in it has at most {QUESTION_BYTES_MAX}."))
}

pub(super) fn search_request(search: &Search) -> Result<Request, Refused> {
    let bad = |why: String| (Status::BadRequest, why);
    let query = search.query.trim();
    if let Some(why) = too_long(query) {
        return Err(bad(why));
    }
    if !(1..=HITS_MAX).contains(&search.k) {
        return Err(bad(format!("k, the number of answers, is from 1 to {HITS_MAX}.")));
    }
    let (question, mut filter) = filter::read(query).map_err(bad)?;
    let Search { collection, device, path, of_type, after, before, .. } = search;
    let values = [collection, device, path, of_type, after, before];
    values.into_iter().zip(Key::ALL).try_for_each(|(values, key)| values.add_to(&mut filter, key)).map_err(bad)?;
    if question.is_empty() && !filter.is_empty() {
        return Err(bad(
            "The question has filters and no words: say what is searched for too, as in: heating type:pdf".to_owned(),
        ));
    }
    if question.is_empty() {
        return Err(bad("The question is empty.".to_owned()));
    }
    Ok(Request::Search { question, count: search.k, filter })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(body: &str) -> Result<Request, String> {
        search_request(&serde_json::from_str(body).unwrap()).map_err(|(_, why)| why)
    }

    #[test]
    fn a_question_is_trimmed_and_its_bounds_are_checked() {
        let of = |question: &str, k: usize| request(&serde_json::json!({ "query": question, "k": k }).to_string());
        let where_is = Request::Search { question: "where?".into(), count: 3, filter: Filter::default() };
        assert_eq!(of("  where?\n", 3), Ok(where_is));
        assert!(of(" \n", 3).is_err() && of("", 3).is_err());
        assert!(of("x", 0).is_err() && of("x", HITS_MAX + 1).is_err() && of("x", HITS_MAX).is_ok());
        assert!(of(&"x".repeat(QUESTION_BYTES_MAX), 1).is_ok());
        let told = of(&"x".repeat(QUESTION_BYTES_MAX + 1), 1).unwrap_err();
        assert!(told.contains(&format!("at most {QUESTION_BYTES_MAX} are read")), "{told}");
        let spaced = format!(" {} ", "x".repeat(QUESTION_BYTES_MAX));
        assert!(too_long(&spaced).is_none() && too_long(&format!("{spaced}y")).unwrap().contains("4096"));
        let (status, told) = with_limit((Status::PayloadTooLarge, "At most 9 bytes.".to_owned()));
        assert_eq!(
            (status, told.as_str()),
            (Status::PayloadTooLarge, "At most 9 bytes. A question in it has at most 4096.")
        );
        assert_eq!(with_limit((Status::BadRequest, "x".to_owned())).1, "x");
        assert!(serde_json::from_str::<Search>(r#"{"query": "x", "limit": 3}"#).is_err());
        assert_eq!(serde_json::from_str::<Search>(r#"{"query": "x"}"#).unwrap().k, 10);
    }

    #[test]
    fn filters_are_fields_and_words_of_the_question_and_all_of_them_hold() {
        let body = r#"{"query": "bill path:notes", "type": ["pdf", "mail"], "device": "attic", "after": "2024", "before": null}"#;
        let Ok(Request::Search { question, filter, .. }) = request(body) else { panic!() };
        assert_eq!(question, "bill");
        assert_eq!(filter.told(), ["device:attic", "path:notes", "type:pdf", "type:mail", "after:2024-01-01"]);
        assert!(request(r#"{"query": "bill", "before": "noon"}"#).unwrap_err().contains("before:2024-01"));
        assert!(request(r#"{"query": "bill type:a/b"}"#).unwrap_err().contains("type:pdf"));
        assert!(request(r#"{"query": "type:pdf"}"#).unwrap_err().contains("as in: heating type:pdf"));
        for (key, value, sent) in [
            ("after", "2024", "a number"),
            ("type", "5", "a number"),
            ("path", r#"["a", 3]"#, "a list with something else in it"),
            ("device", "true", "true or false"),
            ("collection", "{}", "an object"),
        ] {
            let why = request(&format!(r#"{{"query": "x", "{key}": {value}}}"#)).unwrap_err();
            let takes = format!("The field {key} takes a string or a list of strings, as in {{\"{key}\": \"");
            assert!(why.starts_with(&takes) && why.ends_with(&format!("; {sent} was sent.")), "{why}");
        }
        for key in Key::ALL {
            assert_eq!(Filter::default().add(key, example(key)), Ok(()), "{key:?}");
        }
    }
}
