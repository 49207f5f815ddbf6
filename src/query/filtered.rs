//! The filters of a question: a hit of another device is held against them here, as far as they can be seen in it.

use super::pending::{PendingQueries, PendingQuery};
use crate::base::filter::{Filter, Matcher};
use crate::base::hit::Found;
use crate::base::id::{PeerKey, TaskId};

impl PendingQueries {
    /// A peer says that its answer, which follows, has only what the filters take.
    pub fn add_peer_filtered(&mut self, number: u64, peer: PeerKey) {
        if let Some(query) = self.waiting_for(number, peer).filter(|query| !query.beside.filtered.contains(&peer)) {
            query.beside.filtered.push(peer);
        }
    }

    /// The filter of the query whose embedding this task computes.
    #[must_use]
    pub fn filter_of(&self, embedded: TaskId) -> Option<&Filter> {
        self.open.iter().find(|query| query.task == Some(embedded)).map(|query| &query.question.filter)
    }

    /// This device is not asked: no search here is waited for.
    pub fn skip_here(&mut self, task: TaskId) {
        self.open.iter_mut().filter(|query| query.task == Some(task)).for_each(|query| query.task = None);
    }
}

impl PendingQuery {
    /// What may be shown of a peer's answer. Of one that did not say that it knows the filters the hits whose paths fit, or none if the
    /// collection or the time was asked for, which nobody sees in a hit. Also of one that knows the filters the path as it is told counts: nobody is to
    /// find out what is not told by what fits.
    pub(super) fn fitting(&mut self, peer: PeerKey, mut found: Found) -> Found {
        if self.question.filter.takes_all_files() {
            return found;
        }
        let knows = self.beside.filtered.contains(&peer);
        if !knows {
            self.beside.unfiltered.push(peer);
        }
        let matcher = Matcher::new(&self.question.filter);
        let may_fit = knows || self.question.filter.is_seen_in_paths();
        let fits: Vec<bool> = found.hits.iter().map(|hit| may_fit && matcher.takes_path(&hit.path)).collect();
        let mut each = fits.iter();
        found.hits.retain(|_| each.next() == Some(&true));
        for (from, vectors) in &mut self.beside.vectors {
            if *from == peer && vectors.len() == fits.len() {
                let mut each = fits.iter();
                vectors.retain(|_| each.next() == Some(&true));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::super::question::Question;
    use super::*;
    use crate::base::filter::Key;
    use crate::base::hit::{SearchHit, TermFrequencies};
    use crate::base::id::{Fingerprint, ReplyId, Row};
    use crate::base::time::Instant;
    use crate::base::vector::Embedding;
    use crate::limits::DIMENSIONS;

    const PEER: PeerKey = PeerKey([1; 32]);

    /// The paths that are taken of a peer's hits, with the cosine of each, and whether it is told that it did not filter.
    fn taken(filters: &[(Key, &str)], says_so: bool) -> (Vec<(String, i32)>, bool) {
        taken_of(["/a/b.md", "/a/b.pdf"], filters, says_so)
    }

    fn taken_of(paths: [&str; 2], filters: &[(Key, &str)], says_so: bool) -> (Vec<(String, i32)>, bool) {
        let mut question = Question::from("q");
        filters.iter().for_each(|(key, value)| question.filter.add(*key, value).unwrap());
        let raw = |at: usize| (0..DIMENSIONS).map(|n| if n == at { 1.0 } else { 0.0 }).collect::<Vec<f32>>();
        let embedding = |at| Embedding::new(Fingerprint([7; 32]), &raw(at)).unwrap();
        let hit = |path: &str| SearchHit {
            row: Row(1),
            path: path.as_bytes().to_vec(),
            heading: String::new(),
            text: "text".to_owned(),
            cosine: 1.0,
            frequencies: TermFrequencies::default(),
            absence: None,
            doc: None,
        };
        let mut queries = PendingQueries::default();
        queries.open(Instant::ZERO, ReplyId(1), question, 5, TaskId(10));
        let begun = queries.begin_search(Instant::ZERO, TaskId(10), &embedding(0), TaskId(11), &[PEER]);
        let number = begun.unwrap().1;
        queries.skip_here(TaskId(11));
        queries.add_peer_vectors(number, PEER, vec![embedding(1).quantize(), embedding(0).quantize()]);
        if says_so {
            queries.add_peer_filtered(number, PEER);
        }
        let found = Found { hits: paths.map(hit).to_vec(), ..Found::default() };
        queries.add_peer_result(number, PEER, Some(found));
        let query = &queries.open[0];
        let hits = query.lists[0].1.hits.iter();
        let hits = hits.map(|hit| (String::from_utf8(hit.path.clone()).unwrap(), i32::from(hit.cosine > 0.5)));
        (hits.collect(), query.beside.unfiltered == [PEER])
    }

    #[test]
    fn hits_that_do_not_fit_are_left_out_with_their_vectors_whatever_the_peer_says() {
        let pdf = || vec![("/a/b.pdf".to_owned(), 1)];
        let both = vec![("/a/b.md".to_owned(), 0), ("/a/b.pdf".to_owned(), 1)];
        assert_eq!(taken(&[], false), (both.clone(), false));
        assert_eq!(taken(&[(Key::Device, "attic")], false), (both.clone(), false));
        for says_so in [true, false] {
            assert_eq!(taken(&[(Key::Type, "pdf")], says_so), (pdf(), !says_so));
        }
        assert_eq!(taken(&[(Key::Collection, "home")], true), (both, false));
        assert_eq!(taken(&[(Key::Collection, "home")], false), (Vec::new(), true), "nobody sees that it fits");
        assert_eq!(taken(&[(Key::After, "2024"), (Key::Path, "*.pdf")], true), (pdf(), false));
        assert_eq!(taken(&[(Key::Before, "2024")], false), (Vec::new(), true));
    }

    #[test]
    fn a_path_that_begins_with_the_watched_folder_s_name_fits_as_it_is_told() {
        let both = || vec![("notes/b.md".to_owned(), 0), ("notes/b.pdf".to_owned(), 1)];
        let of = |filters: &[(Key, &str)], says_so| taken_of(["notes/b.md", "notes/b.pdf"], filters, says_so).0;
        for says_so in [true, false] {
            assert!(of(&[(Key::Path, "/home/ann/notes")], says_so).is_empty(), "nobody here is told the rest of it");
            assert_eq!(of(&[(Key::Path, "notes/*"), (Key::Type, "pdf")], says_so), both()[1..]);
            assert_eq!(of(&[(Key::Path, "notes/b.md")], says_so), both()[..1]);
        }
    }
}
