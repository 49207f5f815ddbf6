//! The tools and resources: what they find, as text for a language model and as fields for its program. Each names device and place.

use super::super::search::{Search, search_request};
use super::super::{Api, NO_THREAD, Nothing, Refused};
use crate::base::count::count;
use crate::base::id::Ring;
use crate::http::dto::{DocumentText, SearchAnswer, SearchHit, SearchResults, StatusReport, text};
use crate::http::query::{decoded, encoded_bytes, sent_bytes};
use crate::limits::{MCP_DOCUMENT_BYTES_MAX, MCP_RESOURCES_PAGE};
use crate::platform::blocking;
use crate::store::kv::Kv;
use crate::wire::mcp::{BAD_PARAMETERS, Fault, NOT_DONE, Request};
use crate::worker::retrieve::document::paths;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::fmt::Write;
use trillium::Status;

/// The arguments of `read_document`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    path: String,
    #[serde(default)]
    from: usize,
}

/// What a tool found: text, and the same as fields.
type Found = Result<(String, Value), Refused>;

impl Api {
    /// Uses a tool; `None` if there is none of this name. What goes wrong is told to the model, which may ask otherwise.
    pub(super) async fn tool(&self, name: &str, arguments: Map<String, Value>) -> Option<Value> {
        let found = match name {
            "search" => self.found(arguments).await,
            "read_document" => self.read_document(arguments).await,
            "list_collections" => match taken::<Nothing>(arguments) {
                Ok(Nothing {}) => self.collections().await,
                Err(misfit) => Err(misfit),
            },
            "status" => match taken::<Nothing>(arguments) {
                Ok(Nothing {}) => self.state().await,
                Err(misfit) => Err(misfit),
            },
            _ => return None,
        };
        Some(match found {
            Ok((text, fields)) => {
                json!({ "content": [{ "type": "text", "text": text }], "structuredContent": fields, "isError": false })
            }
            Err((_, why)) => json!({ "content": [{ "type": "text", "text": why }], "isError": true }),
        })
    }

    async fn found(&self, arguments: Map<String, Value>) -> Found {
        let asked: Search = taken(arguments)?;
        let mut results = self.results(self.ask(search_request(&asked)?).await)?;
        let left_out = left_out(&mut results.hits);
        Ok((told(&results, left_out), fields(&results, left_out)))
    }

    async fn read_document(&self, arguments: Map<String, Value>) -> Found {
        let Read { path, from } = taken(arguments)?;
        let path = match path.strip_prefix(SCHEME) {
            Some(_) => self.path_of(&path).await?,
            None => sent_bytes(path.into_bytes()),
        };
        let read = DocumentText::new(&path, self.part(path.clone(), from).await?);
        let device = self.state_of().await?.device;
        let mut text = format!("{} on {device}, passages from {from} of {}\n\n", read.path, read.of);
        text += &passages(&read);
        if let Some(next) = read.next {
            let _ = write!(text, "\n\nThe document goes on: read it with from {next}.");
        }
        let fields = json!({ "device": device, "path": read.path, "from": from, "of": read.of, "next": read.next });
        Ok((text, fields))
    }

    async fn collections(&self) -> Found {
        let report = self.state_of().await?;
        let (mut text, mut list) = (String::new(), Vec::new());
        for source in &report.sources {
            let seen = match source.ring {
                Ring::Private => "this device only",
                Ring::Mesh => "shared with the mesh",
                Ring::Public => "public",
            };
            let _ = writeln!(text, "{}: {} on {} ({seen})", source.collection, source.path, report.device);
            list.push(
                json!({ "name": source.collection, "device": report.device, "path": source.path, "ring": source.ring }),
            );
        }
        for peer in &report.peers {
            let device = peer.device.as_ref().unwrap_or(&peer.peer_id);
            for held in &peer.shared.collections {
                let _ = writeln!(text, "{}: {} on {device}", held.name, count(u64::from(held.documents), "document"));
                list.push(json!({ "name": held.name, "device": device, "documents": held.documents }));
            }
        }
        if text.is_empty() {
            text = format!("No folder is watched yet on {}, and no other device shares one.", report.device);
        }
        Ok((text, json!({ "collections": list })))
    }

