//! The calls of programs that were written for other servers.

use super::super::api::embed::{Ollama, OpenAi, Tei};
use super::row::{Access, Route};
use trillium::Method;

/// They come last.
pub(super) static ROUTES: &[Route] = &[
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
