//! The bundle is whole, names nobody else, writes no markup, and shows only what the API has.

use super::*;
use crate::http::routes::routes;
use std::collections::BTreeSet;

impl PageFile {
    /// Its text; empty for a picture.
    fn text(&self) -> &'static str {
        std::str::from_utf8(self.bytes).unwrap_or_default()
    }
}

fn scripts() -> impl Iterator<Item = &'static PageFile> {
    FILES.iter().filter(|file| file.media_type == SCRIPT)
}

/// What stands between quotation marks behind each of these words.
fn named(text: &'static str, words: &str) -> Vec<&'static str> {
    text.split(words).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn each_file_that_the_page_names_is_in_the_bundle_and_each_of_the_bundle_is_named() {
    let mut known = BTreeSet::from(["index.html"]);
    let manifest = FILES.iter().find(|file| file.name == "manifest.webmanifest").unwrap();
    for name in [FILES[0].text(), manifest.text()].into_iter().flat_map(|text| named(text, "\"/page/")) {
        assert!(FILES.iter().any(|file| file.name == name), "{name}");
        known.insert(name);
    }
    for script in scripts() {
        for name in named(script.text(), "from \"./") {
            assert!(known.contains(name), "{} loads {name}, which the page does not name", script.name);
        }
    }
    assert_eq!(known, FILES.iter().map(|file| file.name).collect());
}

#[test]
fn the_page_names_no_other_host_and_never_writes_markup_or_inline_code() {
    for file in FILES {
        // The name of the format of drawings is no address.
        let text = file.text().replace("http://www.w3.org/2000/svg", "");
        let banned = [
            "http://",
            "https://",
            "//cdn",
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "DOMParser",
            "createContextualFragment",
            "eval(",
            "new Function",
            "<script>",
            " style=",
            "onclick=",
            "javascript:",
            "@import",
            "url(",
        ];
        for word in banned {
            assert!(!text.contains(word), "{}: {word}", file.name);
        }
        for styled in ["setAttribute(\"style\"", "style:"] {
            assert!(file.name == "style.css" || !text.contains(styled), "{}: {styled}", file.name);
        }
    }
    assert!(!POLICY.contains("unsafe") && !POLICY.contains('*'));
}

fn script(name: &str) -> &'static str {
    scripts().find(|file| file.name == name).unwrap().text()
}

#[test]
fn what_the_stream_tells_is_heard_by_the_views_that_show_it() {
    let stream = include_str!("../api/stream.rs");
    for (event, view) in [("status", "library.js"), ("device", "devices.js"), ("energy", "energy.js")] {
        assert!(stream.contains(&format!("event(\"{event}\"")), "{event} is no event of the stream");
        let hears = if event == "status" { "watch(".to_owned() } else { format!("hear(\"{event}\"") };
        assert!(script(view).contains(&hears), "{view} does not hear {event}");
    }
    assert!(script("live.js").contains("const ears = { device: new Set(), energy: new Set() };"));
    for script in scripts() {
        assert!(!script.text().contains("dispatchEvent"), "{}: what nobody listens to", script.name);
    }
}

#[test]
fn no_view_asks_the_agent_and_its_devices_while_nobody_looks() {
    for view in ["devices.js", "energy.js"] {
        let again = script(view).split("const again = async () => {").nth(1).unwrap().split("try {").next().unwrap();
        assert!(again.contains("if (document.hidden) return"), "{view}");
    }
    assert!(script("live.js").contains("if (!hasToken() || document.hidden) return;"));
}

#[test]
fn each_filter_of_a_search_that_the_page_has_is_one_of_the_api() {
    let search = script("search.js");
    let names = search.split("const FILTERS = [").nth(1).unwrap().split(']').next().unwrap();
    assert_eq!(names, r#""collection", "folder", "type", "date", "device""#);
    for asked in ["asks.collection", "asks.path", "asks.type", "asks.device", "asks.after", "asks.before"] {
        assert!(search.contains(asked), "{asked}");
    }
}

#[test]
fn a_collection_is_made_public_only_with_its_name_typed_once_more() {
    let library = script("library.js");
    // The list of rings asks first; the call that does it has what was typed, and no other call has the ring public.
    assert!(library.contains(r#"if (ring.value === "public" && rings + "" !== "public") return asked.replaceChildren(everybody(name, back));"#));
    assert_eq!(library.matches(r#"ring: "public""#).count(), 1);
    assert!(library.contains(r#"ring: "public", confirm: field.value.trim()"#));
}

#[test]
fn who_may_not_make_a_ring_wider_is_not_offered_one() {
    let library = script("library.js");
    // From the narrowest on, so that the place in the list says which is wider.
    let rings = library.split("const RINGS = [").nth(1).unwrap().lines().next().unwrap();
    let at = |ring: &str| rings.find(&format!("[\"{ring}\"")).unwrap();
    assert!(at("private") < at("mesh") && at("mesh") < at("public"));
    assert!(library.contains("options(RINGS.filter((_, i) => i <= least || mayAll()))"));
}

#[test]
fn names_of_collections_are_compared_in_one_way() {
    assert!(script("models.js").contains("export const alike ="));
    // The names of the list of folders are those that the folders have.
    let own = "status.sources.filter((source) => source.collection === name)";
    for script in scripts() {
        let exact = script.text().matches("collection === name").count();
        assert_eq!(exact, script.text().matches(own).count(), "{}", script.name);
    }
}

#[test]
fn a_file_that_was_long_on_its_way_is_opened_by_a_press_of_its_own() {
    // A phone's browser opens nothing by itself some time after a press.
    let hits = script("hits.js");
    assert!(hits.contains("if (performance.now() - began < MOMENT_MS) return link.click();"));
    assert_eq!(hits.matches(".click()").count(), 1);
}

#[test]
fn what_comes_anew_leaves_what_is_open_and_has_the_focus() {
    for (view, parts) in [("devices.js", vec!["list"]), ("energy.js", vec!["now", "spent"])] {
        for part in parts {
            assert!(script(view).contains(&format!("renew({part}, ")), "{view}: {part}");
            assert!(!script(view).contains(&format!(" {part}.replaceChildren(")), "{view}: {part}");
        }
    }
    // What a card's buttons do is done to the device that they were made for: no card becomes another's.
    assert!(script("devices.js").contains("class: \"card device\", \"data-id\": device.peer_id }"));
    assert!(script("dom.js").contains("old.className !== \"sure\" && marks(old) === marks(node)"));
}

#[test]
fn a_single_key_acts_only_where_somebody_switched_that_on() {
    let mut seen = 0;
    for script in scripts() {
        for line in script.text().lines().filter(|line| line.contains("if (")) {
            let is_letter = |rest: &str| rest.split('"').next().is_some_and(|key| key.chars().count() == 1);
            if line.split("event.key === \"").skip(1).any(is_letter) {
                assert!(line.contains("keysAct()"), "{}: {line}", script.name);
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 2, "to the question, and through the answers");
    assert!(script("token.js").contains("stored(device, \"keys\") === \"on\""), "off where nobody chose");
}

#[test]
fn a_change_of_a_filter_is_no_step_of_the_history() {
    let search = script("search.js");
    assert!(search.contains("typeFolder(event.target) : submit(null, true)"));
    assert!(search.contains("go(next, { focus: false, replace })"));
}

#[test]
fn quiet_hours_are_sent_with_those_that_they_are_based_on() {
    assert!(script("quiet.js").contains("body: { quiet, before: hours }"));
}

#[test]
fn a_stream_that_is_silent_ends_in_a_browser_of_before_2024_too() {
    let live = script("live.js");
    assert!(!live.contains("AbortSignal.any") && live.contains("setTimeout(end, SILENT_MS)"));
}

#[test]
fn a_path_that_is_not_utf_8_is_shown_as_text_and_sent_as_it_came() {
    assert!(script("dom.js").contains("const path = plain(whole);"));
    let file = "\"/v1/document/file?path=\" + encodeURIComponent(path)";
    assert!(script("hits.js").contains(file) && script("hits.js").contains("openFile(group.path, button)"));
    assert!(script("reader.js").contains("openFile(hit.path, button)"));
    assert!(script("reader.js").contains(&format!("const PART = {};", crate::limits::DOCUMENT_PASSAGES_MAX)));
}

#[test]
fn no_script_has_a_pattern_that_browsers_of_before_2023_do_not_read() {
    // Safari looks behind since 16.4, and one such literal keeps it from all of the page. Where it is made of a text, that fails alone, and is caught.
    for script in scripts() {
        assert!(!script.text().contains("/(?<"), "{}", script.name);
    }
}

#[test]
fn what_an_address_or_the_name_of_a_file_chooses_is_in_the_table_and_not_what_each_object_has() {
    // "constructor" is a word that each object of JavaScript knows: a file `x.constructor` had that for its type, and a browser guesses what such a one is.
    for (file, table) in [("hits.js", "const SHOWN = {"), ("app.js", "const VIEWS = {")] {
        assert!(script(file).contains(&format!("{table} __proto__: null, ")), "{file}: {table}");
    }
}

#[test]
fn the_token_is_touched_in_its_own_file_alone() {
    for script in scripts().filter(|file| file.name != "token.js") {
        for word in ["sessionStorage", "localStorage", "getItem("] {
            assert!(!script.text().contains(word), "{}: {word}", script.name);
        }
    }
}

#[test]
fn of_a_token_that_is_void_one_call_is_made_and_nothing_is_asked_after_its_refusal() {
    let ask = script("call.js").split("export async function ask(").nth(1).unwrap().split("\n}\n").next().unwrap();
    // A token that nobody has proven goes alone, and what waited for it looks again whether there is one.
    let waits = "while (first) await first;\n  if (!hasToken()) throw";
    assert!(ask.contains(waits) && ask.contains("if (own.Authorization !== good) first = sent."), "{ask}");
    // A right one is let in whatever was tried, so that 429 is a refusal too; and a newer one is not forgotten for it.
    assert!(ask.contains("[401, 429].includes(error.status) && own.Authorization === credentials().Authorization"));
    assert!(ask.contains("refuseToken();\n      onLocked();") && !script("live.js").contains("429"));
    assert!(script("token.js").contains("forgetToken(stored(device) === token);"));
    // The stream, which is answered at once, goes first.
    assert!(script("app.js").contains("  follow();\n  show();\n"));
}

#[test]
fn the_page_calls_only_rows_of_the_table() {
    let paths: BTreeSet<&str> = routes().map(|route| route.path).collect();
    let mut seen = BTreeSet::new();
    for script in scripts() {
        for call in named(script.text(), "\"/v1/") {
            let path = format!("/v1/{}", call.split('?').next().unwrap_or_default());
            assert!(paths.contains(path.as_str()), "{}: {path}", script.name);
            seen.insert(path);
        }
    }
    assert!(seen.len() >= 20, "{seen:?}");
    // What people do there, and not at a command alone.
    for done in [
        "/v1/collection/models",
        "/v1/collection/forecast",
        "/v1/energy/quiet",
        "/v1/tokens",
        "/v1/tokens/revoke",
        "/v1/sessions",
        "/v1/sessions/end",
        "/v1/session/end",
        "/v1/events/stream",
    ] {
        assert!(seen.contains(done), "{done}");
    }
}

#[test]
fn each_command_that_is_shown_names_the_home_of_its_agent_but_those_for_who_has_no_token_and_for_another_device() {
    for script in scripts() {
        let code: String = script.text().lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        for (at, _) in code.match_indices("wattle ") {
            let before = &code[..at];
            let elsewhere = code[at..].starts_with("wattle join ") || script.name == "door.js" || before.ends_with('`');
            assert!(
                elsewhere || before.ends_with("typed(\""),
                "{}: {}",
                script.name,
                &code[at..code.floor_char_boundary(at + 40)]
            );
        }
    }
}

#[test]
fn no_figure_is_shown_raw_before_what_it_counts() {
    // A call makes a figure of a number, and knows one of a thing: `count(n, "passage", "passages")`.
    for script in scripts() {
        for things in ["passages", "files", "devices", "documents", "folders", "places", "attempts", "hits", "words"] {
            for (at, _) in script.text().match_indices(&format!(" + \" {things}")) {
                let before = script.text()[..at].trim_end();
                let from = before.ceil_char_boundary(before.len().saturating_sub(40));
                assert!(before.ends_with([')', '"']), "{}: {} {things}", script.name, &before[from..]);
            }
        }
    }
}

#[test]
fn a_known_tag_is_found_among_others_and_a_content_has_its_own() {
    let tags: BTreeSet<String> = FILES.iter().map(|file| tag(file.bytes)).collect();
    assert_eq!(tags.len(), FILES.len());
    let tag = tag(b"x");
    assert!(is_known(&tag, &tag) && is_known(&format!("\"a\", W/{tag}"), &tag));
    assert!(!is_known("\"a\"", &tag) && !is_known("*", &tag) && !is_known("", &tag));
}

#[test]
fn a_phone_is_told_how_the_page_stands_among_its_programs() {
    let manifest = FILES.iter().find(|file| file.name == "manifest.webmanifest").unwrap();
    let told: serde_json::Value = serde_json::from_str(manifest.text()).unwrap();
    for (field, value) in [("name", "Wattle"), ("start_url", "/"), ("display", "standalone")] {
        assert_eq!(told[field], value);
    }
    let icons = told["icons"].as_array().unwrap();
    assert!(
        icons.iter().any(|icon| icon["purpose"] == "any") && icons.iter().any(|icon| icon["purpose"] == "maskable")
    );
    for icon in icons {
        let name = icon["src"].as_str().unwrap().strip_prefix("/page/").unwrap();
        assert!(FILES.iter().any(|file| file.name == name && icon["type"] == file.media_type), "{icon}");
    }
    for shortcut in told["shortcuts"].as_array().unwrap() {
        let view = shortcut["url"].as_str().unwrap().strip_prefix("/?view=").unwrap();
        assert!(FILES[0].text().contains(&format!("data-view=\"{view}\"")), "{view}");
    }
    assert!(FILES[0].text().contains("<link rel=\"manifest\"") && POLICY.contains("manifest-src 'self'"));
}

#[test]
fn an_iphone_gets_a_picture_of_the_icon_that_is_small_and_has_no_transparent_part() {
    let png = FILES.iter().find(|file| file.name == "touch-icon.png").unwrap();
    assert!(
        FILES[0].text().contains("<link rel=\"apple-touch-icon\" href=\"/page/touch-icon.png\" sizes=\"180x180\">")
    );
    assert!(png.media_type == "image/png" && png.bytes.len() < 4096);
    let (magic, mut rest) = png.bytes.split_at(8);
    assert_eq!(magic, b"\x89PNG\r\n\x1a\n");
    let mut parts: Vec<(&[u8], &[u8])> = Vec::new();
    while let Some((length, more)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        parts.push((&more[..4], &more[4..4 + length]));
        // Behind each part is its checksum.
        rest = &more[8 + length..];
    }
    let kinds: Vec<&[u8]> = parts.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, [b"IHDR".as_slice(), b"PLTE", b"IDAT", b"IEND"], "no part says what is transparent");
    assert_eq!(parts[0].1, [0, 0, 0, 180, 0, 0, 0, 180, 8, 3, 0, 0, 0]);
    let rows = miniz_oxide::inflate::decompress_to_vec_zlib(parts[2].1).unwrap();
    assert_eq!(rows.len(), 180 * 181);
    let colour = |x: usize, y: usize| {
        let one = usize::from(rows[y * 181 + 1 + x]) * 3;
        format!("#{}", parts[1].1[one..one + 3].iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    };
    // What the SVG has there, in tenths of its 42 units: its ground, the stakes, the withies.
    let at = |tenths: usize| tenths * 180 / 420;
    let svg = FILES.iter().find(|file| file.name == "icon-whole.svg").unwrap().text();
    for (x, y, is) in [(10, 10, "#2f6b3a"), (410, 410, "#2f6b3a"), (210, 130, "#bfe0b4"), (145, 300, "#bfe0b4")] {
        assert!(colour(at(x), at(y)) == is && svg.contains(is), "{x} {y}: {}", colour(at(x), at(y)));
    }
    assert_eq!(colour(at(105), at(170)), "#ffffff");
}

#[test]
fn the_bundle_stays_small() {
    let bytes: usize = FILES.iter().map(|file| file.bytes.len()).sum();
    assert!(bytes < 164 * 1024, "{bytes}");
}