    async fn state(&self) -> Found {
        let report = self.state_of().await?;
        let mut text = format!("{}: files: {}.\n", report.device, report.files.phrase());
        let reasons = [&report.activity.held, &report.activity.background];
        reasons.into_iter().flatten().for_each(|why| text = format!("{text}{why}\n"));
        for peer in &report.peers {
            let name = peer.device.as_ref().unwrap_or(&peer.peer_id);
            let _ = writeln!(text, "{name}: {}, {}linked", peer.state, if peer.linked { "" } else { "not " });
        }
        report.findings.iter().for_each(|finding| text = format!("{text}{}\n", finding.what));
        let fields = json!({
            "device": report.device, "peer_id": report.peer_id, "files": report.files, "working": report.activity.working,
            "background": report.activity.background,
            "devices": report.peers.iter().map(|peer| json!({ "device": peer.device, "peer_id": peer.peer_id, "state": peer.state, "linked": peer.linked })).collect::<Vec<_>>(),
        });
        Ok((text, fields))
    }

    async fn state_of(&self) -> Result<StatusReport, Refused> {
        let stopping = || (Status::ServiceUnavailable, "The agent is stopping or too busy. Try again.".to_owned());
        self.status_report().await.ok_or_else(stopping)
    }

    /// A page of the documents of this device, in the order of their paths.
    pub(super) async fn resources(&self, request: &Request, after: Option<&str>) -> Result<Value, Fault> {
        let not_done = |(_, why): Refused| Fault::of(request, NOT_DONE, why);
        let report = self.state_of().await.map_err(not_done)?;
        let after = match after.map(|after| decoded(after.as_bytes())) {
            None => None,
            Some(Some(after)) => Some(after),
            Some(None) => return Err(Fault::of(request, BAD_PARAMETERS, "This cursor is not of this server.")),
        };
        let page = match self.node.upkeep().map(|upkeep| upkeep.disk().clone()) {
            None => Ok((Vec::new(), None)),
            Some(disk) => {
                let look = blocking::run(move || paths(&disk.snapshot(), after.as_deref(), MCP_RESOURCES_PAGE)).await;
                look.ok_or_else(|| NO_THREAD.to_owned())
                    .and_then(|page| page.map_err(|error| format!("The documents could not be listed: {error}.")))
            }
        };
        let (found, next) = page.map_err(|why| Fault::of(request, NOT_DONE, why))?;
        let resource = |path: &Vec<u8>| {
            let whole = text(path);
            json!({
                "uri": uri(&report.peer_id, path), "name": whole.rsplit('/').next(), "title": whole,
                "description": format!("On {}", report.device), "mimeType": "text/plain",
            })
        };
        let mut result = json!({
            "resources": found.iter().map(resource).collect::<Vec<_>>(), "ttlMs": 0, "cacheScope": "private",
        });
        if let Some(next) = next {
            result["nextCursor"] = json!(encoded_bytes(&next));
        }
        Ok(result)
    }

    /// The text of one document.
    pub(super) async fn resource(&self, request: &Request, address: &str) -> Result<Value, Fault> {
        let fault = |(_, why): Refused| {
            let data = Some(json!({ "uri": address }));
            Fault { data, ..Fault::of(request, BAD_PARAMETERS, why) }
        };
        let path = self.path_of(address).await.map_err(fault)?;
        let (mut text, mut from) = (String::new(), Some(0));
        while let Some(number) = from.filter(|_| text.len() < MCP_DOCUMENT_BYTES_MAX) {
            let part = self.part(path.clone(), number).await.map_err(fault)?;
            from = part.next;
            text += &passages(&DocumentText::new(&path, part));
        }
        if let Some(number) = from {
            let _ = write!(text, "\n\nThe document goes on: the tool read_document reads it from {number}.");
        }
        let contents = json!([{ "uri": address, "mimeType": "text/plain", "text": text }]);
        Ok(json!({ "contents": contents, "ttlMs": 0, "cacheScope": "private" }))
    }

