//! The calls about the whole store, backups and an index that is made anew; and about an update of the whole system.

use super::row::{Access, Route};
use trillium::Method;

/// They follow those of the settings.
pub(super) static ROUTES: &[Route] = &[
    Route {
        method: Method::Post,
        path: "/v1/backup",
        access: Access::Local,
        about: "begins a backup into a new file of this device, after an audit of the store, without which there is none: `{\"path\", \"keys\"?}`, with this device's keys if that is true; 409 at once where something is at that path already, or no folder is there for it; `GET /v1/upkeep` tells how far it is",
        handler: |api, conn, _| Box::pin(api.back_up(conn)),
    },
    Route {
        method: Method::Post,
        path: "/v1/rebuild",
        access: Access::Admin,
        about: "begins to make the index anew from the stored texts and vectors: `{}`; `GET /v1/upkeep` tells how far it is, and that it failed where the store is known not to add up, which the next start repairs",
        handler: |api, conn, _| Box::pin(async move { api.rebuild(conn) }),
    },
    Route {
        method: Method::Get,
        path: "/v1/upkeep",
        access: Access::Read,
        about: "returns how far the backup and the making anew of the index are that were asked for since the agent started",
        handler: |api, conn, _| Box::pin(async move { api.upkeep(conn) }),
    },
    Route {
        method: Method::Post,
        path: "/v1/update",
        access: Access::Local,
        about: "takes how far the update of this device's own system is, of the SD card image's service: `{\"said\", \"trouble\"?}`, where `said` is `nothing`, `wants` or `updates`; tells whether its turn in the mesh has come",
        handler: |api, conn, _| Box::pin(api.update(conn)),
    },
];
