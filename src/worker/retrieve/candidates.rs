//! Which chunks are read of those that were found.

use super::candidate::{Candidate, Secrets};
use super::given::given;
use super::scored::Scored;
use super::{File, Lookup, READ, Search, file_of};
use crate::base::hit::{Absence, SearchHit, TermFrequencies};
use crate::base::id::{DocId, EmbedKey, Row};
use crate::limits::PLACES_MAX;
use crate::search::lexical::language::Languages;
use crate::store::earlier::is_earlier;
use crate::store::kv::{Kv, KvError};
use crate::store::read;
use crate::store::record::{ChunkHead, Document};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

impl Search<'_> {
    /// Reads up to `READ` different chunks with their copies, in the order of their scores, and those of the rows that are named, but for what
    /// the marks leave out. Nobody has looked for secrets in them yet.
    pub(super) fn candidates(
        &self,
        (kv, lookup): (&impl Kv, &impl Lookup),
        scored: Vec<Scored>,
        mut languages: BTreeMap<Row, Languages>,
        unread: &mut Option<KvError>,
    ) -> Vec<Candidate> {
        let mut found = Vec::with_capacity(scored.len().min(READ));
        let mut copies: BTreeMap<EmbedKey, usize> = BTreeMap::new();
        // Copies of a text have its vector.
        let mut cosines: BTreeSet<u32> = BTreeSet::new();
        let mut files: BTreeMap<DocId, Option<File>> = BTreeMap::new();
        for Scored { row, cosine, vector, score } in scored {
            if self.is_late(lookup, found.len(), self.query.count) {
                break;
            }
            let is_named = self.named.contains(&row);
            if copies.len() >= READ && !is_named && !cosines.contains(&cosine.to_bits()) {
                continue;
            }
            let Some(chunk) = given(read::chunk(kv, row), unread) else { continue };
            if !self.folders.let_see(kv, ChunkHead::from(&chunk)) {
                continue;
            }
            let known = copies.get(&chunk.key).copied().unwrap_or_default();
            if known >= PLACES_MAX || (known == 0 && copies.len() >= READ && !is_named) {
                continue;
            }
            let file = match files.entry(chunk.doc) {
                Entry::Occupied(known) => known.get().clone(),
                Entry::Vacant(new) => {
                    let doc = given(read::document(kv, chunk.doc), unread);
                    let doc = doc.filter(|doc| self.folders.hold(&doc.path));
                    let is_earlier = |doc: &Document| given(is_earlier(kv, chunk.doc, doc).map(Some), unread);
                    let is_earlier = doc.as_ref().and_then(is_earlier).unwrap_or_default();
                    let file = doc.and_then(|doc| file_of(doc, &self.marks));
                    let earlier = is_earlier.then_some(Absence::Unreadable);
                    let file = file.map(|(path, absence)| (path, absence.or(earlier)));
                    new.insert(file.filter(|(_, absence)| self.folders.let_out(*absence))).clone()
                }
            };
            let Some((path, absence)) = file else { continue };
            *copies.entry(chunk.key).or_default() += 1;
            cosines.insert(cosine.to_bits());
            let (doc, heading, text) = (Some(chunk.doc), chunk.heading, chunk.text);
            let frequencies = TermFrequencies::default();
            let hit = SearchHit { row, path, heading, text, cosine, frequencies, absence, doc };
            let (languages, secrets) = (languages.remove(&row), Secrets::Unknown);
            let mut one = Candidate { hit, key: chunk.key, vector, score, languages, secrets };
            one.count(&self.terms);
            found.push(one);
        }
        found
    }
}
