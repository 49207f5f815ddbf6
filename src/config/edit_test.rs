//! What becomes of a file that a command writes into.

use super::*;
use crate::base::id::Ring;

const FIRST: &str = "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA";

fn folder(path: &str, ring: Ring) -> Setting {
    Setting::AddFolder(Folder {
        path: path.to_owned(),
        collection: DEFAULT_COLLECTION.to_owned(),
        unnamed: false,
        ring: Some(ring),
    })
}

fn written(text: &str, settings: &[Setting]) -> String {
    edit(text, Some("/home/ann"), settings).unwrap()
}

#[test]
fn an_empty_file_gets_a_table_that_reads_back_as_it_was_typed() {
    let settings = [
        Setting::Name("attic".to_owned()),
        Setting::Listen("0.0.0.0:7781".parse().unwrap()),
        Setting::Api("127.0.0.1:7790".parse().unwrap()),
        Setting::Multicast(false),
        Setting::AddPeer(FIRST.parse().unwrap()),
        folder("/home/ann/Documents", Ring::Mesh),
        folder("/home/ann/diary", Ring::Private),
        Setting::OpenApi(OpenTo::At("192.168.1.4:7780".parse().unwrap())),
    ];
    let text = written("", &settings);
    assert_eq!(
        text,
        "[node]\nname = \"attic\"\nlisten = \"0.0.0.0:7781\"\napi = \"127.0.0.1:7790\"\nmulticast = false\npeers = [\n    \
         \"/p2p/12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA\",\n]\nfolders = [\n    \"/home/ann/Documents\",\n    \
         { path = \"/home/ann/diary\", ring = \"private\" },\n]\n\n[api]\nopen = \"192.168.1.4:7780\"\n"
    );
    let config = Config::parse(&text).unwrap();
    assert_eq!(config.node.name.as_deref(), Some("attic"));
    assert_eq!(config.node.peers, [FIRST.parse().unwrap()]);
    assert_eq!((config.node.multicast, config.node.folders.as_ref().map(Vec::len)), (Some(false), Some(2)));
    assert_eq!(written(&text, &settings), text, "the same again changes nothing");
    let closed = written(&text, &[Setting::OpenApi(OpenTo::Nobody)]);
    assert_eq!(closed, text.replace("open = \"192.168.1.4:7780\"", "open = \"off\""));
    assert_eq!(Config::parse(&closed).unwrap().open_api, None, "it is closed again");
    assert_eq!(written("", &[Setting::Tls(true)]), "[api]\ntls = \"on\"\n");
    assert!(!Config::parse(&written("[api]\ntls = \"on\" # phones\n", &[Setting::Tls(false)])).unwrap().tls);
}

#[test]
fn comments_order_and_spacing_of_the_owner_stay() {
    let text = "# Ann's attic\n[energy]  # heat\nlimit_c = 70 # measured\n\n[node] # who\n# The name on the door.\n\
                name   = 'loft'   # was: attic\nfolders = [\n  \"~/Documents\", # letters\n  # The big one:\n  \
                \"/srv/archive\", # slow disk\n]\n\n# The end.\n";
    assert_eq!(
        written(text, &[Setting::Name("attic".to_owned())]),
        text.replace("'loft'", "\"attic\""),
        "the comment behind a value stays"
    );
    let added = written(text, &[folder("/srv/music", Ring::Mesh)]);
    assert_eq!(added, text.replace("slow disk\n]", "slow disk\n  \"/srv/music\",\n]"));
    assert_eq!(written(&added, &[Setting::RemoveFolder("/srv/music".to_owned())]), text);
    let removed = written(text, &[Setting::RemoveFolder("/srv/archive".to_owned())]);
    assert_eq!(removed, text.replace("  \"/srv/archive\", # slow disk\n", "  # slow disk\n"));
    let first = written(text, &[Setting::RemoveFolder("/home/ann/Documents".to_owned())]);
    for kept in ["# letters", "# The big one:", "# slow disk", "# The end.", "# heat", "limit_c = 70 # measured"] {
        assert!(first.contains(kept), "{kept} is lost: {first}");
    }
    assert!(!first.contains("Documents"));
}