    /// The path in the address of a document of this device.
    async fn path_of(&self, address: &str) -> Result<Vec<u8>, Refused> {
        let bad = |why: &str| (Status::BadRequest, why.to_owned());
        let parts = address.strip_prefix(SCHEME).and_then(|rest| rest.split_at_checked(rest.find('/')?));
        let (device, path) =
            parts.ok_or_else(|| bad("This is no address of a document, as in wattle://PEER-ID/path."))?;
        if device != self.state_of().await?.peer_id {
            return Err(bad(
                "This document is on another device; what search quotes of it can be read here, the rest there.",
            ));
        }
        decoded(path.as_bytes()).ok_or_else(|| bad("The path in this address is not percent-encoded as it should be."))
    }
}

/// What the addresses of documents begin with.
const SCHEME: &str = "wattle://";

/// The arguments as a tool takes them; each that it does not know is refused.
fn taken<T: DeserializeOwned>(arguments: Map<String, Value>) -> Result<T, Refused> {
    let misfit = |error| (Status::BadRequest, format!("The arguments are not what this tool takes: {error}."));
    serde_json::from_value(Value::Object(arguments)).map_err(misfit)
}

/// Passages with the headings above them, a heading once.
fn passages(read: &DocumentText) -> String {
    let (mut text, mut above) = (String::new(), "");
    for passage in &read.passages {
        if passage.heading != above {
            // Where a heading ends, nothing stands above.
            if !passage.heading.is_empty() {
                let _ = write!(text, "[{}]\n\n", passage.heading);
            }
            above = &passage.heading;
        }
        text += &passage.text;
        text += "\n\n";
    }
    text
}

/// The address of a document. The path of another device's begins with the name of a folder.
fn uri(peer_id: &str, path: &[u8]) -> String {
    let slash = if path.first() == Some(&b'/') { "" } else { "/" };
    format!("{SCHEME}{peer_id}{slash}{}", encoded_bytes(path))
}

/// Takes away the last hits where their texts are more than a model is given at once; says how many. The first stays.
fn left_out(hits: &mut Vec<SearchHit>) -> usize {
    let mut room = MCP_DOCUMENT_BYTES_MAX;
    let fits = |hit: &SearchHit| {
        let left = room.checked_sub(hit.text.len() + hit.heading.len() + hit.path.len());
        room = left.unwrap_or(0);
        left.is_some()
    };
    let (before, fitting) = (hits.len(), hits.iter().map(fits).take_while(|fits| *fits).count());
    hits.truncate(fitting.max(1));
    before - hits.len()
}

fn told(results: &SearchResults, left_out: usize) -> String {
    let mut text = String::new();
    if results.nothing_fits || results.no_phrase {
        text += "No passage fits the question; these are only the nearest.\n\n";
    }
    if results.hits.is_empty() {
        text += "Nothing was found.\n";
    }
    for (number, hit) in results.hits.iter().enumerate() {
        let heading = if hit.heading.is_empty() { String::new() } else { format!(" \u{203a} {}", hit.heading) };
        let _ = write!(
            text,
            "{}. {} on {}{heading} (score {:.2})\n{}\n\n",
            number + 1,
            hit.path,
            hit.device,
            hit.score,
            hit.text
        );
    }
    if left_out > 0 {
        let _ = writeln!(text, "{left_out} further passages are left out, as they are too long; ask more narrowly.");
    }
    results.unknown.iter().for_each(|why| text = format!("{text}{why}\n"));
    text + covered(&results.coverage).as_str()
}

