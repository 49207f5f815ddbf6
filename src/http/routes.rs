//! The one table of HTTP calls: method, path, access, description, handler.
//!
//! A call is one row. `auth` looks up its access there, the router below its handler, and a 405 answer the methods that are
//! allowed; docs/api.md repeats the table, and a test compares the two.

mod lookup;
mod page;
mod pairing;
mod programs;
pub(super) mod row;
mod session;
mod settings;
mod tokens;
mod upkeep;

use super::answer::{json, refused};
use super::api::Api;
use super::openapi;
use crate::node::input::Request;
use crate::scheduler::attempt::Decided;
use lookup::{Found, allowed, find, position};
use row::STOPPING;
use trillium::{Conn, Handler, KnownHeaderName, Method, Status};

pub use row::{Access, Route};

/// Every call, in the order of docs/api.md.
pub fn routes() -> impl Iterator<Item = &'static Route> {
    page::ROUTES
        .iter()
        .chain(ROUTES)
        .chain(settings::ROUTES)
        .chain(upkeep::ROUTES)
        .chain(pairing::ROUTES)
        .chain(tokens::ROUTES)
        .chain(session::ROUTES)
        .chain(programs::ROUTES)
}

static ROUTES: &[Route] = &[
    Route {
        method: Method::Get,
        path: "/v1/status",
        access: Access::Read,
        about: "returns what is indexed, what the agent does and which devices it is linked to",
        handler: |api, conn, _| Box::pin(api.request(conn, Ok(Request::Status))),
    },
    Route {
        method: Method::Get,
        path: "/v1/events",
        access: Access::Read,
        about: "returns recent events of other devices; with `?after=N`, those after that number",
        handler: |api, conn, _| Box::pin(async move { api.events(conn) }),
    },
    Route {
        method: Method::Get,
        path: "/v1/events/stream",
        access: Access::Read,
        about: "follows the agent by server-sent events: `status` and `energy` whenever they change, `device` for each event; at most four at once",
        handler: |api, conn, _| Box::pin(async move { api.stream(conn) }),
    },
    Route {
        method: Method::Post,
        path: "/v1/search",
        access: Access::Read,
        about: "answers a question: `{\"query\", \"k\"?, \"collection\"?, \"device\"?, \"path\"?, \"type\"?, \"after\"?, \"before\"?}`; the filters are strings, or lists of strings of which one fits (docs/search.md)",
        handler: |api, conn, _| Box::pin(api.search(conn)),
    },
    Route {
        method: Method::Get,
        path: "/v1/document",
        access: Access::Read,
        about: "returns the text of a document of this device as it was read, in parts: `?path=…&from=0`",
        handler: |api, conn, _| Box::pin(api.document(conn)),
    },
    Route {
        method: Method::Get,
        path: "/v1/documents",
        access: Access::Read,
        about: "returns the paths of the documents of this device that end so, 16 at most: `?end=notes/todo.md`",
        handler: |api, conn, _| Box::pin(api.documents(conn)),
    },
    Route {
        method: Method::Get,
        path: "/v1/document/file",
        access: Access::Read,
        about: "returns the file of such a document as an attachment: `?path=…`; at most two at once",
        handler: |api, conn, _| Box::pin(api.document_file(conn)),
    },
    Route {
        method: Method::Post,
        path: "/v1/feedback",
        access: Access::Write,
        about: "keeps what somebody says of an answer, on this device alone: `{\"question\", \"device\", \"path\", \"text\", \"verdict\"}`, where `verdict` is `good`, `bad`, or `none` to take it back; answers once that is on the disk",
        handler: |api, conn, _| Box::pin(api.judge(conn)),
    },
    Route {
        method: Method::Get,
        path: "/v1/feedback",
        access: Access::Write,
        about: "returns what was said of answers, with the questions of all who said it",
        handler: |api, conn, _| Box::pin(api.judgements(conn)),
    },
    Route {
        method: Method::Post,
        path: "/v1/add",
        access: Access::Write,
        about: "watches a folder or file: `{\"path\", \"collection\"?, \"ring\"?}`; answers once that is on the disk",
        handler: |api, conn, _| Box::pin(api.add(conn)),
    },
    Route {
        method: Method::Post,
        path: "/v1/collection",
        access: Access::Write,
        about: "renames a collection, changes its ring or its model: `{\"name\", \"to\"}`, `{\"name\", \"ring\", \"new\"?, \"confirm\"?}`, `{\"name\", \"model\"}` or `{\"name\", \"back\": true}`; a ring wider than it has asks for the role admin; answers once that is on the disk",
        handler: |api, conn, _| Box::pin(api.collection(conn)),
    },
    Route {
        method: Method::Post,
        path: "/v1/collection/forecast",
        access: Access::Read,
        about: "tells what it takes to embed a collection anew, before its model is changed: `{\"name\", \"model\"?}` or `{\"name\", \"back\": true}`; changes nothing",
        handler: |api, conn, _| Box::pin(api.forecast(conn)),
    },
    Route {
        method: Method::Get,
        path: "/v1/folders",
        access: Access::Read,
        about: "returns the watched folders and files: when each was last looked at, and which documents are kept without their files",
        handler: |api, conn, _| Box::pin(api.folders(conn)),
    },
    Route {
        method: Method::Get,
        path: "/v1/why",
        access: Access::Read,
        about: "returns what waits and why, and of each device what limits it, since when, and when it is looked at again; asks the linked devices for that",
        handler: |api, conn, _| Box::pin(api.why(conn)),
    },
    Route {
        method: Method::Get,
        path: "/v1/tasks",
        access: Access::Read,
        about: "returns what waits to be read and embedded, which devices have some of it, and why the rest waits",
        handler: |api, conn, _| Box::pin(api.tasks(conn)),
    },
    Route {
        method: Method::Post,
        path: "/v1/tasks/retry",
        access: Access::Write,
        about: "has parked tasks tried again: `{\"id\"}`, or `{}` for all of them; answers once that is on the disk",
        handler: |api, conn, _| Box::pin(api.decide_parked(conn, Decided::Retry)),
    },
    Route {
        method: Method::Post,
        path: "/v1/tasks/drop",
        access: Access::Write,
        about: "gives parked tasks up until their files change: `{\"id\"}`, or `{}` for all of them; answers once that is on the disk",
        handler: |api, conn, _| Box::pin(api.decide_parked(conn, Decided::Drop)),
    },
    Route {
        method: Method::Post,
        path: "/v1/forget",
        access: Access::Write,
        about: "ends the watching of a folder and forgets its documents; while a question about it is open, or of a place that is away, forgets those documents instead; with `kept`, only what is kept without its file at the path: `{\"path\", \"kept\"?}`; answers once that is on the disk",
        handler: |api, conn, _| Box::pin(api.forget(conn)),
    },
    Route {
        method: Method::Post,
        path: "/v1/keep",
        access: Access::Write,
        about: "keeps documents whose files are away or gone: `{\"path\"}`; answers once that is on the disk",
        handler: |api, conn, _| Box::pin(api.keep(conn)),
    },
    Route {
        method: Method::Get,
        path: "/v1/doctor",
        access: Access::Read,
        about: "reads the whole store and returns its faults and the files that cannot be used",
        handler: |api, conn, _| Box::pin(api.request(conn, Ok(Request::Audit))),
    },
    Route {
        method: Method::Get,
        path: "/v1/network",
        access: Access::Read,
        about: "returns what is known of the network and of each peer",
        handler: |api, conn, _| Box::pin(async move { api.network(conn) }),
    },
    Route {
        method: Method::Get,
        path: "/v1/energy",
        access: Access::Read,
        about: "returns what the governor measures and allows",
        handler: |api, conn, _| Box::pin(api.energy(conn)),
    },
    Route {
        method: Method::Get,
        path: "/v1/energy/day",
        access: Access::Read,
        about: "returns the last 24 hours: power, temperature, share of the device, joules and chunks in slots of five minutes",
        handler: |api, conn, _| Box::pin(async move { api.energy_day(conn) }),
    },
    Route {
        method: Method::Get,
        path: "/v1/energy/hint",
        access: Access::Read,
        about: "returns how much energy there is, by the hint that holds, and who said so",
        handler: |api, conn, _| Box::pin(api.energy_now(conn)),
    },
    Route {
        method: Method::Put,
        path: "/v1/energy/hint",
        access: Access::Write,
        about: "takes an energy hint: Wattle's own, evcc's or the grid's; answers 204 without a body",
        handler: |api, conn, _| Box::pin(api.hint(conn)),
    },
    Route {
        method: Method::Post,
        path: "/v1/energy/pause",
        access: Access::Write,
        about: "pauses background work: `{}`, `{\"seconds\"}` or `{\"until\": \"18:30\"}`; answers once that is on the disk",
        handler: |api, conn, _| Box::pin(api.pause(conn)),
    },
    Route {
        method: Method::Post,
        path: "/v1/energy/resume",
        access: Access::Write,
        about: "ends a pause; answers once that is on the disk",
        handler: |api, conn, _| Box::pin(api.resume(conn)),
    },
    Route {
        method: Method::Post,
        path: "/v1/energy/work",
        access: Access::Write,
        about: "works although the device is in use, for a while: `{}` or `{\"seconds\"}`; ends a pause",
        handler: |api, conn, _| Box::pin(api.work(conn)),
    },
    Route {
        method: Method::Post,
        path: "/v1/energy/new-supply",
        access: Access::Write,
        about: "forgets what was learned of the power supply; answers once that is on the disk",
        handler: |api, conn, _| Box::pin(api.new_supply(conn)),
    },
    Route {
        method: Method::Get,
        path: "/v1/openapi.json",
        access: Access::Read,
        about: "returns the description of all calls in OpenAPI 3.1, with the schemas of what they take and answer",
        handler: |_, conn, _| Box::pin(async move { json(conn, Status::Ok, &openapi::document(routes())) }),
    },
    Route {
        method: Method::Get,
        path: "/metrics",
        access: Access::Read,
        about: "returns counts and measurements in the text format of Prometheus (docs/grafana.json draws them)",
        handler: |api, conn, _| Box::pin(api.metrics(conn, routes().map(|route| (route.method, route.path)))),
    },
];

