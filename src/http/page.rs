//! `GET /` and `GET /page/FILE`: the page for people, a bundle of small files in the program. It is the same for everybody, and says
//! nothing of its agent: it needs no token.
//!
//! The Content Security Policy lets the page load its own files and call its own agent, and nothing else: no inline script or style,
//! no other host, no frame. Each file has an entity tag (RFC 9110, section 8.8.3), the hash of its content, so that a browser asks
//! whether it is still the same and mostly loads nothing.

use super::answer::refused;
use sha2::{Digest, Sha256};
use trillium::{Conn, KnownHeaderName, Status};

/// A file of the bundle.
#[derive(Clone, Copy, Debug)]
struct PageFile {
    name: &'static str,
    media_type: &'static str,
    bytes: &'static [u8],
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

macro_rules! file {
    ($name:literal, $media_type:expr) => {
        PageFile { name: $name, media_type: $media_type, bytes: include_bytes!(concat!("page/", $name)) }
    };
}

/// The bundle, the page itself first.
const FILES: [PageFile; 24] = [
    file!("index.html", "text/html; charset=utf-8"),
    file!("style.css", "text/css; charset=utf-8"),
    file!("icon.svg", "image/svg+xml"),
    file!("icon-whole.svg", "image/svg+xml"),
    // Of scripts/make_touch_icon.py: iPhones take no SVG.
    file!("touch-icon.png", "image/png"),
    file!("manifest.webmanifest", "application/manifest+json"),
    file!("access.js", SCRIPT),
    file!("app.js", SCRIPT),
    file!("call.js", SCRIPT),
    file!("devices.js", SCRIPT),
    file!("dom.js", SCRIPT),
    file!("door.js", SCRIPT),
    file!("energy.js", SCRIPT),
    file!("first.js", SCRIPT),
    file!("hits.js", SCRIPT),
    file!("library.js", SCRIPT),
    file!("live.js", SCRIPT),
    file!("models.js", SCRIPT),
    file!("passage.js", SCRIPT),
    file!("plot.js", SCRIPT),
    file!("quiet.js", SCRIPT),
    file!("reader.js", SCRIPT),
    file!("search.js", SCRIPT),
    file!("token.js", SCRIPT),
];

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; manifest-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// The bundle with its entity tags, made once.
#[derive(Clone, Debug)]
pub struct Page {
    tags: Vec<String>,
}

impl Default for Page {
    fn default() -> Self {
        Self::new()
    }
}

impl Page {
    /// The bundle of this program.
    #[must_use]
    pub fn new() -> Self {
        Self { tags: FILES.iter().map(|file| tag(file.bytes)).collect() }
    }

    /// Answers with the page.
    pub(super) fn answer(&self, conn: Conn) -> Conn {
        self.send(conn, 0)
    }

    /// Answers with a file of it.
    pub(super) fn answer_file(&self, conn: Conn, name: &str) -> Conn {
        // The page itself is at `/`, where its addresses are.
        match FILES.iter().skip(1).position(|file| file.name == name) {
            Some(at) => self.send(conn, at + 1),
            None => refused(conn, Status::NotFound, "The page has no such file."),
        }
    }

    fn send(&self, conn: Conn, at: usize) -> Conn {
        let (file, tag) = (&FILES[at], &self.tags[at]);
        let known =
            conn.request_headers().get_str(KnownHeaderName::IfNoneMatch).is_some_and(|known| is_known(known, tag));
        let conn = conn
            .with_response_header(KnownHeaderName::ContentSecurityPolicy, POLICY)
            // Kept, and asked about each time: the files of two versions never mix.
            .with_response_header(KnownHeaderName::CacheControl, "no-cache")
            .with_response_header(KnownHeaderName::Etag, tag.clone());
        if known {
            return conn.with_status(Status::NotModified).halt();
        }
        conn.with_response_header(KnownHeaderName::ContentType, file.media_type).ok(file.bytes)
    }
}

/// The entity tag of a content: half of its SHA-256.
fn tag(bytes: &[u8]) -> String {
    let hash: String = Sha256::digest(bytes).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hash}\"")
}

/// Whether one of the tags that a browser knows is this one; proxies mark them as weak.
fn is_known(known: &str, tag: &str) -> bool {
    known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag)
}

#[cfg(test)]
mod test;
