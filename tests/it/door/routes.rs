//! The table of calls against the real server.

use super::{agent, refused, status_of};
use wattle::http::routes::{Access, ROUTES};

#[test]
fn every_row_of_the_table_is_answered_to_whom_it_says_and_by_its_own_method_only() {
    let agent = agent();
    for route in ROUTES {
        let (method, path) = (route.method.as_str(), route.path);
        let without = agent.call(method, path, &[], "{}");
        match route.access {
            Access::Open => assert_eq!(status_of(&without), 200, "{route:?}: {without}"),
            Access::Token => refused(&agent, &without, 401),
        }
        // The pretend driver behind it governs nothing, and `{}` is not what every call reads.
        let answer = agent.owned(method, path, "{}");
        assert!(matches!(status_of(&answer), 200 | 204 | 400 | 409 | 503), "{route:?}: {answer}");
        let head = agent.owned("HEAD", path, "");
        if method == "GET" {
            assert_eq!(status_of(&head), status_of(&agent.owned("GET", path, "")), "{route:?}: {head}");
            assert!(head.ends_with("\r\n\r\n"), "no body: {head}");
        } else {
            assert_eq!(status_of(&head), 405, "{route:?}: {head}");
        }
        let wrong = agent.owned("DELETE", path, "");
        refused(&agent, &wrong, 405);
        let allow = if method == "GET" { "Allow: GET, HEAD\r\n".to_owned() } else { format!("Allow: {method}\r\n") };
        assert!(wrong.contains(&allow) && wrong.contains("This call is made with"), "{wrong}");
        assert_eq!(status_of(&agent.call("DELETE", path, &[], "")), 401, "a stranger is not told what there is");
        refused(&agent, &agent.owned(method, &format!("{path}/x"), "{}"), 404);
    }
}
