//! The calls about public documents (their CIDs, an archive of them, the gateway), and those of programs that were written for
//! other servers.

use super::super::api::embed::{Ollama, OpenAi, Tei};
use super::row::{Access, Route};
use trillium::Method;

/// They come last.
pub(super) static ROUTES: &[Route] = &[
    Route {
        method: Method::Get,
        path: "/v1/cid",
        access: Access::Read,
        about: "returns the CIDs of a public document and of its passages: `?path=…`",
        handler: |api, conn, _| Box::pin(api.cid(conn)),
    },
    Route {
        method: Method::Get,
        path: "/v1/export",
        access: Access::Read,
        about: "returns the files of public collections as a CAR archive, in folders, or those of one: `?collection=…`; shares the places of `GET /v1/document/file`",
        handler: |api, conn, _| Box::pin(api.export(conn)),
    },
    Route {
        method: Method::Get,
        path: "/ipfs/{cid}",
        access: Access::Open,
        about: "returns a block of a public document, or the blocks of a file, as a trustless gateway of IPFS: `?format=raw` or `?format=car`, or `Accept`; 404 unless the owner set `ipfs.gateway = true` in config.toml (docs/ipfs.md)",
        handler: |api, conn, cid| Box::pin(async move { api.gateway(conn, &cid).await }),
    },
    Route {
        method: Method::Post,
        path: "/v1/embeddings",
        access: Access::Read,
        about: "embeds texts, as OpenAI's call: `{\"model\", \"input\", \"encoding_format\"?, \"dimensions\"?, \"input_type\"?}`; at most 2,048 texts and 1,048,576 bytes",
        handler: |api, conn, _| Box::pin(api.embed::<OpenAi>(conn)),
    },
    Route {
        method: Method::Get,
        path: "/v1/models",
        access: Access::Read,
        about: "returns the model, as OpenAI's call",
        handler: |api, conn, _| Box::pin(async move { api.openai_models(conn) }),
    },
    Route {
        method: Method::Post,
        path: "/api/embed",
        access: Access::Read,
        about: "embeds texts, as Ollama's call: `{\"model\", \"input\", \"truncate\"?, \"dimensions\"?}`; at most 2,048 texts and 1,048,576 bytes",
        handler: |api, conn, _| Box::pin(api.embed::<Ollama>(conn)),
    },
    Route {
        method: Method::Get,
        path: "/api/tags",
        access: Access::Read,
        about: "returns the model, as Ollama's call",
        handler: |api, conn, _| Box::pin(async move { api.ollama_models(conn) }),
    },
    Route {
        method: Method::Post,
        path: "/embed",
        access: Access::Read,
        about: "embeds texts, as the call of text-embeddings-inference: `{\"inputs\", \"truncate\"?, \"prompt_name\"?}`; at most 2,048 texts and 1,048,576 bytes",
        handler: |api, conn, _| Box::pin(api.embed::<Tei>(conn)),
    },
    Route {
        method: Method::Post,
        path: "/mcp",
        access: Access::Read,
        about: "answers one message of the Model Context Protocol (docs/mcp.md)",
        handler: |api, conn, _| Box::pin(api.mcp(conn)),
    },
];
