//! The rows of pairing and of the mesh. What changes the mesh, and what shows a code, is for this machine alone: the token may have
//! crossed the network in the clear (`--open-api`), and whoever has it then must not gain the mesh by it.

use super::row::{Access, Route};
use crate::node::input::{Pairing, Request};
use trillium::Method;

pub(super) static ROUTES: &[Route] = &[
    Route {
        method: Method::Post,
        path: "/v1/pair",
        access: Access::Local,
        about: "lets one device join for three minutes, with a code: `{}`; makes the mesh if there is none; `{\"close\": true}` ends that",
        handler: |api, conn, _| Box::pin(api.pair(conn)),
    },
    Route {
        method: Method::Get,
        path: "/v1/pair",
        access: Access::Local,
        about: "returns the open window with its code, or how the last one ended",
        handler: |api, conn, _| Box::pin(api.request(conn, Ok(Request::Pairing(Pairing::Show)))),
    },
    Route {
        method: Method::Get,
        path: "/v1/pair/qr",
        access: Access::Local,
        about: "returns the QR code of the open window as an image: `{\"svg\"}`",
        handler: |api, conn, _| Box::pin(api.qr(conn)),
    },
    Route {
        method: Method::Post,
        path: "/v1/join",
        access: Access::Local,
        about: "joins a mesh: `{\"code\", \"at\"?}` or `{\"invite\", \"at\"?}`, where `at` is a list of addresses, as `[\"192.168.1.5:7781\"]`; answers once that is on the disk, or why not, within a minute",
        handler: |api, conn, _| Box::pin(api.join(conn)),
    },
    Route {
        method: Method::Get,
        path: "/v1/mesh",
        access: Access::Read,
        about: "returns the mesh and its devices",
        handler: |api, conn, _| Box::pin(api.request(conn, Ok(Request::Pairing(Pairing::Mesh)))),
    },
    Route {
        method: Method::Post,
        path: "/v1/mesh",
        access: Access::Local,
        about: "makes a mesh if there is none, and returns its recovery phrase, once: `{}`",
        handler: |api, conn, _| Box::pin(api.make_mesh(conn)),
    },
    Route {
        method: Method::Post,
        path: "/v1/remove",
        access: Access::Local,
        about: "removes a device from the mesh, for ever: `{\"peer\"}`, its PeerId, the beginning or end of it, or its name; 409 names those that fit where several do; answers once that is on the disk",
        handler: |api, conn, _| Box::pin(api.remove(conn)),
    },
    Route {
        method: Method::Post,
        path: "/v1/mesh/admin",
        access: Access::Local,
        about: "makes a device of the mesh an admin: `{\"peer\", \"phrase\"?}`, its whole PeerId; the recovery phrase is needed where the mesh was not made on this device; answers once that is on the disk",
        handler: |api, conn, _| Box::pin(api.appoint(conn)),
    },
    Route {
        method: Method::Post,
        path: "/v1/mesh/recover",
        access: Access::Local,
        about: "makes this device an admin by the recovery phrase of its mesh, or of the mesh that it is to belong to: `{\"phrase\"?}`; the phrase is needed where the mesh was not made on this device; answers once that is on the disk",
        handler: |api, conn, _| Box::pin(api.recover(conn)),
    },
    Route {
        method: Method::Post,
        path: "/v1/invite",
        access: Access::Local,
        about: "issues an invite for one device and returns its file: `{\"hours\"?, \"replaces\"?}`; `replaces` is the text of an invite that is void from then on; makes the mesh if there is none; answers once that is on the disk",
        handler: |api, conn, _| Box::pin(api.invite(conn)),
    },
    Route {
        method: Method::Post,
        path: "/v1/leave",
        access: Access::Local,
        about: "leaves the mesh for good and ends the agent, whose next start has a new identity: `{\"anyway\"?}`, also if no admin is left",
        handler: |api, conn, _| Box::pin(api.leave(conn)),
    },
];
