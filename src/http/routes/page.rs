//! The calls that need no token: the page, whether the agent runs, and what a browser needs for TLS.

use super::super::answer::plain;
use super::row::{Access, Route};
use trillium::Method;

/// They come first.
pub(super) static ROUTES: &[Route] = &[
    Route {
        method: Method::Get,
        path: "/",
        access: Access::Open,
        about: "returns the page for people, which makes its calls with the token; it is the same for everybody, and says nothing of its agent",
        handler: |api, conn, _| Box::pin(async move { api.page(conn) }),
    },
    Route {
        method: Method::Get,
        path: "/page/{file}",
        access: Access::Open,
        about: "returns a file of the page: its script, its style, its icon",
        handler: |api, conn, file| Box::pin(async move { api.page_file(conn, &file) }),
    },
    Route {
        method: Method::Get,
        path: "/healthz",
        access: Access::Open,
        about: "returns `ok` while the agent runs",
        handler: |_, conn, _| Box::pin(async move { plain(conn, "ok") }),
    },
    Route {
        method: Method::Get,
        path: "/readyz",
        access: Access::Open,
        about: "returns `ready` while the agent takes calls, else 503",
        handler: |api, conn, _| Box::pin(async move { api.ready(conn) }),
    },
    Route {
        method: Method::Get,
        path: "/v1/tls/root",
        access: Access::Public,
        about: "returns the root certificate of this device in PEM, which browsers of other devices install; 404 where TLS was never on",
        handler: |api, conn, _| Box::pin(api.tls_root(conn)),
    },
];
