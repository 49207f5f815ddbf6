//! The calls for what the owner of an agent chooses on its page.

use super::row::{Access, Route};
use trillium::Method;

/// They follow those of the energy.
pub(super) static ROUTES: &[Route] = &[
    Route {
        method: Method::Get,
        path: "/v1/collection/models",
        access: Access::Read,
        about: "returns the models that this agent has, of which a collection may be given one, and the folder into which further ones belong",
        handler: |api, conn, _| Box::pin(api.models_here(conn)),
    },
    Route {
        method: Method::Put,
        path: "/v1/energy/quiet",
        access: Access::Admin,
        about: "sets the quiet hours, all of them: `{\"quiet\": [{\"days\"?, \"from\", \"to\", \"cap\"?}], \"before\"?}`; 409 where others hold than those of `before`; they hold at once and stand in config.toml",
        handler: |api, conn, _| Box::pin(api.set_quiet(conn)),
    },
];
