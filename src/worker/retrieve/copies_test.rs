//! Texts of which there are several copies.

use super::*;

#[test]
fn copies_of_nearer_texts_keep_no_other_text_from_another_device_where_some_folders_are_private() {
    const TEXTS: usize = RESCORE / PLACES_MAX + 2;
    let mut shelf = Shelf::new();
    for text in 0..TEXTS {
        for copy in 0..PLACES_MAX {
            shelf.add(&format!("/notes/{text}-{copy}.md"), Ring::Mesh, &[format!("boiler valve {text}").as_str()]);
        }
    }
    shelf.add("/far.md", Ring::Mesh, &["an old chair"]);
    let index = shelf.indexes();
    let question = shelf.embedder.embed("boiler valve 3").unwrap();
    let (kv, mut unread) = (shelf.library.kv(), None);
    let lookup = InStore { index: &index, kv };
    let sources = read::sources(kv).unwrap();
    let folders = Folders { sources: Some(&sources), shared: true };
    assert!(folders.hide_any(), "each record is read");
    let allowed = Allowed { shared: true, only: None };
    let rows = nearest(kv, &lookup, &question, (folders, allowed), &mut unread, |_| false);
    assert!(rows.len() == TEXTS * PLACES_MAX + 1 && unread.is_none(), "{}", rows.len());
}
