//! The rows of the page's password, and of the sessions that it opens. Those that ask for a password need no token; what sets it is for this machine
//! alone, as it crosses a network in the clear else, but for the first visitor's choice at an agent that was started for it (`wattle up --first-visitor`).

use super::row::{Access, Route};
use trillium::Method;

pub(super) static ROUTES: &[Route] = &[
    Route {
        method: Method::Get,
        path: "/v1/door",
        access: Access::Open,
        about: "returns what the locked page offers: whether a password is set, whether the first visitor may choose one, and whether callers here need no token",
        handler: |api, conn, _| Box::pin(async move { api.door(conn) }),
    },
    Route {
        method: Method::Post,
        path: "/v1/session",
        access: Access::Open,
        about: "lets a browser in: `{\"password\", \"role\"?}`, or `{\"once\"}` with the code of `wattle open`; returns a token that is void after 30 days without use; 401 for a wrong password, 409 where none is set, 429 after five wrong ones in a minute",
        handler: |api, conn, _| Box::pin(api.open_session(conn)),
    },
    Route {
        method: Method::Post,
        path: "/v1/session/once",
        access: Access::Local,
        about: "makes a code that lets one browser of the agent's own user in, once, within a minute: `{}`",
        handler: |api, conn, _| Box::pin(api.new_once(conn)),
    },
    Route {
        method: Method::Get,
        path: "/v1/sessions",
        access: Access::Admin,
        about: "returns the browsers that are signed in: which browser, since when, when it was last seen, and which one asks; nothing of a token",
        handler: |api, conn, _| Box::pin(async move { api.sessions(conn) }),
    },
    Route {
        method: Method::Post,
        path: "/v1/sessions/end",
        access: Access::Admin,
        about: "signs browsers out: `{\"name\", \"created\"?}` one of them, `{\"others\": true}` all but the one that asks; answers once that is on the disk",
        handler: |api, conn, _| Box::pin(api.end_sessions(conn)),
    },
    Route {
        method: Method::Post,
        path: "/v1/session/end",
        access: Access::Read,
        about: "signs the browser out that asks: `{}`; 409 for a token that is no session's; answers once that is on the disk",
        handler: |api, conn, _| Box::pin(api.end_own_session(conn)),
    },
    Route {
        method: Method::Post,
        path: "/v1/password",
        access: Access::Local,
        about: "sets the page's password and ends all sessions: `{\"password\", \"old\"?}`; a session needs the old one; answers once that is on the disk",
        handler: |api, conn, _| Box::pin(api.set_password(conn)),
    },
    Route {
        method: Method::Post,
        path: "/v1/password/remove",
        access: Access::Local,
        about: "removes the page's password and ends all sessions: `{\"old\"?}`; a session needs the old one; answers once that is on the disk",
        handler: |api, conn, _| Box::pin(api.remove_password(conn)),
    },
    Route {
        method: Method::Post,
        path: "/v1/password/first",
        access: Access::Open,
        about: "the page's first visitor chooses its password and is let in: `{\"password\"}`; only within the first half hour of running after an agent's first start, and only if none was ever set, else 409; over the network only where `wattle up --first-visitor` was typed, else 409",
        handler: |api, conn, _| Box::pin(api.first_password(conn)),
    },
];