/// How complete the answer is.
fn covered(coverage: &SearchAnswer) -> String {
    let mut text = format!("{} of {} devices answered", coverage.answered, coverage.asked);
    if !coverage.silent.is_empty() {
        let _ = write!(text, "; silent: {}", coverage.silent.join(", "));
    }
    let _ =
        write!(text, "; {} of {} files of this device are searched.", coverage.files.searchable, coverage.files.known);
    text
}

fn fields(results: &SearchResults, left_out: usize) -> Value {
    let hit = |hit: &SearchHit| {
        json!({
            "device": hit.device, "peer_id": hit.peer_id, "path": hit.path, "heading": hit.heading, "text": hit.text,
            "score": hit.score, "uri": uri(&hit.peer_id, &sent_bytes(hit.path.clone().into_bytes())),
        })
    };
    json!({
        "hits": results.hits.iter().map(hit).collect::<Vec<_>>(), "nothing_fits": results.nothing_fits,
        "left_out": left_out, "coverage": covered(&results.coverage),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(text: &str) -> SearchHit {
        serde_json::from_value(
            json!({ "device": "attic", "path": "/n/a b.md", "heading": "", "text": text, "score": 0.5 }),
        )
        .unwrap()
    }

    #[test]
    fn a_model_is_given_a_bounded_text_and_told_what_is_left_out() {
        let long = "x".repeat(MCP_DOCUMENT_BYTES_MAX / 3);
        let hits = [long.as_str(), &long, &long, "short", "short"].map(hit).to_vec();
        let mut results = SearchResults { hits, ..SearchResults::default() };
        let left = left_out(&mut results.hits);
        assert_eq!((left, results.hits.len()), (3, 2), "what follows a hit that is left out is left out too");
        assert!(told(&results, left).contains("3 further passages"));
        assert_eq!(fields(&results, left)["left_out"], 3);
        let mut one = vec![hit(&"x".repeat(MCP_DOCUMENT_BYTES_MAX + 1))];
        assert_eq!((left_out(&mut one), one.len()), (0, 1), "one passage is always shown");
        assert!(!told(&SearchResults { hits: one, ..SearchResults::default() }, 0).contains("further"));
        assert_eq!(left_out(&mut Vec::new()), 0);
    }

    #[test]
    fn a_heading_is_said_once_and_nothing_is_said_where_it_ends() {
        let of = |heading: &str, text: &str| json!({ "heading": heading, "text": text });
        let passages_of = [of("", "a"), of("Soups", "b"), of("Soups", "c"), of("", "d"), of("Soups", "e")];
        let read = json!({ "path": "/n/a.md", "passages": passages_of, "from": 0, "of": 5, "next": null });
        let read: DocumentText = serde_json::from_value(read).unwrap();
        assert_eq!(passages(&read), "a\n\n[Soups]\n\nb\n\nc\n\nd\n\n[Soups]\n\ne\n\n");
    }

    #[test]
    fn a_hit_whose_path_is_not_utf_8_has_the_address_of_its_document() {
        let mut one = hit("x");
        one.path = "file:///n/a%FF.md".to_owned();
        let told = fields(&SearchResults { hits: vec![one], ..SearchResults::default() }, 0);
        assert_eq!(told["hits"][0]["uri"], "wattle:///n/a%FF.md");
    }

    #[test]
    fn an_address_of_a_document_has_its_path_byte_for_byte() {
        let address = uri("12D3", b"/n/a b\xff%.md");
        assert_eq!(address, "wattle://12D3/n/a%20b%FF%25.md");
        assert_eq!(uri("12D3", b"n/a.md"), "wattle://12D3/n/a.md", "of another device");
        assert_eq!(decoded(encoded_bytes(b"/n/a b\xff%.md").as_bytes()).as_deref(), Some(&b"/n/a b\xff%.md"[..]));
    }
}
