//! Terms with the stored postings of each, in three pieces of memory. A segment of the index of words has some 70,000 terms, most of them with a posting
//! or two: as a list of strings and of bytes they took ten times the memory of what they hold, while the segment was written.

/// Terms in ascending order, each with the stored form of its postings (`search::lexical::postings`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TermPostings {
    terms: String,
    postings: Vec<u8>,
    /// Where each term and its postings end.
    ends: Vec<(usize, usize)>,
}

impl TermPostings {
    /// Adds a term, which comes behind the others, with its postings.
    pub fn push(&mut self, term: &str, postings: &[u8]) {
        self.terms.push_str(term);
        self.postings.extend_from_slice(postings);
        self.ends.push((self.terms.len(), self.postings.len()));
    }

    /// How many terms there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// One of them by its place, with its postings.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<(&str, &[u8])> {
        let (term, postings) = *self.ends.get(place)?;
        let (term_from, from) =
            place.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
        Some((self.terms.get(term_from..term)?, self.postings.get(from..postings)?))
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        (0..self.len()).filter_map(|place| self.get(place))
    }
}

impl<T: AsRef<str>, P: AsRef<[u8]>> FromIterator<(T, P)> for TermPostings {
    fn from_iter<I: IntoIterator<Item = (T, P)>>(terms: I) -> Self {
        let mut all = Self::default();
        terms.into_iter().for_each(|(term, postings)| all.push(term.as_ref(), postings.as_ref()));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_and_postings_come_back_as_they_were_given() {
        let given = [("", &[1_u8, 2][..]), ("ä", &[]), ("cellar", &[9; 300])];
        let all: TermPostings = given.into_iter().collect();
        assert_eq!(all.iter().collect::<Vec<_>>(), given);
        assert_eq!((all.len(), all.is_empty(), all.get(1), all.get(3)), (3, false, Some(given[1]), None));
        assert!(TermPostings::default().is_empty() && TermPostings::default().get(0).is_none());
    }
}
