//! A set of rows, 64 in a word: rows of one document, and of one folder, stand together.

use crate::base::id::Row;
use std::collections::BTreeMap;
use std::ops::Range;

/// A set of rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowSet(BTreeMap<u64, u64>);

impl RowSet {
    /// Adds a row.
    pub fn insert(&mut self, row: Row) {
        *self.0.entry(row.0 / 64).or_default() |= 1 << (row.0 % 64);
    }

    /// Adds rows that stand together.
    pub fn insert_all(&mut self, rows: Range<u64>) {
        let mut from = rows.start;
        while from < rows.end {
            let (word, end) = (from / 64, rows.end.min((from / 64 + 1) * 64));
            let bits = u64::MAX >> (64 - (end - from));
            *self.0.entry(word).or_default() |= bits << (from % 64);
            from = end;
        }
    }

    /// Takes a row out, if it is there.
    pub fn remove(&mut self, row: Row) {
        let Some(bits) = self.0.get_mut(&(row.0 / 64)) else { return };
        *bits &= !(1 << (row.0 % 64));
        if *bits == 0 {
            self.0.remove(&(row.0 / 64));
        }
    }

    /// Whether a row is in it.
    #[must_use]
    pub fn contains(&self, row: Row) -> bool {
        self.0.get(&(row.0 / 64)).is_some_and(|bits| bits & (1 << (row.0 % 64)) != 0)
    }

    /// Looks rows up that come in about the order of their numbers.
    #[must_use]
    pub const fn cursor(&self) -> Cursor<'_> {
        Cursor { set: self, word: None }
    }

    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes of memory, about.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.0.len() * 24
    }
}

/// Which rows may answer a question.
#[derive(Clone, Copy, Debug, Default)]
pub struct Allowed<'a> {
    /// Without those that answer this device alone.
    pub shared: bool,
    /// These alone, where there are some that the question leaves out.
    pub only: Option<&'a RowSet>,
}

impl From<bool> for Allowed<'_> {
    fn from(shared: bool) -> Self {
        Self { shared, only: None }
    }
}

/// Which rows a scan takes.
#[derive(Clone, Copy, Debug)]
pub struct Taken<'a> {
    /// Not these.
    pub left_out: &'a RowSet,
    /// These alone, where it is not all.
    pub only: Option<&'a RowSet>,
}

impl<'a> From<&'a RowSet> for Taken<'a> {
    fn from(left_out: &'a RowSet) -> Self {
        Self { left_out, only: None }
    }
}

impl<'a> Taken<'a> {
    /// Looks rows up that come in about the order of their numbers.
    pub fn cursor(&self) -> impl FnMut(Row) -> bool + use<'a> {
        let (mut left_out, mut only) = (self.left_out.cursor(), self.only.map(RowSet::cursor));
        move |row| !left_out.contains(row) && only.as_mut().is_none_or(|only| only.contains(row))
    }
}

/// A set whose last word is at hand.
#[derive(Debug)]
pub struct Cursor<'a> {
    set: &'a RowSet,
    word: Option<(u64, u64)>,
}

impl Cursor<'_> {
    /// Whether a row is in the set.
    pub fn contains(&mut self, row: Row) -> bool {
        let at = row.0 / 64;
        let bits = match self.word {
            Some((word, bits)) if word == at => bits,
            _ => self.set.0.get(&at).copied().unwrap_or_default(),
        };
        self.word = Some((at, bits));
        bits & (1 << (row.0 % 64)) != 0
    }
}

impl FromIterator<Row> for RowSet {
    fn from_iter<I: IntoIterator<Item = Row>>(rows: I) -> Self {
        let mut set = Self::default();
        rows.into_iter().for_each(|row| set.insert(row));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_and_go() {
        let mut set: RowSet = [Row(0), Row(63), Row(64), Row(u64::MAX)].into_iter().collect();
        [63, 5].into_iter().for_each(|row| set.insert(Row(row)));
        assert!([0, 5, 63, 64, u64::MAX].into_iter().all(|row| set.contains(Row(row))) && !set.contains(Row(1)));
        let mut cursor = set.cursor();
        assert!(
            [0, 63, 64, u64::MAX, 5, 5].into_iter().all(|row| cursor.contains(Row(row))) && !cursor.contains(Row(1))
        );
        [63, 63, 900].into_iter().for_each(|row| set.remove(Row(row)));
        assert!(!set.contains(Row(63)) && set.contains(Row(0)));
        [0, 5, 64, u64::MAX].into_iter().for_each(|row| set.remove(Row(row)));
        assert!(set.is_empty());
    }

    #[test]
    fn rows_that_stand_together_come_at_once() {
        for range in [0..0, 0..1, 3..64, 0..64, 63..65, 5..300, 64..128] {
            let mut set = RowSet::default();
            set.insert_all(range.clone());
            assert_eq!(set, range.map(Row).collect::<RowSet>());
        }
    }
}
