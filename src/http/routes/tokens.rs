//! The rows of named tokens. They are for this machine alone: a token that crosses the network in the clear is everybody's there.

use super::row::{Access, Route};
use trillium::Method;

pub(super) static ROUTES: &[Route] = &[
    Route {
        method: Method::Post,
        path: "/v1/tokens",
        access: Access::Local,
        about: "makes a token for a program or a person: `{\"name\", \"role\"?}`, where `role` is `read` (also if it is left out), `write` or `admin`; it is told this once; answers once that is on the disk",
        handler: |api, conn, _| Box::pin(api.create_token(conn)),
    },
    Route {
        method: Method::Get,
        path: "/v1/tokens",
        access: Access::Local,
        about: "returns the named tokens: role, when each was made and last used; nothing of a token itself",
        handler: |api, conn, _| Box::pin(async move { api.tokens(conn) }),
    },
    Route {
        method: Method::Post,
        path: "/v1/tokens/revoke",
        access: Access::Local,
        about: "makes a token void: `{\"name\"}`; answers once that is on the disk",
        handler: |api, conn, _| Box::pin(api.revoke_token(conn)),
    },
];