/// Who may make this call. That a call is not in the table is told only to callers with the token.
pub(super) fn access(method: Method, path: &str) -> Access {
    match find(routes(), method, path) {
        Found::Route(route, _) => route.access,
        Found::OtherMethods(_) | Found::Nothing => Access::Read,
    }
}

/// The number of the row that answers this request; `None`: there is none, and it is refused.
pub(super) fn number(method: Method, path: &str) -> Option<usize> {
    position(routes(), method, path)
}

/// Answers every request that `auth` let in.
#[derive(Debug)]
pub(super) struct Router(pub(super) Api);

impl Handler for Router {
    async fn run(&self, conn: Conn) -> Conn {
        match find(routes(), conn.method(), conn.path()) {
            Found::Route(route, _) if !route.is_answered_at_stop() && self.0.is_stopping() => {
                refused(conn, Status::ServiceUnavailable, STOPPING)
            }
            Found::Route(route, parameter) => (route.handler)(&self.0, conn, parameter).await,
            Found::OtherMethods(routes) => {
                let allowed = allowed(&routes);
                let each: Vec<String> =
                    routes.iter().map(|route| format!("{} {}", route.method, route.about)).collect();
                let why = format!("This call is made with {}: {}.", allowed.replace(", ", " or "), each.join("; "));
                refused(conn, Status::MethodNotAllowed, &why).with_response_header(KnownHeaderName::Allow, allowed)
            }
            Found::Nothing => refused(conn, Status::NotFound, "There is no such call; docs/api.md lists them all."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::HTTP_ROUTES_MAX;

    fn row(method: Method, path: &'static str) -> Route {
        let (access, about) = (Access::Read, "is a test");
        Route { method, path, access, about, handler: |_, conn, _| Box::pin(async move { conn }) }
    }

    #[test]
    fn a_path_is_found_by_its_segments_and_a_parameter_matches_one_segment() {
        let table = [
            row(Method::Get, "/v1/things"),
            row(Method::Get, "/v1/things/{name}"),
            row(Method::Delete, "/v1/things/{name}"),
            row(Method::Post, "/v1/things/{name}/copy"),
        ];
        let found = |method, path| match find(&table, method, path) {
            Found::Route(route, parameter) => Some((route.path, parameter)),
            Found::OtherMethods(_) | Found::Nothing => None,
        };
        let is = |path: &'static str, parameter: &str| Some((path, parameter.to_owned()));
        assert_eq!(found(Method::Get, "/v1/things"), is("/v1/things", ""));
        assert_eq!(found(Method::Get, "/v1/things/a%20b"), is("/v1/things/{name}", "a%20b"));
        assert_eq!(found(Method::Delete, "/v1/things/a"), is("/v1/things/{name}", "a"));
        assert_eq!(found(Method::Post, "/v1/things/a/copy"), is("/v1/things/{name}/copy", "a"));
        assert_eq!(found(Method::Head, "/v1/things/a"), is("/v1/things/{name}", "a"), "HEAD is GET without a body");
        for nothing in ["", "/", "/v1/things/", "/v1/things/a/", "/v1/things//copy", "/v1/things/a/b/copy", "v1/things"]
        {
            assert!(matches!(find(&table, Method::Get, nothing), Found::Nothing), "{nothing}");
        }
        let Found::OtherMethods(others) = find(&table, Method::Put, "/v1/things/a") else { panic!("it is found") };
        assert_eq!(allowed(&others), "GET, HEAD, DELETE");
        assert!(matches!(find(&table, Method::Head, "/v1/things/a/copy"), Found::OtherMethods(_)));
        let at = |method, path| position(&table, method, path);
        assert_eq!(at(Method::Delete, "/v1/things/a"), Some(2));
        assert_eq!(at(Method::Head, "/v1/things"), Some(0), "HEAD counts as GET");
        assert_eq!([at(Method::Put, "/v1/things"), at(Method::Get, "/v1/nothing")], [None; 2]);
    }

    #[test]
    fn no_row_hides_another_and_only_the_page_its_door_the_gateway_healthz_and_readyz_are_open() {
        for route in routes() {
            let found = find(routes(), route.method, route.path);
            assert!(matches!(found, Found::Route(first, _) if std::ptr::eq(first, route)), "{route:?}");
            let counted = number(route.method, route.path).and_then(|number| routes().nth(number));
            assert!(counted.is_some_and(|counted| std::ptr::eq(counted, route)), "{route:?}");
            // The last four ask for a password in place of a token, or whether the owner switched them on.
            let open = [
                "/",
                "/page/{file}",
                "/healthz",
                "/readyz",
                "/v1/door",
                "/v1/session",
                "/v1/password/first",
                "/ipfs/{cid}",
            ];
            let open = open.contains(&route.path) || route.path == "/v1/tls/root";
            assert_eq!(access(route.method, route.path).role().is_none(), open, "{route:?}");
            let in_the_clear = route.access == Access::Public;
            assert_eq!(in_the_clear, route.path == "/v1/tls/root", "an address with TLS answers it without: {route:?}");
        }
        assert!(routes().count() <= HTTP_ROUTES_MAX, "each row's requests are counted");
        assert_eq!(access(Method::Head, "/healthz"), Access::Open);
        assert_eq!([access(Method::Post, "/"), access(Method::Get, "/x")], [Access::Read; 2]);
    }

    #[test]
    fn the_documentation_repeats_the_table() {
        let documented: Vec<&str> = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/api.md"))
            .lines()
            .filter(|line| line.starts_with("| `"))
            .collect();
        let row = |route: &Route| {
            let Route { method, path, access, about, .. } = route;
            let who = match access {
                Access::Public | Access::Open => "open",
                Access::Read => "read",
                Access::Write => "write",
                Access::Admin => "admin",
                Access::Local => "admin, here",
            };
            format!("| `{method} {path}` | {who} | {about} |")
        };
        assert_eq!(documented, routes().map(row).collect::<Vec<_>>());
    }

    #[test]
    fn the_command_line_calls_only_rows_of_the_table() {
        let is_row = |method: Method, path: &str| matches!(find(routes(), method, path), Found::Route(..));
        let mut seen = 0;
        for call in include_str!("client.rs").split("self.call(").skip(1) {
            let Some((method, rest)) = call.split_once(',') else { panic!("{call}") };
            let path = rest.split('"').nth(1).unwrap().split('?').next().unwrap();
            let method: Method = method.trim_start_matches("Method::").to_ascii_uppercase().parse().unwrap();
            assert!(is_row(method, path), "{method} {path}");
            seen += 1;
        }
        assert!(seen >= 9, "{seen}");
    }
}