#[test]
fn a_folder_replaces_its_entry_and_those_below_it() {
    let text = "[node]\nfolders = [\"/a/b\", { path = \"/a/c/\", collection = \"x\" }, \"/ab\"]\n";
    let folders = |text: &str| {
        let folders = Config::parse(text).unwrap().node.folders.unwrap();
        folders.into_iter().map(|folder| (folder.path, folder.ring.unwrap_or(Ring::Mesh))).collect::<Vec<_>>()
    };
    let whole = written(text, &[folder("/a", Ring::Mesh)]);
    let expected = |ring| [("/a/c/".to_owned(), Ring::Mesh), ("/ab".to_owned(), Ring::Mesh), ("/a".to_owned(), ring)];
    assert_eq!(folders(&whole), expected(Ring::Mesh), "the one of another collection stays");
    let again = written(&whole, &[folder("/a", Ring::Private)]);
    assert_eq!(folders(&again), expected(Ring::Private));
    assert_eq!(written(&whole, &[folder("/a/b", Ring::Mesh)]), whole, "an entry covers it already");
    assert_eq!(folders(&written(text, &[Setting::RemoveFolder("/a".to_owned())])), [("/ab".to_owned(), Ring::Mesh)]);
    assert_eq!(folders(&written(text, &[Setting::RemoveFolder("/".to_owned())])), []);
}

#[test]
fn tables_in_every_form_are_written_into() {
    for text in [
        "node.name = \"a\"\n",
        "node = { name = \"a\" }\n",
        "[node]\r\nname = \"a\"\r\n",
        "\u{feff}[node]\nname = \"a\"\n",
    ] {
        let new = written(text, &[Setting::Name("b".to_owned()), folder("/a", Ring::Mesh)]);
        let node = Config::parse(&new).unwrap().node;
        assert_eq!((node.name.as_deref(), node.folders.map(|list| list.len())), (Some("b"), Some(1)), "{new}");
    }
}

#[test]
fn a_file_that_is_wrong_is_left_alone() {
    let wrong = edit("[node]\nnam = 1\n", None, &[Setting::Multicast(true)]).unwrap_err();
    assert_eq!(wrong.line, Some(2));
    let long = folder(&format!("/{}", "x".repeat(crate::limits::PATH_BYTES_MAX)), Ring::Mesh);
    assert!(edit("", None, &[long]).is_err(), "a path that could not be read back is not written");
}

#[test]
fn a_wider_folder_takes_the_place_of_its_parts_and_of_nothing_else() {
    let text = "[node]\nfolders = [\n    \"~/Documents/letters\",\n    \"~/Documents/.diary\",\n    \
                \"~/Documents/server.pem\",\n    { path = \"~/Documents/tax\", ring = \"private\" },\n]\n";
    let wider = written(text, &[folder("/home/ann/Documents", Ring::Mesh)]);
    let expected = text.replace("    \"~/Documents/letters\",\n", "");
    assert_eq!(wider, expected.replace("\n]\n", "\n    \"/home/ann/Documents\",\n]\n"));
    for named in ["/home/ann/Documents/.plan", "/home/ann/Documents/key.pem"] {
        let settings = [folder("/home/ann/Documents", Ring::Mesh), folder(named, Ring::Mesh)];
        assert!(written("", &settings).contains(named), "the folder leaves it out");
    }
    let settings = [folder("/home/ann/Documents", Ring::Mesh), folder("/home/ann/Documents/letters", Ring::Mesh)];
    assert!(!written("", &settings).contains("letters"), "the folder has it");
    let root = written(text, &[folder("/", Ring::Mesh), Setting::RemoveFolder("/".to_owned())]);
    assert!(!root.contains('"'), "all lies below the root: {root}");
}

#[test]
fn the_peers_go_and_the_rest_stays_as_it_is() {
    let text = format!("[node]\nname = \"attic\" # mine\npeers = [\n    \"/p2p/{FIRST}\",\n]\nmulticast = true\n");
    let without = written(&text, &[Setting::NoPeers]);
    assert_eq!(without, "[node]\nname = \"attic\" # mine\nmulticast = true\n");
    for text in [without.as_str(), "", "[api]\nopen = \"192.168.1.4:7780\"\n"] {
        assert_eq!(written(text, &[Setting::NoPeers]), text, "nothing is made");
    }
}
