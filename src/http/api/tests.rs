//! Bounds and bodies of the calls.

use super::*;

#[test]
fn a_question_is_trimmed_and_its_bounds_are_checked() {
    let request = Request::Search { question: "where?".into(), count: 3 };
    assert_eq!(search_request("  where?\n", 3), Ok(request));
    assert!(search_request(" \n", 3).is_err() && search_request("", 3).is_err());
    assert!(
        search_request("x", 0).is_err()
            && search_request("x", HITS_MAX + 1).is_err()
            && search_request("x", HITS_MAX).is_ok()
    );
    assert!(search_request(&"x".repeat(QUESTION_BYTES_MAX), 1).is_ok());
    assert!(search_request(&"x".repeat(QUESTION_BYTES_MAX + 1), 1).is_err());
}

#[test]
fn every_problem_has_its_http_status() {
    assert_eq!(
        [Problem::Conflict, Problem::Busy, Problem::DiskFull, Problem::Broken].map(|problem| status_of(problem) as u16),
        [409, 503, 507, 500]
    );
}

#[test]
fn bodies_have_defaults_and_unknown_fields_are_refused() {
    let search: Search = serde_json::from_str(r#"{"query": "x"}"#).unwrap();
    assert_eq!(search.k, 10);
    assert!(serde_json::from_str::<Search>(r#"{"query": "x", "limit": 3}"#).is_err());
    assert!(serde_json::from_str::<Add>(r#"{"path": "/x", "ring": "everybody"}"#).is_err());
}
